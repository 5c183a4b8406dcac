"""Observed groups and their joint ratings."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from groupbench.core.errors import ConfigError
from groupbench.core.seeding import generator
from groupbench.data.leakage import pairs
from groupbench.evaluation.protocols._base import PROTOCOLS, Protocol, natural_groups, training_data
from groupbench.evaluation.task import Task

if TYPE_CHECKING:
    from groupbench.core.arrays import FloatArray
    from groupbench.data.dataset import Dataset, Features, Ratings
    from groupbench.evaluation.splits import Split

_RATIO = 0.8


@PROTOCOLS.register
class Natural(Protocol):
    """Observed groups are evaluated by their own joint ratings, in folds or by time.

    All individual ratings are for training, also those that are later than a joint rating held out by time.
    """

    views: ClassVar[tuple[str, ...]] = ("natural",)

    groups_rate: ClassVar[bool] = True

    name: Literal["natural"] = "natural"
    held: Literal["groups", "rows"] = "groups"
    """Whether a fold holds out all joint ratings of some groups (cold) or some of every group (warm)."""
    split: Literal["kfold", "temporal"] = "kfold"
    """How joint ratings are held out: by fold, or the latest ones of each group (held=rows)."""
    folds: int = Field(5, ge=2)
    """Number of folds (kfold); seed s is fold s, and after the last fold they are drawn anew."""
    ratio: float = Field(_RATIO, gt=0, lt=1)
    """Share of each group's joint ratings that is for training (temporal split)."""
    catalogue: Literal["auto", "all"] = "auto"
    """What a group could have rated: all items, or the categories it rated in if they part the items."""

    @model_serializer(mode="wrap")
    def _leave_out_usual(self, dump: SerializerFunctionWrapHandler) -> dict[str, object]:
        """Leave options of time out of splits by fold: keys of jobs are older than these."""
        options: dict[str, object] = dump(self)
        added = ("split", "ratio") if self.split == "kfold" else ()
        return {name: value for name, value in options.items() if name not in added}

    @property
    def knows_groups(self) -> bool:
        """Cold groups are known by their members alone."""
        return self.held == "rows"

    def require(self, dataset: Dataset) -> None:
        """Refuse data without groups, joint ratings or, for a temporal split, their times."""
        natural_groups(dataset)
        self._require_split(dataset)
        super().require(dataset)

    def truths(self, dataset: Dataset) -> FloatArray:
        """The joint ratings."""
        return _joint_ratings(dataset).values

    def prepare(self, dataset: Dataset, seed: int) -> Task:
        """Hold out one fold of the joint ratings, or the latest; all individual ratings are for training."""
        groups, joint = natural_groups(dataset), _joint_ratings(dataset)
        self.require(dataset)
        split = self._split(joint, dataset.seed_label, seed)
        kept, tau = joint.take(split.train), self.threshold(dataset.scale)
        train = training_data(dataset, dataset.ratings, groups, kept, tau=tau, question=self.question)
        parts = self.catalogue == "auto" and _parts_items(dataset.categories)
        return Task(
            train,
            dataset.ratings.take(slice(0, 0)),
            joint=joint.take(split.held_out),
            catalogues=dataset.categories if parts else None,
        )

    def _require_split(self, dataset: Dataset) -> None:
        from groupbench.evaluation.splits import NO_TIMES

        if self.split == "kfold" and self.ratio != _RATIO:
            raise ConfigError(f"ratio={self.ratio} is of a split by time; add --option split=temporal")
        if self.split == "temporal" and self.held == "groups":
            raise ConfigError("split=temporal holds out rows of every group; add --option held=rows")
        if self.split == "temporal" and _joint_ratings(dataset).timestamps is None:
            raise ConfigError(f"joint ratings of dataset {dataset.name}: {NO_TIMES}; use split=kfold")

    def _split(self, joint: Ratings, label: str, seed: int) -> Split:
        """Which joint ratings are for training; all of one item by one group are on one side."""
        from groupbench.evaluation import splits

        if self.split == "temporal":
            return splits.split_pairs(joint, partial(splits.temporal_split_of_each, ratio=self.ratio))
        units, unit = np.unique(joint.users if self.held == "groups" else pairs(joint), return_inverse=True)
        rng = generator(label, "folds", seed // self.folds)
        fold = splits.fold_split(len(units), self.folds, seed % self.folds, rng)
        held_out = np.isin(unit, fold.held_out)
        return splits.Split(np.flatnonzero(~held_out), np.flatnonzero(held_out))


def _joint_ratings(dataset: Dataset) -> Ratings:
    if dataset.group_ratings is None:
        raise ConfigError(f"dataset {dataset.name} has no joint ratings; the protocol natural needs them")
    return dataset.group_ratings


def _parts_items(categories: Features | None) -> bool:
    return categories is not None and bool((categories.values.sum(axis=1) == 1).all())
