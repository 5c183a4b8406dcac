"""The inner split: the protocol again, on nothing but the training rows of one of its seeds.

Hyperparameters are chosen on what this holds out, so nothing that a seed holds out decides about its own
values. Other seeds of a random split hold out other rows, some of which are training rows here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from groupbench.core.arrays import Segments, chunks, distinct, in_sorted
from groupbench.core.errors import ConfigError
from groupbench.core.seeding import generator
from groupbench.data.dataset import Dataset, GivenSplit, HeldOutRows, Ratings
from groupbench.data.leakage import member_pairs, pairs
from groupbench.evaluation.splits import leave_one_out

if TYPE_CHECKING:
    from groupbench.data.groups import Groups
    from groupbench.evaluation.protocols import Protocol
    from groupbench.evaluation.task import Task

_CELLS = 2**22
"""Random numbers drawn at once while negatives are sampled."""


def inner_task(dataset: Dataset, protocol: Protocol, seed: int, repeat: int) -> Task:
    """What `protocol` makes of the training rows of `seed`, held out anew for the given `repeat`.

    Raises:
        ConfigError: if too few training rows are left to be split again.
    """
    return protocol.prepare(inner_dataset(dataset, protocol, seed, repeat), repeat)


def inner_dataset(dataset: Dataset, protocol: Protocol, seed: int, repeat: int = 0) -> Dataset:
    """The data set as it would be if the training rows of `seed` were all there is.

    Where the protocol holds out whole groups, members keep all their own rows, here as there. A split that
    came with the data is replaced by one of its training rows: its own validation rows where it has them,
    else one item of every rater with two or more (the latest, or a random one without timestamps), against as
    many sampled items that the rater has no training row with as the outer rows have at most. `repeat` draws
    those; elsewhere it changes nothing.

    Raises:
        ConfigError: if no rater of a given split has two training items.
    """
    outer = protocol.prepare(dataset, seed)
    inner = f"without the held-out rows of seed {seed}"
    name, label = f"{dataset.name} {inner}", f"{dataset.seed_label} {inner}"
    rows, joint = outer.train.ratings, outer.train.group_ratings
    if outer.given is None:
        return replace(dataset, name=name, ratings=rows, group_ratings=joint, given=None)
    users = _held_again(outer.given, "users", rows, generator(label, "users", repeat))
    groups = _held_again(outer.given, "groups", joint, generator(label, "groups", repeat))
    if users is None and groups is None:
        raise ConfigError(
            f"dataset {dataset.name}: no rater has two training items, of which one could be held out to "
            "tune on; its hyperparameters cannot be tuned"
        )
    # Groups that are held out whole are known by their members, so those keep what they chose.
    kept = _undisclosed(rows, dataset.groups, groups) if protocol.knows_groups else rows
    return replace(
        dataset,
        name=name,
        ratings=_without(kept, users),
        group_ratings=None if joint is None else _without(joint, groups),
        given=GivenSplit(users=users, groups=groups),
    )


def _held_again(
    given: GivenSplit, kind: Literal["users", "groups"], rows: Ratings | None, rng: np.random.Generator
) -> HeldOutRows | None:
    """What to hold out in place of the given held-out rows of a kind, or None where nothing can be."""
    outer: HeldOutRows | None = getattr(given, kind)
    validation: HeldOutRows | None = getattr(given, f"validation_{kind}")
    if outer is None or validation is not None or rows is None:
        return validation
    held_out = _one_each(rows, rng)
    if held_out is None or outer.segments is None:
        return None if held_out is None else HeldOutRows(held_out)
    return against_negatives(held_out, rows, int(outer.segments.sizes.max()), rng)


def _one_each(rows: Ratings, rng: np.random.Generator) -> Ratings | None:
    """One row of every rater with two items or more, but not all; None if there is no such rater."""
    distinct = rows.take(np.sort(np.unique(pairs(rows), return_index=True)[1]))
    counts = np.bincount(distinct.users, minlength=rows.n_users)[distinct.users]
    several = distinct.take((counts > 1) & (counts < rows.n_items))
    return several.take(leave_one_out(several, rng).held_out) if len(several) else None


def _without(rows: Ratings, held_out: HeldOutRows | None) -> Ratings:
    return rows if held_out is None else rows.take(~np.isin(pairs(rows), pairs(held_out.ratings)))


def _undisclosed(rows: Ratings, groups: Groups | None, held_out: HeldOutRows | None) -> Ratings:
    """`rows` of users without those in which a member chose what its group is to be evaluated on.

    Where a group's choice is also written down as each member's own, they would give it away.
    """
    if groups is None or held_out is None:
        return rows
    given_away = distinct(member_pairs(groups, held_out.ratings))
    return rows.take(~in_sorted(pairs(rows), given_away))


def against_negatives(held_out: Ratings, rows: Ratings, n: int, rng: np.random.Generator) -> HeldOutRows:
    """Held-out rows with sampled items beside each.

    Args:
        held_out: the rows.
        rows: what the raters chose, of which nothing is sampled.
        n: distinct items for each row, or all there are.
        rng: draws them, uniformly.
    """
    matrix, n = rows.matrix(), min(n, rows.n_items)
    negatives, sizes = [], []
    for part in chunks(len(held_out), rows.n_items, _CELLS):
        theirs = matrix[held_out.users[part]]
        order = rng.random(theirs.shape)
        order[np.repeat(np.arange(len(order)), np.diff(theirs.indptr)), theirs.indices] = np.inf
        items = np.argpartition(order, n - 1, axis=1)[:, :n]
        unseen = np.isfinite(np.take_along_axis(order, items, axis=1))
        negatives.append(items[unseen])
        sizes.append(unseen.sum(axis=1))
    return HeldOutRows(held_out, np.concatenate(negatives), Segments.from_sizes(np.concatenate(sizes)))
