"""Observed groups and their joint ratings."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from pydantic import Field

from groupbench.core.errors import ConfigError
from groupbench.core.seeding import generator
from groupbench.evaluation.protocols._base import PROTOCOLS, Protocol, natural_groups, training_data
from groupbench.evaluation.task import Task

if TYPE_CHECKING:
    from groupbench.core.arrays import FloatArray
    from groupbench.data.dataset import Dataset, Features, Ratings


@PROTOCOLS.register
class Natural(Protocol):
    """Observed groups are evaluated by their own joint ratings, in folds."""

    views: ClassVar[tuple[str, ...]] = ("natural",)

    groups_rate: ClassVar[bool] = True

    name: Literal["natural"] = "natural"
    held: Literal["groups", "rows"] = "groups"
    """Whether a fold holds out all joint ratings of some groups (cold) or some of every group (warm)."""
    folds: int = Field(5, ge=2)
    """Number of folds; seed s is fold s, and after the last fold they are drawn anew."""
    catalogue: Literal["auto", "all"] = "auto"
    """What a group could have rated: all items, or the categories it rated in if they part the items."""

    @property
    def knows_groups(self) -> bool:
        """Cold groups are known by their members alone."""
        return self.held == "rows"

    def require(self, dataset: Dataset) -> None:
        """Refuse data without groups or without joint ratings."""
        natural_groups(dataset)
        super().require(dataset)

    def truths(self, dataset: Dataset) -> FloatArray:
        """The joint ratings."""
        return _joint_ratings(dataset).values

    def prepare(self, dataset: Dataset, seed: int) -> Task:
        """Hold out one fold of the joint ratings; all individual ratings are for training."""
        from groupbench.evaluation.splits import fold_split

        groups, joint = natural_groups(dataset), _joint_ratings(dataset)
        self.require(dataset)
        rng = generator(dataset.seed_label, "folds", seed // self.folds)
        unit = joint.users if self.held == "groups" else joint.users * joint.n_items + joint.items
        # Repeated ratings of one item by one group are one unit, or a fold would hold out what it trains on.
        units, unit = np.unique(unit, return_inverse=True)
        fold = fold_split(len(units), self.folds, seed % self.folds, rng)
        held_out = np.isin(unit, fold.held_out)
        train = training_data(
            dataset, dataset.ratings, groups, joint.take(~held_out), tau=self.threshold(dataset.scale)
        )
        parts = self.catalogue == "auto" and _parts_items(dataset.categories)
        return Task(
            train,
            dataset.ratings.take(slice(0, 0)),
            joint=joint.take(held_out),
            catalogues=dataset.categories if parts else None,
        )


def _joint_ratings(dataset: Dataset) -> Ratings:
    if dataset.group_ratings is None:
        raise ConfigError(f"dataset {dataset.name} has no joint ratings; the protocol natural needs them")
    return dataset.group_ratings


def _parts_items(categories: Features | None) -> bool:
    return categories is not None and bool((categories.values.sum(axis=1) == 1).all())
