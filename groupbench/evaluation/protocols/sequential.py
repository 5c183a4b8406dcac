"""Groups that are recommended lists round after round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from groupbench.core.errors import ConfigError
from groupbench.core.seeding import generator
from groupbench.evaluation.protocols._base import PROTOCOLS
from groupbench.evaluation.protocols.coupled import Coupled
from groupbench.evaluation.rounds import Rounds, draw_members
from groupbench.evaluation.task import Task
from groupbench.evaluation.views.sequential import cutoffs

if TYPE_CHECKING:
    from groupbench.data.dataset import Dataset
    from groupbench.evaluation.views import EvaluationCase


@PROTOCOLS.register
class Sequential(Coupled):
    """Groups as of `coupled` are recommended a list in every round, of items that no earlier one held.

    Aggregators that look back (`sdaa`, `siaa`, `ltp`) are told what members got in earlier rounds; all others
    take part without a memory, and order what is left. Groups with fewer candidates than all rounds take are
    left out and counted. With `churn` members leave and join between rounds: candidates are then new to all
    who are ever a member, whoever joins starts level with the mean of those who stayed, and metrics are of
    the members of the last round that counts, each over the rounds since it joined.
    """

    views: ClassVar[tuple[str, ...]] = ("sequential", "sequential-coupled")
    looks_back: ClassVar[bool] = True

    name: Literal["sequential"] = "sequential"  # type: ignore[assignment]
    rounds: int = Field(5, ge=1, le=1000)
    """Number of rounds."""
    items: int = Field(5, ge=1)
    """Items recommended in each round."""
    churn: float = Field(0.0, ge=0, lt=1)
    """Probability with which each member leaves after a round; a random user takes the place."""

    def require(self, dataset: Dataset) -> None:
        """Refuse what `coupled` refuses, and to recommend more items than there are."""
        if self.rounds * self.items > dataset.ratings.n_items:
            raise ConfigError(
                f"rounds={self.rounds} of items={self.items} take {self.rounds * self.items} items, and "
                f"{dataset.name} has {dataset.ratings.n_items}; ask for fewer"
            )
        super().require(dataset)

    def prepare(self, dataset: Dataset, seed: int) -> Task:
        """Split the rows, form the groups from what is left for training, and draw who joins."""
        task = super().prepare(dataset, seed)
        groups, rows = task.train.groups, task.train.ratings
        rng = generator(dataset.seed_label, "rounds", seed)
        order = rng.permutation(rows.n_items)
        members = draw_members(groups, rows, self.rounds, self.churn, rng)
        return replace(task, rounds=Rounds(groups, members, self.items, order))

    def make_cases(
        self, task: Task, views: Sequence[str] = ()
    ) -> tuple[list[EvaluationCase], dict[str, str]]:
        """As of every protocol, of the groups with candidates for all rounds.

        Raises:
            ConfigError: if none applies, or no group has enough candidates.
        """
        cases, reasons = super().make_cases(task, views)
        return [self._of_rounds(case) if case.view.rounds else case for case in cases], reasons

    def _of_rounds(self, case: EvaluationCase) -> EvaluationCase:
        enough = case.lists.sizes >= self.rounds * self.items
        if not (case.evaluated & enough).any():
            raise ConfigError(
                f"rounds={self.rounds} of items={self.items} take {self.rounds * self.items} candidates, and "
                f"groups have {int(case.lists.sizes.max())} at most; ask for fewer"
            )
        view = replace(case.view, cutoffs=cutoffs(case.view, self.rounds, self.items))
        return replace(case, view=view, evaluated=case.evaluated & enough)
