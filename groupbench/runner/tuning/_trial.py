"""A setting that was tried in tuning, and how it fared."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Status = Literal["done", "pruned", "failed"]


@dataclass(frozen=True)
class TuningTrial:
    """One setting and how it fared.

    Attributes:
        hyperparameters: the values that were tried.
        status: `done`, `pruned` (given up early) or `failed`.
        values: the metric in each repeat that was run.
        seconds: wall-clock seconds.
        reason: why it failed.
        again: whether it failed by no fault of the setting (a full disk, a kill, a short timeout): it counts
            for whoever settled it, and whoever opens the journal next tries the setting again.
    """

    hyperparameters: Mapping[str, object]
    status: Status
    values: Sequence[float]
    seconds: float
    reason: str = ""
    again: bool = False

    @property
    def mean(self) -> float:
        """The mean of the values."""
        return statistics.fmean(self.values)
