"""Findings about joint rows that members do not explain, or one of them alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from groupbench.core.arrays import distinct
from groupbench.core.seeding import generator
from groupbench.data.doctor._finding import Finding, named
from groupbench.data.doctor._member_rows import MemberRows

if TYPE_CHECKING:
    from groupbench.core.arrays import IntArray
    from groupbench.data.dataset import Dataset
    from groupbench.data.groups import Groups

LEAST_PROFILE = 20
"""The joint rows of a group may hold all rows of a member with fewer by chance."""
WHOLE = 0.9
"""From this share on, rows of a member are the whole profile."""

PERMUTATIONS = 20
MOST_PAIRS = 20_000
"""The most joint pairs, drawn at random, on which permuted members are tried."""
LEAST_GROUPS = 20
LEAST_HITS = 20
"""With fewer groups, or fewer pairs that permuted members have by chance, nothing is said of members."""
DENSE = 0.5
"""Where permuted members have more of the pairs than this, whose they are cannot be told from them."""
DEVIATIONS, CLEARLY = 3, 1.1
"""Listed members should have this many standard deviations, and times, more than permuted ones."""


def joint_findings(dataset: Dataset) -> Iterator[Finding]:
    """Joint rows of one member alone, of one member's whole profile, and of what looks like other members."""
    groups = dataset.groups
    if groups is None or dataset.group_ratings is None:
        return
    rows = MemberRows.of(dataset)
    of_pair, of_member = rows.hits(groups)
    several = groups.sizes[rows.groups] > 1
    alone = (of_pair == 1) & several
    yield Finding(
        "joint-rows-of-one-member",
        "group ratings",
        "joint pairs of groups of several whose item one member alone has rated",
        int(alone.sum()),
        int(several.sum()),
        rows.named(dataset, alone),
        "note",
    )
    copied = _copied(rows, groups, of_pair, of_member)
    yield Finding(
        "joint-rows-of-one-profile",
        "group ratings",
        "groups most of whose joint rows are one member's whole profile",
        len(copied),
        len(distinct(rows.groups)),
        named("group", groups.ids, copied),
    )
    yield _permuted(rows, groups)


def _copied(rows: MemberRows, groups: Groups, of_pair: IntArray, of_member: IntArray) -> IntArray:
    """The groups most of whose joint rows are one member's profile, and at most half all members'."""
    chosen = np.bincount(rows.groups, minlength=len(groups))
    shared = np.bincount(rows.groups[of_pair == groups.sizes[rows.groups]], minlength=len(groups))
    profiles = rows.profiles[groups.members]
    whole = (profiles >= LEAST_PROFILE) & (of_member >= WHOLE * profiles)
    most = whole & (2 * of_member > chosen[groups.segments.of_row])
    found = groups.segments.reduce("any", most) & (groups.sizes > 1) & (2 * shared <= chosen)
    return np.flatnonzero(found)


def _permuted(rows: MemberRows, groups: Groups) -> Finding:
    """Compare how much members rated of what their groups chose with the same of permuted members."""
    rng = generator("doctor", "permuted members")
    few = rows.sampled(MOST_PAIRS, rng)
    asked = int(groups.sizes[few.groups].sum())
    listed = int(few.hits(groups)[0].sum())
    others = np.zeros(PERMUTATIONS)
    for i in range(PERMUTATIONS):
        others[i] = few.hits(replace(groups, members=rng.permutation(groups.members)))[0].sum()
    mean = others.mean()
    n_groups = len(distinct(rows.groups))
    telling = n_groups >= LEAST_GROUPS and LEAST_HITS <= mean <= DENSE * asked
    clear = listed > max(mean + DEVIATIONS * others.std(), CLEARLY * mean)
    title = (
        "groups whose members rated no more of what the group chose than permuted members did: "
        f"{listed / max(asked, 1):.1%} against {mean / max(asked, 1):.1%}"
    )
    count = n_groups if telling and not clear else 0
    return Finding("members-by-chance", "members", title, count, n_groups)
