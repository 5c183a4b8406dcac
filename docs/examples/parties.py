"""A protocol of users who choose in parties."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from groupbench import Dataset
from groupbench.core.seeding import generator
from groupbench.data.formation import form
from groupbench.evaluation.protocols import PROTOCOLS, RowSplit, training_data
from groupbench.evaluation.task import Task


@PROTOCOLS.register
class Parties(RowSplit):
    """Users choose in random parties; their held-out ratings say how well it suits them all."""

    views: ClassVar[tuple[str, ...]] = ("rated-group", "rated-lowest")

    name: Literal["parties"] = "parties"
    size: int = Field(8, ge=2)
    """Members of a party."""
    n_groups: int = Field(20, ge=1)
    """Number of parties."""

    def prepare(self, dataset: Dataset, seed: int) -> Task:
        """Hold out rows, and draw the parties from the users who have others left."""
        rows, held_out = self.hold_out(dataset, seed)
        rng = generator(dataset.seed_label, "parties", seed)
        parties = form("random", rows, sizes=self.size, n_groups=self.n_groups, rng=rng)
        return Task(training_data(dataset, rows, parties, tau=self.threshold(dataset.scale)), held_out)
