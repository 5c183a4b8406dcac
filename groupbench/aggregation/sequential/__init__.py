"""Several rounds for the same groups: what a member got in one round decides how much it counts in the next.

Satisfaction and disagreement are those of Stratigi, Pitoura, Nummenmaa, Stefanidis, "Sequential group
recommendations based on satisfaction and disagreement scores", Journal of Intelligent Information
Systems, 2022 (first in SAC 2020). The candidates that were recommended in a round are none in the next.
"""

from groupbench.aggregation.sequential._rounds import SequentialAggregator, State, first, play, without
from groupbench.aggregation.sequential._satisfaction import Relevance, at_shown

__all__ = [
    "Relevance",
    "SequentialAggregator",
    "State",
    "at_shown",
    "first",
    "play",
    "without",
]
