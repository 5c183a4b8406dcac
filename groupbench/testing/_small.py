"""Small seeded training data that shows everything a method has to cope with."""

from __future__ import annotations

import numpy as np

from groupbench.core.arrays import FloatArray, IntArray, frozen
from groupbench.data.dataset import Features, Ratings
from groupbench.data.groups import Groups
from groupbench.data.social import SocialTies
from groupbench.models.recommender import TrainingData

N_USERS, N_ITEMS = 32, 24
COLD_USERS = np.array([30, 31])
COLD_ITEMS = np.array([22, 23])


def small_training(seed: int = 0, *, bare: bool = False) -> TrainingData:
    """Ratings from 1 to 5 of 32 users on 24 items, drawn from two latent tastes.

    The last two users and the last two items have no rows, the last group has cold members only,
    four pairs are rated twice, and group sizes differ.

    Args:
        seed: decides the ratings, features and groups.
        bare: leave out what not every data set has: features, joint ratings, social ties and texts.
    """
    rng = np.random.default_rng(seed)
    warm_users, warm_items = N_USERS - len(COLD_USERS), N_ITEMS - len(COLD_ITEMS)
    tastes = rng.normal(size=(N_USERS, 2)) @ rng.normal(size=(2, N_ITEMS)) + rng.normal(size=N_ITEMS)
    pairs = rng.permutation(warm_users * warm_items)[:260]
    pairs = np.append(pairs, pairs[:4])
    ratings = _rated(rng, tastes, pairs // warm_items, pairs % warm_items)
    labels = np.append(rng.permutation(np.minimum(np.arange(warm_users) % 7, 4)), [5, 5])
    groups = Groups.from_labels(labels)
    if bare:
        return TrainingData(ratings=ratings, scale=(1.0, 5.0), groups=groups)
    means = groups.segments.mean(tastes[groups.members])
    joint = rng.permutation((len(groups) - 1) * warm_items)[:40]
    return TrainingData(
        ratings=ratings,
        scale=(1.0, 5.0),
        groups=groups,
        group_ratings=_rated(rng, means, joint // warm_items, joint % warm_items),
        user_features=_features(rng, N_USERS),
        item_features=_features(rng, N_ITEMS),
        item_texts=tuple(f"{'tart' if i % 2 else 'sweet'} fruit" if i % 5 else "" for i in range(N_ITEMS)),
        social=SocialTies.of(np.arange(N_USERS), np.roll(np.arange(N_USERS), 1)),
    )


def small_truth() -> FloatArray:
    """Ratings from 1 to 5 that reference rows are scored by, (7, 5), read-only."""
    return frozen(np.random.default_rng(0).integers(1, 6, (7, 5)), np.float64)


def _rated(rng: np.random.Generator, tastes: FloatArray, rows: IntArray, items: IntArray) -> Ratings:
    values = np.clip(np.rint(3.3 + tastes[rows, items] + rng.normal(0, 0.4, len(rows))), 1, 5)
    return Ratings(rows, items, values, *tastes.shape)


def _features(rng: np.random.Generator, n: int) -> Features:
    return Features(("kind=a", "kind=b", "kind=c"), np.eye(3)[rng.integers(0, 3, n)])
