"""Protocols that hold out individual rating rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from groupbench.core.seeding import generator
from groupbench.evaluation.protocols._base import Protocol

if TYPE_CHECKING:
    from groupbench.data.dataset import Dataset, Ratings


class RowSplit(Protocol):
    """Protocols that hold out individual rating rows."""

    split: Literal["ratio", "kfold", "temporal", "leave-one-out"] = "ratio"
    """How rows are held out: at random, by fold (seed s is fold s), the latest ones, or one of each user."""
    ratio: float = Field(0.8, gt=0, lt=1)
    """Share of the rating rows that is for training (ratio and temporal splits)."""
    folds: int = Field(5, ge=2)
    """Number of folds (kfold)."""

    def hold_out(self, dataset: Dataset, seed: int) -> tuple[Ratings, Ratings]:
        """The rows for training and the held-out rows; the same data, options and seed give the same."""
        from groupbench.evaluation import splits

        rows = dataset.ratings
        if self.split == "kfold":
            rng = generator(dataset.seed_label, "folds", seed // self.folds)
            split = splits.fold_split(len(rows), self.folds, seed % self.folds, rng)
        elif self.split == "temporal":
            split = splits.temporal_split(rows, self.ratio)
        elif self.split == "leave-one-out":
            split = splits.leave_one_out(rows, generator(dataset.seed_label, "split", seed))
        else:
            split = splits.ratio_split(rows, self.ratio, generator(dataset.seed_label, "split", seed))
        return rows.take(split.train), rows.take(split.held_out)
