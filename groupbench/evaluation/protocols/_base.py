"""What all protocols share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from groupbench.core.errors import ConfigError
from groupbench.core.registry import Registry
from groupbench.data.texts import known_texts
from groupbench.evaluation.views import VIEWS, EvaluationCase
from groupbench.models.recommender import TrainingData

if TYPE_CHECKING:
    from groupbench.core.arrays import FloatArray
    from groupbench.data.dataset import Dataset, Ratings
    from groupbench.data.groups import Groups
    from groupbench.evaluation.task import Task
    from groupbench.models.recommender import Question


class Protocol(BaseModel):
    """What all protocols share; each is a subclass whose fields are its options."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    views: ClassVar[tuple[str, ...]]
    """The views that evaluate it."""
    groups_rate: ClassVar[bool] = False
    """Whether joint ratings are for training, where the data has them."""
    looks_back: ClassVar[bool] = False
    """Whether groups are recommended lists in rounds, so that sequential aggregators take part."""

    name: str
    """Name of the protocol."""
    tau: float | None = Field(None, allow_inf_nan=False)
    """A rating of at least this, on the data's own scale, is relevant; each view has its own default."""

    @property
    def label(self) -> str:
        """The name and the options that differ from the default: `paper+ratio=0.85`."""
        values = {name: (getattr(self, name), field) for name, field in type(self).model_fields.items()}
        changed = [f"{name}={_text(value)}" for name, (value, f) in values.items() if value != f.default]
        return "+".join([self.name, *sorted(changed)])

    @property
    def knows_groups(self) -> bool:
        """Whether groups that are evaluated have joint ratings for training, where any have."""
        return self.groups_rate

    def require(self, dataset: Dataset) -> None:
        """Refuse what the data cannot answer whatever the seed, before anything is split or fitted.

        Raises:
            ConfigError: if the data lacks what the protocol needs, or no view could tell relevant items
                from others.
        """
        truths = self.truths(dataset)
        if len(truths) == 0:
            return
        refusals = [VIEWS[name].refusal(truths, dataset.scale, self.tau) for name in self.views]
        if all(refusals):
            raise ConfigError(f"dataset {dataset.name} under {self.label}: {refusals[0]}")

    def threshold(self, scale: tuple[float, float]) -> float:
        """The tau that methods are told of: the protocol's own, else that of its first view on `scale`."""
        return VIEWS[self.views[0]].threshold(scale, self.tau)

    @property
    def question(self) -> Question:
        """What methods are told that rankings are for: what the first view asks."""
        return "order-rated" if VIEWS[self.views[0]].rated_only else "find-chosen"

    def truths(self, dataset: Dataset) -> FloatArray:
        """The ratings of which some are held out, (n,)."""
        return dataset.ratings.values

    @abstractmethod
    def prepare(self, dataset: Dataset, seed: int) -> Task:
        """Make the task of one seed; the same names, options and seed give the same task.

        Raises:
            ConfigError: as of `require`, or if the data cannot be split or grouped as asked.
        """

    def make_cases(
        self, task: Task, views: Sequence[str] = ()
    ) -> tuple[list[EvaluationCase], dict[str, str]]:
        """Make the lists of every view that applies to the data.

        Args:
            task: what `prepare` made.
            views: their names; by default all of the protocol.

        Returns:
            The views that apply, and by name of each other one why it does not.

        Raises:
            ConfigError: if none applies.
        """
        cases: list[EvaluationCase] = []
        reasons: dict[str, str] = {}
        for name in views or self.views:
            try:
                cases.append(VIEWS[name].make_case(task, self.tau))
            except ConfigError as error:
                reasons[name] = str(error)
        if not cases:
            raise ConfigError("; ".join(reasons.values()))
        return cases, reasons


PROTOCOLS: Registry[type[Protocol]] = Registry(
    "protocol",
    "groupbench.evaluation.protocols",
    "groupbench.protocols",
    name_of=lambda protocol: str(protocol.model_fields["name"].default),
)
"""All protocols by name; each is a class whose field `name` has the name as its only value."""


def natural_groups(dataset: Dataset, instead: str = "") -> Groups:
    """The observed groups; without any a `ConfigError` that names what `groups` can be `instead`."""
    if dataset.groups is None:
        other = f"use groups={instead} or " if instead else ""
        raise ConfigError(f"dataset {dataset.name} has no natural groups; {other}add a groups.csv")
    return dataset.groups


def training_data(
    dataset: Dataset,
    rows: Ratings,
    groups: Groups,
    joint: Ratings | None = None,
    *,
    tau: float | None = None,
    question: Question | None = None,
) -> TrainingData:
    """What methods may learn from: the given rows, groups and joint ratings, and what the data set adds.

    `tau` is the protocol's `threshold`; without one, methods go by the scale. `question` is the protocol's.
    """
    item_texts, user_texts = known_texts(dataset, rows)
    return TrainingData(
        ratings=rows,
        scale=dataset.scale,
        groups=groups,
        group_ratings=joint,
        user_features=dataset.user_features,
        item_features=dataset.item_features,
        social=dataset.social,
        item_texts=item_texts,
        user_texts=user_texts,
        tau=tau,
        question=question,
    )


def _text(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple | list) else str(value)
