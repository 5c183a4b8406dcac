"""What members got from the lists of their group, and how evenly."""

from __future__ import annotations

import numpy as np

from groupbench.aggregation import MemberScores
from groupbench.aggregation._exact import exact_mean, exact_sum, row_sums
from groupbench.aggregation._normalization import non_negative
from groupbench.aggregation._ranks import ranks
from groupbench.core.arrays import FloatArray, Segments, ratio


def satisfaction(members: MemberScores, scores: FloatArray, depth: int) -> FloatArray:
    """How much of the best possible list each member got, (n_rows,): sat, equation 1.

    It is the sum of the member's scores over the group's best `depth` candidates, divided by the sum over
    its own best ones; candidates of equal group score share the last positions. Scores need to be positive
    to be shared out: a member with one below 0 has them counted from its lowest. A member to whom
    nothing is worth anything is satisfied.
    """
    got = _list_value(members, scores, (np.arange(members.width) < depth).astype(np.float64))
    own = np.sort(non_negative(members), axis=1)[:, ::-1][:, :depth]
    return ratio(got, row_sums(own), 1.0)


def discounted_utility(members: MemberScores, scores: FloatArray, depth: int) -> FloatArray:
    """Each member's sum of score / log2(rank + 1) over the group's best `depth` candidates, (n_rows,)."""
    rank = np.arange(members.width)
    return _list_value(members, scores, np.where(rank < depth, 1 / np.log2(rank + 2), 0.0))


def disagreement(values: FloatArray, groups: Segments) -> FloatArray:
    """Highest minus lowest of the members' `values`, (n_rows,), in each group, (n_groups,).

    Of one round's satisfaction it is groupDis, of the mean over rounds groupDisO (equations 5 and 6).
    """
    return np.asarray(groups.reduce("max", values) - groups.reduce("min", values))


def dmae(utilities: FloatArray, groups: Segments) -> FloatArray:
    """How far the members' parts of the group's utility are from equal parts, (n_groups,); 0 is even.

    The mean over members of |U(m) / sum of U - 1 / M|, with U(m) a member's `discounted_utility` over all
    rounds: the discounted mean absolute error of Dokoupil & Peska, 2026 (see `LTP`). Nothing is even, too.
    """
    total = exact_sum(groups, utilities[:, None])[groups.of_row, 0]
    equal = 1 / groups.sizes[groups.of_row]
    return exact_mean(groups, np.abs(ratio(utilities, total, equal) - equal)[:, None])[:, 0]


def _list_value(members: MemberScores, scores: FloatArray, worth: FloatArray) -> FloatArray:
    """Each member's scores summed over the group's list, each times the `worth` of its rank, (n_rows,)."""
    shares = ranks(np.where(members.valid, scores, -np.inf)).expected(worth)
    return row_sums(non_negative(members) * shares[members.segments.of_row])
