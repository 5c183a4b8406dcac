"""How users come together in groups, from training rows only, and what such groups are like."""

from __future__ import annotations

from groupbench.formation._criteria import Criteria
from groupbench.formation.kinds import (
    KINDS,
    coalitional_groups,
    divergent_groups,
    form,
    one_divergent_groups,
    random_groups,
    same_item_groups,
    similar_groups,
)
from groupbench.formation.kmeans import kmeans
from groupbench.formation.statistics import GroupStatistics, describe

__all__ = [
    "KINDS",
    "Criteria",
    "GroupStatistics",
    "coalitional_groups",
    "describe",
    "divergent_groups",
    "form",
    "kmeans",
    "one_divergent_groups",
    "random_groups",
    "same_item_groups",
    "similar_groups",
]
