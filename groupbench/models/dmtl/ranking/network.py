"""The network of DMTL for choices: encoders of users and groups, the shared layer, the ranking head."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from groupbench.models.deep import Bags, GroupNetwork, inner
from groupbench.models.dmtl.ranking.lookups import ItemVectors
from groupbench.models.dmtl.ranking.overlaps import Overlaps
from groupbench.models.row_tables import RowTable, rows_of

if TYPE_CHECKING:
    from groupbench.models.deep import ChoiceRows, Encoded, Interactions
    from groupbench.models.dmtl.ranking.hyperparameters import RankingHyperparameters


_ALL = slice(None)

MANY_ROWS = 200_000
"""Users, groups and items in all from which on a step moves the embeddings that it read, and no others."""


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
        many = data.n_users + data.n_groups + data.n_items > MANY_ROWS
        self.sparse = made.tables == "sparse" or (made.tables == "auto" and many)
        self.register_buffer("user_features", inputs.users, persistent=False)
        self.register_buffer("item_features", inputs.items, persistent=False)
        table = partial(_table, kind=RowTable if self.sparse else nn.Parameter)
        self.chosen = table(data.n_items, width, 0.1)
        self.ranked = table(data.n_items, width, 0.1)
        self.bias = nn.Parameter(torch.zeros(data.n_items, 1))
        self.user_ids = table(data.n_users, width if made.ids else 0, 0.01)
        self.group_ids = table(data.n_groups, width if made.ids else 0, 0.0)
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

    def items(self) -> tuple[ItemVectors, ItemVectors]:
        """The vectors that histories sum, and those that are ranked."""
        halves = self.of_item_features.chunk(2, dim=1)
        chosen, ranked = (
            ItemVectors(table, self.item_features, half)
            for table, half in zip((self.chosen, self.ranked), halves, strict=True)
        )
        if self.item_features.shape[1] == 0:
            return ItemVectors(self.chosen), ItemVectors(self.ranked)
        return (chosen, ranked) if self.sparse else (ItemVectors(chosen.all()), ItemVectors(ranked.all()))

    def encode_users(self, users: Tensor, items: ItemVectors, part: slice = _ALL) -> Tensor:
        """h_u of a `part` of `users`, (n,): (n of the part, width).

        Args:
            users: all users of a step; what training leaves out is drawn for all of them.
            items: the vectors that histories sum.
            part: which of them to encode.
        """
        hidden = self._history(self.data.users, users, items, part)
        hidden = hidden + self.user_features[users[part]] @ self.of_features
        return hidden + self._ids(self.user_ids, users, part) if self.made.ids else hidden

    def encode_members(self, team: Team, items: ItemVectors) -> Tensor:
        """V sum_m alpha_m h_m of the members of n groups: (n, width)."""
        distinct, index = torch.unique(team.users[team.inside], return_inverse=True)
        encoded = self.encode_users(distinct, items)[index]
        members = encoded.new_zeros(*team.inside.shape, encoded.shape[1]).index_put((team.inside,), encoded)
        energy = self.energy(members).squeeze(-1) * (self.made.attention == "learned")
        alpha = energy.masked_fill(~team.inside, float("-inf")).softmax(dim=1)
        mean: Tensor = self.of_members((alpha[:, None] @ members).squeeze(1))
        return mean

    def encode_groups(self, groups: Tensor, team: Team, items: ItemVectors) -> Tensor:
        """h_g of `groups`, (n,), with their members: (n, width)."""
        own = self._history(self.data.groups, groups, items)
        if self.made.ids:
            own = own + self._ids(self.group_ids, groups)
        if self.training:
            own = own * (torch.rand(len(groups), 1) >= self.made.cold_dropout)
        if self.overlaps is not None:
            own = own + self.overlaps(groups, items)
        return own if self.made.attention == "none" else own + self.encode_members(team, items)

    def encode_cold(self, team: Team, items: ItemVectors) -> Tensor:
        """h_g of groups that the training data lacks, by their members: (n, width)."""
        if self.made.attention == "none":
            hidden = self.bias.new_zeros(len(team.users), self.made.width)
        else:
            hidden = self.encode_members(team, items)
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
        shares = torch.zeros(len(team.users), self.data.n_items)
        return shares.index_put_((chosen.owners, chosen.items), chosen.weights, accumulate=True)

    def logits_of(self, z: Tensor, ranked: ItemVectors, shares: Tensor | None = None) -> Tensor:
        """Logits of all items, (n, n_items), for `z`, (n, width)."""
        logits = torch.addmm(self.bias.squeeze(1), z, ranked.all().T)
        return logits if shares is None else logits + self.share_logit * shares

    def encode(self) -> Encoded:
        """The items that histories sum, and those that are ranked, (n_items, width) each."""
        chosen, ranked = self.items()
        return chosen.all(), ranked.all()

    def user_logits(self, encoded: Encoded, users: Tensor, items: Tensor) -> Tensor:
        """Logits of users."""
        return self._pairs(self.represent_users(encoded, users), encoded[1], items)

    def represent_users(self, encoded: Encoded, users: Tensor) -> Tensor:
        """Z of `users`, (n,): (n, width)."""
        return self.shared(self.encode_users(users, ItemVectors(encoded[0])))

    def group_logits(self, encoded: Encoded, groups: Tensor, items: Tensor) -> Tensor:
        """Logits of groups of the training data."""
        team = Team(*self.data.members.take(groups))
        return self._team_logits(
            self.encode_groups(groups, team, ItemVectors(encoded[0])), team, encoded, items
        )

    def cold_logits(self, encoded: Encoded, team: Team, items: Tensor) -> Tensor:
        """Logits of `items`, (n, k) or (1, k), for groups that are known by their members alone: (n, k)."""
        return self._team_logits(self.encode_cold(team, ItemVectors(encoded[0])), team, encoded, items)

    def _team_logits(self, hidden: Tensor, team: Team, encoded: Encoded, items: Tensor) -> Tensor:
        logits = self._pairs(self.shared(hidden), encoded[1], items)
        if not self.adds_members_choices:
            return logits
        shares = self.member_shares(team)
        return logits + self.share_logit * shares.gather(1, items.expand(len(hidden), -1))

    @property
    def share_logit(self) -> Tensor:
        """What an item that all members chose is worth, ()."""
        return self.share_weight * self.made.share_scale

    @property
    def adds_members_choices(self) -> bool:
        """Whether the members' choices count beside z: only joint rows tell how much."""
        return self.made.members_choices and len(self.data.groups) > 0

    def _pairs(self, z: Tensor, ranked: Tensor, items: Tensor) -> Tensor:
        return inner(z, ranked[items]) + self.bias[items].squeeze(-1)

    def _history(self, rows: ChoiceRows, raters: Tensor, items: ItemVectors, part: slice = _ALL) -> Tensor:
        if not self.made.histories:
            return items.table.new_zeros(len(raters[part]), self.made.width)
        bags = Bags.of(rows, raters, power=0.5)
        if self.training:
            bags = bags.dropped(self.made.dropout)
        out: Tensor = self.of_history(items.sums(bags if part == _ALL else bags.part(part)))
        return out

    def _ids(self, table: Tensor, raters: Tensor, part: slice = _ALL) -> Tensor:
        ids = rows_of(table, raters[part])
        if not self.training:
            return ids
        return ids * (torch.rand(len(raters), 1) >= self.made.id_dropout)[part]


def _table(n: int, width: int, std: float, kind: type[nn.Parameter] = nn.Parameter) -> nn.Parameter:
    return kind(torch.empty(n, width).normal_(std=std) if std else torch.zeros(n, width))


def _near_identity(width: int) -> nn.Linear:
    """A layer that starts as the identity, but for small random weights."""
    layer = nn.Linear(width, width)
    with torch.no_grad():
        layer.weight.normal_(std=0.02).add_(torch.eye(width))
        layer.bias.zero_()
    return layer
