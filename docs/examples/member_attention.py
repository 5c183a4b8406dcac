"""Attention over members: each weighs as much as it has to do with the item."""

from dataclasses import dataclass

from torch import inf, nn

from groupbench import method, tunable
from groupbench.models.deep import DeepRecommender, GroupNetwork, embedding, inner


class MemberAttentionNetwork(GroupNetwork):
    """Inner products of users and items; a group is the weighted mean of its members."""

    def __init__(self, data, made):
        super().__init__(data)
        self.users = embedding(data.n_users, made.width)
        self.items = embedding(data.n_items, made.width)
        self.query = nn.Linear(made.width, made.width)

    def group_logits(self, encoded, groups, items):
        users, inside = self.data.members.take(groups)
        members, chosen = self.users(users), self.items(items)
        weights = (self.query(chosen) @ members.mT).masked_fill(~inside[:, None], -inf).softmax(dim=-1)
        return (weights @ members * chosen).sum(dim=-1)

    def user_logits(self, encoded, users, items):
        return inner(self.users(users), self.items(items))


@method("member-attention")
@dataclass
class MemberAttention(DeepRecommender):
    """Attention over members by the item: softmax_u(u' (W v + b)) weighs the members u for item v."""

    width: int = tunable(32, low=8, high=128, log=True)
    """Width of the embeddings."""
    serves_cold_groups = True

    def make_network(self, data):
        return MemberAttentionNetwork(data, self)
