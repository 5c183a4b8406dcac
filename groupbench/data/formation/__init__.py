"""How users come together in groups, from training rows only, and what such groups are like.

Groups that were observed come with a data set instead; which groups a protocol takes is said there.
"""

from groupbench.data.formation._criteria import DEFAULT, Criteria
from groupbench.data.formation._fill import Proposals, fill
from groupbench.data.formation._kmeans import kmeans
from groupbench.data.formation._statistics import GroupStatistics, describe
from groupbench.data.formation._strategies import KINDS, form

__all__ = [
    "DEFAULT",
    "KINDS",
    "Criteria",
    "GroupStatistics",
    "Proposals",
    "describe",
    "fill",
    "form",
    "kmeans",
]
