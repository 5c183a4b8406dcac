"""Differences between rows of scores with everything that says how sure they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from groupbench.core.arrays import FloatArray
from groupbench.report.statistics._bootstrap import bootstrap_t
from groupbench.report.statistics._dependence import Clusters, Dependence
from groupbench.report.statistics._effects import cohen_d, rank_biserial
from groupbench.report.statistics._paired import Paired
from groupbench.report.statistics._pvalues import permutation_test, t_test, wilcoxon_test
from groupbench.report.statistics._uncertainty import Uncertainty, over_seeds, over_units, t_quantile

TESTS = ("bootstrap", "permutation", "t", "wilcoxon")
FEWEST = 8
"""With fewer effective units an interval misses the true difference too often to be shown."""
REPLICATES = 9_999
"""Bootstrap replicates and permutations, unless a table with many rows needs more."""


@dataclass(frozen=True)
class PairedComparison:
    """The outcome for each column of paired differences, (n_columns,) each.

    Attributes:
        paired: the differences.
        uncertainty: their standard errors and units.
        p: p-values by test.
        low: lower end of the confidence interval.
        high: upper end.
    """

    paired: Paired
    uncertainty: Uncertainty
    p: dict[str, FloatArray]
    low: FloatArray
    high: FloatArray

    @property
    def difference(self) -> FloatArray:
        """The mean differences."""
        return self.paired.difference

    @cached_property
    def cohen_d(self) -> FloatArray:
        """Cohen's d over entities."""
        return cohen_d(self.paired.entity_means)

    @cached_property
    def rank_biserial(self) -> FloatArray:
        """Rank-biserial correlation over entities."""
        return rank_biserial(self.paired.entity_means)


def compare(
    paired: Paired,
    dependence: Dependence,
    *,
    rng: np.random.Generator,
    tests: Sequence[str] = TESTS,
    level: float = 0.05,
    replicates: int = REPLICATES,
) -> PairedComparison:
    """Test whether mean differences are 0, entities depending on each other as said.

    Each test is one over units; from `FEWEST_SEEDS` seeds on all of them allow for luck in seeds in the same
    way (`Uncertainty`). Few seeds say little about luck: three have 2 degrees of freedom, so that a
    difference needs to be 4.3 times the standard error of the seeds' means for p <= .05 and 32 times for
    p <= .001.

    The interval is that of the cluster bootstrap if it is among the tests, else that of the t-test, and
    leaves out 0 exactly where the p-value of the same test is at most `level`; permutations and ranks have
    none of their own. Over linked entities there is only the t-test.

    Args:
        paired: the differences.
        dependence: which entities depend on each other.
        rng: for bootstrap and permutations.
        tests: which of `TESTS` to make.
        level: 1 - level is the confidence of the interval.
        replicates: bootstrap replicates and permutations.
    """
    found = _by_t(paired, over_units(paired, dependence), level)
    if not isinstance(dependence, Clusters):
        return found
    totals = dependence.sums(paired.by_entity(paired.weights * np.nan_to_num(paired.differences)))
    masses = dependence.sums(paired.by_entity(paired.weights))
    p = {"t": found.p["t"]} if "t" in tests else {}
    low, high = found.low, found.high
    if "bootstrap" in tests:
        drawn = bootstrap_t(totals, masses, replicates=replicates, rng=rng)
        p["bootstrap"], margin = _by_replicates(drawn, found, level)
        low, high = found.difference - margin, found.difference + margin
    units = {}
    if "permutation" in tests:
        units["permutation"] = permutation_test(totals, replicates=replicates, rng=rng)
    if "wilcoxon" in tests:
        units["wilcoxon"] = wilcoxon_test(totals, masses)
    p |= {test: found.uncertainty.p_with_seeds(own, found.difference) for test, own in units.items()}
    known = paired.n_seeds > 0
    return PairedComparison(
        paired, found.uncertainty, {k: np.where(known, v, np.nan) for k, v in p.items()}, low, high
    )


def compare_seeds(paired: Paired, held_out: float, *, level: float = 0.05) -> PairedComparison:
    """The corrected resampled t-test over seeds; arguments as of `compare` and `over_seeds`."""
    return _by_t(paired, over_seeds(paired, held_out), level)


def _by_t(paired: Paired, uncertainty: Uncertainty, level: float) -> PairedComparison:
    difference, error = paired.difference, np.sqrt(uncertainty.variance)
    margin = uncertainty.with_seeds(t_quantile(level, uncertainty.freedom) * error, level)
    p = t_test(difference, uncertainty.variance, uncertainty.freedom)
    p = uncertainty.p_with_seeds(p, difference)
    return PairedComparison(paired, uncertainty, {"t": p}, difference - margin, difference + margin)


def _by_replicates(drawn: FloatArray, found: PairedComparison, level: float) -> tuple[FloatArray, FloatArray]:
    """The p-values and margins of the differences found, from the |t| of replicates over units."""
    uncertainty = found.uncertainty
    with np.errstate(invalid="ignore"):
        # Replicates take their standard errors without the correction for few units.
        error = np.sqrt(uncertainty.variance * (1 - 1 / uncertainty.units))
    drawn.sort(axis=0)
    levels = np.arange(len(drawn), 0, -1)[:, None] / (len(drawn) + 1)
    margins = uncertainty.with_seeds(error * drawn, levels)
    p = ((margins >= np.abs(found.difference)).sum(axis=0) + 1) / (len(drawn) + 1)
    # Column by column, which needs no copy of all replicates.
    return p, np.array([np.quantile(column, 1 - level, method="higher") for column in margins.T])
