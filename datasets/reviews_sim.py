"""Simulated reviews whose words tell what an item is about, so that it is known what a text model can find.

An item has two of fourteen themes, one of 91 topics; a user likes two topics. A description has words of both
themes among others that say nothing, a review one of each and two others. Users choose among the items of
their topics that are old; groups, whose members share a topic, choose among all items of it. New items, more
than half, have no rows of users and few of groups: what tells their topic is their text. In the control,
`reviews-sim-shuffled`, the texts of all items, and those of all rows, are dealt out at random.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from groupbench import Dataset, Groups, Ratings, dataset
from groupbench.core.arrays import IntArray, Segments
from groupbench.core.seeding import generator

if TYPE_CHECKING:
    from groupbench.data.loading import Source

NAME = "reviews-sim"
USERS, GROUPS = 455, 91
ITEMS_OF_TOPIC, OLD = 8, 3
ROWS, JOINT_ROWS = 5, 4
"""Items that each user, and each group, chose."""
SIZES = (2, 3, 4)
"""Sizes of groups, one after the other."""
TOLD, FILLED = 3, 6
"""Words of each of its themes, and other words, in a description."""

THEMES = {
    "sea": "harbor sail anchor tide reef captain deck lighthouse storm island",
    "mountain": "summit glacier ridge climb rope alpine hut cliff avalanche valley",
    "kitchen": "oven dough garlic simmer recipe butter roast spice chef sauce",
    "music": "violin chorus melody orchestra rhythm concert guitar drum opera tune",
    "court": "judge verdict witness lawyer trial jury prison evidence appeal crime",
    "space": "orbit planet comet rocket lunar galaxy astronaut telescope meteor satellite",
    "garden": "rose soil prune seed orchard hedge tulip compost blossom greenhouse",
    "race": "engine lap driver circuit tire pit throttle overtake grid podium",
    "history": "empire king throne castle treaty dynasty crusade medieval archive ruins",
    "winter": "snow ski frost sled ice blizzard fireplace skates icicle mitten",
    "farm": "barn tractor wheat cattle harvest pasture plough hen fence stable",
    "school": "lesson teacher exam blackboard homework grammar algebra pupil classroom diploma",
    "desert": "dune camel oasis cactus nomad mirage caravan sandstone thirst scorpion",
    "city": "subway skyscraper traffic plaza apartment tram mayor neon sidewalk crowd",
}
"""Each theme with its words."""
FILLERS = (
    "story people young great long small simple famous new best quiet whole early modern classic popular "
    "strong visit family friend together moment evening journey weekend season"
)
"""Words that stand in texts of every theme."""


TOPICS = tuple(combinations(range(len(THEMES)), 2))
"""The themes of each topic."""
N_ITEMS = len(TOPICS) * ITEMS_OF_TOPIC


@dataset(NAME)
def load(source: Source) -> Dataset:
    """Simulated reviews: 455 users and 91 groups choose items by topics that texts tell; needs no file."""
    rng = generator(NAME, "world")
    first = rng.permutation(USERS) % len(TOPICS)
    second = (first + rng.integers(1, len(TOPICS), USERS)) % len(TOPICS)
    of_items = np.repeat(np.arange(len(TOPICS)), ITEMS_OF_TOPIC)
    old = np.arange(N_ITEMS) % ITEMS_OF_TOPIC < OLD
    liked = ((first[:, None] == of_items) | (second[:, None] == of_items)) & old
    groups, shared = _groups(generator(NAME, "groups"), first)
    rows = _chosen(generator(NAME, "rows"), liked, ROWS)
    reviews = _texts(generator(NAME, "reviews"), of_items[rows.items], 1, 2)
    return Dataset(
        name=source.card.name,
        title=source.card.title,
        ratings=replace(rows, texts=reviews),
        user_ids=tuple(f"u{u + 1:03d}" for u in range(USERS)),
        item_ids=tuple(f"i{i + 1:03d}" for i in range(N_ITEMS)),
        scale=(1.0, 1.0),
        groups=groups,
        group_ratings=_chosen(generator(NAME, "joint"), shared[:, None] == of_items, JOINT_ROWS),
        item_texts=_texts(generator(NAME, "descriptions"), of_items, TOLD, FILLED),
        simulated=True,
    )


@dataset(f"{NAME}-shuffled")
def shuffled(source: Source) -> Dataset:
    """Simulated reviews, the control: the same rows and texts, dealt out among items and rows at random."""
    data = load(source)
    assert data.item_texts is not None
    assert data.ratings.texts is not None
    rng = generator(NAME, "shuffled")
    texts, reviews = np.array(data.item_texts, dtype=object), np.array(data.ratings.texts, dtype=object)
    ratings = replace(data.ratings, texts=tuple(rng.permutation(reviews)))
    return replace(data, item_texts=tuple(rng.permutation(texts)), ratings=ratings)


def _groups(rng: np.random.Generator, tastes: IntArray) -> tuple[Groups, IntArray]:
    """Natural groups of users who like the same topic first, and that topic of each."""
    sizes, shared = np.resize(SIZES, GROUPS), rng.permutation(np.arange(GROUPS) % len(TOPICS))
    of_group = [
        np.sort(rng.choice(np.flatnonzero(tastes == topic), size, replace=False))
        for topic, size in zip(shared, sizes, strict=True)
    ]
    ids = tuple(f"g{g + 1:03d}" for g in range(GROUPS))
    return Groups(ids, Segments.from_sizes(sizes), np.concatenate(of_group)), shared


def _chosen(rng: np.random.Generator, liked: np.ndarray, n: int) -> Ratings:
    """`n` random items of those that each rater likes, (n_raters, n_items) truth values."""
    keys = np.where(liked, rng.random(liked.shape), -1.0)
    raters, items = np.nonzero(np.argsort(np.argsort(-keys, axis=1), axis=1) < n)
    return Ratings(raters, items, np.ones(len(items)), *liked.shape)


def _texts(rng: np.random.Generator, topics: IntArray, told: int, filled: int) -> tuple[str, ...]:
    """A text for each of `topics`, (n,): `told` words of each theme and `filled` others, in random order."""
    words, fillers = [about.split() for about in THEMES.values()], FILLERS.split()
    return tuple(
        " ".join(
            rng.permutation(
                [
                    *(word for theme in TOPICS[topic] for word in rng.choice(words[theme], told)),
                    *rng.choice(fillers, filled),
                ]
            )
        )
        for topic in topics.tolist()
    )
