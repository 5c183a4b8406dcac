"""What the page shows besides the leaderboards: groups of each kind, and average ranks."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from groupbench.core.arrays import FloatArray
from groupbench.core.errors import ConfigError, GroupbenchWarning, ResultError
from groupbench.report.breakdown import breakdown_frame
from groupbench.report.html._leaderboard import Content, numbers
from groupbench.report.long import ResultKey
from groupbench.report.ranking import MethodRanking, rank_methods
from groupbench.results.store import RunRecord

SHOWN_BY = ("size", "cohesion")


def breakdowns(
    results: Path, records: Sequence[RunRecord], metric: str, aggregator: str
) -> dict[ResultKey, Content]:
    """By key and property of groups: its kinds, their number of groups, and each row's means.

    Where no run stored its groups, or their files cannot be read, a key is missing.
    """
    found: dict[ResultKey, Content] = defaultdict(dict)
    for by in SHOWN_BY:
        try:
            with warnings.catch_warnings():
                # The page itself says which of its rows are left out.
                warnings.simplefilter("ignore", GroupbenchWarning)
                frame = breakdown_frame(results, records, by=by, metric=metric, aggregator=aggregator)
        except (ConfigError, ResultError):
            continue
        for where, rows in frame.groupby(["dataset", "protocol", "view"], sort=False):
            wide = rows.pivot_table(index=["method", "aggregator"], columns="kind", values="mean", sort=False)
            kinds = list(dict.fromkeys(rows["kind"]))
            sizes = rows.groupby("kind")["groups"].mean()
            found[ResultKey(*map(str, where))][by] = {
                "metric": metric,
                "kinds": [[str(kind), round(float(sizes[kind]), 1)] for kind in kinds],
                "rows": [
                    [*map(str, row), numbers(values)]
                    for row, values in zip(wide.index, wide[kinds].to_numpy(), strict=True)
                ],
            }
    return dict(found)


def ranking(records: Sequence[RunRecord], metric: str, aggregator: str) -> Content:
    """Average ranks over data sets and views, else over seeds; where there are too few, why not."""
    reason = ""
    for blocks in ("views", "seeds"):
        try:
            found = rank_methods(records, metric=metric, aggregator=aggregator, blocks=blocks)
        except ConfigError as error:
            reason = str(error)
        else:
            return _ranking(found)
    return {"missing": reason}


def _ranking(found: MethodRanking) -> Content:
    return {
        "title": found.title.splitlines(),
        "notes": list(found.notes),
        "distance": numbers([found.ranks.distance])[0],
        "methods": [list(row) for row in zip(found.ranks.names, numbers(found.ranks.ranks), strict=True)],
        "alike": _alike(np.asarray(found.ranks.ranks), found.ranks.distance),
    }


def _alike(ranks: FloatArray, distance: float) -> list[list[int]]:
    """First and last of each longest run of methods within the critical difference of each other."""
    last = np.searchsorted(ranks, ranks + distance, side="right") - 1
    longest = np.concatenate([[True], last[1:] > last[:-1]])
    return [[int(i), int(last[i])] for i in np.flatnonzero(longest & (last > np.arange(len(ranks))))]
