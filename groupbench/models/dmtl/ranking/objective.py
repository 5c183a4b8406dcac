"""What DMTL for choices is trained for: rankings of all items, and what makes a group."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from groupbench.models.deep import Bags, DeepObjective, Side, StepLoss
from groupbench.models.dmtl.ranking.losses import (
    NEVER,
    Sampler,
    pairwise_loss,
    sampled_softmax_loss,
    softmax_loss,
)
from groupbench.models.dmtl.ranking.network import Team

if TYPE_CHECKING:
    from groupbench.models.deep import HeldOut, Interactions
    from groupbench.models.distributed import ProcessGroup
    from groupbench.models.dmtl.ranking.hyperparameters import RankingHyperparameters
    from groupbench.models.dmtl.ranking.lookups import ItemVectors
    from groupbench.models.dmtl.ranking.network import RankingNetwork

MANY_ITEMS = 20_000
"""Items from which on a softmax over all of them takes most of a step."""

_MOST_OTHERS = 1024

Step = tuple[Side, Tensor]
"""Whose step it is, and the groups or users of it, (n,)."""


class RankingObjective(DeepObjective[Step]):
    """A softmax over all items for users and groups, and the auxiliary tasks of groups.

    Where no group has rows of its own, as where groups are formed, each learns what its members chose.

    Args:
        network: the network that is trained.
        data: the rows that it learns from.
        made: the hyperparameters.
        held_out: lists that are ranked in validation; None runs all epochs.
    """

    network: RankingNetwork

    def __init__(
        self,
        network: RankingNetwork,
        data: Interactions,
        made: RankingHyperparameters,
        held_out: HeldOut | None = None,
    ) -> None:
        super().__init__(network, data, held_out)
        self.made, self._cosine = made, math.nan
        self._loss = made.loss
        if self._loss == "auto":
            self._loss = "sampled-softmax" if data.n_items > MANY_ITEMS else "softmax"
        counts = torch.bincount(torch.cat([data.users.items, data.groups.items]), minlength=data.n_items)
        self._sampler = Sampler(counts, made.negatives, uniform=self._loss == "pairwise")

    def batches(self) -> Iterator[Step]:
        """Groups and users that have something to tell, in random order."""
        self._cosine = math.nan
        made = self.made
        every = made.profile_weight > 0 or made.companion_weight > 0 or len(self.data.groups) == 0
        steps = self._cut("groups", torch.arange(self.data.n_groups) if every else self._raters("groups"))
        if made.user_weight:
            steps += self._cut("users", self._raters("users"))
        for index in torch.randperm(len(steps)).tolist():
            yield steps[index]

    def loss(self, batch: Step, group: ProcessGroup) -> StepLoss:
        """The loss of a step: that of the ranking, and for groups of the profiles."""
        side, raters = batch
        chosen, ranked = self.network.items()
        if side == "users":
            part = group.slice_of(len(raters))
            z = self.network.shared(self.network.encode_users(raters, chosen, part.rows))
            targets = Bags.of(self.data.users, raters[part.rows], power=0.0)
            share = self.made.user_weight * part.weight * len(z) / len(raters)
            ranking = share * self.ranking_loss(z, ranked, targets)
            return _step_loss(ranking, z.new_zeros(()))
        team = Team(*self.data.members.take(raters))
        hidden = self.network.encode_groups(raters, team, chosen)
        z, joint = self.network.shared(hidden), len(self.data.groups) > 0
        targets = (
            Bags.of(self.data.groups, raters, power=0.0) if joint else self.network.members_choices(team)
        )
        ranking = self.ranking_loss(z, ranked, targets, team)
        profile = self.profile_loss(team, hidden, chosen)
        if math.isnan(self._cosine):
            self._cosine = self._agreement(ranking, profile)
        weight = group.whole(len(raters)).weight
        return _step_loss(ranking * weight, profile * weight)

    def ranking_loss(self, z: Tensor, ranked: ItemVectors, targets: Bags, team: Team | None = None) -> Tensor:
        """The loss of ranking, the mean over raters: ().

        Args:
            z: (n, width).
            ranked: the vectors of items that are ranked.
            targets: n bags of items.
            team: the members, where the raters are groups.
        """
        network, shares = self.network, None
        if team is not None and network.adds_members_choices:
            shares = network.member_shares(team)
        if self._loss == "softmax":
            return softmax_loss(network.logits_of(z, ranked, shares), targets)
        sample, fewer = self._sampler.draw(), targets.thinned(self.made.most_targets)
        others = torch.addmm(network.bias[sample.items].squeeze(1), z, ranked.take(sample.items).T)
        own = ranked.inner_products(z, fewer) + network.bias[fewer.items].squeeze(1)
        if shares is not None:
            others = others + network.share_weight * shares[:, sample.items]
            own = own + network.share_weight * shares[fewer.owners, fewer.items]
        others = others.masked_fill(sample.hits(targets), NEVER)
        if self._loss == "pairwise":
            return pairwise_loss(own, others, fewer)
        return sampled_softmax_loss(own, others, fewer, sample.log_odds)

    def profile_loss(self, team: Team, hidden: Tensor, chosen: ItemVectors) -> Tensor:
        """The weighed losses of the tasks about groups: ().

        Each is a softmax over the groups of the step, a sample of all: from a random part of its members,
        their group is to be told; from one member, another one.

        Args:
            team: the members of n groups.
            hidden: (n, width) h_g of these groups.
            chosen: the vectors that histories sum.
        """
        made, network, total = self.made, self.network, hidden.new_zeros(())
        if made.profile_weight:
            part = self._head(network.encode_members(some(team), chosen))
            told = told_apart(network.profile(part), self._head(hidden))
            total = total + made.profile_weight * told
        several = team.inside.sum(dim=1) > 1
        if made.companion_weight and several.sum() > 1:
            first, second = two(Team(*(part[several] for part in team)))
            left, right = (self._head(network.encode_users(one, chosen)) for one in (first, second))
            total = total + made.companion_weight * told_apart(network.companion(left), right)
        return total

    def report(self, means: list[float]) -> dict[str, float]:
        """The mean losses of both kinds, and how their gradients agree: see `_agreement`."""
        agreement = 0.0 if math.isnan(self._cosine) else self._cosine
        return {"ranking": means[0], "profile": means[1], "agreement": agreement}

    def inputs(self) -> Iterable[object]:
        """What all deep models depend on, and the hyperparameters."""
        return (self.made, *super().inputs())

    def _agreement(self, ranking: Tensor, profile: Tensor) -> float:
        """The cosine between both losses' gradients on the shared layer, in the first step of an epoch.

        Below 0 the tasks pull in opposite directions; it is 0 where one of them does not use the layer.
        """
        if not (self.made.shared and ranking.requires_grad and profile.requires_grad):
            return 0.0
        layer = [*self.network.below.parameters(), *self.network.above.parameters()]
        first, second = (
            torch.cat([g.flatten() for g in torch.autograd.grad(loss, layer, retain_graph=True)])
            for loss in (ranking, profile)
        )
        return float(torch.cosine_similarity(first, second, dim=0))

    def _head(self, hidden: Tensor) -> Tensor:
        return self.network.shared(hidden) if self.made.shared else hidden

    def _raters(self, side: Side) -> Tensor:
        """Those with rows, (n,)."""
        return self.data.rows(side).counts.nonzero().squeeze(1)

    def _cut(self, side: Side, raters: Tensor) -> list[Step]:
        size = max(1, min(self.made.batch_size, math.ceil(len(raters) / self.made.min_batches)))
        order = raters[torch.randperm(len(raters))]
        return [(side, step) for step in torch.split(order, size) if len(step)]


def _step_loss(ranking: Tensor, profile: Tensor) -> StepLoss:
    return StepLoss(ranking + profile, torch.stack([ranking.detach(), profile.detach()]))


def told_apart(left: Tensor, right: Tensor) -> Tensor:
    """-ln softmax of each row's own among up to 1,024 rows of `right`, by scaled inner products: ()."""
    own = [
        (rows @ others.T / math.sqrt(left.shape[1])).log_softmax(dim=1).diagonal()
        for rows, others in zip(*(torch.split(side, _MOST_OTHERS) for side in (left, right)), strict=True)
    ]
    return -torch.cat(own).mean()


def some(team: Team) -> Team:
    """A random half of the members, one at least."""
    lots = torch.rand(team.inside.shape).masked_fill(~team.inside, 2.0)
    kept = (lots < 0.5) | (lots == lots.amin(dim=1, keepdim=True))
    return Team(team.users, kept & team.inside)


def two(team: Team) -> tuple[Tensor, Tensor]:
    """Two different random members of each group, (n,) each; all have two at least."""
    lots = torch.rand(team.inside.shape).masked_fill(~team.inside, 2.0)
    first, second = lots.argsort(dim=1)[:, :2].unbind(dim=1)
    rows = torch.arange(len(lots))
    return team.users[rows, first], team.users[rows, second]
