"""Protocols that hold out individual rating rows."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from groupbench.core.errors import ConfigError
from groupbench.core.seeding import generator
from groupbench.evaluation.protocols._base import Protocol, natural_groups

if TYPE_CHECKING:
    from groupbench.data.dataset import Dataset, Ratings
    from groupbench.evaluation.splits import Split


class RowSplit(Protocol):
    """Protocols that hold out individual rating rows."""

    split: Literal["ratio", "kfold", "temporal", "leave-one-out"] = "ratio"
    """How rows are held out: at random, by fold (seed s is fold s), the latest ones, or one of each user."""
    ratio: float = Field(0.8, gt=0, lt=1)
    """Share of the ratings that is for training (ratio and temporal splits)."""
    folds: int = Field(5, ge=2)
    """Number of folds (kfold)."""

    unit: Literal["pairs", "rows"] = "pairs"
    """What is held out where a user rated an item more than once: all rows of the pair, or single rows."""

    def require(self, dataset: Dataset) -> None:
        """Refuse a temporal split of data without timestamps, and observed groups where there are none."""
        from groupbench.evaluation.splits import NO_TIMES

        if self.split == "temporal" and dataset.ratings.timestamps is None:
            raise ConfigError(f"dataset {dataset.name}: {NO_TIMES}; use split=ratio")
        if self.model_dump().get("groups") == "natural":
            natural_groups(dataset, str(type(self).model_fields["groups"].default))
        super().require(dataset)

    def hold_out(self, dataset: Dataset, seed: int) -> tuple[Ratings, Ratings]:
        """The rows for training and the held-out rows; the same data, options and seed give the same.

        With `unit=rows` (the paper's way) a held-out row of a pair that was rated more than once may have its
        like among the training rows; with pairs never. Without such pairs both are the same.
        """
        from groupbench.evaluation.splits import split_pairs

        self.require(dataset)
        rows, split = dataset.ratings, partial(self._split, dataset.seed_label, seed)
        found = split(rows) if self.unit == "rows" else split_pairs(rows, split)
        return rows.take(found.train), rows.take(found.held_out)

    def _split(self, label: str, seed: int, rows: Ratings) -> Split:
        from groupbench.evaluation import splits

        if self.split == "kfold":
            rng = generator(label, "folds", seed // self.folds)
            return splits.fold_split(len(rows), self.folds, seed % self.folds, rng)
        if self.split == "temporal":
            return splits.temporal_split(rows, self.ratio)
        if self.split == "leave-one-out":
            return splits.leave_one_out(rows, generator(label, "split", seed))
        return splits.ratio_split(rows, self.ratio, generator(label, "split", seed))
