"""A protocol of users who choose in pairs."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from groupbench import Dataset
from groupbench.core.seeding import generator
from groupbench.data.formation import random_groups
from groupbench.evaluation.protocols import PROTOCOLS, RowSplit, training_data
from groupbench.evaluation.task import Task


@PROTOCOLS.register
class Pairs(RowSplit):
    """Users choose in random pairs, and have to agree; their held-out ratings say how well."""

    views: ClassVar[tuple[str, ...]] = ("rated-group", "rated-lowest")

    name: Literal["pairs"] = "pairs"
    n_groups: int = Field(50, ge=1)
    """Number of pairs."""

    def prepare(self, dataset: Dataset, seed: int) -> Task:
        """Hold out rows, and draw the pairs from the users who have others left."""
        rows, held_out = self.hold_out(dataset, seed)
        rng = generator(dataset.name, "pairs", seed)
        pairs = random_groups(rows, sizes=2, n_groups=self.n_groups, rng=rng)
        return Task(training_data(dataset, rows, pairs), held_out)
