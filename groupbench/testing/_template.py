"""The files that new methods start from."""

from __future__ import annotations

import re

from groupbench.core.errors import ConfigError

_USERS = '''"""NAME: say what it does and which paper it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from groupbench import Recommender, TrainingData, method
from groupbench.core.arrays import FloatArray, IntArray


@method("NAME")
@dataclass
class CLASS(Recommender):
    """Global mean plus damped user and item effects: replace this by what your method does."""

    damping: float = 10.0
    """Ratings without effect that are added to each user's and each item's own."""

    predicts_ratings = True

    def fit(self, train: TrainingData, *, rng: np.random.Generator) -> Self:
        """Learn from `train.ratings`; draw from `rng`, and import heavy libraries here."""
        rows = train.ratings
        rest = rows.values - rows.mean
        self._items: FloatArray = self._effects(rows.items, rest, rows.n_items) + rows.mean
        self._users: FloatArray = self._effects(rows.users, rest, rows.n_users)
        return self

    def score(self, users: IntArray) -> FloatArray:
        """Predicted ratings of all items, (len(users), n_items); higher is better."""
        return np.asarray(self._users[users, None] + self._items)

    def _effects(self, index: IntArray, rest: FloatArray, size: int) -> FloatArray:
        sums = np.bincount(index, weights=rest, minlength=size)
        return np.asarray(sums / (np.bincount(index, minlength=size) + self.damping))
'''


_GROUPS = '''"""NAME: say what it does and which paper it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from groupbench import GroupRecommender, Groups, TrainingData, method
from groupbench.core.arrays import FloatArray


@method("NAME")
@dataclass
class CLASS(GroupRecommender):
    """How many members have rated an item, popular items first: replace this by what your method does."""

    popularity: float = 0.1
    """Weight of an item's share of all training ratings."""

    def fit(self, train: TrainingData, *, rng: np.random.Generator) -> Self:
        """Learn from `train`; draw from `rng`, and import heavy libraries here."""
        self._rated = (train.ratings.matrix() > 0).astype(np.float64).tocsr()
        counts = np.asarray(self._rated.sum(axis=0)).ravel()
        self._popular: FloatArray = self.popularity * counts / max(counts.sum(), 1.0)
        return self

    def score_groups(self, groups: Groups) -> FloatArray:
        """Scores of all items, (len(groups), n_items); a group is a set of users."""
        members = self._rated[groups.members].toarray()
        return np.asarray(groups.segments.mean(members) + self._popular)
'''

_TORCH = '''"""NAME: say what it does and which paper it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from groupbench import Recommender, TrainingData, method
from groupbench.core.arrays import FloatArray, IntArray
from groupbench.core.seeding import integer


@method("NAME")
@dataclass
class CLASS(Recommender):
    """Matrix factorization by Adam: replace this by your network."""

    factors: int = 8
    """Length of the vectors of users and items."""
    epochs: int = 20
    """Passes over the training ratings."""
    learning_rate: float = 0.02
    """Step size of Adam."""

    predicts_ratings = True

    def fit(self, train: TrainingData, *, rng: np.random.Generator) -> Self:
        """Learn from `train.ratings`; all randomness comes from `rng`."""
        import torch

        rows, draw = train.ratings, torch.Generator().manual_seed(integer(rng))
        users = (0.1 * torch.randn(rows.n_users, self.factors, generator=draw)).requires_grad_()
        items = (0.1 * torch.randn(rows.n_items, self.factors, generator=draw)).requires_grad_()
        adam = torch.optim.Adam([users, items], lr=self.learning_rate)
        of_users, of_items = torch.tensor(rows.users), torch.tensor(rows.items)
        rest = torch.tensor(rows.values - rows.mean, dtype=torch.float32)
        for _ in range(self.epochs):
            for batch in torch.randperm(len(rows), generator=draw).split(256):
                predicted = (users[of_users[batch]] * items[of_items[batch]]).sum(dim=1)
                loss = ((predicted - rest[batch]) ** 2).mean()
                adam.zero_grad()
                loss.backward()
                adam.step()
        self._mean = rows.mean
        self._users: FloatArray = users.detach().numpy().astype(np.float64)
        self._items: FloatArray = items.detach().numpy().astype(np.float64)
        return self

    def score(self, users: IntArray) -> FloatArray:
        """Predicted ratings of all items, (len(users), n_items); higher is better."""
        return np.asarray(self._mean + self._users[users] @ self._items.T)
'''

_TORCH_GROUPS = '''"""NAME: say what it does and which paper it comes from."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, inf, nn

from groupbench import method, tunable
from groupbench.models.deep import DeepRecommender, Encoded, GroupNetwork, Interactions, embedding, inner


class CLASSNetwork(GroupNetwork):
    """Inner products of users and items, and attention over members: replace this by your network."""

    def __init__(self, data: Interactions, made: CLASS) -> None:
        super().__init__(data)
        self.users = embedding(data.n_users, made.width)
        self.items = embedding(data.n_items, made.width)
        self.energy = nn.Linear(made.width, 1)

    def group_logits(self, encoded: Encoded, groups: Tensor, items: Tensor) -> Tensor:
        """Logits, (n, k), of `groups`, (n,), for `items`, (n, k) or, the same for all groups, (1, k)."""
        users, inside = self.data.members.take(groups)
        members = self.users(users)
        energy = self.energy(members).squeeze(-1).masked_fill(~inside, -inf)
        weights = energy.softmax(dim=1)[:, None]
        return inner((weights @ members).squeeze(1), self.items(items))

    def user_logits(self, encoded: Encoded, users: Tensor, items: Tensor) -> Tensor:
        """Logits, (n, k), of `users`, (n,), for `items` of the same shapes."""
        return inner(self.users(users), self.items(items))


@method("NAME")
@dataclass
class CLASS(DeepRecommender):
    """Attention over the members of a group: say what your network computes, and where from."""

    width: int = tunable(32, low=8, high=128, log=True)
    """Width of the embeddings."""

    serves_cold_groups = True

    def make_network(self, data: Interactions) -> CLASSNetwork:
        """A new network; sampling, losses, early stopping and scores of all items are the trainer's."""
        return CLASSNetwork(data, self)
'''

_METHODS = {
    (False, False): _USERS,
    (True, False): _GROUPS,
    (False, True): _TORCH,
    (True, True): _TORCH_GROUPS,
}
"""By whether groups are scored, and whether with PyTorch, the template."""


def method_template(name: str, *, group: bool = False, torch: bool = False) -> str:
    """The text of a working method file that registers `name`.

    Args:
        name: lower-case letters, digits and single dashes, a letter first.
        group: whether it scores groups itself, instead of users; a network scores both.
        torch: whether it is trained with PyTorch.

    Raises:
        ConfigError: if the name is another one.
    """
    return filled(_METHODS[group, torch], name, "method")


def filled(template: str, name: str, kind: str) -> str:
    """A template with the name of what it registers; errors as of `method_template`."""
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        near = "-".join(re.findall("[a-z0-9]+", name.lower())).lstrip("0123456789-")
        hint = f"; try {near!r}" if near else ""
        raise ConfigError(
            f"{kind} name {name!r}: use lower-case letters, digits and single dashes, a letter first{hint}"
        )
    title = "".join(part.capitalize() for part in name.split("-"))
    return template.replace("NAME", name).replace("CLASS", title)
