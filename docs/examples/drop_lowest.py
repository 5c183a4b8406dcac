"""The average without the lowest score of any member."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from groupbench import Aggregator, MemberScores, aggregator
from groupbench.core.arrays import FloatArray


@aggregator("drop-lowest")
@dataclass(frozen=True)
class DropLowest(Aggregator):
    """Mean of the members' scores without the lowest, (sum - min) / (M - 1); one member keeps its score."""

    keeps_scale = True

    def aggregate(self, members: MemberScores) -> FloatArray:
        """Group scores, (n_groups, width), finite where a group has a candidate; higher is better."""
        total = members.segments.reduce("sum", members.scores)
        lowest = members.segments.reduce("min", members.scores)
        sizes = members.segments.sizes[:, None]
        return np.where(sizes > 1, (total - lowest) / np.maximum(sizes - 1, 1), total)
