"""Findings about groups, their members and what they chose."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from groupbench.core.arrays import distinct
from groupbench.core.errors import cut
from groupbench.data.doctor._finding import EXAMPLES, Finding, named
from groupbench.data.leakage import partitions

if TYPE_CHECKING:
    from groupbench.core.arrays import IntArray
    from groupbench.data.dataset import Dataset
    from groupbench.data.groups import Groups


def group_findings(dataset: Dataset) -> Iterator[Finding]:
    """Groups and members without rows, groups of one, repeated members, items no group chose."""
    groups = dataset.groups
    if groups is None:
        return
    raters = distinct(dataset.ratings.users)
    members = distinct(groups.members)
    silent = np.setdiff1d(members, raters)
    yield Finding(
        "members-without-ratings",
        "members",
        "members of groups without a training row of their own",
        len(silent),
        len(members),
        named("user", dataset.user_ids, silent),
        "note",
    )
    single = np.flatnonzero(groups.sizes == 1)
    examples = named("group", groups.ids, single)
    yield Finding("single-members", "groups", "groups with one member", len(single), len(groups), examples)
    yield _repeated_members(dataset, groups)
    if dataset.group_ratings is not None:
        yield from _choices(dataset, groups, dataset.group_ratings.users)


def _repeated_members(dataset: Dataset, groups: Groups) -> Finding:
    _, first = np.unique(groups.segments.of_row * len(dataset.user_ids) + groups.members, return_index=True)
    again = np.setdiff1d(np.arange(len(groups.members)), first)
    few = again[:EXAMPLES]
    examples = tuple(
        f"group {cut(groups.ids[group])}, user {cut(dataset.user_ids[user])}"
        for group, user in zip(groups.segments.of_row[few], groups.members[few], strict=True)
    )
    title = "members who are in the same group twice"
    return Finding("repeated-memberships", "groups", title, len(again), len(groups.members), examples)


def _choices(dataset: Dataset, groups: Groups, trained: IntArray) -> Iterator[Finding]:
    """Which groups chose nothing, and which items no group chose."""
    held = [part.held.ratings for part in partitions(dataset) if part.of_groups]
    trained = distinct(trained)
    anywhere = distinct(np.concatenate([trained, *(rows.users for rows in held)]))
    never = np.setdiff1d(np.arange(len(groups)), anywhere)
    cold = np.setdiff1d(anywhere, trained)
    for code, title, which in (
        ("groups-without-rows", "groups without any rated item", never),
        ("groups-only-held-out", "groups with held-out rows but no training row", cold),
    ):
        examples = named("group", groups.ids, which)
        yield Finding(code, "groups", title, len(which), len(groups), examples, "note")
    assert dataset.group_ratings is not None
    chosen = np.concatenate([dataset.group_ratings.items, *(rows.items for rows in held)])
    left = np.setdiff1d(np.arange(len(dataset.item_ids)), distinct(chosen))
    examples = named("item", dataset.item_ids, left)
    title = "items that no group ever chose"
    yield Finding("items-never-chosen", "items", title, len(left), len(dataset.item_ids), examples, "note")
