"""DMTL for choices as a method: fitting, and scores for users and groups, seen in training or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from groupbench.core.errors import MethodError
from groupbench.data.dataset import Ratings
from groupbench.models.dmtl.features import chosen_features
from groupbench.models.dmtl.ranking.hyperparameters import WORDS, RankingHyperparameters
from groupbench.models.joint import GroupIndex

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from groupbench.core.arrays import FloatArray
    from groupbench.data.dataset import Features
    from groupbench.data.groups import Groups
    from groupbench.models.deep import HeldOut, Interactions
    from groupbench.models.dmtl.ranking.network import RankingNetwork
    from groupbench.models.dmtl.ranking.objective import RankingObjective
    from groupbench.models.recommender import TrainingData


@dataclass
class RankingDMTL(RankingHyperparameters):
    """DMTL for what groups choose: profiling and rankings of all items over one shared representation.

    What is kept of DMTL (Le & Abel, arXiv 2504.06274) is its form: encoders, attention, a layer that all
    tasks share, a head for recommendation and one for the profile of the group. What differs is what it
    learns: joint rows of groups are training rows beside those of users, by a softmax over all items instead
    of squared errors; attention weighs the members of a group; a group is told from a random part of its
    members, among the groups of a step. See `RankingNetwork` and `RankingObjective` for the equations.

    Groups without rows are served by their members alone, which `cold_dropout` and `id_dropout` practice.
    Where no group has rows, training is on users' choices, as those of their groups too, and users validate.
    """

    serves_cold_groups: ClassVar[bool] = True

    def skip(self, train: TrainingData) -> str:
        """Needs rows, and with an encoder of texts some of these."""
        joint = train.group_ratings
        if len(train.ratings) == 0 and (joint is None or len(joint) == 0):
            return "learns from choices, and there are none"
        textless = train.item_texts is None and train.user_texts is None
        return f"text={self.text} reads texts, and there are none" if self.encodes_text and textless else ""

    def fit(self, train: TrainingData, *, rng: np.random.Generator, checkpoints: Path | None = None) -> Self:
        """As of its base, on rows of users where groups have none; texts are encoded once."""
        from groupbench.models.dmtl.ranking.text import text_inputs

        self._features = train.user_features, train.item_features
        self._texts = text_inputs(self.text, train) if self.encodes_text else None
        return super().fit(train, rng=rng, checkpoints=checkpoints)

    def make_network(self, data: Interactions) -> RankingNetwork:
        """An untrained `RankingNetwork`."""
        from groupbench.models.dmtl.ranking.network import Inputs, RankingNetwork
        from groupbench.models.dmtl.ranking.text import TextNetwork

        of_users, of_items = self._features if self.features else (None, None)
        if self.text != WORDS:
            of_users, of_items = (chosen_features(part, text=False) for part in (of_users, of_items))
        inputs = Inputs(_scaled(of_users, data.n_users), _scaled(of_items, data.n_items))
        if self._texts is None:
            return RankingNetwork(data, self, inputs)
        return TextNetwork(data, self, self._texts.beside(inputs, data))

    def make_objective(
        self, network: RankingNetwork, data: Interactions, held_out: HeldOut | None
    ) -> RankingObjective:
        """Rankings and profiles."""
        from groupbench.models.dmtl.ranking.objective import RankingObjective

        return RankingObjective(network, data, self, held_out)

    def score_groups(self, groups: Groups) -> FloatArray:
        """Logits of all items, (len(groups), n_items); groups that the training data lacks are cold."""
        known = self._groups.known(groups)
        scores = np.empty((len(groups), self._net.data.n_items))
        if known.any():
            scores[known] = super().score_groups(groups.take(np.flatnonzero(known)))
        if not known.all():
            scores[~known] = self._cold_scores(groups.take(np.flatnonzero(~known)))
        return scores

    def _cold_scores(self, groups: Groups) -> FloatArray:
        import torch

        from groupbench.models.devices import default_device
        from groupbench.models.dmtl.ranking.network import Team

        rows, inside = groups.segments.window(np.arange(len(groups)))
        network: Any = self._net
        with default_device(self._device), torch.no_grad():
            team = Team(torch.tensor(groups.members[rows]), torch.tensor(inside))
            z = network.shared(network.encode_members(team, self._encoded[2]))
            every = torch.arange(network.data.n_items)[None]
            logits = network.team_logits(z, team, self._encoded[3], every)
            return np.asarray(logits.cpu().numpy().astype(np.float64))

    def _joint_ratings(self, train: TrainingData) -> Ratings:
        if reason := self.skip(train):
            raise MethodError(f"{type(self).__name__} {reason}; choose data with ratings")
        self._groups = GroupIndex(self, train.groups)
        if train.group_ratings is not None:
            return train.group_ratings
        none = np.empty(0, dtype=np.int64)
        return Ratings(none, none, np.empty(0), len(train.groups), train.ratings.n_items)

    def _choices(self, train: TrainingData) -> Ratings:
        return self._counted(self._joint_ratings(train), train).unique()


def _scaled(features: Features | None, n: int) -> Tensor:
    import torch

    if features is None:
        return torch.empty(n, 0)
    values = features.values / np.maximum(abs(features.values).max(axis=0, initial=0), 1e-12)
    return torch.tensor(values, dtype=torch.float32)
