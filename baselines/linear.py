"""Linear models over items: EASE in closed form, the low-rank ELSA and the random walk RP3beta."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from groupbench.core.errors import MethodError
from groupbench.core.hyperparameters import Above0, AtLeast0, Count, Share, tunable
from groupbench.core.registry import method
from groupbench.core.seeding import integer
from groupbench.models.recommender import Method, Recommender

from ._feedback import feedback
from ._memory import neighbors_kept, require_memory
from ._products import product

if TYPE_CHECKING:
    from groupbench.core.arrays import FloatArray, IntArray
    from groupbench.models.recommender import Deterministic, TrainingData

_BLOCK = 2**23
"""Cells of the dense block that RP3beta works on at a time (64 MiB)."""

_BYTES = 43
"""That the fit of RP3beta takes for each end kept, as measured."""


@method("ease")
@dataclass
class Ease(Recommender):
    """EASE: item weights with zero diagonal, in closed form (Steck, WWW 2019).

    With G = X'X + l2 * I and P = G^-1 the weights are B[i, j] = -P[i, j] / P[j, j] (eq. 8), and a user's
    scores are X[u] B: 0 everywhere for users without feedback.
    """

    l2: Above0 = tunable(500.0, low=1, high=10_000, log=True)
    """L2 penalty on the weights, in units of X'X (it grows with the rating scale)."""
    positive: Share | None = tunable(0.75, choices=(0.0, 0.25, 0.5, 0.75))
    """Lowest rating that counts as X[u, i] = 1, as a share of the scale (0.75 is 4 of 1 to 5, 0 lets every
    rating count); None: every rating above 0 counts with its value."""
    max_gib: Above0 = 8.0
    """Memory that the fit may take for its (n_items, n_items) arrays, in GiB; it takes 24 bytes a cell."""

    def fit(self, train: TrainingData, *, rng: np.random.Generator) -> Self:
        """Solve for the weights, in float64.

        Raises:
            MethodError: if the arrays would need more than `max_gib` or the job's budget for memory, or no
                rating counts as feedback.
        """
        n_items = train.ratings.n_items
        need = 24 * n_items**2 / 2**30
        if need > self.max_gib:
            raise MethodError(
                f"ease: {n_items} items need {need:.1f} GiB, more than max_gib={self.max_gib:g}; "
                "raise max_gib, or use 'rp3beta', which stays sparse"
            )
        require_memory(f"ease on {n_items} items", need * 2**30, "use 'rp3beta', which stays sparse")
        self._feedback = feedback(train, self.positive)
        gram = (self._feedback.T @ self._feedback).toarray()
        gram[np.diag_indices(n_items)] += self.l2
        weights = _inverse(gram)
        weights /= -np.diag(weights)
        np.fill_diagonal(weights, 0.0)
        self._weights: FloatArray = weights
        return self

    def score(self, users: IntArray) -> FloatArray:
        """Feedback times weights, (len(users), n_items)."""
        return product(self._feedback[users], self._weights)


def _inverse(matrix: FloatArray) -> FloatArray:
    """Inverse of a symmetric positive definite matrix, which is overwritten; half the work of `inv`."""
    from scipy.linalg.lapack import dpotrf, dpotri

    factor, _ = dpotrf(matrix.T, lower=1, overwrite_a=1)
    inverse, _ = dpotri(factor, lower=1, overwrite_c=1)
    return np.asarray(np.tril(inverse) + np.tril(inverse, -1).T)


@dataclass
class ElsaItems(Method):
    """What stands on ELSA's item embeddings shares: how they are trained."""

    libraries: ClassVar[tuple[str, ...]] = ("torch",)
    deterministic: ClassVar[Deterministic] = "one-machine"

    factors: Count = tunable(64, low=16, high=512, log=True)
    """Width of the item embeddings."""
    epochs: Count = tunable(20, low=5, high=100, log=True)
    """Passes over the users."""
    learning_rate: Above0 = tunable(0.1, low=0.001, high=0.3, log=True)
    """NAdam's step size."""
    batch_size: Count = tunable(256, low=32, high=1024, log=True)
    """Users of a step."""
    positive: Share | None = tunable(0.75, choices=(0.0, 0.25, 0.5, 0.75))
    """Lowest rating that counts as X[u, i] = 1, as a share of the scale (0.75 is 4 of 1 to 5, 0 lets every
    rating count); None: every rating above 0 counts with its value."""

    def _train_items(self, train: TrainingData, rng: np.random.Generator) -> None:
        """Set the feedback X, (n_users, n_items), and the item embeddings A, (n_items, factors)."""
        from ._networks.elsa import item_embeddings

        self._feedback = feedback(train, self.positive)
        self._items: FloatArray = item_embeddings(self._feedback, self, integer(rng))


@method("elsa")
@dataclass
class Elsa(ElsaItems, Recommender):
    """ELSA: low-rank item weights with zero diagonal (Vancura et al., RecSys 2022).

    A user's scores are X[u] (A A' - I) with a row of length 1 for each item in A, which makes the diagonal
    0; users without feedback score 0 everywhere. A is trained on mini-batches of users by the normalized
    squared error |y / |y| - x / |x||^2 of scores y and feedback x ("Scalable Linear Shallow Autoencoder for
    Collaborative Filtering"). Memory grows with n_items * factors, where that of EASE does with n_items^2.

    Deviation: the error is computed from x A and A'A, without scores of all items, to the same value.
    """

    def fit(self, train: TrainingData, *, rng: np.random.Generator) -> Self:
        """Train the item embeddings.

        Raises:
            MethodError: if no rating counts as feedback, or the loss diverges.
        """
        self._train_items(train, rng)
        return self

    def score(self, users: IntArray) -> FloatArray:
        """Feedback times weights, (len(users), n_items)."""
        rows = self._feedback[users]
        return np.asarray(rows @ self._items @ self._items.T - rows.toarray())

    def score_pairs(self, users: IntArray, items: IntArray) -> FloatArray:
        """The same for some items of each user, shaped like `items`, (len(users), k)."""
        rows = self._feedback[users]
        scores = np.asarray(self._items[items] @ (rows @ self._items)[:, :, None])[:, :, 0]
        return np.asarray(scores - rows[np.arange(len(users))[:, None], items].toarray())


@method("rp3beta")
@dataclass
class Rp3Beta(Recommender):
    """RP3beta: three-step random walks, damped by popularity (Paudel et al., ACM TiiS 2017).

    A walk goes from the user to an item, a user and an item; its transition probabilities are raised to
    `alpha` and the score of the item it ends at is divided by the item's degree to the power `beta`.
    Walks back to the item in the middle are left out. Users without feedback score 0 everywhere.
    """

    alpha: Above0 = tunable(1.0, low=0.2, high=2)
    """Exponent of the transition probabilities."""
    beta: AtLeast0 = tunable(0.6, low=0, high=1)
    """Exponent of the popularity penalty; 0 is P3alpha."""
    topk: Count = tunable(100, low=10, high=1000, log=True)
    """Strongest ends of walks kept for each item in the middle."""
    positive: Share | None = tunable(None, choices=(None, 0.0, 0.5, 0.75))
    """Lowest rating that counts as an edge, as a share of the scale, all with weight 1; None: every rating
    above 0 counts, and transition probabilities are in proportion to it."""

    def fit(self, train: TrainingData, *, rng: np.random.Generator) -> Self:
        """Walk from every item to every other and keep the strongest ends.

        Raises:
            MethodError: if no rating counts as feedback, or the ends would need too much memory.
        """
        from scipy.sparse import vstack

        edges = feedback(train, self.positive)
        n_items = train.ratings.n_items
        needed = _BYTES * neighbors_kept(edges, self.topk)
        require_memory(f"{self.topk} ends for {n_items} items", needed, f"lower topk={self.topk}, or use als")
        self._first = _transitions(edges, self.alpha)
        second = _transitions(edges.T.tocsr(), self.alpha)
        degree = np.bincount(edges.indices, minlength=n_items)
        damping = np.maximum(degree, 1.0) ** -self.beta
        step = max(1, _BLOCK // n_items)
        blocks = []
        for start in range(0, n_items, step):
            ends = (second[start : start + step] @ self._first).toarray() * damping
            ends[np.arange(len(ends)), np.arange(start, start + len(ends))] = 0.0
            blocks.append(_strongest(ends, self.topk))
        self._neighbors = vstack(blocks, format="csr")
        return self

    def score(self, users: IntArray) -> FloatArray:
        """Damped probabilities of ending at each item, (len(users), n_items)."""
        return product(self._first[users], self._neighbors)


def _transitions(edges: Any, alpha: float) -> Any:
    """Each row of a sparse matrix divided by its sum, every entry to the power `alpha`."""
    sums = np.repeat(edges.sum(axis=1), np.diff(edges.indptr))
    transitions = edges.copy()
    transitions.data = (edges.data / sums) ** alpha
    return transitions


def _strongest(block: FloatArray, k: int) -> Any:
    """The `k` largest non-zero entries of each row of `block`, (n, width), as a sparse matrix."""
    from scipy.sparse import csr_array

    n, width = block.shape
    k = min(k, width)
    columns = np.argpartition(-block, k - 1, axis=1)[:, :k]
    values = np.take_along_axis(block, columns, axis=1)
    strongest = csr_array((values.ravel(), columns.ravel(), np.arange(n + 1) * k), shape=block.shape)
    strongest.eliminate_zeros()
    return strongest
