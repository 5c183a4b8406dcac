"""Which strategies have kernels, and the top candidates that these find."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from groupbench.aggregation._base import Aggregator
from groupbench.aggregation._compiled._table import MemberTable, TopCandidates
from groupbench.core.arrays import CACHED, Array, FloatArray, IntArray
from groupbench.core.kernels import in_threads

PARTS = 8_000_000
"""Members' scores handled at once by strategies that NumPy takes part in."""

Scores = Callable[[Any, MemberTable, int], FloatArray]
"""Group scores, (n_groups, width), of what leads the lists, from an aggregator, members and positions."""


@dataclass(frozen=True)
class Strategy:
    """How the top candidates of an aggregator are found without its group scores.

    Attributes:
        scores: what gives group scores, or -inf for what cannot be among the first positions.
        when: whether an aggregator with its parameters is served.
        suits: whether these members are served.
        depth: whether only so many first positions as the aggregator's `depth` are told.
        cells: members' scores that are handled at once.
    """

    scores: Scores
    when: Callable[[Any], bool]
    suits: Callable[[MemberTable], bool]
    depth: bool
    cells: int


STRATEGIES: dict[type[Aggregator], Strategy] = {}
"""By the very class of the aggregator: what a subclass changes is not known here."""


def strategy(
    *kinds: type[Aggregator],
    when: Callable[[Any], bool] = lambda one: True,
    suits: Callable[[MemberTable], bool] = lambda members: True,
    depth: bool = False,
    cells: int = 2 * CACHED,
) -> Callable[[Scores], Scores]:
    """Register what gives the group scores of some aggregators."""

    def register(scores: Scores) -> Scores:
        STRATEGIES.update(dict.fromkeys(kinds, Strategy(scores, when, suits, depth, cells)))
        return scores

    return register


def serves(aggregator: Aggregator, depth: int) -> bool:
    """Whether kernels find the first `depth` positions of lists by this aggregator."""
    found = STRATEGIES.get(type(aggregator))
    if found is None or not found.when(aggregator):
        return False
    return not found.depth or depth <= getattr(aggregator, "depth", 0)


def find_top(aggregator: Aggregator, members: MemberTable, depth: int) -> TopCandidates | None:
    """The candidates that take, or tie for, the first `depth` positions, equal ones by column.

    Returns:
        Keys and columns, each (n_groups, any), as `top_candidates` gives them for the aggregator's scores;
        None if kernels do not serve these members, or some scores are not finite.
    """
    found = STRATEGIES[type(aggregator)]
    if not found.suits(members):
        return None
    n, k = len(members.items), max(min(depth, members.width), 1)
    keys, columns = np.empty((n, k)), np.empty((n, k), dtype=np.int64)
    behind, more = np.empty(n, dtype=np.int64), dict[int, IntArray]()

    def work(start: int, stop: int) -> None:
        for at, part in members.part(start, stop).parts(found.cells):
            here = slice(start + at.start, start + at.stop)
            given = keys[here], columns[here], behind[here]
            more[here.start] = _lead(found.scores(aggregator, part, k), part.lengths, given)

    members.columns  # noqa: B018  made once, before threads share it
    in_threads(work, n)
    if not (np.isfinite(keys) | (np.arange(k) >= members.lengths[:, None])).all():
        return None
    if not behind.any():
        return keys, columns
    return _with_followers(keys, columns, behind, np.concatenate([more[start] for start in sorted(more)]))


def _lead(scores: FloatArray, lengths: IntArray, given: tuple[Array, Array, Array]) -> IntArray:
    """Find the leading candidates by their scores; the columns of all that tie with the last ones."""
    from groupbench.aggregation._compiled import _lead_kernels as kernels

    keys, columns, behind = given
    kernels.lead(scores, lengths, keys.shape[1], keys, columns, behind)
    out = np.empty(int(behind.sum()), dtype=np.int64)
    if len(out):
        kernels.followers(scores, lengths, keys, columns, behind, out)
    return out


def _with_followers(keys: FloatArray, columns: IntArray, behind: IntArray, more: IntArray) -> TopCandidates:
    n, k = keys.shape
    inside = np.arange(int(behind.max())) < behind[:, None]
    wide_keys, wide_columns = (
        np.full((n, k + inside.shape[1]), np.inf),
        np.zeros((n, k + inside.shape[1]), int),
    )
    wide_keys[:, :k], wide_columns[:, :k] = keys, columns
    wide_keys[:, k:][inside] = np.repeat(keys[:, -1], behind)
    wide_columns[:, k:][inside] = more
    return wide_keys, wide_columns
