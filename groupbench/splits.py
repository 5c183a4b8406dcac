"""Which rows are held out."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor
from typing import TYPE_CHECKING

import numpy as np

from groupbench.arrays import IntArray
from groupbench.errors import ConfigError

if TYPE_CHECKING:
    from groupbench.data import Ratings


@dataclass(frozen=True)
class Split:
    """Row indices of the training and the held-out ratings, each in ascending order."""

    train: IntArray
    held_out: IntArray


def ratio_split(ratings: Ratings, ratio: float, rng: np.random.Generator) -> Split:
    """Put a random share `ratio` of the rows into training (rounded down) and hold out the rest.

    Raises:
        ConfigError: if either side would be empty.
    """
    n = len(ratings)
    n_train = floor(n * ratio + 1e-9)  # 0.29 * 100 is a little less than 29 in binary floating point
    if not 0 < n_train < n:
        raise ConfigError(
            f"ratio={ratio} leaves {n_train} of {n} ratings for training and {n - n_train} held out; "
            "choose a ratio that leaves rows on both sides"
        )
    order = rng.permutation(n)
    return Split(np.sort(order[:n_train]), np.sort(order[n_train:]))
