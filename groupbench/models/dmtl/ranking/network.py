"""The network of DMTL for choices: encoders of users and groups, the shared layer, the ranking head."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from groupbench.models.deep import Bags, GroupNetwork, inner
from groupbench.models.dmtl.ranking.overlaps import Overlaps

if TYPE_CHECKING:
    from groupbench.models.deep import ChoiceRows, Encoded, Interactions
    from groupbench.models.dmtl.ranking.hyperparameters import RankingHyperparameters


class Inputs(NamedTuple):
    """Features, each column within [-1, 1], or none.

    Attributes:
        users: (n_users, n_features).
        items: (n_items, n_features).
    """

    users: Tensor
    items: Tensor


class Team(NamedTuple):
    """Members of some groups, one line each.

    Attributes:
        users: (n, most) indices.
        inside: (n, most) whether there is such a member; at least one in each line.
    """

    users: Tensor
    inside: Tensor


class RankingNetwork(GroupNetwork):
    """Encodes users by their choices, groups by their members and choices, and ranks all items by either.

    A user u has h_u = W s_u + e_u + F x_u with s_u the sum of its chosen items' vectors over the root of
    their number (Koren, KDD 2008), its id e_u and its features x_u. A group g has
    h_g = W s_g + V sum_m alpha_m h_m + e_g, with alpha = softmax(a' h_m) over the members m. The layer above,
    z = h + R ReLU(S h), is shared by all tasks; an item's logit is z . q_i + b_i, and for a group also
    c times the share of its members that chose i. With overlaps, h_g has `Overlaps` too.

    Args:
        data: who chose what, and who is in which group.
        made: the hyperparameters.
        inputs: features.
    """

    user_features: Tensor
    item_features: Tensor

    def __init__(self, data: Interactions, made: RankingHyperparameters, inputs: Inputs) -> None:
        super().__init__(data)
        self.made, width = made, made.width
        self.register_buffer("user_features", inputs.users, persistent=False)
        self.register_buffer("item_features", inputs.items, persistent=False)
        self.chosen = _table(data.n_items, width, 0.1)
        self.ranked = _table(data.n_items, width, 0.1)
        self.bias = nn.Parameter(torch.zeros(data.n_items, 1))
        self.user_ids = _table(data.n_users, width if made.ids else 0, 0.01)
        self.group_ids = _table(data.n_groups, width if made.ids else 0, 0.0)
        self.of_features = _table(inputs.users.shape[1], width, 0.01)
        self.of_item_features = _table(inputs.items.shape[1], 2 * width, 0.01)
        self.of_history, self.of_members = _near_identity(width), _near_identity(width)
        self.energy = nn.Linear(width, 1, bias=False)
        self.below, self.above = nn.Linear(width, width), nn.Linear(width, width, bias=False)
        nn.init.zeros_(self.above.weight)
        self.profile = _near_identity(width)
        self.companion = _near_identity(width)
        self.share_weight = nn.Parameter(torch.zeros(()))
        self.pair_size = 2
        self.overlaps = Overlaps(data, width, made.neighbors, made.dropout) if made.overlaps else None
        self.cluster = nn.Linear(width, made.clusters) if made.cluster_weight else nn.Identity()
        self.rating = _near_identity(width) if made.objective == "both" else nn.Identity()

    def items(self) -> tuple[Tensor, Tensor]:
        """The vectors that histories sum, and those that are ranked, (n_items, width) each."""
        known, ranked = (self.item_features @ self.of_item_features).chunk(2, dim=1)
        return self.chosen + known, self.ranked + ranked

    def encode_users(self, users: Tensor, items: Tensor) -> Tensor:
        """h_u of `users`, (n,): (n, width); `items` are the vectors that histories sum."""
        hidden = self._history(self.data.users, users, items)
        hidden = hidden + self.user_features[users] @ self.of_features
        return hidden + self._ids(self.user_ids, users) if self.made.ids else hidden

    def encode_members(self, team: Team, items: Tensor) -> Tensor:
        """V sum_m alpha_m h_m of the members of n groups: (n, width)."""
        distinct, index = torch.unique(team.users[team.inside], return_inverse=True)
        encoded = self.encode_users(distinct, items)[index]
        members = encoded.new_zeros(*team.inside.shape, encoded.shape[1]).index_put((team.inside,), encoded)
        energy = self.energy(members).squeeze(-1) * (self.made.attention == "learned")
        alpha = energy.masked_fill(~team.inside, float("-inf")).softmax(dim=1)
        mean: Tensor = self.of_members((alpha[:, None] @ members).squeeze(1))
        return mean

    def encode_groups(self, groups: Tensor, team: Team, items: Tensor) -> Tensor:
        """h_g of `groups`, (n,), with their members: (n, width)."""
        own = self._history(self.data.groups, groups, items)
        if self.made.ids:
            own = own + self._ids(self.group_ids, groups)
        if self.training:
            own = own * (torch.rand(len(groups), 1) >= self.made.cold_dropout)
        if self.overlaps is not None:
            own = own + self.overlaps(groups, items)
        return own if self.made.attention == "none" else own + self.encode_members(team, items)

    def encode_cold(self, team: Team, items: Tensor) -> Tensor:
        """h_g of groups that the training data lacks, by their members: (n, width)."""
        none = self.made.attention == "none"
        hidden = (
            items.new_zeros(len(team.users), items.shape[1]) if none else self.encode_members(team, items)
        )
        return hidden if self.overlaps is None else hidden + self.overlaps.of_members(*team, items)

    def shared(self, hidden: Tensor) -> Tensor:
        """The layer above the encoders: z of `hidden`, (n, width)."""
        z: Tensor = hidden + self.above(functional.relu(self.below(hidden)))
        return z

    @property
    def shared_layer(self) -> list[Tensor]:
        """The weights of that layer."""
        return [*self.below.parameters(), *self.above.parameters()]

    def members_choices(self, team: Team) -> Bags:
        """What the members of each group chose, each member with the same weight; these sum to 1."""
        sizes = team.inside.sum(dim=1)
        bags = Bags.of(self.data.users, team.users[team.inside], power=0.0)
        return bags.merged((1.0 / sizes).repeat_interleave(sizes), sizes)

    def member_shares(self, team: Team) -> Tensor:
        """The share of the members of each group that chose an item, (n, n_items)."""
        chosen = self.members_choices(team)
        owner = torch.arange(len(team.users)).repeat_interleave(chosen.offsets.diff())
        shares = torch.zeros(len(team.users), self.data.n_items)
        return shares.index_put_((owner, chosen.items), chosen.weights, accumulate=True)

    def logits_of(self, z: Tensor, ranked: Tensor, shares: Tensor | None = None) -> Tensor:
        """Logits of all items, (n, n_items), for `z`, (n, width)."""
        logits = torch.addmm(self.bias.squeeze(1), z, ranked.T)
        return logits if shares is None else logits + self.share_weight * shares

    def encode(self) -> Encoded:
        """Users, groups (z, both), the items that histories sum, and those that are ranked."""
        chosen, ranked = self.items()
        everyone = torch.arange(self.data.n_users)
        groups = torch.arange(self.data.n_groups)
        team = Team(*self.data.members.take(groups))
        users = self.shared(self.encode_users(everyone, chosen))
        return users, self.shared(self.encode_groups(groups, team, chosen)), chosen, ranked

    def user_logits(self, encoded: Encoded, users: Tensor, items: Tensor) -> Tensor:
        """Logits of users."""
        return self._pairs(encoded[0][users], encoded[3], items)

    def group_logits(self, encoded: Encoded, groups: Tensor, items: Tensor) -> Tensor:
        """Logits of groups of the training data."""
        team = Team(*self.data.members.take(groups))
        return self.team_logits(encoded[1][groups], team, encoded[3], items)

    def team_logits(self, z: Tensor, team: Team, ranked: Tensor, items: Tensor) -> Tensor:
        """Logits of `items`, (n, k) or (1, k), for groups with `z`, (n, width), and these members: (n, k)."""
        logits = self._pairs(z, ranked, items)
        if not self.made.members_choices:
            return logits
        shares = self.member_shares(team)
        return logits + self.share_weight * shares.gather(1, items.expand(len(z), -1))

    def _pairs(self, z: Tensor, ranked: Tensor, items: Tensor) -> Tensor:
        return inner(z, ranked[items]) + self.bias[items].squeeze(-1)

    def _history(self, rows: ChoiceRows, raters: Tensor, items: Tensor) -> Tensor:
        if not self.made.histories:
            return items.new_zeros(len(raters), items.shape[1])
        bags = Bags.of(rows, raters, power=0.5)
        bags = bags._replace(weights=functional.dropout(bags.weights, self.made.dropout, self.training))
        out: Tensor = self.of_history(bags.sums(items))
        return out

    def _ids(self, table: Tensor, raters: Tensor) -> Tensor:
        ids = table[raters]
        if not self.training:
            return ids
        return ids * (torch.rand(len(raters), 1) >= self.made.id_dropout)


def _table(n: int, width: int, std: float) -> nn.Parameter:
    return nn.Parameter(torch.empty(n, width).normal_(std=std) if std else torch.zeros(n, width))


def _near_identity(width: int) -> nn.Linear:
    """A layer that starts as the identity, but for small random weights."""
    layer = nn.Linear(width, width)
    with torch.no_grad():
        layer.weight.normal_(std=0.02).add_(torch.eye(width))
        layer.bias.zero_()
    return layer
