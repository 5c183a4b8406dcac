"""Splits that came with the data."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from groupbench.core.errors import ConfigError
from groupbench.core.seeding import generator
from groupbench.evaluation.protocols._base import PROTOCOLS, Protocol, natural_groups, training_data
from groupbench.evaluation.protocols._whole_groups import drawn, pooled
from groupbench.evaluation.task import Task

if TYPE_CHECKING:
    from groupbench.core.arrays import FloatArray
    from groupbench.data.dataset import Dataset, GivenSplit, Ratings

_SHARE = 0.2
_ADDED = {"held": "rows", "share": _SHARE}


@PROTOCOLS.register
class Given(Protocol):
    """The split that the data came with; held-out rows are ranked among all items and its sampled negatives.

    A method learns from the training rows. The items of a rater's validation rows are no candidates for it,
    because a method may have been tuned or stopped early on them; they are not evaluated.

    With `held=groups` whole groups are held out instead, drawn by the seed. All rows of groups are pooled,
    for training, validation and test, and no row of a held-out group is left for training: it is known by its
    members alone. Members keep the training rows of their own, also where these show what the group chose, as
    they do wherever a group's visits were written down for each member; `groupbench data doctor` says how
    many do (held-out-in-profiles). Held-out rows of users are neither for training nor evaluated. All rows of
    a held-out group are ranked among all items, those that came with negatives among these, too; methods that
    need rows of the group are skipped.
    """

    views: ClassVar[tuple[str, ...]] = (
        "full-group",
        "full-user",
        "sampled-group",
        "sampled-group-clean",
        "sampled-user",
        "sampled-user-clean",
    )

    groups_rate: ClassVar[bool] = True

    name: Literal["given"] = "given"
    held: Literal["rows", "groups"] = "rows"
    """What is held out: the rows that came so, or all rows of some groups (cold)."""
    share: float = Field(_SHARE, gt=0, lt=1)
    """Share of the groups with rows that is held out (held=groups)."""

    @model_serializer(mode="wrap")
    def _leave_out_usual(self, dump: SerializerFunctionWrapHandler) -> dict[str, object]:
        """Leave options out that are as usual: keys of jobs are older than these."""
        options: dict[str, object] = dump(self)
        return {name: value for name, value in options.items() if (name, value) not in _ADDED.items()}

    @property
    def knows_groups(self) -> bool:
        """Groups that are held out whole are known by their members alone."""
        return self.held == "rows"

    def require(self, dataset: Dataset) -> None:
        """Refuse data that came without a split or without groups, and a share of nothing."""
        if dataset.given is None:
            raise ConfigError(f"dataset {dataset.name} came without a split; use --protocol paper or natural")
        if self.held == "rows" and self.share != _SHARE:
            raise ConfigError(f"share={self.share} is of groups that are held out; add --option held=groups")
        natural_groups(dataset)
        super().require(dataset)

    def truths(self, dataset: Dataset) -> FloatArray:
        """The ratings of users and groups that are, or may be, held out."""
        if self.held == "groups":
            return pooled(dataset).ratings.values
        rows = [dataset.given.users, dataset.given.groups] if dataset.given is not None else []
        return np.concatenate([np.empty(0), *(part.ratings.values for part in rows if part is not None)])

    def prepare(self, dataset: Dataset, seed: int) -> Task:
        """Take the data's own rows, which are the same for every seed, or draw groups by the seed."""
        self.require(dataset)
        joint, given = dataset.group_ratings, dataset.given
        if self.held == "groups":
            joint, given = self._cold(dataset, seed)
        tau = self.threshold(dataset.scale)
        train = training_data(
            dataset, dataset.ratings, natural_groups(dataset), joint, tau=tau, question=self.question
        )
        return Task(train, dataset.ratings.take(slice(0, 0)), given=given)

    def _cold(self, dataset: Dataset, seed: int) -> tuple[Ratings, GivenSplit]:
        """The rows of groups for training, and those of groups that are held out."""
        from groupbench.data.dataset import GivenSplit

        rows = pooled(dataset)
        cold = drawn(rows.ratings, self.share, generator(dataset.seed_label, "cold groups", seed))
        return rows.ratings.take(~cold), GivenSplit(groups=rows.take(cold))
