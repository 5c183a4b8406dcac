"""A seeded simulation of ITM-Rec, so that everything runs without a file.

It meets the counts that were published with ITM-Rec (Zheng, LAK 2023) exactly: users, raters, items, rating
rows, pairs rated in two classes, group sizes, joint ratings and both histograms of ratings. Tastes are
latent: an item has a quality and a topic, a student's taste for topics comes partly from gender, age and
marriage. A rating is the rank of quality + taste + noise among all rows. A group's joint rating follows the
members' tastes by a known rule, `1 - MISERY` times their average plus `MISERY` times their least, with noise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from groupbench import Dataset, Groups, Ratings, dataset
from groupbench.core.arrays import FloatArray, IntArray, Segments
from groupbench.core.seeding import generator
from groupbench.data.loading import one_hot, side_by_side

from .itmrec import DATABASE_ITEMS, SCALE, catalogues

if TYPE_CHECKING:
    import pandas as pd

    from groupbench.data.loading import Source

USERS, RATERS, ITEMS = 476, 454, 70
ROWS, JOINT_ROWS, TWICE = 5230, 1117, 432
STARS = (724, 1050, 555, 1348, 1553)
JOINT_STARS = (115, 306, 172, 244, 280)
"""How often each rating occurs; ITM-Rec's page prints 2244 for the fourth, which does not add up to 1117."""
GROUP_SIZES = {2: 88, 3: 42, 4: 9, 5: 4}

CLASSES = ("DB", "DA", "DM")
ENROLMENT = {(0,): 59, (1,): 172, (2,): 105, (0, 1): 20, (0, 2): 14, (1, 2): 70, (0, 1, 2): 14}
"""How many raters took which classes."""
GROUPS_OF_CLASS = (26, 82, 35)
GENDERS, AGES, MARRIED = ("0", "1"), ("<20", "20-25", "26-30", ">30", "31-100"), ("0", "1")
TOPICS = ("health", "transport", "retail", "sport", "finance", "energy", "education")

FACTORS = 4
QUALITY, TASTE, NOISE = 0.55, 0.75, 1.0
MISERY, JOINT_NOISE = 0.2, 0.8


@dataclass(frozen=True)
class World:
    """What is true of the simulated students and topics.

    Attributes:
        traits: (n_users, 3) codes of gender, age and marriage.
        topics: (n_items,) topic of each item.
        tastes: (n_users, n_items) how much each student likes each item.
        fame: (n_items,) log-odds of an item to be chosen for rating.
    """

    traits: IntArray
    topics: IntArray
    tastes: FloatArray
    fame: FloatArray


@dataset("itmrec-sim")
def load(source: Source) -> Dataset:
    """Simulated ITM-Rec: made on the spot from a fixed seed, needs no file."""
    world = _world(generator("itmrec-sim", "world"))
    sessions = _enrol(generator("itmrec-sim", "classes"))
    users, items, classes = _rows(generator("itmrec-sim", "rows"), world, sessions)
    noise = NOISE * generator("itmrec-sim", "ratings").normal(size=ROWS)
    stars = _ranked(world.tastes[users, items] + noise, STARS)
    groups, group_classes = _groups(generator("itmrec-sim", "groups"), sessions)
    joint = _joint(generator("itmrec-sim", "joint"), world, groups, group_classes)
    item_ids = tuple(str(i + 1) for i in range(ITEMS))
    ratings = Ratings(users, items, stars, USERS, ITEMS)
    tables = _tables(world, ratings, classes, groups, joint, group_classes)
    people = tables["users.csv"]
    return Dataset(
        name=source.card.name,
        title=source.card.title,
        ratings=ratings,
        user_ids=tuple(people["UserID"]),
        item_ids=item_ids,
        scale=SCALE,
        groups=groups,
        group_ratings=joint,
        user_features=side_by_side(*(one_hot(c.lower(), people[c]) for c in ("Gender", "Age", "Married"))),
        item_features=one_hot("topic", tables["items.csv"]["Topic"]),
        item_texts=tuple(tables["items.csv"]["Title"]),
        categories=catalogues(item_ids),
        tables=tables,
        simulated=True,
    )


def _world(rng: np.random.Generator) -> World:
    traits = np.column_stack(
        [
            np.searchsorted(np.cumsum(odds), rng.random(USERS), side="right")
            for odds in ((0.41, 0.59), (0.01, 0.44, 0.46, 0.05, 0.04), (0.84, 0.16))
        ]
    )
    topics = rng.permutation(ITEMS) % len(TOPICS)
    effects = rng.normal(size=(3, len(AGES), FACTORS))
    shared = sum(effects[t][traits[:, t]] for t in range(3)) / np.sqrt(3)
    people = 0.6 * shared + 0.8 * rng.normal(size=(USERS, FACTORS))
    things = 0.8 * rng.normal(size=(len(TOPICS), FACTORS))[topics] + 0.6 * rng.normal(size=(ITEMS, FACTORS))
    quality = rng.normal(size=ITEMS)
    likes = np.einsum("uf,if->ui", people, things) / np.sqrt(FACTORS)
    fame = 0.4 * quality + np.where(np.arange(ITEMS) < DATABASE_ITEMS, 0.2, 0.5) * rng.normal(size=ITEMS)
    return World(traits, topics, QUALITY * quality + TASTE * likes, fame)


def _enrol(rng: np.random.Generator) -> IntArray:
    """How many topics each student rates in each class, (n_users, 3); 0 where the class was not taken."""
    kinds = np.array([[c in kind for c in range(3)] for kind in ENROLMENT])
    taken = np.repeat(kinds, list(ENROLMENT.values()), axis=0)
    high = np.where(taken, np.array([46, 24, 16])[taken.sum(axis=1) - 1][:, None], 0)
    high[:, 0] = np.minimum(high[:, 0], DATABASE_ITEMS)
    low = np.where(taken, 6, 0)
    least, most = np.flatnonzero(taken.sum(axis=1) == 1)[0], np.flatnonzero(taken[:, 1] & taken[:, 2])[0]
    low[least] = high[least] = np.where(taken[least], 3, 0)
    low[most] = high[most] = (0, 26, 25)
    sizes = _spread(rng, low.ravel(), high.ravel(), ROWS).reshape(RATERS, 3)
    enrolled = np.zeros((USERS, 3), dtype=np.int64)
    enrolled[np.sort(rng.permutation(USERS)[:RATERS])] = sizes[rng.permutation(RATERS)]
    return enrolled


def _rows(rng: np.random.Generator, world: World, sizes: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """Who rates what in which class: (user, item, class) of each row, (n_rows,) each.

    Topics that a student feels strongly about are rated more often. `TWICE` rows of class DM are topics
    that the student rated in class DA too.
    """
    keys = world.fame + 0.4 * np.abs(world.tastes) - np.log(-np.log(rng.random((3, USERS, ITEMS))))
    database = np.arange(ITEMS) < DATABASE_ITEMS
    keys = np.where(np.stack([database, ~database, ~database])[:, None, :], keys, -np.inf)
    both, offered = np.minimum(sizes[:, 1], sizes[:, 2]), ITEMS - DATABASE_ITEMS
    again = _spread(rng, np.maximum(sizes[:, 1] + sizes[:, 2] - offered, 0) * (both > 0), both, TWICE)
    first, second = _best(keys[0], sizes[:, 0]), _best(keys[1], sizes[:, 1])
    third = _best(np.where(second, keys[2], -np.inf), again)
    third |= _best(np.where(second, -np.inf, keys[2]), sizes[:, 2] - again)
    users, classes, items = np.nonzero(np.stack([first, second, third], axis=1))
    return users, items, classes


def _groups(rng: np.random.Generator, sessions: IntArray) -> tuple[Groups, IntArray]:
    """Natural groups and the class of each: in every class, students in random order are cut into groups."""
    sizes = rng.permutation(np.repeat(list(GROUP_SIZES), list(GROUP_SIZES.values())))
    classes = np.repeat(np.arange(3), GROUPS_OF_CLASS)
    members = np.concatenate(
        [rng.permutation(np.flatnonzero(sessions[:, c]))[: sizes[classes == c].sum()] for c in range(3)]
    )
    segments = Segments.from_sizes(sizes)
    order = np.lexsort((members, segments.of_row))
    return Groups(tuple(str(101 + g) for g in range(len(sizes))), segments, members[order]), classes


def _joint(rng: np.random.Generator, world: World, groups: Groups, classes: IntArray) -> Ratings:
    """Joint ratings: 5 to 22 topics of each group's class, rated by average with a little least misery."""
    tastes = world.tastes[groups.members]
    common = (1 - MISERY) * groups.segments.mean(tastes) + MISERY * groups.segments.reduce("min", tastes)
    low, high = np.full(len(groups), 6), np.full(len(groups), 16)
    low[0] = high[0] = 5
    low[-1] = high[-1] = 22
    offered = (classes == 0)[:, None] == (np.arange(ITEMS) < DATABASE_ITEMS)[None, :]
    keys = world.fame + 0.4 * np.abs(common) - np.log(-np.log(rng.random((len(groups), ITEMS))))
    chosen = _best(np.where(offered, keys, -np.inf), _spread(rng, low, high, JOINT_ROWS))
    raters, items = np.nonzero(chosen)
    stars = _ranked(common[raters, items] + JOINT_NOISE * rng.normal(size=JOINT_ROWS), JOINT_STARS)
    return Ratings(raters, items, stars, len(groups), ITEMS)


def _spread(rng: np.random.Generator, low: IntArray, high: IntArray, total: int) -> IntArray:
    """Skewed random integers between `low` and `high`, (n,), that add up to `total`."""
    weights = -np.log(1 - rng.random(len(low)))
    small, large = 0.0, 1e6
    for _ in range(60):
        scale = (small + large) / 2
        values = np.minimum(low + np.floor(scale * weights).astype(np.int64), high)
        small, large = (scale, large) if values.sum() <= total else (small, scale)
    values = np.minimum(low + np.floor(small * weights).astype(np.int64), high)
    room = np.flatnonzero(values < high)
    values[room[: total - values.sum()]] += 1
    return values


def _best(keys: FloatArray, counts: IntArray) -> np.ndarray:
    """Mark the `counts`, (n,), highest keys of each row, (n, m)."""
    ranks = np.argsort(np.argsort(-np.round(keys, 9), axis=1, kind="stable"), axis=1, kind="stable")
    return ranks < counts[:, None]


def _ranked(values: FloatArray, histogram: tuple[int, ...]) -> FloatArray:
    """Stars 1, 2, ... for `values`, (n,), from lowest to highest, each as often as `histogram` says."""
    stars = np.empty(len(values))
    order = np.argsort(np.round(values, 9), kind="stable")
    stars[order] = np.repeat(np.arange(1.0, len(histogram) + 1), histogram)
    return stars


def _tables(
    world: World, ratings: Ratings, classes: IntArray, groups: Groups, joint: Ratings, group_classes: IntArray
) -> dict[str, pd.DataFrame]:
    """The tables under the column names of the original files, as far as they are simulated."""
    import pandas as pd

    user_ids = np.array([str(1001 + u) for u in range(USERS)], dtype=object)
    topics = np.array(TOPICS, dtype=object)[world.topics]
    codes = np.array(CLASSES, dtype=object)
    group_ids = np.array(groups.ids, dtype=object)
    item_ids = np.array([str(i + 1) for i in range(ITEMS)], dtype=object)
    levels = (("Gender", GENDERS), ("Age", AGES), ("Married", MARRIED))
    people = {name: np.array(of, dtype=object)[world.traits[:, t]] for t, (name, of) in enumerate(levels)}
    titles = [f"{topic.capitalize()} project {i}" for topic, i in zip(topics, item_ids, strict=True)]

    def rated(raters: dict[str, np.ndarray], rows: Ratings, of_row: IntArray) -> pd.DataFrame:
        columns = {"Item": item_ids[rows.items], "Rating": rows.values, "Class": codes[of_row]}
        return pd.DataFrame(raters | columns)

    return {
        "users.csv": pd.DataFrame({"UserID": user_ids} | people),
        "items.csv": pd.DataFrame({"Item": item_ids, "Title": titles, "Topic": topics}),
        "ratings.csv": rated({"UserID": user_ids[ratings.users]}, ratings, classes),
        "group_ratings.csv": rated({"GroupID": group_ids[joint.users]}, joint, group_classes[joint.users]),
    }
