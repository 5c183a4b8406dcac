"""How users come together in groups, from training rows only, and what such groups are like."""

from __future__ import annotations

from groupbench.data.formation._criteria import Criteria
from groupbench.data.formation.kmeans import kmeans
from groupbench.data.formation.statistics import GroupStatistics, describe
from groupbench.data.formation.strategies import (
    KINDS,
    coalitional_groups,
    divergent_groups,
    form,
    one_divergent_groups,
    random_groups,
    same_item_groups,
    similar_groups,
)

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
