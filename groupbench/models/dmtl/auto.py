"""DMTL with the objective that fits the data and what is asked: ratings, rankings, or both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, Self

import numpy as np

from groupbench.models.dmtl.ranking.recommender import RankingDMTL
from groupbench.models.dmtl.recommender import DMTL
from groupbench.models.recommender import GroupRecommender, Recommender

if TYPE_CHECKING:
    from pathlib import Path

    from groupbench.core.arrays import FloatArray, IntArray
    from groupbench.data.groups import Groups
    from groupbench.models.recommender import Deterministic, TrainingData, TrainingWorkers

Objective = Literal["rating", "ranking", "both"]
"""What a DMTL is trained for: ratings (`DMTL`), choices (`RankingDMTL`), or choices with ratings beside."""


@dataclass
class AutoDMTL(Recommender, GroupRecommender):
    """DMTL for ratings or for choices, as the data and the question of the protocol ask for.

    `auto` takes `rating` where rated items are put in order and ratings differ. It takes `ranking` where all
    ratings are equal or there are none, and where the question is which items are chosen at all; see
    `objective_for`. Without a protocol, differing ratings are what is learned. All other hyperparameters
    are the defaults of the model that is taken.

    Attributes:
        model: the model that was taken, set by `fit`.
        notices: which one, and why; then its own, set by `fit`.
    """

    libraries: ClassVar[tuple[str, ...]] = ("torch",)
    deterministic: ClassVar[Deterministic] = "one-machine"
    relative_cost: ClassVar[float] = 50.0
    training_workers: ClassVar[TrainingWorkers] = "many"

    objective: Literal["auto", "rating", "ranking", "both"] = "auto"
    """What it is trained for; `auto` decides by the data and the protocol."""
    device: Literal["auto", "cpu", "cuda"] = "cpu"
    """Where to train and score; `auto` takes a GPU where torch finds one."""

    def __post_init__(self) -> None:
        self.model: DMTL | RankingDMTL | None = None

    @property
    def predicts_ratings(self) -> bool:  # type: ignore[override]
        """Whether it is fitted and the objective is `rating`."""
        return isinstance(self.model, DMTL)

    def skip(self, train: TrainingData) -> str:
        """As of the model that would be taken."""
        return self._make(self._objective(train)[0]).skip(train)

    def fit(self, train: TrainingData, *, rng: np.random.Generator, checkpoints: Path | None = None) -> Self:
        """Choose the objective and fit its model; arguments and errors are those of the model's `fit`."""
        objective, reason = self._objective(train)
        self.model = self._make(objective).fit(train, rng=rng, checkpoints=checkpoints)
        self.notices = (f"objective={objective}: {reason}", *self.model.notices)
        return self

    def score(self, users: IntArray) -> FloatArray:
        """Scores of all items for `users`, as of the model: (len(users), n_items)."""
        return self._fitted().score(users)

    def score_groups(self, groups: Groups) -> FloatArray:
        """Scores of all items for `groups`, as of the model: (len(groups), n_items)."""
        return self._fitted().score_groups(groups)

    def score_pairs(self, users: IntArray, items: IntArray) -> FloatArray:
        """Scores of `items`, (len(users), k), for each of `users`: the same shape."""
        return self._fitted().score_pairs(users, items)

    def score_group_pairs(self, groups: Groups, items: IntArray) -> FloatArray:
        """Scores of `items`, (len(groups), k), for each of `groups`: the same shape."""
        return self._fitted().score_group_pairs(groups, items)

    def _objective(self, train: TrainingData) -> tuple[Objective, str]:
        return objective_for(train) if self.objective == "auto" else (self.objective, "it was asked for")

    def _make(self, objective: Objective) -> DMTL | RankingDMTL:
        if objective == "rating":
            return DMTL(device=self.device)
        return RankingDMTL(objective=objective, device=self.device)

    def _fitted(self) -> DMTL | RankingDMTL:
        assert self.model is not None
        return self.model


def objective_for(train: TrainingData) -> tuple[Objective, str]:
    """What to train a DMTL for on such data, and why, in a clause."""
    values = train.ratings.values
    if len(values) == 0:
        return "ranking", "users have no ratings"
    if np.ptp(values) == 0:
        return "ranking", "all ratings of users are equal"
    if train.question == "find-chosen":
        return "ranking", "the question is which items are chosen"
    asked = "rated items are put in order" if train.question else "no protocol asks for anything else"
    return "rating", f"{asked}, and ratings differ"
