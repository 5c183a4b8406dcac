"""What the doctor says: findings as data, with examples in the ids of the original files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from groupbench.core.errors import cut

if TYPE_CHECKING:
    from groupbench.core.arrays import BoolArray
    from groupbench.data.dataset import Dataset, Ratings

Severity = Literal["error", "warning", "note"]
"""An `error` makes metric values wrong, a `warning` may do so, a `note` is good to know."""

EXAMPLES = 3
"""The most examples of a finding."""

BLOCK = 1 << 22
"""The most pairs of a joint row and a member that are compared at once."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked for, and how often it was found.

    Attributes:
        code: its name, as in `held-out-in-training`.
        about: which part of the data, as in `groups` or `group ratings`.
        title: what it is, as a sentence shows it.
        count: how many rows, pairs, groups ... it concerns; 0 where all is well.
        total: out of how many.
        examples: up to `EXAMPLES` of them.
        severity: how much it matters.
        fixable: whether the clean variant of the data set does without it.
    """

    code: str
    about: str
    title: str
    count: int
    total: int
    examples: tuple[str, ...] = ()
    severity: Severity = "warning"
    fixable: bool = False

    @property
    def share(self) -> float:
        """`count` over `total`; 0 of 0 is 0."""
        return self.count / self.total if self.total else 0.0


@dataclass(frozen=True)
class EntityNames:
    """The original ids of raters and items, for examples.

    Attributes:
        rater: `user` or `group`.
        raters: (n_raters,) ids.
        items: (n_items,) ids.
    """

    rater: str
    raters: Sequence[str]
    items: Sequence[str]

    @classmethod
    def of(cls, dataset: Dataset, of_groups: bool) -> EntityNames:
        """The names of the users of a data set, or of its groups."""
        if of_groups and dataset.groups is not None:
            return cls("group", dataset.groups.ids, dataset.item_ids)
        return cls("user", dataset.user_ids, dataset.item_ids)

    def finding(
        self,
        code: str,
        about: str,
        title: str,
        rows: Ratings,
        which: BoolArray,
        severity: Severity = "warning",
        *,
        fixable: bool = False,
    ) -> Finding:
        """The finding that the rows which the mask `which`, (n_rows,), marks are odd."""
        count, shown = int(which.sum()), self.pairs(rows, which)
        return Finding(code, about, title, count, len(rows), shown, severity, fixable)

    def pairs(self, rows: Ratings, which: BoolArray) -> tuple[str, ...]:
        """The first rows that the mask `which`, (n_rows,), marks."""
        first = np.flatnonzero(which)[:EXAMPLES]
        chosen = zip(rows.users[first], rows.items[first], strict=True)
        return tuple(f"{self.rater} {cut(self.raters[u])}, item {cut(self.items[i])}" for u, i in chosen)


def named(kind: str, ids: Sequence[str], which: Iterable[int]) -> tuple[str, ...]:
    """The first `EXAMPLES` of the indices `which`, as `kind` and id."""
    return tuple(f"{kind} {cut(ids[i])}" for i in list(which)[:EXAMPLES])
