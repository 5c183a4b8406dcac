"""What stands under a table that was tested: how it was, what was not, and what no arrow means."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from groupbench.core.text import count
from groupbench.report import statistics
from groupbench.report.names import Wording
from groupbench.report.pairing import Pairing, test_name
from groupbench.report.verdicts import Verdict
from groupbench.results.agreement import POOLED

if TYPE_CHECKING:
    from groupbench.report.significance import Significance

_MANY_SEEDS = 10
"""With fewer a note says that seeds limit what can be found."""


def notes_on_metrics(
    wording: Wording, entity: str, tested: Collection[str], untested: Collection[str], unkept: Collection[str]
) -> Iterator[str]:
    """The metrics without values per user or group, the `unkept` in an archive, and those that pool rows."""
    for why, those in (("exists", set(untested) - set(unkept)), ("is kept", set(untested) & set(unkept))):
        if those:
            yield f"not tested, as no value per {entity} {why}: {_listed(wording, those)}"
    if pooled := POOLED.intersection(tested):
        yield f"{_listed(wording, pooled)}: what is tested is the mean over {entity}s"


def _listed(wording: Wording, metrics: Collection[str]) -> str:
    return ", ".join(map(wording.metric, sorted(metrics)))


def notes_on_outcome(
    how: Significance,
    verdicts: Mapping[tuple[str, str, str], Verdict],
    reference: str,
    alone: Sequence[str],
) -> Iterator[str]:
    """What the absence of an arrow means."""
    smallest = min((verdict.p_corrected for verdict in verdicts.values()), default=np.nan)
    if smallest > how.level:
        found = f"the smallest corrected p is {smallest:.2g}"
        yield f"no row differs from {reference} at level {how.level:g}: {found}"
    if alone:
        names = ", ".join(dict.fromkeys(alone))
        yield f"not tested, as too few seeds are shared with {reference}: {names}; run the same --seeds"


def notes_on_test(how: Significance, pairing: Pairing, compared: int, reference: str) -> Iterator[str]:
    """What was compared with the reference, if one was named, and how."""
    test = pairing.test(how.test)
    choices = compared * (compared + 1) // 2
    allowed = "" if reference else f" and the choice of the best ({count(choices, 'pair')})"
    comparisons = count(compared, "comparison")
    correction = {
        "holm": f"Holm's correction for {comparisons}{allowed}",
        "bh": f"Benjamini & Hochberg's correction for {comparisons}{allowed}",
        "none": f"{comparisons} without correction",
    }[how.correction]
    against, name = reference or "the best method in the metric", test_name(pairing.kind, test)
    yield f"↑ ↓ higher or lower than {against}: {name}, {correction}, level {how.level:g}"
    yield pairing.reason + ("" if test == how.test else f"; {how.test} needs clusters")
    seeds = pairing.scores.n_seeds
    if pairing.kind != "seeds" and seeds < statistics.FEWEST_SEEDS:
        few = f"fewer than {statistics.FEWEST_SEEDS} seeds ({seeds})"
        yield f"{few}: differences are between the fits that were made, not between methods"
    elif seeds < _MANY_SEEDS:
        freedom = "1 degree" if seeds == 2 else f"{seeds - 1} degrees"
        yield f"luck between {seeds} seeds has {freedom} of freedom: more seeds find smaller differences"
