"""Data sets of growing size for the scale study, made on the spot: 20 ratings a user, a group for 5 users."""

from __future__ import annotations

import numpy as np

from groupbench import Dataset, Groups, Ratings, dataset
from groupbench.core.arrays import IntArray, Segments
from groupbench.core.seeding import generator
from groupbench.data.loading import Source

SCALE = (1.0, 5.0)
RATINGS_EACH, FACTORS = 20, 4
USERS_A_GROUP, MEMBERS = 5, 4


@dataset("scale-10k", n_users=10_000, n_items=1_000)
@dataset("scale-32k", n_users=32_000, n_items=3_200)
@dataset("scale-100k", n_users=100_000, n_items=10_000)
@dataset("scale-320k", n_users=320_000, n_items=32_000)
@dataset("scale-1m", n_users=1_000_000, n_items=100_000)
def load(source: Source, n_users: int, n_items: int) -> Dataset:
    """Tastes in a few dimensions, items whose popularity falls off as in catalogues, groups drawn evenly."""
    rng = generator("scale", n_users, n_items)
    users, items = _rated(rng, n_users, n_items)
    people, things = (rng.normal(size=(n, FACTORS)).astype(np.float32) for n in (n_users, n_items))
    taste = np.einsum("rf,rf->r", people[users], things[items]) / np.sqrt(FACTORS)
    quality = rng.normal(size=n_items)[items]
    stars = np.rint(3.3 + 0.6 * quality + 0.6 * taste + 0.6 * rng.normal(size=len(users)))
    n_groups = n_users // USERS_A_GROUP
    members = rng.integers(0, n_users // MEMBERS, (n_groups, MEMBERS)) * MEMBERS + np.arange(MEMBERS)
    segments = Segments.from_sizes(np.full(n_groups, MEMBERS))
    return Dataset(
        name=source.card.name,
        title=f"{n_users} users, simulated",
        ratings=Ratings(users, items, np.clip(stars, *SCALE), n_users, n_items),
        user_ids=tuple(map(str, range(n_users))),
        item_ids=tuple(map(str, range(n_items))),
        scale=SCALE,
        groups=Groups(tuple(map(str, range(n_groups))), segments, members.ravel()),
        simulated=True,
    )


def _rated(rng: np.random.Generator, n_users: int, n_items: int) -> tuple[IntArray, IntArray]:
    """Distinct (user, item) pairs, (n_rows,) each; a few more are drawn than are kept."""
    odds = np.cumsum(1 / (np.arange(n_items) + 30) ** 0.8)
    drawn = np.searchsorted(odds, odds[-1] * rng.random(int(1.05 * RATINGS_EACH * n_users)))
    pairs = np.unique(rng.integers(0, n_users, len(drawn)) * n_items + drawn)
    kept = np.sort(rng.permutation(len(pairs))[: RATINGS_EACH * n_users])
    return np.divmod(pairs[kept], n_items)
