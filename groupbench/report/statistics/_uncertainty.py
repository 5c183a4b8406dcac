"""Standard errors of mean differences: over independent units, and over seeds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from groupbench.core.arrays import FloatArray
from groupbench.report.statistics._dependence import Dependence
from groupbench.report.statistics._paired import Paired

FEWEST_SEEDS = 3
"""The scatter of fewer seeds is too unsure to be told from that of entities."""
_LEAST = 1e-30
"""Variance of entities that all differ alike: rounding only."""
_HALVINGS = 36
"""Of the logarithm of a p-value: nine digits."""


@dataclass(frozen=True)
class Uncertainty:
    """How far mean differences may be off, (n_columns,) each.

    Units and seeds are crossed random effects: a method may suit some users more, and it may be lucky in a
    seed, for all users at once. The variance of the mean is `between`, which the scatter of the seeds' means
    estimates, plus `shared`, the part of the units that is the same in every seed and so in no scatter
    (Cameron, Gelbach & Miller, J. Bus. Econ. Stat. 2011, corrected for few seeds). `between` has
    `seeds` - 1 degrees of freedom, too few for Satterthwaite's approximation: of three seeds it is far below
    the truth now and then, and a difference of luck then has p <= .001 in one of a hundred tables. So each
    part is multiplied by its own squared quantile of t and only then are they added. Of parts that are
    chi-squared, which `shared` is but nearly, such an interval covers at least as often as it says whatever
    their shares are, as the distribution function of a squared normal is concave (Banerjee, Sankhya 1960).

    Attributes:
        variance: variance of the mean difference over units alone.
        units: effective number of independent units.
        freedom: degrees of freedom of `variance`.
        between: variance of the mean difference as the scatter of the seeds' means has it; 0 below
            `FEWEST_SEEDS`, which say nothing about it.
        shared: what of `variance` no scatter of seeds shows; all of it below `FEWEST_SEEDS`.
        seeds: number of seeds.
    """

    variance: FloatArray
    units: FloatArray
    freedom: FloatArray
    between: FloatArray
    shared: FloatArray
    seeds: FloatArray

    @cached_property
    def total(self) -> FloatArray:
        """Variance of the mean difference over units and seeds."""
        return np.maximum(self.variance, self.between + self.shared)

    @cached_property
    def inflation(self) -> FloatArray:
        """How many times larger the variance is for the seeds' sake; 1 where they add nothing."""
        return self.total / self.variance

    def with_seeds(self, margin: FloatArray, level: FloatArray | float) -> FloatArray:
        """Half the width of an interval over units and seeds, never less than `margin`.

        Args:
            margin: (..., n_columns) half the width of an interval over units alone.
            level: 1 - level is the confidence of both; of the shape of `margin` but for 1 columns, or one.
        """
        known, column = np.unique(self.seeds, return_inverse=True)
        quantile = t_quantile(level, np.maximum(known - 1, 1))[..., column]
        with np.errstate(invalid="ignore"):
            together = self.shared / self.variance * margin**2 + quantile**2 * self.between
        return np.fmax(margin, np.sqrt(together))

    def p_with_seeds(self, p: FloatArray, difference: FloatArray) -> FloatArray:
        """The p-value over units and seeds of a test that has `p` over units alone, (n_columns,).

        The least level at which the interval `with_seeds` leaves out 0, the test's standard error being
        the one at which a t-test of the difference would have its p-value.
        """
        lucky = (self.between > 0) & (p < 1)
        if not lucky.any():
            return p
        with np.errstate(invalid="ignore", divide="ignore"):
            error = np.abs(difference) / t_quantile(p, self.freedom)
        low, high = np.log(np.maximum(p, _LEAST)), np.zeros(p.shape)
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            level = np.exp(middle)
            with np.errstate(invalid="ignore", over="ignore"):
                margin = error * t_quantile(level, self.freedom)
                seeds = t_quantile(level, np.maximum(self.seeds - 1, 1)) ** 2 * self.between
                inside = self.shared / self.variance * margin**2 + seeds > difference**2
            low, high = np.where(inside, middle, low), np.where(inside, high, middle)
        return np.where(lucky, np.maximum(p, np.exp(high)), p)


def t_quantile(level: FloatArray | float, freedom: FloatArray) -> FloatArray:
    """What |t| exceeds with probability `level`."""
    from scipy.special import stdtrit

    return np.asarray(-stdtrit(freedom, np.asarray(level) / 2))


def over_units(paired: Paired, dependence: Dependence) -> Uncertainty:
    """The uncertainty of a mean over dependent entities that were evaluated in one or more seeds.

    The variance over units is that of a ratio of cluster totals (or of linked entities), corrected for the
    effective number of units. What units share over seeds is the covariance of their residuals from each
    seed's mean, between seeds: nothing, if every seed has units of its own.
    """
    residuals, weights = paired.by_entity(paired.residuals), paired.by_entity(paired.weights)
    units = dependence.effective(weights)
    seeds = paired.n_seeds.astype(np.float64)
    within = paired.seed_residuals
    apart = np.zeros(len(seeds))
    for seed in np.unique(paired.seeds):
        own = np.where((paired.seeds == seed)[:, None], within, 0.0)
        apart += dependence.quadratic(paired.by_entity(own))
    with np.errstate(invalid="ignore", divide="ignore"):
        few = units / (units - 1)
        variance = few * np.maximum(dependence.quadratic(residuals), _LEAST)
        between = seeds / (seeds - 1) * (paired.by_seed(paired.residuals) ** 2).sum(axis=0)
        across = dependence.quadratic(paired.by_entity(within)) - apart
        shared = few * seeds / (seeds - 1) * np.maximum(across, 0.0)
    enough = seeds >= FEWEST_SEEDS
    return Uncertainty(
        variance,
        units,
        dependence.freedom(weights),
        np.where(enough, between, 0.0),
        np.where(enough, shared, variance),
        seeds,
    )


def over_seeds(paired: Paired, held_out: float) -> Uncertainty:
    """The uncertainty of a mean over seeds whose training rows overlap.

    The corrected resampled t-test of Nadeau & Bengio (Machine Learning 2003): the variance of the seeds'
    means times 1/seeds + held-out rows/training rows.

    Args:
        paired: the differences.
        held_out: number of held-out rows for each training row.
    """
    seeds = paired.n_seeds.astype(np.float64)
    # Rows weigh 1/seeds, so the squared sums are deviations of the seeds' means over seeds^2.
    squares = (paired.by_seed(paired.residuals) ** 2).sum(axis=0) * seeds**2
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = np.maximum(squares, _LEAST) / (seeds - 1) * (1 / seeds + held_out)
    variance = np.where(seeds > 1, variance, np.nan)
    return Uncertainty(variance, seeds, seeds - 1, np.zeros(len(seeds)), variance, seeds)
