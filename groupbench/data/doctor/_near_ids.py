"""Findings about ids that look like one another, so that one user or item may be there as two."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from groupbench.core.errors import cut
from groupbench.data.doctor._finding import EXAMPLES, Finding

if TYPE_CHECKING:
    from groupbench.data.dataset import Dataset


def id_findings(dataset: Dataset) -> Iterator[Finding]:
    """Ids of users, items and groups that differ in case, blanks or the form of characters alone."""
    yield _alike("user", dataset.user_ids)
    yield _alike("item", dataset.item_ids)
    if dataset.groups is not None:
        yield _alike("group", dataset.groups.ids)


def _alike(kind: str, ids: Sequence[str]) -> Finding:
    """Ids with the same text once case, blanks and compatible characters (Unicode's NFKC) are made equal."""
    import pandas as pd

    written = pd.Series(ids, dtype=object)
    keys = written.str.normalize("NFKC").str.casefold().str.normalize("NFKC")
    keys = keys.str.replace(r"\s+", "", regex=True)
    alike = written[keys.duplicated(keep=False)]
    examples = [
        f"{kind} " + " and ".join(repr(cut(one)) for one in same[:2])
        for _, same in alike.groupby(keys[alike.index], sort=False)
    ]
    title = f"ids of {kind}s that differ from another in case, blanks or form of characters alone"
    return Finding("ids-nearly-equal", f"{kind}s", title, len(alike), len(ids), tuple(examples[:EXAMPLES]))
