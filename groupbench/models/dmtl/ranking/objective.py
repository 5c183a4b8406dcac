"""What DMTL for choices is trained for: rankings of all items, and what makes a group."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from groupbench.models.deep import Bags, DeepObjective, Side, StepLoss
from groupbench.models.dmtl.ranking.network import Team

if TYPE_CHECKING:
    from groupbench.models.deep import HeldOut, Interactions
    from groupbench.models.distributed import ProcessGroup
    from groupbench.models.dmtl.ranking.hyperparameters import RankingHyperparameters
    from groupbench.models.dmtl.ranking.network import RankingNetwork

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
            z = self.network.shared(self.network.encode_users(raters, chosen))
            targets = Bags.of(self.data.users, raters, power=0.0)
            ranking = self.made.user_weight * ranking_loss(self.network.logits_of(z, ranked), targets)
            return _step_loss(ranking, z.new_zeros(()))
        team = Team(*self.data.members.take(raters))
        hidden = self.network.encode_groups(raters, team, chosen)
        joint = len(self.data.groups) > 0
        shares = self.network.member_shares(team) if joint and self.made.members_choices else None
        logits = self.network.logits_of(self.network.shared(hidden), ranked, shares)
        targets = (
            Bags.of(self.data.groups, raters, power=0.0) if joint else self.network.members_choices(team)
        )
        ranking, profile = ranking_loss(logits, targets), self.profile_loss(team, hidden, chosen)
        if math.isnan(self._cosine):
            self._cosine = self._agreement(ranking, profile)
        return _step_loss(ranking, profile)

    def profile_loss(self, team: Team, hidden: Tensor, chosen: Tensor) -> Tensor:
        """The weighed losses of the tasks about groups: ().

        Each is a softmax over the groups of the step, a sample of all: from a random part of its members,
        their group is to be told; from one member, another one.

        Args:
            team: the members of n groups.
            hidden: (n, width) h_g of these groups.
            chosen: (n_items, width) the vectors that histories sum.
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


def ranking_loss(logits: Tensor, targets: Bags) -> Tensor:
    """-sum of weight times ln softmax over all items of each rater's targets, the mean over the raters: ().

    Args:
        logits: (n, n_items).
        targets: n bags of items.
    """
    row = torch.arange(len(logits)).repeat_interleave(targets.offsets.diff())
    return -(logits.log_softmax(dim=1)[row, targets.items] * targets.weights).sum() / len(logits)


def _step_loss(ranking: Tensor, profile: Tensor) -> StepLoss:
    return StepLoss(ranking + profile, torch.stack([ranking.detach(), profile.detach()]))


def told_apart(left: Tensor, right: Tensor) -> Tensor:
    """-ln softmax of each row's own among all rows of `right`, by scaled inner products: ()."""
    logits = left @ right.T / math.sqrt(left.shape[1])
    return -logits.log_softmax(dim=1).diagonal().mean()


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
