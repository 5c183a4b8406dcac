"""The file that a new method starts from."""

from __future__ import annotations

import re

from groupbench.core.errors import ConfigError

_TEMPLATE = '''"""NAME: say what it does and which paper it comes from."""

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


def method_template(name: str) -> str:
    """The text of a working method file that registers `name`.

    Raises:
        ConfigError: if `name` is not made of lower-case letters, digits and single dashes,
            with a letter first.
    """
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        near = "-".join(re.findall("[a-z0-9]+", name.lower())).lstrip("0123456789-")
        hint = f"; try {near!r}" if near else ""
        raise ConfigError(
            f"method name {name!r}: use lower-case letters, digits and single dashes, a letter first{hint}"
        )
    title = "".join(part.capitalize() for part in name.split("-"))
    return _TEMPLATE.replace("NAME", name).replace("CLASS", title)
