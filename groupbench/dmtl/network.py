"""DMTL's network: two encoders, attention, the shared representation and its two heads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

if TYPE_CHECKING:
    from groupbench.dmtl.features import Inputs, Side

Attention = Literal["learned", "mean", "none"]


class PairLinear(nn.Module):
    """A linear layer over [left; right] that never builds the concatenation.

    W [left; right] + b = L left + (R right + b): leading dimensions broadcast, so n users and m items
    give (n, m, out) from n + m products.
    """

    def __init__(self, width: int, out: int) -> None:
        super().__init__()
        self.layer = nn.Linear(2 * width, out)

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        """Map (..., width) and (..., width) to (..., out)."""
        to_left, to_right = self.layer.weight.chunk(2, dim=1)
        return functional.linear(left, to_left) + functional.linear(right, to_right, self.layer.bias)


class Encoder(nn.Module):
    """h = ReLU(W x + b), where x is an id embedding beside the known features.

    An id without training rows has a zero embedding, which stays zero: nothing moves it.
    """

    features: Tensor
    biases: Tensor

    def __init__(self, side: Side, embedding: int, width: int) -> None:
        super().__init__()
        self.register_buffer("features", torch.as_tensor(side.features, dtype=torch.float32))
        self.register_buffer("biases", torch.as_tensor(side.biases, dtype=torch.float32))
        self.ids = nn.Embedding(len(side.seen), embedding)
        nn.init.normal_(self.ids.weight, std=0.1)
        with torch.no_grad():
            self.ids.weight *= torch.as_tensor(side.seen)[:, None]
        self.layer = nn.Linear(embedding + self.features.shape[1], width)

    def forward(self, rows: Tensor) -> Tensor:
        """Encode the users or items with these indices: (n,) to (n, width)."""
        x = torch.cat([self.ids(rows), self.features[rows]], dim=-1)
        return functional.relu(self.layer(x))


class Network(nn.Module):
    """Predicts a rating and a group profile from an encoded user and an encoded item.

    Le & Abel, "Joint Group Profiling and Recommendation via Deep Neural Network-based Multi-Task
    Learning" (arXiv 2504.06274): attention weighs the item's representation by user and item, and a
    layer that both tasks share follows.

    Args:
        inputs: what is known of users and items.
        n_groups: number of group identities; without any, the profile head is idle.
        embedding: width of the id embeddings.
        width: width of the encoded users and items.
        shared_width: width of the shared representation.
        attention: `learned` is softmax(W [h_u; h_i] + b), `mean` weighs all alike, `none` skips it.
        rescale_attention: multiply the weights by `width`, so that they are 1 on average.
        shared: whether both heads stand on one layer; else each has its own.
        dropout: rate on the layer below the heads.
    """

    def __init__(
        self,
        inputs: Inputs,
        n_groups: int,
        *,
        embedding: int,
        width: int,
        shared_width: int,
        attention: Attention,
        rescale_attention: bool,
        shared: bool,
        dropout: float,
    ) -> None:
        super().__init__()
        self.kind = attention
        self.gain = width if rescale_attention else 1
        self.mean = inputs.mean
        self.users = Encoder(inputs.users, embedding, width)
        self.items = Encoder(inputs.items, embedding, width)
        self.attention = PairLinear(width, width) if attention == "learned" else None
        self.rating_tower = PairLinear(width, shared_width)
        self.profile_tower = self.rating_tower if shared else PairLinear(width, shared_width)
        self.dropout = nn.Dropout(dropout)
        self.rating = nn.Linear(shared_width, 1)
        self.profile = nn.Linear(shared_width, max(n_groups, 1))

    def attend(self, users: Tensor, items: Tensor) -> Tensor:
        """h_i' = alpha * h_i for encoded users and items that broadcast, (..., width)."""
        if self.kind == "none":
            return items
        if self.attention is None:
            return items * (self.gain / items.shape[-1])
        alpha: Tensor = self.attention(users, items).softmax(dim=-1)
        return alpha * (items * self.gain)

    def residual(self, users: Tensor, items: Tensor) -> Tensor:
        """Rating above mean and biases, for encoded users and items that broadcast: (..., width) to (...)."""
        shared = functional.relu(self.rating_tower(users, self.attend(users, items)))
        rating: Tensor = self.rating(self.dropout(shared))
        return rating.squeeze(-1)

    def forward(self, users: Tensor, items: Tensor) -> tuple[Tensor, Tensor]:
        """Residuals, (n,), and profile logits, (n, groups), of n encoded pairs, (n, width) each."""
        attended = self.attend(users, items)
        shared = self.dropout(functional.relu(self.rating_tower(users, attended)))
        profiled = shared
        if self.profile_tower is not self.rating_tower:
            profiled = self.dropout(functional.relu(self.profile_tower(users, attended)))
        return self.rating(shared).squeeze(-1), self.profile(profiled)

    def base(self, users: Tensor, items: Tensor) -> Tensor:
        """Mean plus biases of the pairs with these indices, (n,)."""
        return self.mean + self.users.biases[users] + self.items.biases[items]

    def predict(self, users: Tensor, items: Tensor) -> Tensor:
        """Predicted ratings of the pairs with these indices, (n,)."""
        return self.base(users, items) + self.residual(self.users(users), self.items(items))
