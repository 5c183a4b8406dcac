"""Synthetic groups over MovieLens 100K, as published for DHMAE (SIGIR 2024) and C3 (arXiv 2504.13703).

A group's joint rows are meant to be the films that all of its members rated. As published they are not:
members' films were intersected one member after the other, and the intersection was started anew whenever it
was empty. The clean variant has the joint rows of the stated rule.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from groupbench import Ratings, dataset
from groupbench.core.arrays import Segments
from groupbench.core.seeding import generator
from groupbench.data.dataset import HeldOutRows
from groupbench.data.leakage import partitions, without_leaks
from groupbench.data.loading import Note, clean_variant, layouts

if TYPE_CHECKING:
    from groupbench import Dataset
    from groupbench.core.arrays import BoolArray, IntArray
    from groupbench.data.loading import Source

NAME = "movielens-groups"
NEGATIVES = 100
"""How many films each held-out joint row of the clean variant is ranked against, as in the layout."""


@dataset(NAME)
def load(source: Source) -> Dataset:
    """MovieLens groups (faulty joint rows): 5,000 groups of 943 users; by their rule as `:clean`."""
    published = layouts.agree(source, (1.0, 1.0))
    assert published.groups is not None
    joint = _pairs(published, of_groups=True)
    wrong = joint & ~shared_items(published)
    rows, groups = int(wrong.sum()), int(wrong.any(axis=1).sum())
    if rows:
        text = (
            f"joint rows are meant to be films that all members rated, but {rows:,} of {joint.sum():,}, in "
            f"{groups:,} groups, are not; {NAME}:clean has the joint rows of that rule"
        )
        examples = tuple(
            f"group {published.groups.ids[g]}, item {published.item_ids[i]}"
            for g, i in np.argwhere(wrong)[:3]
        )
        source.note(Note(text, "joint-rows-of-another-rule", rows, int(joint.sum()), examples))
    return published


@clean_variant(NAME)
def rebuild(published: Dataset) -> Dataset:
    """The data set with the joint rows of the stated rule, and without what leaks in its users' rows.

    Groups without a film that all members rated are left out. One joint row of each other group, drawn at
    random, is held out next to `NEGATIVES` films that are no joint rows of it; where a group has one joint
    row, it is that one, as in the published files.
    """
    assert published.groups is not None
    assert published.given is not None
    shared = shared_items(published)
    some: BoolArray = np.asarray(shared.any(axis=1))
    train = shared[some]
    rng = generator(NAME, "clean")
    tested = np.argmax(np.where(train, rng.random(train.shape), -1.0), axis=1)
    sampled = np.argsort(np.where(train, 1.0, rng.random(train.shape)), axis=1)[:, :NEGATIVES]
    train[np.arange(len(train)), tested] = False
    held = _rows(train.shape, np.arange(len(train)), tested)
    sizes = np.full(len(train), NEGATIVES)
    note = (
        f"clean: joint rows are the {shared.sum():,} pairs of a group and a film that all members rated; "
        f"{(~some).sum():,} of {len(some):,} groups, which have none, are left out"
    )
    rebuilt = replace(
        published,
        title=published.title.partition(" (")[0],
        groups=published.groups.take(np.flatnonzero(some)),
        group_ratings=_rows(train.shape, *np.nonzero(train)),
        given=replace(published.given, groups=HeldOutRows(held, sampled.ravel(), Segments.from_sizes(sizes))),
        notes=(note,),
    )
    return without_leaks(rebuilt)


def shared_items(data: Dataset) -> BoolArray:
    """Whether all members of a group have a row with an item, for training or test, (n_groups, n_items)."""
    assert data.groups is not None
    return data.groups.segments.reduce("min", _pairs(data, of_groups=False)[data.groups.members])


def _pairs(data: Dataset, *, of_groups: bool) -> BoolArray:
    """Whether a user, or a group, has a row with an item, (n_raters, n_items)."""
    rows = next(part.rows for part in partitions(data) if part.of_groups == of_groups)
    found = np.zeros((rows[0].n_users, rows[0].n_items), dtype=np.bool_)
    for table in rows:
        found[table.users, table.items] = True
    return found


def _rows(shape: tuple[int, ...], groups: IntArray, items: IntArray) -> Ratings:
    n_groups, n_items = shape
    return Ratings(groups, items, np.ones(len(items)), n_groups, n_items)
