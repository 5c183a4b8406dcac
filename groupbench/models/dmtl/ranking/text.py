"""Texts as inputs of DMTL for choices."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor

from groupbench.models.deep import Bags
from groupbench.models.dmtl.ranking.lookups import ItemVectors
from groupbench.models.dmtl.ranking.network import Inputs, RankingNetwork
from groupbench.models.text.encoders import encode

if TYPE_CHECKING:
    from groupbench.core.arrays import BoolArray, FloatArray
    from groupbench.models.deep import Interactions
    from groupbench.models.dmtl.ranking.hyperparameters import RankingHyperparameters
    from groupbench.models.recommender import TrainingData


class TextInputs(NamedTuple):
    """What the texts of users and items say, each column within [-1, 1].

    Attributes:
        items: (n_items, width) encodings, zeros where there is no text.
        users: (n_users, width) likewise.
        written: (n_users,) whether a user has a text of its own.
    """

    items: FloatArray
    users: FloatArray
    written: BoolArray

    def beside(self, inputs: Inputs, data: Interactions) -> Inputs:
        """The `inputs` and these; users without a text have the mean of what they chose in `data`."""
        items, users = (torch.tensor(side, dtype=torch.float32) for side in (self.items, self.users))
        if not items.numel():
            return inputs
        chosen = Bags.of(data.users, torch.arange(data.n_users), power=1.0).sums(items)
        profiles = torch.where(torch.tensor(self.written)[:, None], users, chosen)
        return Inputs(torch.cat([inputs.users, profiles], 1), torch.cat([inputs.items, items], 1))


def text_inputs(encoder: str, train: TrainingData) -> TextInputs:
    """The texts of the training data, encoded together; errors as of `encode`."""
    n_items, n_users = train.ratings.n_items, train.ratings.n_users
    of_items, of_users = train.item_texts or ("",) * n_items, train.user_texts or ("",) * n_users
    vectors = encode(encoder, [*of_items, *of_users])
    scaled = vectors / np.maximum(abs(vectors).max(axis=0, initial=0), 1e-12)
    written = np.array([bool(text.strip()) for text in of_users])
    return TextInputs(scaled[:n_items], scaled[n_items:], written)


class TextNetwork(RankingNetwork):
    """A `RankingNetwork` in which texts serve the items that nobody chose.

    A step leaves out some items' own vectors, so that texts learn to stand in for them (Volkovs et al.,
    DropoutNet, NIPS 2017). Items without a row have none: they would only be learned as wrong answers.

    Args:
        data: who chose what, and who is in which group.
        made: the hyperparameters.
        inputs: features and texts.
    """

    chosen_before: Tensor

    def __init__(self, data: Interactions, made: RankingHyperparameters, inputs: Inputs) -> None:
        super().__init__(data, made, inputs)
        rows = torch.bincount(torch.cat([data.users.items, data.groups.items]), minlength=data.n_items)
        self.register_buffer("chosen_before", (rows > 0)[:, None], persistent=False)

    def items(self) -> tuple[ItemVectors, ItemVectors]:
        """As of its base, of all items at once, and in training with the own vectors of only some."""
        known, ranked = (self.item_features @ self.of_item_features).chunk(2, dim=1)
        kept = self.chosen_before
        if self.training:
            kept = kept & (torch.rand(kept.shape) >= self.made.item_dropout)
        return ItemVectors(self.chosen * kept + known), ItemVectors(self.ranked * kept + ranked)
