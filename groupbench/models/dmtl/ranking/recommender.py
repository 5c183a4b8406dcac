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
    from collections.abc import Iterator
    from pathlib import Path

    from torch import Tensor

    from groupbench.core.arrays import FloatArray, IntArray
    from groupbench.data.dataset import Features
    from groupbench.data.groups import Groups
    from groupbench.models.deep import HeldOut, Interactions
    from groupbench.models.dmtl.ranking.network import RankingNetwork
    from groupbench.models.dmtl.ranking.objective import RankingObjective
    from groupbench.models.dmtl.ranking.profiles import Targets
    from groupbench.models.recommender import TrainingData, TrainingWorkers


@dataclass
class RankingDMTL(RankingHyperparameters):
    """DMTL for what groups choose: profiling and rankings of all items over one shared representation.

    What is kept of DMTL (Le & Abel, arXiv 2504.06274) is its form: encoders, attention, a layer that all
    tasks share, a head for recommendation and one for the profile of the group. What differs is what it
    learns: joint rows of groups are training rows beside those of users, by a softmax over all items instead
    of squared errors; attention weighs the members of a group; a group is told from a random part of its
    members, among the groups of a step. See `RankingNetwork` and `RankingObjective` for the equations.

    Further tasks (`AuxiliaryTasks`), balanced gradients and overlapping groups (`Overlaps`) are options.

    Groups without rows are served by their members alone, which `cold_dropout` and `id_dropout` practice.
    Where no group has rows, training is on users' choices, as those of their groups too, and users validate.
    """

    serves_cold_groups: ClassVar[bool] = True
    training_workers: ClassVar[TrainingWorkers] = "many"

    def skip(self, train: TrainingData) -> str:
        """Needs rows, and with an encoder of texts some of these."""
        joint = train.group_ratings
        if len(train.ratings) == 0 and (joint is None or len(joint) == 0):
            return "learns from choices, and there are none"
        textless = train.item_texts is None and train.user_texts is None
        return f"text={self.text} reads texts, and there are none" if self.encodes_text and textless else ""

    def fit(self, train: TrainingData, *, rng: np.random.Generator, checkpoints: Path | None = None) -> Self:
        """As of its base, on rows of users where groups have none; texts are encoded once.

        Raises:
            MethodError: as there, if there is no shared layer to balance gradients on, or if users differ too
                little for so many clusters.
        """
        from groupbench.models.dmtl.ranking.text import text_inputs

        if self.balancing != "none" and not self.shared:
            raise MethodError(
                f"{type(self).__name__}: balancing={self.balancing} needs a layer that tasks share; set "
                "shared=True, or balancing=none"
            )
        self._train = train
        self._texts = text_inputs(self.text, train) if self.encodes_text else None
        super().fit(train, rng=rng, checkpoints=checkpoints)
        del self._train
        self.notices = tuple(self._notices(train))
        return self

    def make_network(self, data: Interactions) -> RankingNetwork:
        """An untrained `RankingNetwork`."""
        from groupbench.models.dmtl.ranking.network import Inputs, RankingNetwork
        from groupbench.models.dmtl.ranking.text import TextNetwork

        train = self._train
        of_users, of_items = (train.user_features, train.item_features) if self.features else (None, None)
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

        needed = self.cluster_weight > 0 or self.objective == "both"
        return RankingObjective(network, data, self, held_out, self._targets(data) if needed else None)

    def _targets(self, data: Interactions) -> Targets:
        from groupbench.models.dmtl.ranking.profiles import Targets, remaining

        train, joint = self._train, self._joint_ratings(self._train)
        counted = self._counted(train.ratings, train), self._counted(joint, train)
        return Targets.of(remaining(train, data, counted, joint), self)

    def score_groups(self, groups: Groups) -> FloatArray:
        """Logits of all items, (len(groups), n_items); groups that the training data lacks are cold."""
        return self.score_group_pairs(groups, np.arange(self._net.data.n_items)[None])

    def score_pairs(self, users: IntArray, items: IntArray) -> FloatArray:
        """Logits of `items`, (len(users), k), for each of `users`: the same shape."""
        return self._scores("users", users, items)

    def score_group_pairs(self, groups: Groups, items: IntArray) -> FloatArray:
        """Logits of `items`, (len(groups), k) or (1, k), for each of `groups`: (len(groups), k)."""
        known = self._groups.known(groups)
        scores = np.empty((len(groups), items.shape[1]))
        for rows, score in (
            (np.flatnonzero(known), self._warm_scores),
            (np.flatnonzero(~known), self._cold_scores),
        ):
            if len(rows):
                scores[rows] = score(groups.take(rows), items if len(items) == 1 else items[rows])
        return scores

    def representations(self, users: IntArray, items: IntArray) -> FloatArray:
        """What both tasks read of each of `users`, z, (n, width), whatever the items, (n,)."""
        import torch

        from groupbench.models.devices import default_device

        network: Any = self._net
        distinct, index = np.unique(users, return_inverse=True)
        with default_device(self._device), torch.no_grad():
            z = network.represent_users(self._encoded, torch.tensor(distinct)).cpu().numpy()
        return np.asarray(z[index], dtype=np.float64)

    def _warm_scores(self, groups: Groups, items: IntArray) -> FloatArray:
        return self._scores("groups", self._groups.of(groups), items)

    def _cold_scores(self, groups: Groups, items: IntArray) -> FloatArray:
        import torch

        from groupbench.models.deep import Members, block_rows
        from groupbench.models.devices import default_device
        from groupbench.models.dmtl.ranking.network import Team

        network: Any = self._net
        out = np.empty((len(groups), items.shape[1]))
        step = block_rows(network, items)
        with default_device(self._device), torch.no_grad():
            for start in range(0, len(groups), step):
                block = slice(start, start + step)
                some = groups.take(np.arange(len(groups))[block])
                team = Team(*Members.of(some).take(torch.arange(len(some))))
                shown = torch.tensor(items if len(items) == 1 else items[block])
                out[block] = network.cold_logits(self._encoded, team, shown).cpu().numpy()
        return out

    def _notices(self, train: TrainingData) -> Iterator[str]:
        values = [rows.values for rows in (train.ratings, self._joint_ratings(train)) if len(rows)]
        if self.objective == "both" and np.ptp(np.concatenate(values)) == 0:
            yield "objective=both learned rankings alone: all ratings are equal"

    def _joint_ratings(self, train: TrainingData) -> Ratings:
        if reason := self.skip(train):
            raise MethodError(f"{type(self).__name__} {reason}; choose data with ratings")
        self._groups = GroupIndex(self, train.groups)
        if train.group_ratings is not None:
            return train.group_ratings
        none = np.empty(0, dtype=np.int64)
        return Ratings(none, none, np.empty(0), len(train.groups), train.ratings.n_items)

    def _choices(self, train: TrainingData) -> Ratings:
        rows = self._counted(self._joint_ratings(train), train).unique()
        if not len(rows) and not len(self._counted(train.ratings, train)):
            raise MethodError(
                f"{type(self).__name__}: no rating is high enough to count as a choice; lower positive (now "
                f"{self.positive})"
            )
        return rows


def _scaled(features: Features | None, n: int) -> Tensor:
    import torch

    if features is None:
        return torch.empty(n, 0)
    values = features.values / np.maximum(abs(features.values).max(axis=0, initial=0), 1e-12)
    return torch.tensor(values, dtype=torch.float32)
