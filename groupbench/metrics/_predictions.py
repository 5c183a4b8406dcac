"""Metrics of a group list by what the base method predicts for each member: of the aggregator alone.

Gains within a block of equal group scores are averaged, which is the expectation over the orders of equal
scores. Spreads are expectations over orders that all members of a group see alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np

from groupbench.core.arrays import min_max, ratio
from groupbench.metrics._orders import GroupsInOrder, TiedLists, mean_over_orders
from groupbench.metrics._ranking import Ranking, block_means, discounts, rank_sorted
from groupbench.metrics._request import EVERYTHING, MetricRequest
from groupbench.metrics._select import gather
from groupbench.metrics._spreads import SPREADS, MemberSpread, MemberValues

if TYPE_CHECKING:
    from groupbench.core.arrays import BoolArray, FloatArray, IntArray, Segments

_FAVORITES = 20
"""A member's favorites are one in so many of its candidates."""
_UNENVIED = 4
"""A member envies nobody a candidate for which it is among the best one in so many of its group."""
_ENOUGH = 2
"""Members are enough satisfied by 1, 2 ... up to so many candidates."""


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a block of groups' members are predicted to think of the candidates; serves every aggregator.

    Attributes:
        scores: (n_members, width) each member's predicted score of its group's candidates.
        valid: (n_groups, width) False beyond the end of a list.
        groups: which members belong to which group.
    """

    scores: FloatArray
    valid: BoolArray
    groups: Segments

    @cached_property
    def gains(self) -> FloatArray:
        """The scores from 0 to 1 over each member's candidates; 1 where all are equal, 0 beyond the end."""
        return np.where(self._candidate, min_max(self.scores, self._candidate, 1.0), 0.0)

    @cached_property
    def descending(self) -> FloatArray:
        """The gains of each member in its ideal order, (n_members, width)."""
        return -np.sort(-self.gains, axis=1)

    @cached_property
    def favorites(self) -> BoolArray:
        """Whether a candidate is among the best 5% of a member's own, (n_members, width).

        Their number is rounded up, and all that are as good as the last one are in.
        """
        last = np.maximum(-(-self.length // _FAVORITES) - 1, 0)[:, None]
        return self._candidate & (self.gains >= np.take_along_axis(self.descending, last, 1))

    @cached_property
    def unenvied(self) -> BoolArray:
        """Whether a member's score of a candidate is among the best 25% of its group's, (n_members, width).

        Their number is rounded up, and all that are as good as the last one are in.
        """
        last = self.groups.largest(self.scores, lambda size: -(-size // _UNENVIED))
        return (self.scores >= last[self.groups.of_row]) & self._candidate

    @cached_property
    def length(self) -> IntArray:
        """Candidates of each member's group, (n_members,)."""
        return np.asarray(np.count_nonzero(self.valid, axis=1)[self.groups.of_row])

    @cached_property
    def _candidate(self) -> BoolArray:
        return self.valid[self.groups.of_row]


def evaluate_predictions(
    keys: FloatArray,
    columns: IntArray,
    predictions: Predictions,
    cutoffs: tuple[int, ...],
    request: MetricRequest = EVERYTHING,
    numbers: IntArray | None = None,
) -> dict[str, FloatArray]:
    """What the group lists are worth to each member, by the base method's own predictions.

    Args:
        keys: (n_groups, n) as `top_candidates` gives them.
        columns: (n_groups, n) as `top_candidates` gives them.
        predictions: what the members think of the candidates.
        cutoffs: the K.
        request: what is wanted.
        numbers: (n_groups,) what the drawn orders of a group depend on; its place by default.

    Returns:
        Values (n_groups,) by name: `relevance@K` and `ndcg@K` with their spreads over members, and the
        shares of members who get enough, `proportional_1@K`, `envy_free_1@K` and so on.
    """
    given = keys, columns, predictions, cutoffs, request
    return _worth(*given, numbers) | _enough(*given)


def _worth(
    keys: FloatArray,
    columns: IntArray,
    predictions: Predictions,
    cutoffs: tuple[int, ...],
    request: MetricRequest,
    numbers: IntArray | None,
) -> dict[str, FloatArray]:
    """Relevance and NDCG of the lists that `keys` and `columns`, (n_groups, n), lead."""
    names = {f"{name}@{k}": (name, k) for k in cutoffs for name in ("relevance", "ndcg")}
    spreads = {at: request.restrict({f"{one.name}-{at}": one for one in SPREADS}) for at in names}
    wanted = [at for at in names if at in request or spreads[at]]
    if not wanted:
        return {}
    groups = predictions.groups
    in_order = gather(predictions.gains, columns[groups.of_row])
    in_order[keys[groups.of_row] == np.inf] = 0.0
    gains = block_means(keys, in_order, groups.of_row)[:, : max(cutoffs)]
    # Running sums: those of a matrix product would depend on how many groups are evaluated at once.
    weights = discounts(gains.shape[1])
    total, dcg = gains.cumsum(axis=1), (gains * weights).cumsum(axis=1)
    blocks = rank_sorted(keys, np.zeros(keys.shape, np.bool_), len(weights), *np.zeros((2, len(keys)), int))
    out: dict[str, FloatArray] = {}
    for at in wanted:
        name, k = names[at]
        sums, last = dcg if name == "ndcg" else total, min(k, len(weights)) - 1
        divisor = _most(predictions, name, k)
        members = MemberValues(ratio(sums[:, last], divisor), groups)
        out |= request.restrict({at: members.mean})
        out |= {spread: one.compute(members) for spread, one in spreads[at].items()}
        tied = np.flatnonzero((blocks.size[: last + 1] > 1).any(axis=0))
        if spreads[at] and len(tied):
            weight = (weights if name == "ndcg" else np.ones(len(weights)))[: last + 1, None]
            lists = TiedLists.of(blocks, last + 1, tied, tied, keys < np.inf, numbers)
            compute = partial(_in_order, in_order, weight, divisor, spreads[at])
            found = mean_over_orders(lists, groups, compute)
            for spread, values in found.items():
                out[spread][tied] = values
    return out


def _in_order(
    gains: FloatArray,
    weight: FloatArray,
    divisor: FloatArray,
    spreads: Mapping[str, MemberSpread],
    orders: GroupsInOrder,
) -> dict[str, FloatArray]:
    """Spreads of the weighted sums of members' `gains`, (n_members, n), in certain orders of the lists."""
    found = orders.members()
    sums = (found.at(gains) * weight).sum(axis=0)
    members = MemberValues(ratio(sums, divisor[found.members]), found.orders)
    return {spread: one.compute(members) for spread, one in spreads.items()}


def _most(predictions: Predictions, name: str, k: int) -> FloatArray:
    """What the sum of a member's gains, discounted or not, is divided by, (n_members,)."""
    if name == "ndcg":
        best = predictions.descending[:, :k]
        return np.asarray((best * discounts(best.shape[1])).cumsum(axis=1)[:, -1])
    return np.minimum(k, predictions.length).astype(np.float64)


def _enough(
    keys: FloatArray,
    columns: IntArray,
    predictions: Predictions,
    cutoffs: tuple[int, ...],
    request: MetricRequest,
) -> dict[str, FloatArray]:
    """Shares of members who find enough of what counts for them at the head of such lists."""
    owner, depth = predictions.groups.of_row, max(cutoffs, default=1)
    many = np.full(len(owner), depth)
    out: dict[str, FloatArray] = {}
    for name, counts in (("proportional", "favorites"), ("envy_free", "unenvied")):
        wanted = request.restrict({f"{name}_{m}@{k}": (m, k) for m in range(1, _ENOUGH + 1) for k in cutoffs})
        if not wanted:
            continue
        found = gather(getattr(predictions, counts), columns[owner])
        chances = _at_least(rank_sorted(keys[owner], found, depth, many, many), _ENOUGH)
        for metric, (m, k) in wanted.items():
            out[metric] = MemberValues(chances[m - 1, k], predictions.groups).mean
    return out


def _at_least(ranking: Ranking, most: int) -> FloatArray:
    """The probability that the first k hold at least m relevant candidates, (most, depth + 1, n_lists).

    Row [m - 1, k] is for m = 1 ... most. With h relevant candidates so far, the next position draws one of
    the block's size - offset that are left, before + relevant - h of which are relevant.
    """
    depth, n_lists = ranking.offset.shape
    exactly = np.zeros((most, n_lists))
    exactly[0] = 1.0
    out = np.zeros((most, depth + 1, n_lists))
    for rank in range(depth):
        left = ranking.before[rank] + ranking.relevant[rank] - np.arange(most)[:, None]
        step = exactly * np.clip(left / (ranking.size[rank] - ranking.offset[rank]), 0.0, 1.0)
        exactly -= step
        exactly[1:] += step[:-1]
        np.add(out[:, rank], step, out=out[:, rank + 1])
    return out
