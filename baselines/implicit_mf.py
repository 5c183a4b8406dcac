"""Matrix factorization from implicit feedback, by the `implicit` library: ALS, BPR and logistic MF."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from groupbench.core.hyperparameters import Above0, AtLeast0, Count, Share, tunable
from groupbench.core.registry import method
from groupbench.core.seeding import integer
from groupbench.models.recommender import Recommender

from ._feedback import feedback

if TYPE_CHECKING:
    from groupbench.core.arrays import FloatArray, IntArray
    from groupbench.models.recommender import Deterministic, TrainingData


@dataclass
class ImplicitFactors(Recommender):
    """What the factorizations share: feedback in, user and item factors out, scores by inner product.

    Items without feedback score 0.
    """

    libraries: ClassVar[tuple[str, ...]] = ("implicit", "scipy.linalg")

    positive: Share | None = tunable(0.75, low=0, high=1)
    """Lowest rating that counts as feedback, as a share of the scale (0.75 is 4 of 1 to 5), all with weight
    1; better on validation rows than None, where every rating above 0 counts with its value as weight."""
    num_threads: Count = 1
    """Threads of the fit; with more than one BPR never gives the same scores again, and LMF's depend on
    their number."""

    @abstractmethod
    def _model(self, seed: int) -> Any:
        """The library's model, not fitted."""

    def fit(self, train: TrainingData, *, rng: np.random.Generator) -> Self:
        """Fit the library's model with BLAS held to one thread, as the library asks for.

        Raises:
            MethodError: if no rating counts as feedback, or the fit leaves the finite numbers.
        """
        import scipy.linalg  # noqa: F401 - loads the BLAS that the library uses, which can then be limited
        from scipy.sparse import csr_matrix
        from threadpoolctl import threadpool_limits

        matrix = csr_matrix(feedback(train, self.positive), dtype=np.float32)
        with threadpool_limits(1, user_api="blas"):
            model = self._model(integer(rng))
            model.fit(matrix, show_progress=False)
        self._users: FloatArray = model.user_factors.astype(np.float64)
        self._items: FloatArray = model.item_factors.astype(np.float64)
        return self

    def score(self, users: IntArray) -> FloatArray:
        """Inner products of user and item factors, (len(users), n_items)."""
        return np.asarray(self._users[users] @ self._items.T)

    def score_pairs(self, users: IntArray, items: IntArray) -> FloatArray:
        """Inner products for some items of each user, shaped like `items`, (len(users), k)."""
        return np.asarray(self._items[items] @ self._users[users][:, :, None])[:, :, 0]


@method("als")
@dataclass
class Als(ImplicitFactors):
    """Implicit-feedback ALS with confidence weights (Hu, Koren & Volinsky, ICDM 2008).

    Users without feedback score 0 everywhere.
    """

    factors: Count = tunable(10, low=5, high=200, log=True)
    """Latent factors. The library's 100 overfit small data: 10 rank best on ML-100K's validation rows."""
    regularization: AtLeast0 = tunable(0.01, low=0.001, high=10, log=True)
    """L2 penalty on the factors."""
    alpha: Above0 = tunable(1.0, low=0.1, high=100, log=True)
    """Confidence of an entry is alpha times its weight; absent pairs have confidence 1."""
    iterations: Count = tunable(15, low=5, high=50, log=True)
    """Alternations between users and items."""

    def _model(self, seed: int) -> Any:
        from implicit.cpu.als import AlternatingLeastSquares

        return AlternatingLeastSquares(
            factors=self.factors,
            regularization=self.regularization,
            alpha=self.alpha,
            iterations=self.iterations,
            num_threads=self.num_threads,
            random_state=seed,
        )


@method("bpr")
@dataclass
class Bpr(ImplicitFactors):
    """Matrix factorization by pairwise ranking, BPR-MF (Rendle et al., UAI 2009).

    Every pair that counts as feedback weighs the same. Users without feedback get the item biases.
    """

    deterministic: ClassVar[Deterministic] = "one-thread"

    factors: Count = tunable(100, low=10, high=200, log=True)
    """Latent factors, besides the item bias."""
    learning_rate: Above0 = tunable(0.01, low=0.001, high=0.1, log=True)
    """Step size of SGD."""
    regularization: AtLeast0 = tunable(0.01, low=0.0001, high=0.1, log=True)
    """L2 penalty on factors and biases."""
    iterations: Count = tunable(100, low=20, high=300, log=True)
    """Epochs: each draws as many (user, liked item, other item) triples as there is feedback."""
    verify_negative_samples: bool = True
    """Skip a triple whose other item the user has feedback on as well."""

    def _model(self, seed: int) -> Any:
        from implicit.cpu.bpr import BayesianPersonalizedRanking

        return BayesianPersonalizedRanking(
            factors=self.factors,
            learning_rate=self.learning_rate,
            regularization=self.regularization,
            iterations=self.iterations,
            verify_negative_samples=self.verify_negative_samples,
            num_threads=self.num_threads,
            random_state=seed,
        )


@method("lmf")
@dataclass
class Lmf(ImplicitFactors):
    """Logistic matrix factorization (Johnson, NeurIPS workshop 2014).

    Users without feedback get the item biases.
    """

    factors: Count = tunable(30, low=5, high=100, log=True)
    """Latent factors, besides user and item biases."""
    learning_rate: Above0 = tunable(1.0, low=0.05, high=2, log=True)
    """Step size of AdaGrad."""
    regularization: AtLeast0 = tunable(0.6, low=0.01, high=10, log=True)
    """L2 penalty on the factors."""
    iterations: Count = tunable(30, low=10, high=60, log=True)
    """Alternations between users and items."""
    neg_prop: Count = tunable(30, low=5, high=60, log=True)
    """Sampled negatives per entry of feedback."""

    def _model(self, seed: int) -> Any:
        from implicit.cpu.lmf import LogisticMatrixFactorization

        return LogisticMatrixFactorization(
            factors=self.factors,
            learning_rate=self.learning_rate,
            regularization=self.regularization,
            iterations=self.iterations,
            neg_prop=self.neg_prop,
            num_threads=self.num_threads,
            random_state=seed,
        )
