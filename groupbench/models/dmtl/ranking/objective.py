"""What DMTL for choices is trained for: rankings of all items, and what makes a group."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from groupbench.models.deep import Bags, DeepObjective, Side, StepLoss
from groupbench.models.dmtl.ranking.balancing import balancing, gradients
from groupbench.models.dmtl.ranking.network import Team
from groupbench.models.dmtl.ranking.profiles import AuxiliaryTasks, Targets

if TYPE_CHECKING:
    from groupbench.models.deep import HeldOut, Interactions
    from groupbench.models.distributed import ProcessGroup
    from groupbench.models.dmtl.ranking.hyperparameters import RankingHyperparameters
    from groupbench.models.dmtl.ranking.network import RankingNetwork
    from groupbench.models.dmtl.ranking.profiles import Losses

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
            hidden = self.network.encode_users(raters, chosen)
            z = self.network.shared(hidden)
            targets = Bags.of(self.data.users, raters, power=0.0)
            ranking = self.made.user_weight * ranking_loss(self.network.logits_of(z, ranked), targets)
            others = self.others.of_users(raters, hidden, (chosen, ranked))
            return self._step(side, {"ranking": ranking, **others})
        team = Team(*self.data.members.take(raters))
        hidden = self.network.encode_groups(raters, team, chosen)
        joint = len(self.data.groups) > 0
        shares = self.network.member_shares(team) if joint and self.made.members_choices else None
        logits = self.network.logits_of(self.network.shared(hidden), ranked, shares)
        targets = (
            Bags.of(self.data.groups, raters, power=0.0) if joint else self.network.members_choices(team)
        )
        ranking = ranking_loss(logits, targets)
        others = self.others.of_groups(raters, team, hidden, (chosen, ranked))
        return self._step(side, {"ranking": ranking, **others})

    def report(self, means: list[float]) -> dict[str, float]:
        """The mean loss of each task, and how gradients agree: see `_compare`."""
        cosines = {f"agreement {name}".strip(): cosine for name, cosine in self._cosines.items()}
        return dict(zip(self.tasks, means, strict=True)) | {"agreement": 0.0} | cosines

    def inputs(self) -> Iterable[object]:
        """What all deep models depend on, the hyperparameters, and what is told beside choices."""
        return (self.made, *self.others.inputs(), *super().inputs())

    def extra_weights(self) -> dict[str, Tensor]:
        """The state of the balancing of either side's tasks."""
        states = {side: balancing.state() for side, balancing in self.balancing.items()}
        return {f"{side}.{name}": part for side, state in states.items() for name, part in state.items()}

    def _step(self, side: Side, losses: Losses) -> StepLoss:
        """The balanced sum of the losses of a step, and each of them."""
        if self.made.shared and len(losses) > 1 and not losses.keys() <= {"ranking", *self._cosines}:
            self._compare(losses)
        none = losses["ranking"].new_zeros(())
        reported = torch.stack([losses.get(name, none).detach() for name in self.tasks])
        return StepLoss(self.balancing[side].total(losses, self.network.shared_layer), reported)

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


def ranking_loss(logits: Tensor, targets: Bags) -> Tensor:
    """-sum of weight times ln softmax over all items of each rater's targets, the mean over the raters: ().

    Args:
        logits: (n, n_items).
        targets: n bags of items.
    """
    row = torch.arange(len(logits)).repeat_interleave(targets.offsets.diff())
    return -(logits.log_softmax(dim=1)[row, targets.items] * targets.weights).sum() / len(logits)
