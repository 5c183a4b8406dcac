"""A rule that learns from training ratings how a group's score follows from those of its members."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from groupbench.aggregation._base import Aggregator, LearnedAggregator, MemberScores
from groupbench.aggregation._exact import exact_mean
from groupbench.core.arrays import CACHED, FloatArray
from groupbench.core.registry import aggregator

_QUANTILES = np.linspace(0.0, 1.0, 5)
_FREE = 2
"""The weights that are not shrunk: of the constant and the mean, which come first."""
_PENALTIES = 10.0 ** np.arange(3, -7, -1)
"""The penalties that are tried, strongest first, for each training pair."""
_FOLDS = 200


@aggregator("linear")
@dataclass(frozen=True)
class LearnedLinear(LearnedAggregator):
    """Learned linear rule: the mean of the members' scores, corrected by how these are spread.

    The score is a + b * mean + sum of w(k) * (q(k) - mean) + v * std over the members' scores of a
    candidate, with q(k) for their minimum, quartiles and maximum (linear interpolation). Groups of all
    sizes share the weights; average, median, least misery and most pleasure are special cases.

    The weights come from ridge regression on training pairs of group and item: the group's joint training
    rating where there are any, else the mean of its members' own training ratings. a and b are free. w and
    v are shrunk towards 0, which is the average, by the penalty that does best when one group after the
    other is left out (one of 200 sets of groups, where there are more). So it is the average without
    training pairs, and also if they say that what all members like more is liked less.

    Methods that score users were fitted to the members' own ratings, though not to joint ones. So formed
    groups teach how a method fits rather than how it predicts, and the rule can be worse than the average.

    Such ordered weights are those of Yager, "On ordered weighted averaging aggregation operators in
    multicriteria decisionmaking", IEEE Transactions on Systems, Man, and Cybernetics, 1988; to learn
    them in this way is our choice.
    """

    keeps_scale = True

    def fit(self, members: MemberScores, target: FloatArray) -> Aggregator:
        """The rule with its weights, or this one if there is nothing to learn."""
        scores = members.scores[members.row_valid]
        scale = float(np.ptp(scores)) if len(scores) else 0.0
        if scale == 0:
            return self
        weights = _ridge(_moments(members, target, scale))
        weights[1:] /= scale
        return _Weighted(weights) if weights[1] > 0 else self

    def aggregate(self, members: MemberScores) -> FloatArray:
        """Means of the members' scores, (n_groups, width)."""
        return members.mean


@dataclass(frozen=True, eq=False)
class _Weighted(Aggregator):
    weights: FloatArray

    keeps_scale = True

    def aggregate(self, members: MemberScores) -> FloatArray:
        out = np.full(members.valid.shape, self.weights[0])
        for groups, part in members.blocks(CACHED):
            # One after the other: the rounding of a matrix product would depend on the other groups.
            for weight, values in zip(self.weights[1:], _statistics(part, members.mean[groups]), strict=True):
                out[groups] += weight * values
        return out


def _statistics(members: MemberScores, mean: FloatArray) -> FloatArray:
    """Mean, quantiles less the mean, and standard deviation of the members' scores, (7, n_groups, width)."""
    segments = members.segments
    out = np.empty((len(_QUANTILES) + 2, *mean.shape))
    out[0] = mean
    out[-1] = np.sqrt(exact_mean(segments, (members.scores - mean[segments.of_row]) ** 2))
    for groups, rows in segments.by_size():
        ordered = np.sort(members.scores[rows], axis=1)
        position = _QUANTILES * (rows.shape[1] - 1)
        low = np.floor(position).astype(np.int64)
        lower, upper = ordered[:, low], ordered[:, np.ceil(position).astype(np.int64)]
        quantiles = lower + (position - low)[:, None] * (upper - lower)
        out[1:-1, groups] = (quantiles - mean[groups, None]).transpose(1, 0, 2)
    return out


def _moments(members: MemberScores, target: FloatArray, scale: float) -> FloatArray:
    """Sums of products of 1, statistics and target over the pairs of each fold, (n_folds, 9, 9)."""
    rows = np.concatenate(
        [np.ones((1, *target.shape)), _statistics(members, members.mean) / scale, target[None]]
    )
    rows = np.where(members.valid, rows, 0.0).transpose(1, 0, 2)
    of_group = rows @ rows.transpose(0, 2, 1)
    out = np.zeros((min(len(rows), _FOLDS), *of_group.shape[1:]))
    np.add.at(out, np.arange(len(rows)) % _FOLDS, of_group)
    return out


def _ridge(moments: FloatArray) -> FloatArray:
    """The weights of 1 and the statistics, (8,), for the penalty with the least error on left-out folds."""
    total = moments.sum(axis=0)
    left_out = _solved(total - moments, _PENALTIES[:, None] * total[0, 0])
    # |target - weights . statistics|^2 of the left-out pairs, from their sums of products alone.
    errors = np.append(-left_out, np.ones((*left_out.shape[:2], 1)), axis=2)
    loss = np.einsum("pfi,fij,pfj->p", errors, moments, errors)
    return _solved(total, _PENALTIES[int(loss.argmin())] * total[0, 0])


def _solved(moments: FloatArray, penalty: FloatArray | float) -> FloatArray:
    """Ridge weights, (..., 8), from sums of products, (..., 9, 9), and penalties, (...)."""
    shrunk = np.append(np.zeros(_FREE), np.ones(moments.shape[-1] - 1 - _FREE))
    normal = moments[..., :-1, :-1] + np.multiply.outer(penalty, np.diag(shrunk))
    return np.asarray((np.linalg.pinv(normal, hermitian=True) @ moments[..., :-1, -1:])[..., 0])
