"""What the methods that Surprise fits have in common."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from math import isclose, lcm
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, get_args

import numpy as np

from groupbench.core.errors import MethodError
from groupbench.core.hyperparameters import AtLeast0, Count, tunable
from groupbench.core.seeding import integer
from groupbench.models.recommender import Recommender, TrainingData

from ._memory import limit, require_memory

if TYPE_CHECKING:
    from groupbench.core.arrays import FloatArray, IntArray

    from ._surprise_scores import MatrixForm

Similarity = Literal["msd", "cosine", "pearson", "pearson_baseline"]

MOST = 10**6
"""By how much ratings are multiplied at most, to make whole numbers of them."""


class SurpriseMethod(Recommender):
    """A Surprise algorithm as a method; subclasses name the algorithm and its options."""

    predicts_ratings: ClassVar[bool] = True
    libraries: ClassVar[tuple[str, ...]] = ("surprise",)
    algorithm: ClassVar[str]
    """The class in the `surprise` package."""
    cuts_ratings: ClassVar[bool] = False
    """Whether Surprise holds ratings in C integers: it gets whole numbers then, or the job is skipped."""

    _form: MatrixForm
    _inner_users: IntArray
    _inner_items: IntArray
    _factor: int = 1

    def skip(self, train: TrainingData) -> str:
        """Where Surprise would cut off the fractions of ratings, and no factor makes them whole numbers."""
        if not self.cuts_ratings or whole_factor(train.ratings.values):
            return ""
        return (
            f"Surprise's {self.algorithm} cuts off fractions, and no factor up to {MOST:,} "
            "makes whole numbers of these ratings"
        )

    def fit(self, train: TrainingData, *, rng: np.random.Generator) -> Self:
        """Fit with Surprise and keep the parameters as arrays.

        Raises:
            MethodError: if there are no ratings, `skip` says why not, the fit would need too much memory, or
                training diverged.
        """
        import surprise

        from ._surprise_scores import matrix_form
        from ._surprise_trainset import build_trainset, inner_ids

        ratings, scale = train.ratings, train.scale
        if self.cuts_ratings:
            self._factor = whole_factor(ratings.values)
            if not self._factor:
                raise MethodError(f"{self.skip(train)}; round the ratings or use another method")
        if self._factor > 1:
            ratings = replace(ratings, values=np.rint(ratings.values * self._factor))
            scale = (scale[0] * self._factor, scale[1] * self._factor)
        trainset = build_trainset(ratings, scale)
        self._check_memory(trainset)
        algorithm = getattr(surprise, self.algorithm)(**self._options(rng))
        try:
            algorithm.fit(trainset)
        except ZeroDivisionError as error:
            raise MethodError(
                f"Surprise's {self.algorithm} divided by zero in its fit: ratings are 0 or all equal, "
                "or factors shrank to 0; use another similarity or method, or a scale above 0"
            ) from error
        self._form = matrix_form(algorithm)
        self._inner_users = inner_ids(trainset._raw2inner_id_users, train.ratings.n_users)
        self._inner_items = inner_ids(trainset._raw2inner_id_items, train.ratings.n_items)
        return self

    def score(self, users: IntArray) -> FloatArray:
        """Unclipped predicted ratings, (len(users), n_items); unknown users and items as in Surprise."""
        scores = self._form.scores(self._inner_users[users], self._inner_items)
        return scores / self._factor if self._factor > 1 else scores

    @abstractmethod
    def _options(self, rng: np.random.Generator) -> dict[str, Any]:
        """Keyword arguments of the algorithm."""

    def _check_memory(self, trainset: Any) -> None:
        """Refuse a fit whose dense matrices exceed the limit."""


def whole_factor(values: FloatArray) -> int:
    """The smallest whole number that makes whole numbers of all `values`, (n,), that fit into a C int.

    It is 0 where none up to `MOST` does.
    """
    factor = 1
    for value in np.unique(values).tolist():
        fraction = Fraction(value).limit_denominator(MOST)
        factor = lcm(factor, fraction.denominator)
        if not isclose(fraction, value, rel_tol=1e-15) or factor > MOST or abs(value) * factor > 2**30:
            return 0
    return factor


class RandomStart(SurpriseMethod):
    """An algorithm whose options are its fields, with a random start."""

    def _options(self, rng: np.random.Generator) -> dict[str, Any]:
        return {**_values(self), "random_state": integer(rng), "verbose": False}


@dataclass
class BaselineOptions:
    """Surprise's `bsl_options`: how the biases of users and items are estimated."""

    bsl_method: Literal["als", "sgd"] = "als"
    """Alternating least squares or stochastic gradient descent."""
    bsl_n_epochs: Count | None = None
    """Passes over the ratings; None for 10 (als) or 20 (sgd)."""
    bsl_reg_u: float = tunable(15.0, low=0.5, high=100, log=True)
    """Regularization of user biases (als)."""
    bsl_reg_i: float = tunable(10.0, low=0.5, high=100, log=True)
    """Regularization of item biases (als)."""
    bsl_reg: float = 0.02
    """Regularization (sgd)."""
    bsl_learning_rate: float = 0.005
    """Step size (sgd)."""

    def bsl_options(self) -> dict[str, Any]:
        """The fields as Surprise takes them."""
        values = {f.name: getattr(self, f.name) for f in fields(BaselineOptions)}
        return {name.removeprefix("bsl_"): value for name, value in values.items() if value is not None}


@dataclass
class Nearest(BaselineOptions, SurpriseMethod):
    """What Surprise's k-NN models share; the `bsl_` options serve `pearson_baseline` and `knn-baseline`."""

    k: Count = tunable(40, low=5, high=200, log=True)
    """Neighbors at most."""
    min_k: Count = tunable(1, low=1, high=10, log=True)
    """Neighbors at least; with fewer, the score is what the model says without neighbors."""
    similarity: Similarity = tunable("msd", choices=get_args(Similarity))
    """How alike two users (or items) are, over what both rated (or who rated both)."""
    user_based: bool = True
    """Whether neighbors are users; else they are items."""
    min_support: Count = tunable(1, low=1, high=20, log=True)
    """Common ratings below which the similarity is 0."""
    shrinkage: AtLeast0 = tunable(100.0, low=1, high=1000, log=True)
    """How strongly few common ratings pull `pearson_baseline` to 0."""

    def _options(self, rng: np.random.Generator) -> dict[str, Any]:
        similarity = {
            "name": self.similarity,
            "user_based": self.user_based,
            "min_support": self.min_support,
            "shrinkage": self.shrinkage,
        }
        options = {"sim_options": similarity, "bsl_options": self.bsl_options()}
        return {"k": self.k, "min_k": self.min_k, "verbose": False, **options}

    def _check_memory(self, trainset: Any) -> None:
        n_users, n_items = trainset.n_users, trainset.n_items
        arrays = {"msd": 3, "cosine": 5, "pearson": 7, "pearson_baseline": 5}[self.similarity]
        what, n, other = ("users", n_users, n_items) if self.user_based else ("items", n_items, n_users)
        other_fits = square_bytes(other, arrays) <= limit()
        remedy = f"set user_based={not self.user_based}" if other_fits else "use svd or svdpp"
        require_memory(f"Surprise's {self.algorithm} on {n} {what}", square_bytes(n, arrays), remedy)


def square_bytes(n: int, arrays: int) -> int:
    """Bytes of as many dense (n, n) float64 arrays."""
    return arrays * 8 * n * n


def _values(instance: Any) -> dict[str, Any]:
    return {f.name: getattr(instance, f.name) for f in fields(instance) if f.init}
