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


@dataclass(frozen=True)
class Uncertainty:
    """How far mean differences may be off, (n_columns,) each.

    Attributes:
        variance: variance of the mean difference over units alone.
        units: effective number of independent units; one less are the degrees of freedom of `variance`.
        between: variance of the mean difference as the scatter of the seeds' means has it.
        within: what of `between` the scatter of the entities explains.
        seeds: number of seeds.
    """

    variance: FloatArray
    units: FloatArray
    between: FloatArray
    within: FloatArray
    seeds: FloatArray

    @cached_property
    def extra(self) -> FloatArray:
        """Variance that seeds add on top; 0 below `FEWEST_SEEDS`, which say nothing about it."""
        return np.where(self.seeds >= FEWEST_SEEDS, np.maximum(self.between - self.within, 0.0), 0.0)

    @cached_property
    def total(self) -> FloatArray:
        """Variance of the mean difference, seeds included."""
        return self.variance + self.extra

    @cached_property
    def inflation(self) -> FloatArray:
        """How many times larger the variance is for the seeds' sake; 1 where they add nothing."""
        return self.total / self.variance

    @cached_property
    def freedom(self) -> FloatArray:
        """Degrees of freedom of `total`, after Satterthwaite (Biometrics 1946), at least 1.

        What seeds add is as unsure as `between`. That counts in full from twice `within` on and in
        proportion below, so that a surplus by chance, which half of all pairs have, costs little power.
        """
        with np.errstate(invalid="ignore", divide="ignore"):
            share = np.clip(self.extra / self.within, 0.0, 1.0)
            parts = self.variance**2 / (self.units - 1) + share * self.between**2 / (self.seeds - 1)
            return np.where(self.extra > 0, np.maximum(self.total**2 / parts, 1.0), self.units - 1)

    def over_units_alone(self, t: FloatArray) -> FloatArray:
        """The t over units alone that is as unlikely as `t`, |difference| / root of `variance`, with seeds.

        What seeds add divides t, as a design effect does (Rao & Scott, JASA 1981), and costs degrees of
        freedom; so tests that know of units only can be asked about the smaller t.
        """
        from scipy import stats

        unlikely = stats.t.sf(t / np.sqrt(self.inflation), self.freedom)
        return np.where(self.extra > 0, stats.t.isf(unlikely, self.units - 1), t)

    def with_seeds(self, t: FloatArray) -> FloatArray:
        """The inverse of `over_units_alone`."""
        from scipy import stats

        unlikely = stats.t.sf(t, self.units - 1)
        return np.where(self.extra > 0, stats.t.isf(unlikely, self.freedom) * np.sqrt(self.inflation), t)


def over_units(paired: Paired, dependence: Dependence) -> Uncertainty:
    """The uncertainty of a mean over dependent entities that were evaluated in one or more repetitions.

    The variance is that of a ratio of cluster totals (or of linked entities), corrected for the effective
    number of units. A method whose training is random can be lucky in a repetition, for all entities at once:
    where the seeds' means scatter more than their entities explain, the surplus is added, so that
    differences are between methods and not between the fits that happened to be made.
    """
    residuals, weights = paired.by_entity(paired.residuals), paired.by_entity(paired.weights)
    units = dependence.effective(weights)
    seeds = paired.n_seeds.astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = units / (units - 1) * np.maximum(dependence.quadratic(residuals), _LEAST)
        between = seeds / (seeds - 1) * (paired.by_seed(paired.residuals) ** 2).sum(axis=0)
    within = np.zeros(len(seeds))
    for seed in np.unique(paired.seeds):
        own = np.where((paired.seeds == seed)[:, None], paired.residuals, 0.0)
        within += dependence.quadratic(paired.by_entity(own))
    return Uncertainty(variance, units, between, within, seeds)


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
    none = np.zeros(len(seeds))
    return Uncertainty(variance, seeds, none, none, seeds)
