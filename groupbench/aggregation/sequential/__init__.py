"""Several rounds for the same groups: what a member got in one round decides how much it counts in the next.

Satisfaction and disagreement are those of Stratigi, Pitoura, Nummenmaa, Stefanidis, "Sequential group
recommendations based on satisfaction and disagreement scores", Journal of Intelligent Information
Systems, 2022 (first in SAC 2020). Candidates may change from round to round, the members may not.
"""

from groupbench.aggregation.sequential._measures import disagreement, discounted_utility, dmae, satisfaction
from groupbench.aggregation.sequential._rounds import SequentialAggregator, State, play
from groupbench.aggregation.sequential._strategies import LTP, SDAA, SIAA

__all__ = [
    "LTP",
    "SDAA",
    "SIAA",
    "SequentialAggregator",
    "State",
    "disagreement",
    "discounted_utility",
    "dmae",
    "play",
    "satisfaction",
]
