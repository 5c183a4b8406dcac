"""What a protocol makes of a data set."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from groupbench.core.arrays import IntArray
    from groupbench.data.dataset import Features, GivenSplit, Ratings
    from groupbench.data.formation import GroupStatistics
    from groupbench.evaluation.rounds import Rounds
    from groupbench.models.recommender import TrainingData


@dataclass(frozen=True)
class Task:
    """One data set under one protocol and seed: what methods learn from and what they are evaluated on.

    Attributes:
        train: all that methods see.
        held_out: held-out ratings of users.
        joint: held-out joint ratings; their `users` are indices into `train.groups`.
        given: the split that came with the data, where its held-out rows are evaluated.
        catalogues: (n_items, n_catalogues) 0/1 columns: groups choose within theirs; None for all items.
        options: ascending `group * n_items + item` of what observed groups answer about.
        rounds: what happens where groups are recommended lists round after round.
    """

    train: TrainingData
    held_out: Ratings
    joint: Ratings | None = None
    given: GivenSplit | None = None
    catalogues: Features | None = None
    options: IntArray | None = None
    rounds: Rounds | None = None

    @property
    def only_cold_groups(self) -> bool:
        """Whether rows of groups are held out, and none of these groups has one for training."""
        held = self.joint
        if self.given is not None and self.given.groups is not None:
            held = self.given.groups.ratings
        if held is None or self.train.group_ratings is None:
            return False
        return not np.isin(held.users, self.train.group_ratings.users).any()

    @cached_property
    def statistics(self) -> GroupStatistics:
        """What the groups are like by the training rows; found once for all methods of a process."""
        from groupbench.data.formation import describe

        return describe(self.train.groups, self.train.ratings)
