"""DMTL's network: two encoders, attention, the shared representation and its two heads."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from groupbench.models.dmtl.layers import Encoder, EnsembleLinear, History, linear, side_by_side
from groupbench.models.layers import segment_sum

if TYPE_CHECKING:
    from groupbench.models.dmtl.features import NetworkInputs, Side
    from groupbench.models.dmtl.hyperparameters import Hyperparameters

MANY = 200_000
"""With more users and items than these it takes longest to do something for all of them in every step."""


class Encoded(NamedTuple):
    """Users or items, and all that the pair layers need to know of them.

    Attributes:
        hidden: (..., ensemble, width) h_u or h_i.
        attention: (..., ensemble, width) its part of the attention's logits; empty without learned attention.
        rating: (..., ensemble, shared_width) its part of the layer below the rating head; none for items.
        profile: the same below the profile head; empty where that is the same layer.
        biases: (...).
    """

    hidden: Tensor
    attention: Tensor
    rating: Tensor
    profile: Tensor
    biases: Tensor

    def take(self, rows: Tensor) -> Encoded:
        """The given rows, with the ensemble first in memory."""
        return Encoded(*(_taken(part, rows) for part in self))

    def grid(self, rows: int, columns: int) -> Encoded:
        """The rows laid out as a table, filled row by row."""
        return Encoded(*(torch.unflatten(part, 0, (rows, columns)) for part in self))

    def window(self, block: slice | None, axis: int) -> Encoded:
        """The rows in `block`, with a new axis at `axis` so that users and items broadcast."""
        return Encoded(*((part if block is None else part[block]).unsqueeze(axis) for part in self))


class Branch(NamedTuple):
    """A layer below heads.

    Attributes:
        part: the field of `Encoded` that has the users' part of it.
        layer: the items' part of it.
        heads: what stands on it.
    """

    part: Literal["rating", "profile"]
    layer: EnsembleLinear
    heads: tuple[EnsembleLinear, ...]

    @property
    def layers(self) -> tuple[EnsembleLinear, ...]:
        """All of them."""
        return self.layer, *self.heads


class DMTLNetwork(nn.Module):
    """Predicts a rating and a group profile from an encoded user and an encoded item.

    Le & Abel, "Joint Group Profiling and Recommendation via Deep Neural Network-based Multi-Task
    Learning" (arXiv 2504.06274): attention weighs the item's representation by user and item, and a
    layer that both tasks share follows. A layer over [h_u; h_i] is computed as the sum of its two halves, so
    that what depends on the user or the item alone is computed once for each of them.

    Args:
        inputs: what is known of users and items.
        made: the hyperparameters; of the ensemble, how many networks are trained side by side.
    """

    members: Tensor

    def __init__(self, inputs: NetworkInputs, made: Hyperparameters) -> None:
        super().__init__()
        self.made, self.mean, self.n_groups = made, inputs.mean, inputs.n_groups
        self.register_buffer("members", torch.tensor(inputs.members), persistent=False)
        e, width, below = made.ensemble, made.width, made.shared_width
        owners, others = inputs.pairs
        shape = len(inputs.users.seen), len(inputs.items.seen)
        self.users = self._encoder(
            inputs.users, History(owners, others, shape) if made.interactions else None
        )
        back = History(others, owners, shape[::-1]) if made.interactions else None
        self.items = self._encoder(inputs.items, back)
        linear = partial(EnsembleLinear, e, gain=made.gain)
        weighed = below if made.attended == "shared" else width
        n_logits = weighed if made.attention == "learned" else 0
        self.attend_users = linear(width, n_logits, fan_in=2 * width)
        self.attend_items = linear(width, n_logits, fan_in=2 * width)
        members = made.attention == "members"
        self.member_hidden = linear(width, width) if members else None
        self.member_score = linear(width, 1) if members else None
        own = 0 if made.shared else below
        self.rating_user = linear(width, below, fan_in=2 * width)
        self.rating_item = linear(width, below, fan_in=2 * width)
        self.profile_user = linear(width, own, fan_in=2 * width)
        self.profile_item = linear(width, own, fan_in=2 * width)
        joined = below + made.product * width
        self.rating = linear(joined, 1)
        self.profile = linear(joined, max(inputs.n_groups, 1)).requires_grad_(not made.freeze_profile)

    @property
    def large(self) -> bool:
        """Whether there are so many users and items that what is done for each of them takes most time."""
        return len(self.users.biases) + len(self.items.biases) > MANY

    def encode(self, hidden: Tensor | None = None) -> tuple[Encoded, Encoded]:
        """Everyone and everything; `hidden`, (2, n), are the pairs that histories must not show."""
        users = self.users(hidden)
        items = self.items(None if hidden is None else hidden.flip(0))
        if self.member_hidden is not None:
            users = users + self._groups_of(users)
        return self.as_users(users, self.users.biases), self._as_items(items, self.items.biases)

    def encode_for(self, pairs: Tensor, hidden: Tensor) -> tuple[Encoded, Encoded, Tensor | None]:
        """Users and items of `pairs`, (2, n), and where among them a pair has its own: `pairs`, or None.

        `hidden` is as in `encode`. Where there are many, only those of the pairs are encoded, in their order,
        if nobody's encoding hangs on others'; None says so.
        """
        apart = self.users.history is None and self.member_hidden is None
        if apart and self.large:
            users, items = self.users.some(pairs[0]), self.items.some(pairs[1])
            biases = self.users.biases[pairs[0]], self.items.biases[pairs[1]]
            return self.as_users(users, biases[0]), self._as_items(items, biases[1]), None
        return *self.encode(hidden), pairs

    def branches(self, *, profile: bool) -> list[Branch]:
        """The layers below the heads, with the heads on each; that of the profile if it is asked for."""
        if self.made.shared:
            heads = (self.rating, self.profile) if profile else (self.rating,)
            return [Branch("rating", self.rating_item, heads)]
        other = Branch("profile", self.profile_item, (self.profile,))
        return [Branch("rating", self.rating_item, (self.rating,)), *[other] * profile]

    @property
    def scale(self) -> float:
        """What attention weights are multiplied by."""
        made = self.made
        if made.attention == "learned":
            return self.attend_users.weight.shape[-1] if made.rescale_attention else 1.0
        below = made.shared_width if made.attended == "shared" else made.width
        return 1 / below if made.attention == "mean" and not made.rescale_attention else 1.0

    def as_users(self, hidden: Tensor, biases: Tensor) -> Encoded:
        """Representations of users or groups, (n, ensemble, width), made ready for pairs."""
        layers = self.attend_users, self.rating_user, self.profile_user
        weight, bias = (
            torch.cat(parts, dim=-1) for parts in zip(*((o.weight, o.bias) for o in layers), strict=True)
        )
        widths = [o.weight.shape[-1] for o in layers]
        attention, rating, profile = torch.split(linear(hidden, weight, bias), widths, dim=-1)
        return Encoded(hidden, attention, rating, profile, biases)

    def member_logits(self, users: Tensor) -> Tensor:
        """How much each user counts among the members of a group, as (n, ensemble, 1) logits."""
        assert self.member_hidden is not None
        assert self.member_score is not None
        logits: Tensor = self.member_score(torch.tanh(self.member_hidden(users)))
        return logits

    def weights(self, users: Encoded, items: Encoded) -> Tensor:
        """The learned attention weights of pairs that broadcast; they sum to 1 over the last axis."""
        logits = users.attention + items.attention
        return logits.movedim(-2, 0).softmax(dim=-1).movedim(0, -2)

    def pair(self, users: Encoded, items: Encoded, *, profile: bool) -> tuple[Tensor, Tensor | None]:
        """Ratings, (..., ensemble), and profile logits, (..., ensemble, groups), of pairs that broadcast."""
        outs = []
        for part, layer, heads in self.branches(profile=profile):
            below = self._below(users, items, getattr(users, part), layer)
            outs += [head(below) for head in heads]
        rating = outs[0].squeeze(-1) + (self.mean + users.biases + items.biases)[..., None]
        return rating, outs[1] if profile else None

    def ratings(self, users: Encoded, items: Encoded) -> Tensor:
        """The ratings of `pair` but for rounding, sooner where no gradients are asked for."""
        z, attended = self._halves(users, items, users.rating, self.rating_item)
        weight, below = self.rating.weight[..., 0], z.shape[-1]
        rating = (z * weight[:, :below]).sum(dim=-1) + self.rating.bias[:, 0]
        if self.made.product:
            rating = rating + (attended * (users.hidden * weight[:, below:])).sum(dim=-1)
        return rating + (self.mean + users.biases + items.biases)[..., None]

    def below_profile(self, users: Encoded, items: Encoded) -> Tensor:
        """What the profile is read from, (..., ensemble, width), of pairs that broadcast."""
        if self.made.shared:
            return self._below(users, items, users.rating, self.rating_item)
        return self._below(users, items, users.profile, self.profile_item)

    def _below(self, users: Encoded, items: Encoded, of_users: Tensor, layer: EnsembleLinear) -> Tensor:
        z, attended = self._halves(users, items, of_users, layer)
        return side_by_side(z, users.hidden * attended) if self.made.product else z

    def _halves(
        self, users: Encoded, items: Encoded, of_users: Tensor, layer: EnsembleLinear
    ) -> tuple[Tensor, Tensor]:
        """The output of a layer below the heads, and what of the items attention lets through."""
        alpha = self._alpha(users, items)
        above = self.made.attended == "shared"
        attended = items.hidden if above else alpha * items.hidden
        z = functional.relu(of_users + layer(attended))
        return z * alpha if above else z, attended

    def _alpha(self, users: Encoded, items: Encoded) -> Tensor | float:
        return (self.weights(users, items) if self.made.attention == "learned" else 1.0) * self.scale

    def _as_items(self, hidden: Tensor, biases: Tensor) -> Encoded:
        none = hidden[..., :0]
        logits = self.attend_items(hidden)
        return Encoded(hidden, logits, none, none, biases)

    def _groups_of(self, users: Tensor) -> Tensor:
        """The attentive mean of the members of each user's groups; 0 for users without a group."""
        groups, members = self.members
        means = attentive_mean(users[members], self.member_logits(users)[members], groups, self.n_groups)
        sums = segment_sum(means[groups], members, len(users))
        counts = torch.bincount(members, minlength=len(users)).clamp(min=1)
        return sums / counts[:, None, None]

    def _encoder(self, side: Side, history: History | None) -> Encoder:
        made = self.made
        return Encoder(
            side,
            history,
            ensemble=made.ensemble,
            embedding=made.embedding if made.ids else 0,
            history_width=made.interaction_width,
            width=made.width,
            gain=made.gain,
        )


def _taken(part: Tensor, rows: Tensor) -> Tensor:
    if part.ndim == 1:
        return part[rows]
    return part.transpose(0, 1).index_select(1, rows).transpose(0, 1)


def attentive_mean(rows: Tensor, logits: Tensor, groups: Tensor, n_groups: int) -> Tensor:
    """Softmax-weighted mean of the rows of each group.

    Args:
        rows: (n, ensemble, width).
        logits: (n, ensemble, 1).
        groups: (n,) group of each row.
        n_groups: number of groups; one without rows gets 0.

    Returns:
        (n_groups, ensemble, width).
    """
    own = groups[:, None, None].expand_as(logits)
    peaks = logits.new_zeros(n_groups, *logits.shape[1:])
    peaks = peaks.scatter_reduce(0, own, logits.detach(), "amax", include_self=False)
    weights = (logits - peaks[groups]).exp()
    totals = segment_sum(weights, groups, n_groups)
    return segment_sum(rows * weights, groups, n_groups) / totals.clamp(min=1)
