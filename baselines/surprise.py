"""Surprise's rating predictors: fitted by scikit-surprise, scored as whole matrices.

Names and defaults of the hyperparameters are Surprise's own; those of its `sim_options` and `bsl_options`
are fields here too. Scores are `predict(..., clip=False)`: clipping to the rating scale, as `predict` does
by default, would tie the best items at the highest rating.

Source: N. Hug, "Surprise: A Python library for recommender systems", JOSS 5(52), 2020.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from groupbench.core.hyperparameters import AtLeast0, Count, tunable
from groupbench.core.registry import method

from ._memory import require_memory
from ._surprise_method import (
    BaselineOptions,
    Nearest,
    RandomStart,
    SurpriseMethod,
    square_bytes,
)

if TYPE_CHECKING:
    import numpy as np

# Surprise makes a folder for its own data sets when it is imported, by default in the user's home.
with suppress(OSError):
    os.environ.setdefault("SURPRISE_DATA_FOLDER", tempfile.gettempdir() + os.sep)


@method("svd")
@dataclass
class SVD(RandomStart):
    """Biased matrix factorization by gradient descent (Koren, Bell & Volinsky 2009, eq. 5; Surprise)."""

    algorithm: ClassVar[str] = "SVD"

    n_factors: Count = tunable(100, low=10, high=200, log=True)
    """Length of the factor vectors."""
    n_epochs: Count = tunable(20, low=5, high=100, log=True)
    """Passes over the ratings."""
    biased: bool = True
    """Whether to add the mean and the biases of user and item."""
    init_mean: float = 0.0
    """Mean of the normal distribution the factors start from."""
    init_std_dev: AtLeast0 = 0.1
    """Its standard deviation."""
    lr_all: float = tunable(0.005, low=0.001, high=0.05, log=True)
    """Step size of all parameters."""
    reg_all: float = tunable(0.02, low=0.001, high=0.5, log=True)
    """Regularization of all parameters."""
    lr_bu: float | None = None
    """Step size of user biases; None for `lr_all`."""
    lr_bi: float | None = None
    """Step size of item biases; None for `lr_all`."""
    lr_pu: float | None = None
    """Step size of user factors; None for `lr_all`."""
    lr_qi: float | None = None
    """Step size of item factors; None for `lr_all`."""
    reg_bu: float | None = None
    """Regularization of user biases; None for `reg_all`."""
    reg_bi: float | None = None
    """Regularization of item biases; None for `reg_all`."""
    reg_pu: float | None = None
    """Regularization of user factors; None for `reg_all`."""
    reg_qi: float | None = None
    """Regularization of item factors; None for `reg_all`."""


@method("svdpp")
@dataclass
class SVDpp(RandomStart):
    """SVD++: factorization that also learns from which items were rated (Koren 2008, section 4; Surprise)."""

    algorithm: ClassVar[str] = "SVDpp"
    relative_cost: ClassVar[float] = 10.0

    n_factors: Count = tunable(20, low=5, high=50, log=True)
    """Length of the factor vectors."""
    n_epochs: Count = tunable(20, low=5, high=50, log=True)
    """Passes over the ratings."""
    init_mean: float = 0.0
    """Mean of the normal distribution the factors start from."""
    init_std_dev: AtLeast0 = 0.1
    """Its standard deviation."""
    lr_all: float = tunable(0.007, low=0.001, high=0.05, log=True)
    """Step size of all parameters."""
    reg_all: float = tunable(0.02, low=0.001, high=0.5, log=True)
    """Regularization of all parameters."""
    lr_bu: float | None = None
    """Step size of user biases; None for `lr_all`."""
    lr_bi: float | None = None
    """Step size of item biases; None for `lr_all`."""
    lr_pu: float | None = None
    """Step size of user factors; None for `lr_all`."""
    lr_qi: float | None = None
    """Step size of item factors; None for `lr_all`."""
    lr_yj: float | None = None
    """Step size of implicit item factors; None for `lr_all`."""
    reg_bu: float | None = None
    """Regularization of user biases; None for `reg_all`."""
    reg_bi: float | None = None
    """Regularization of item biases; None for `reg_all`."""
    reg_pu: float | None = None
    """Regularization of user factors; None for `reg_all`."""
    reg_qi: float | None = None
    """Regularization of item factors; None for `reg_all`."""
    reg_yj: float | None = None
    """Regularization of implicit item factors; None for `reg_all`."""
    cache_ratings: bool = False
    """Whether Surprise copies the item lists before training: the same numbers, sooner, for more memory."""


@method("nmf")
@dataclass
class NMF(RandomStart):
    """Non-negative matrix factorization (Luo et al. 2014; Surprise)."""

    algorithm: ClassVar[str] = "NMF"

    n_factors: Count = tunable(15, low=5, high=60, log=True)
    """Length of the factor vectors."""
    n_epochs: Count = tunable(50, low=10, high=100, log=True)
    """Passes over the ratings."""
    biased: bool = False
    """Whether to add the mean and the biases of user and item."""
    reg_pu: float = tunable(0.06, low=0.005, high=0.5, log=True)
    """Regularization of user factors."""
    reg_qi: float = tunable(0.06, low=0.005, high=0.5, log=True)
    """Regularization of item factors."""
    reg_bu: float = 0.02
    """Regularization of user biases, if biased."""
    reg_bi: float = 0.02
    """Regularization of item biases, if biased."""
    lr_bu: float = 0.005
    """Step size of user biases, if biased."""
    lr_bi: float = 0.005
    """Step size of item biases, if biased."""
    init_low: AtLeast0 = 0.0
    """Lowest value the factors start from."""
    init_high: AtLeast0 = 1.0
    """Highest value the factors start from."""


@method("co-clustering")
@dataclass
class CoClustering(RandomStart):
    """Means of co-clusters, corrected by user and item means (George & Merugu 2005; Surprise).

    Surprise cuts ratings to whole numbers, so that those with fractions are multiplied, and scores divided.
    """

    algorithm: ClassVar[str] = "CoClustering"
    cuts_ratings: ClassVar[bool] = True

    n_cltr_u: Count = tunable(3, low=1, high=20, log=True)
    """Number of user clusters."""
    n_cltr_i: Count = tunable(3, low=1, high=20, log=True)
    """Number of item clusters."""
    n_epochs: Count = tunable(20, low=5, high=60, log=True)
    """Passes over the ratings."""


@method("slope-one")
@dataclass
class SlopeOne(SurpriseMethod):
    """Slope One: mean rating differences between pairs of items (Lemire & Maclachlan 2005; Surprise).

    Surprise cuts ratings to whole numbers, so that those with fractions are multiplied, and scores divided.
    """

    algorithm: ClassVar[str] = "SlopeOne"
    cuts_ratings: ClassVar[bool] = True

    def _options(self, rng: np.random.Generator) -> dict[str, Any]:
        return {}

    def _check_memory(self, trainset: Any) -> None:
        n_items = trainset.n_items
        require_memory(
            f"Surprise's SlopeOne on {n_items} items", square_bytes(n_items, 2), "use svd or svdpp"
        )


@method("baseline-only")
@dataclass
class BaselineOnly(BaselineOptions, SurpriseMethod):
    """Mean rating plus biases of user and item (Koren 2010, section 2.1; Surprise)."""

    algorithm: ClassVar[str] = "BaselineOnly"

    def _options(self, rng: np.random.Generator) -> dict[str, Any]:
        return {"bsl_options": self.bsl_options(), "verbose": False}


@method("knn-basic-item", user_based=False)
@method("knn-basic")
@dataclass
class KNNBasic(Nearest):
    """Similarity-weighted mean of the k nearest neighbors' ratings (Surprise)."""

    algorithm: ClassVar[str] = "KNNBasic"


@method("knn-means-item", user_based=False)
@method("knn-means")
@dataclass
class KNNWithMeans(Nearest):
    """k nearest neighbors on ratings less each user's (or item's) mean (Surprise)."""

    algorithm: ClassVar[str] = "KNNWithMeans"


@method("knn-zscore-item", user_based=False)
@method("knn-zscore")
@dataclass
class KNNWithZScore(Nearest):
    """k nearest neighbors on ratings standardized per user (or item) (Surprise)."""

    algorithm: ClassVar[str] = "KNNWithZScore"


@method("knn-baseline-item", user_based=False)
@method("knn-baseline")
@dataclass
class KNNBaseline(Nearest):
    """k nearest neighbors on ratings less baseline estimates (Koren 2010, eq. 3; Surprise)."""

    algorithm: ClassVar[str] = "KNNBaseline"
