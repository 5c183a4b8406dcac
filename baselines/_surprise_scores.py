"""Fitted Surprise models in matrix form: all scores of a block of users at once, equal to `predict`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from groupbench.core.arrays import FloatArray, IntArray
from groupbench.core.errors import MethodError

from ._surprise_neighbors import Neighbors, RatingsOf
from ._surprise_trainset import flatten

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from scipy.sparse import csr_array


class KnownPairs(Protocol):
    """How a model scores known users on known items."""

    def scores(self, users: IntArray) -> FloatArray:
        """Scores of all known items for the inner ids `users`, (len(users), n_items)."""


@dataclass(frozen=True)
class MatrixForm:
    """A fitted Surprise model as arrays, free of its training set.

    A pair with an unknown side scores `mean + user_bias + item_bias`, the unknown side's bias being 0.

    Attributes:
        pairs: the scores of known users on known items.
        mean: mean training rating.
        user_bias: (n_users,) by inner id; zeros if the model gives unknown pairs the mean.
        item_bias: (n_items,) by inner id; likewise.
    """

    pairs: KnownPairs
    mean: float
    user_bias: FloatArray
    item_bias: FloatArray

    def scores(self, users: IntArray, items: IntArray) -> FloatArray:
        """Scores, (len(users), len(items)), of inner ids; -1 stands for unknown ones."""
        user, item = np.append(self.user_bias, 0.0)[users], np.append(self.item_bias, 0.0)[items]
        out = np.asarray(self.mean + user[:, None] + item)
        known_users, known_items = np.flatnonzero(users >= 0), np.flatnonzero(items >= 0)
        if known_users.size and known_items.size:
            known = self.pairs.scores(users[known_users])
            out[np.ix_(known_users, known_items)] = known[:, items[known_items]]
        return out


@dataclass(frozen=True)
class LinearForm:
    """`user_bias + item_bias + user_factors @ item_factors.T`, as one product with two more factors.

    Attributes:
        user_bias: (n_users,), with whatever constant the model adds.
        item_bias: (n_items,).
        user_factors: (n_users, n_factors).
        item_factors: (n_items, n_factors).
    """

    user_bias: FloatArray
    item_bias: FloatArray
    user_factors: FloatArray
    item_factors: FloatArray

    def scores(self, users: IntArray) -> FloatArray:
        """Scores of all known items for the inner ids `users`, (len(users), n_items)."""
        user, one = self.user_bias[users, None], np.ones((len(self.item_bias), 1))
        left = np.hstack([self.user_factors[users], user, np.ones_like(user)])
        return np.asarray(left @ np.hstack([self.item_factors, one, self.item_bias[:, None]]).T)


@dataclass(frozen=True)
class Slopes:
    """Slope One: the user's mean plus the mean deviation of the item from the items the user rated.

    Attributes:
        user_mean: (n_users,).
        rated: (n_users, n_items) sparse, how often each user rated each item.
        deviation: (n_items, n_items), antisymmetric; 0 where no user rated both.
        shared: (n_items, n_items) float32, 1 where a user rated both, else 0.
    """

    user_mean: FloatArray
    rated: csr_array
    deviation: FloatArray
    shared: NDArray[np.float32]

    def scores(self, users: IntArray) -> FloatArray:
        """Scores of all known items for the inner ids `users`, (len(users), n_items)."""
        rated = self.rated[users]
        number = rated.astype(np.float32) @ self.shared
        slope = np.divide(rated @ self.deviation, number, out=np.zeros(number.shape), where=number > 0)
        return np.asarray(self.user_mean[users, None] - slope)


def score_matrix(algo: Any, inner_users: IntArray, inner_items: IntArray | None = None) -> FloatArray:
    """What `algo.predict(user, item, clip=False).est` says for all these pairs, to rounding.

    Clip it to the rating scale to get what `predict` says by default. Two cells differ on purpose: where
    `KNNBasic(min_k=0)` divides by zero the score is the mean rating, and where `KNNWithZScore` gives NaN
    because all ratings are equal it is their mean.

    Args:
        algo: a fitted Surprise algorithm with its training set.
        inner_users: inner user ids, -1 for unknown users.
        inner_items: inner item ids, -1 for unknown items; all known items if None.

    Returns:
        Scores, (len(inner_users), len(inner_items)).

    Raises:
        MethodError: if there is no matrix form for this algorithm, or its parameters are not finite.
    """
    items = np.arange(algo.trainset.n_items) if inner_items is None else inner_items
    return matrix_form(algo).scores(inner_users, items)


def matrix_form(algo: Any) -> MatrixForm:
    """The matrix form of a fitted Surprise algorithm; later changes to `algo` may show in it.

    Raises:
        MethodError: if there is none for this algorithm, or its parameters are not finite.
    """
    import surprise

    forms: dict[type, Callable[[Any], MatrixForm]] = {
        surprise.SVD: _factors,
        surprise.SVDpp: _implicit_factors,
        surprise.NMF: _factors,
        surprise.BaselineOnly: _baselines,
        surprise.SlopeOne: _slopes,
        surprise.CoClustering: _coclusters,
        surprise.KNNBasic: _neighbors,
        surprise.KNNWithMeans: _neighbors,
        surprise.KNNWithZScore: _neighbors,
        surprise.KNNBaseline: _neighbors,
    }
    if type(algo) not in forms:
        known = ", ".join(form.__name__ for form in forms)
        raise MethodError(f"no matrix form for {type(algo).__name__}; use one of {known}")
    return forms[type(algo)](algo)


def _factors(algo: Any) -> MatrixForm:
    if algo.biased:
        return _biased(algo, algo.pu, algo.qi)
    bias_free = LinearForm(np.zeros(len(algo.pu)), np.zeros(len(algo.qi)), algo.pu, algo.qi)
    return _mean_when_unknown(algo, _finite(bias_free))


def _implicit_factors(algo: Any) -> MatrixForm:
    segments, _, _ = flatten(algo.trainset.ur)
    implicit = _rating_counts(algo.trainset) @ algo.yj / np.sqrt(segments.sizes)[:, None]
    return _biased(algo, algo.pu + implicit, algo.qi)


def _baselines(algo: Any) -> MatrixForm:
    return _biased(algo, np.zeros((len(algo.bu), 0)), np.zeros((len(algo.bi), 0)))


def _biased(algo: Any, user_factors: FloatArray, item_factors: FloatArray) -> MatrixForm:
    mean = float(algo.trainset.global_mean)
    pairs = _finite(LinearForm(mean + algo.bu, algo.bi, user_factors, item_factors))
    return MatrixForm(pairs, mean, algo.bu, algo.bi)


def _coclusters(algo: Any) -> MatrixForm:
    pairs = LinearForm(
        algo.user_mean - algo.avg_cltr_u[algo.cltr_u],
        algo.item_mean - algo.avg_cltr_i[algo.cltr_i],
        algo.avg_cocltr[algo.cltr_u],
        np.eye(algo.n_cltr_i)[algo.cltr_i],
    )
    return _mean_when_unknown(algo, pairs)


def _slopes(algo: Any) -> MatrixForm:
    shared = algo.freq > 0
    deviation = np.where(shared, algo.dev, 0.0)
    pairs = Slopes(
        np.array(algo.user_mean), _rating_counts(algo.trainset), deviation, shared.astype(np.float32)
    )
    return _mean_when_unknown(algo, pairs)


def _neighbors(algo: Any) -> MatrixForm:
    import surprise

    mean, n_x, n_y = float(algo.trainset.global_mean), algo.n_x, algo.n_y
    lists, raters, values = flatten(algo.yr)
    base_x, base_y, spread = np.zeros(n_x), np.zeros(n_y), np.ones(n_x)
    if isinstance(algo, surprise.KNNBaseline):
        base_x, base_y = mean + algo.bx, algo.by
    elif not isinstance(algo, surprise.KNNBasic):
        base_x, spread = algo.means, getattr(algo, "sigmas", spread)
    deviations = values - base_x[raters] - base_y[lists.of_row]
    deviations = np.divide(deviations, spread[raters], out=np.zeros(len(raters)), where=spread[raters] > 0)
    otherwise = mean if isinstance(algo, surprise.KNNBasic) else None
    rated = RatingsOf(lists, raters, deviations)
    user_based = bool(algo.sim_options["user_based"])
    pairs = Neighbors(algo.sim, rated, base_x, base_y, spread, algo.k, algo.min_k, otherwise, user_based)
    if isinstance(algo, surprise.KNNBaseline):
        return MatrixForm(pairs, mean, algo.bu, algo.bi)
    return _mean_when_unknown(algo, pairs)


def _mean_when_unknown(algo: Any, pairs: KnownPairs) -> MatrixForm:
    trainset = algo.trainset
    mean = float(trainset.global_mean)
    return MatrixForm(pairs, mean, np.zeros(trainset.n_users), np.zeros(trainset.n_items))


def _rating_counts(trainset: Any) -> csr_array:
    """How often each user rated each item, (n_users, n_items)."""
    from scipy.sparse import csr_array

    segments, items, _ = flatten(trainset.ur)
    return csr_array(
        (np.ones(len(items)), items, segments.offsets), shape=(trainset.n_users, trainset.n_items)
    )


def _finite(linear: LinearForm) -> LinearForm:
    arrays = (linear.user_bias, linear.item_bias, linear.user_factors, linear.item_factors)
    if not all(np.isfinite(array).all() for array in arrays):
        raise MethodError(
            "the fitted biases or factors are not finite: training diverged; "
            "lower the learning rates (lr_...) or raise the regularization (reg_...)"
        )
    return linear
