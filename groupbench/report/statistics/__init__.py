"""Statistics of paired scores: who is independent of whom, intervals, tests, corrections and ranks.

Arrays in, arrays out; which rows are compared is decided in `groupbench.report.significance`.
"""

from __future__ import annotations

from groupbench.report.statistics._bootstrap import bootstrap_t
from groupbench.report.statistics._compare import (
    FEWEST,
    REPLICATES,
    TESTS,
    PairedComparison,
    compare,
    compare_seeds,
)
from groupbench.report.statistics._correction import CORRECTIONS, Correction, corrected
from groupbench.report.statistics._dependence import Clusters, Dependence, Links, clusters, links
from groupbench.report.statistics._effects import cohen_d, rank_biserial, wins
from groupbench.report.statistics._interval import CONFIDENCE, half_widths
from groupbench.report.statistics._paired import Paired
from groupbench.report.statistics._ranks import FEWEST_BLOCKS, FEWEST_RANKED, Ranks, average_ranks
from groupbench.report.statistics._uncertainty import FEWEST_SEEDS, Uncertainty, over_seeds, over_units

__all__ = [
    "CONFIDENCE",
    "CORRECTIONS",
    "FEWEST",
    "FEWEST_BLOCKS",
    "FEWEST_RANKED",
    "FEWEST_SEEDS",
    "REPLICATES",
    "TESTS",
    "Clusters",
    "Correction",
    "Dependence",
    "Links",
    "Paired",
    "PairedComparison",
    "Ranks",
    "Uncertainty",
    "average_ranks",
    "bootstrap_t",
    "clusters",
    "cohen_d",
    "compare",
    "compare_seeds",
    "corrected",
    "half_widths",
    "links",
    "over_seeds",
    "over_units",
    "rank_biserial",
    "wins",
]
