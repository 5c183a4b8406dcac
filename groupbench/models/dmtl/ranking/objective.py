"""What DMTL for choices is trained for: rankings of all items, and what makes a group."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from groupbench.models.deep import Bags, DeepObjective, Side, StepLoss
from groupbench.models.dmtl.ranking.balancing import balancing, gradients
from groupbench.models.dmtl.ranking.losses import (
    NEVER,
    Sampler,
    pairwise_loss,
    sampled_softmax_loss,
    softmax_loss,
)
from groupbench.models.dmtl.ranking.network import Team
from groupbench.models.dmtl.ranking.profiles import AuxiliaryTasks, Targets

if TYPE_CHECKING:
    from groupbench.models.deep import HeldOut, Interactions
    from groupbench.models.distributed import ProcessGroup
    from groupbench.models.dmtl.ranking.hyperparameters import RankingHyperparameters
    from groupbench.models.dmtl.ranking.lookups import ItemVectors
    from groupbench.models.dmtl.ranking.network import RankingNetwork
    from groupbench.models.dmtl.ranking.profiles import Losses

MANY_ITEMS = 20_000
"""Items from which on a softmax over all of them takes most of a step."""

Step = tuple[Side, Tensor]
"""Whose step it is, and the groups or users of it, (n,)."""


class RankingObjective(DeepObjective[Step]):
    """Rankings of what users and groups chose, and the auxiliary tasks.

    Where no group has rows of its own, as where groups are formed, each learns what its members chose.

    Args:
        network: the network that is trained.
        data: the rows that it learns from.
        made: the hyperparameters.
        held_out: lists that are ranked in validation; None runs all epochs.
        targets: what users and groups are told beside choices.

    Attributes:
        tasks: names of all tasks whose losses are reported.
    """

    network: RankingNetwork

    def __init__(
        self,
        network: RankingNetwork,
        data: Interactions,
        made: RankingHyperparameters,
        held_out: HeldOut | None = None,
        targets: Targets | None = None,
    ) -> None:
        super().__init__(network, data, held_out)
        self.made, self._cosines = made, dict[str, float]()
        self.others = AuxiliaryTasks(network, made, targets or Targets())
        sides: tuple[Side, ...] = ("groups", "users")
        tasks = {side: ("ranking", *self.others.names(side)) for side in sides}
        self.tasks = tuple(dict.fromkeys(name for side in sides for name in tasks[side]))
        self.balancing = {side: balancing(made, tasks[side]) for side in sides}
        self._loss = made.loss
        if self._loss == "auto":
            self._loss = "sampled-softmax" if data.n_items > MANY_ITEMS else "softmax"
        counts = torch.bincount(torch.cat([data.users.items, data.groups.items]), minlength=data.n_items)
        self._sampler = Sampler(counts, made.negatives, uniform=self._loss == "pairwise")

    def batches(self) -> Iterator[Step]:
        """Groups and users that have something to tell, in random order."""
        self._cosines = {}
        made = self.made
        every = made.profile_weight > 0 or made.companion_weight > 0 or len(self.data.groups) == 0
        steps = self._cut("groups", torch.arange(self.data.n_groups) if every else self._raters("groups"))
        if made.user_weight or made.cluster_weight:
            steps += self._cut("users", self._raters("users"))
        for index in torch.randperm(len(steps)).tolist():
            yield steps[index]

    def loss(self, batch: Step, group: ProcessGroup) -> StepLoss:
        """The loss of a step: that of the ranking, and of all other tasks."""
        side, raters = batch
        chosen, ranked = self.network.items()
        if side == "users":
            alone = len(self.balancing["users"].tasks) == 1
            part = group.slice_of(len(raters)) if alone else group.whole(len(raters))
            hidden = self.network.encode_users(raters, chosen, part.rows)
            z, own = self.network.shared(hidden), raters[part.rows]
            targets = Bags.of(self.data.users, raters, power=0.0)
            ranking = self.made.user_weight * self.ranking_loss(z, ranked, targets, part=part.rows)
            others = self.others.of_users(own, hidden, (chosen, ranked))
            share = part.weight * len(own) / len(raters)
            return self._step(side, {"ranking": ranking, **others}, share)
        team = Team(*self.data.members.take(raters))
        hidden = self.network.encode_groups(raters, team, chosen)
        z, joint = self.network.shared(hidden), len(self.data.groups) > 0
        targets = (
            Bags.of(self.data.groups, raters, power=0.0) if joint else self.network.members_choices(team)
        )
        ranking = self.ranking_loss(z, ranked, targets, team)
        others = self.others.of_groups(raters, team, hidden, (chosen, ranked))
        return self._step(side, {"ranking": ranking, **others}, group.whole(len(raters)).weight)

    def ranking_loss(
        self,
        z: Tensor,
        ranked: ItemVectors,
        targets: Bags,
        team: Team | None = None,
        part: slice = slice(None),
    ) -> Tensor:
        """The loss of ranking, the mean over raters: ().

        Args:
            z: (n, width).
            ranked: the vectors of items that are ranked.
            targets: bags of items of all raters of a step; what is random is drawn for all of them.
            team: the members, where the raters are groups.
            part: which n of the raters `z` is of.
        """
        network, shares = self.network, None
        if team is not None and network.adds_members_choices:
            shares = network.member_shares(team)
        if self._loss == "softmax":
            return softmax_loss(network.logits_of(z, ranked, shares), targets.part(part))
        sample, thinned = self._sampler.draw(), targets.thinned(self.made.most_targets)
        lots = torch.rand(len(thinned.items)) if self._loss == "pairwise" else None
        fewer = thinned.part(part)
        others = torch.addmm(network.bias[sample.items].squeeze(1), z, ranked.take(sample.items).T)
        own = ranked.inner_products(z, fewer) + network.bias[fewer.items].squeeze(1)
        if shares is not None:
            others = others + network.share_logit * shares[:, sample.items]
            own = own + network.share_logit * shares[fewer.owners, fewer.items]
        others = others.masked_fill(sample.hits(targets.part(part)), NEVER)
        if lots is not None:
            return pairwise_loss(own, others, fewer, lots[thinned.rows(part)])
        return sampled_softmax_loss(own, others, fewer, sample.log_odds)

    def report(self, means: list[float]) -> dict[str, float]:
        """The mean loss of each task, and how gradients agree: see `_compare`."""
        cosines = {f"agreement {name}".strip(): cosine for name, cosine in self._cosines.items()}
        return dict(zip(self.tasks, means, strict=True)) | {"agreement": 0.0} | cosines

    def inputs(self) -> Iterable[object]:
        """What all deep models depend on, the hyperparameters, features, texts, and what is told beside."""
        network = self.network
        given = network.user_features, network.item_features
        return (self.made, *given, *self.others.inputs(), *super().inputs())

    def extra_weights(self) -> dict[str, Tensor]:
        """The state of the balancing of either side's tasks."""
        states = {side: balancing.state() for side, balancing in self.balancing.items()}
        return {f"{side}.{name}": part for side, state in states.items() for name, part in state.items()}

    def _step(self, side: Side, losses: Losses, share: float) -> StepLoss:
        """The balanced sum of the losses of a step, and each of them, times what this process adds."""
        if self.made.shared and len(losses) > 1 and not losses.keys() <= {"ranking", *self._cosines}:
            self._compare(losses)
        none = losses["ranking"].new_zeros(())
        reported = torch.stack([losses.get(name, none).detach() for name in self.tasks])
        total = self.balancing[side].total(losses, self.network.shared_layer)
        return StepLoss(total * share, reported * share)

    def _compare(self, losses: Losses) -> None:
        """The cosines between the gradients of ranking and of each other task on the shared layer.

        They are those of the first step of an epoch that has the task; that of all others together is called
        agreement. Below 0 tasks pull in opposite directions.
        """
        ranking, *others = gradients(losses.values(), self.network.shared_layer)
        found = dict(zip(list(losses)[1:], others, strict=True)) | {"": torch.stack(others).sum(dim=0)}
        for name, gradient in found.items():
            self._cosines.setdefault(name, float(torch.cosine_similarity(ranking, gradient, dim=0)))

    def _raters(self, side: Side) -> Tensor:
        """Those with rows, (n,)."""
        return self.data.rows(side).counts.nonzero().squeeze(1)

    def _cut(self, side: Side, raters: Tensor) -> list[Step]:
        size = max(1, min(self.made.batch_size, math.ceil(len(raters) / self.made.min_batches)))
        order = raters[torch.randperm(len(raters))]
        return [(side, step) for step in torch.split(order, size) if len(step)]
