"""Splits that came with the data."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from groupbench.core.errors import ConfigError
from groupbench.evaluation.protocols._base import PROTOCOLS, Protocol, natural_groups, training_data
from groupbench.evaluation.task import Task

if TYPE_CHECKING:
    from groupbench.core.arrays import FloatArray
    from groupbench.data.dataset import Dataset


@PROTOCOLS.register
class Given(Protocol):
    """The split that the data came with; held-out rows are ranked among all items and its sampled negatives.

    A method learns from the training rows. The items of a rater's validation rows are no candidates for it,
    because a method may have been tuned or stopped early on them; they are not evaluated.
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

    def require(self, dataset: Dataset) -> None:
        """Refuse data that came without a split or without groups."""
        if dataset.given is None:
            raise ConfigError(f"dataset {dataset.name} came without a split; use --protocol paper or natural")
        natural_groups(dataset)
        super().require(dataset)

    def truths(self, dataset: Dataset) -> FloatArray:
        """The held-out ratings of users and groups."""
        rows = [dataset.given.users, dataset.given.groups] if dataset.given is not None else []
        return np.concatenate([np.empty(0), *(part.ratings.values for part in rows if part is not None)])

    def prepare(self, dataset: Dataset, seed: int) -> Task:
        """Take the data's own training and held-out rows; every seed has the same."""
        self.require(dataset)
        train = training_data(dataset, dataset.ratings, natural_groups(dataset), dataset.group_ratings)
        none = dataset.ratings.take(slice(0, 0))
        return Task(train, none, given=dataset.given)
