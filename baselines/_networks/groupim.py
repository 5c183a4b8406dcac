"""GroupIM's network and losses: preferences from histories, and what members share with their group."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from groupbench.models.deep import (
    Bags,
    DeepObjective,
    GroupNetwork,
    Side,
    StepLoss,
    inner,
    log_likelihood,
)

if TYPE_CHECKING:
    from groupbench.models.deep import Encoded, HeldOut, Interactions
    from groupbench.models.distributed import ProcessGroup

    from ..deep_groups import GroupIm

Step = tuple[Side, Tensor]
"""Whose step it is, and the groups or users of it, (n,)."""

_REDRAWS = 3
"""How often a stranger that turns out to be a member is drawn anew."""


class GroupImNetwork(GroupNetwork):
    """Logits over all items from members' histories; see `GroupIm` for the equations.

    Args:
        data: decides the sizes, the histories, and who is in which group.
        made: the hyperparameters.
    """

    def __init__(self, data: Interactions, made: GroupIm) -> None:
        super().__init__(data)
        self.aggregator, self.dropout, width = made.aggregator, made.dropout, made.width
        self.items = nn.Embedding(data.n_items, width)
        self.bias = nn.Parameter(torch.zeros(width))
        self.layers = nn.ModuleList(nn.Linear(width, width) for _ in range(made.layers - 1))
        self.member = nn.Linear(width, width)
        self.energy = nn.Linear(width, 1, bias=False)
        self.output = nn.Embedding(data.n_items, width)
        self.output_bias = nn.Embedding(data.n_items, 1)
        self.agreement = nn.Bilinear(width, width, 1)
        nn.init.xavier_uniform_(self.items.weight)
        nn.init.xavier_uniform_(self.output.weight)
        nn.init.zeros_(self.output_bias.weight)

    def preferences(self, users: Tensor) -> Tensor:
        """e_u of `users`, (n,), from their histories: (n, width)."""
        history = Bags.of(self.data.users, users, power=0.5)
        history = history._replace(weights=functional.dropout(history.weights, self.dropout, self.training))
        hidden = torch.tanh(history.sums(self.items.weight) + self.bias)
        for layer in self.layers:
            hidden = torch.tanh(layer(hidden))
        return hidden

    def aggregate(self, members: Tensor, inside: Tensor) -> Tensor:
        """e_g of groups from e_u of their `members`, (n, m, width), where `inside`, (n, m): (n, width)."""
        hidden = torch.tanh(self.member(members))
        if self.aggregator == "max":
            return hidden.masked_fill(~inside[:, :, None], float("-inf")).amax(dim=1)
        energy = self.energy(hidden).squeeze(-1) if self.aggregator == "attention" else torch.zeros(())
        weights = energy.expand(inside.shape).masked_fill(~inside, float("-inf")).softmax(dim=1)
        return (weights[:, None] @ hidden).squeeze(1)

    def encode(self) -> Encoded:
        """e_u of all users."""
        return (self.preferences(torch.arange(self.data.n_users)),)

    def group_logits(self, encoded: Encoded, groups: Tensor, items: Tensor) -> Tensor:
        """Logits of the aggregated members."""
        users, inside = self.data.members.take(groups)
        return self._logits(self.aggregate(encoded[0][users], inside), items)

    def user_logits(self, encoded: Encoded, users: Tensor, items: Tensor) -> Tensor:
        """Logits of the users' preferences."""
        return self._logits(encoded[0][users], items)

    def likelihood(self, embedded: Tensor, targets: Bags) -> Tensor:
        """Log likelihood of the `targets`, see `log_likelihood`, of `embedded`, (n, width): (n,)."""
        return log_likelihood(embedded, targets, self.output.weight, self.output_bias.weight)

    def _logits(self, embedded: Tensor, items: Tensor) -> Tensor:
        biases: Tensor = self.output_bias(items)
        return inner(embedded, self.output(items)) + biases.squeeze(-1)


class UserObjective(DeepObjective[Step]):
    """L_U alone, which GroupIM's users are trained on first.

    Args:
        network: the network that is trained.
        data: the rows that it learns from.
        made: the hyperparameters.
        held_out: lists that groups rank in validation; None runs all epochs.
    """

    network: GroupImNetwork

    def __init__(
        self, network: GroupImNetwork, data: Interactions, made: GroupIm, held_out: HeldOut | None = None
    ) -> None:
        super().__init__(network, data, held_out)
        self.made = made

    def batches(self) -> Iterator[Step]:
        """The users that have rows."""
        yield from self._shuffled("users")

    def loss(self, batch: Step, group: ProcessGroup) -> StepLoss:
        """L_U of a batch of users."""
        total = self.user_loss(batch[1])
        return StepLoss(total, total.detach())

    def user_loss(self, users: Tensor) -> Tensor:
        """L_U of `users`, (n,)."""
        targets = Bags.of(self.data.users, users)
        return -self.network.likelihood(self.network.preferences(users), targets).mean()

    def inputs(self) -> Iterable[object]:
        """What all deep models depend on, and the hyperparameters."""
        return (self.made, *super().inputs())

    def _shuffled(self, side: Side) -> Iterator[Step]:
        index = self.data.rows(side).counts.nonzero().squeeze(1)
        if len(index):
            for step in torch.split(index[torch.randperm(len(index))], self.made.batch_size):
                yield side, step


class GroupImObjective(UserObjective):
    """The loss of groups, L_G + member_weight L_UG + infomax_weight L_MI, and of users; see `GroupIm`.

    Args:
        network: the network that is trained.
        data: the rows that it learns from.
        made: the hyperparameters.
        held_out: lists that groups rank in validation; None runs all epochs.
    """

    def batches(self) -> Iterator[Step]:
        """The groups that have rows, then the users if they count."""
        yield from self._shuffled("groups")
        if self.made.user_weight:
            yield from self._shuffled("users")

    def loss(self, batch: Step, group: ProcessGroup) -> StepLoss:
        """The loss of a batch of groups or users."""
        side, raters = batch
        weighed = side == "users"
        total = self.made.user_weight * self.user_loss(raters) if weighed else self.group_loss(raters)
        return StepLoss(total, total.detach())

    def group_loss(self, groups: Tensor) -> Tensor:
        """L_G + member_weight L_UG + infomax_weight L_MI of a batch of groups, (n,)."""
        data, network, made = self.data, self.network, self.made
        users, inside = data.members.take(groups)
        sizes = data.members.sizes[groups]
        others = strangers(data, groups, made.strangers, made.near)
        distinct, index = torch.unique(torch.cat([users[inside], others]), return_inverse=True)
        embedded = network.preferences(distinct)[index]
        members, strange = embedded[: -len(others)], embedded[-len(others) :]
        padded = members.new_zeros(*inside.shape, members.shape[1]).index_put((inside,), members)
        summary = network.aggregate(padded, inside)
        real = network.agreement(members, summary.repeat_interleave(sizes, dim=0)).squeeze(1)
        fake = network.agreement(strange, summary.repeat_interleave(made.strangers, dim=0)).squeeze(1)
        infomax = functional.softplus(-real).mean() + functional.softplus(fake).mean()
        relevance = made.member_weight * real.detach().sigmoid() / sizes.repeat_interleave(sizes)
        theirs = Bags.of(data.users, users[inside]).merged(relevance, sizes)
        likelihood = network.likelihood(summary, Bags.of(data.groups, groups).followed_by(theirs))
        return made.infomax_weight * infomax - likelihood.mean()


def strangers(data: Interactions, groups: Tensor, count: int, near: float) -> Tensor:
    """For each of `groups`, (n,), which all have rows, `count` users outside of it: (n * count,).

    A share `near` of them chose an item that the group chose, the others are any users. One that is a
    member after all is replaced by any user, a few times at most.
    """
    owner = groups.repeat_interleave(count)
    anyone = torch.randint(data.n_users, owner.shape)
    fellows = data.users.random_raters(data.groups.random_items(owner))
    drawn = torch.where((torch.rand(owner.shape) < near) & (fellows >= 0), fellows, anyone)
    users, inside = data.members.take(owner)
    for _ in range(_REDRAWS):
        member = ((users == drawn[:, None]) & inside).any(dim=1)
        drawn[member] = torch.randint(data.n_users, (int(member.sum()),))
    return drawn
