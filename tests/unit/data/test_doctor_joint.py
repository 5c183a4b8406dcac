"""What the doctor says of joint rows and of members, each against a count made with sets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupbench.core.arrays import Segments
from groupbench.data.dataset import Dataset, GivenSplit, HeldOutRows, Ratings
from groupbench.data.doctor import Finding, diagnose
from groupbench.data.groups import Groups

N_USERS, N_ITEMS = 8, 6

Pairs = list[tuple[int, int]]


def rows(pairs: Pairs, n: int, n_items: int = N_ITEMS) -> Ratings:
    users, items = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    return Ratings(users, items, np.ones(len(users)), n, n_items)


def data_of(users: Pairs, groups, joint: Pairs, n_users=N_USERS, n_items=N_ITEMS, held=None) -> Dataset:
    """A data set of users' and groups' pairs; `held` are held-out pairs of users and of groups."""
    given = None
    if held is not None:
        tested = [rows(pairs, n, n_items) for pairs, n in zip(held, (n_users, len(groups)), strict=True)]
        given = GivenSplit(*map(HeldOutRows, tested))
    return Dataset(
        name="made",
        title="Made",
        ratings=rows(users, n_users, n_items),
        user_ids=tuple(f"u{i}" for i in range(n_users)),
        item_ids=tuple(f"i{i}" for i in range(n_items)),
        scale=(1.0, 1.0),
        groups=Groups.from_lists(groups),
        group_ratings=rows(joint, len(groups), n_items),
        given=given,
    )


def found(data: Dataset, code: str, about: str = "group ratings") -> Finding:
    return diagnose(data).find(code, about)


def profiles(pairs: Pairs) -> dict[int, set[int]]:
    of_user: dict[int, set[int]] = {}
    for user, item in pairs:
        of_user.setdefault(user, set()).add(item)
    return of_user


user_pairs = st.lists(st.tuples(st.integers(0, N_USERS - 1), st.integers(0, N_ITEMS - 1)), max_size=20)
group_lists = st.lists(
    st.lists(st.integers(0, N_USERS - 1), min_size=1, max_size=4, unique=True), min_size=3, max_size=3
)
joint_pairs = st.lists(st.tuples(st.integers(0, 2), st.integers(0, N_ITEMS - 1)), min_size=1, max_size=12)


@given(user_pairs, user_pairs, group_lists, joint_pairs, joint_pairs)
def test_joint_rows_of_one_member_are_those_that_sets_give(train, test, groups, joint, held):
    data = data_of(train, groups, joint, held=(test, held))
    rated = profiles(train + test)
    pairs = {(g, i) for g, i in joint + held if len(groups[g]) > 1}
    alone = [(g, i) for g, i in sorted(pairs) if sum(i in rated.get(u, ()) for u in groups[g]) == 1]
    finding = found(data, "joint-rows-of-one-member")
    assert (finding.count, finding.total, finding.severity) == (len(alone), len(pairs), "note")
    assert finding.examples == tuple(f"group {g}, item i{i}" for g, i in alone[:3])


@given(user_pairs, user_pairs, group_lists, joint_pairs)
def test_held_out_rows_of_users_that_their_groups_chose_are_those_that_sets_give(train, test, groups, joint):
    data = data_of(train, groups, joint, held=(test, [(0, 0)]))
    chosen = {(user, item) for group, item in joint for user in groups[group]}
    finding = found(data, "held-out-in-joint-rows", "users")
    assert (finding.count, finding.total) == (sum(pair in chosen for pair in test), len(test))
    assert finding.severity == "note"


def test_held_out_rows_that_are_training_rows_are_found_for_users_as_for_groups():
    data = data_of([(0, 1), (1, 2)], [[0, 1]], [(0, 3)], held=([(0, 1), (0, 2)], [(0, 3), (0, 4)]))
    for about, example in (("users", "user u0, item i1"), ("groups", "group 0, item i3")):
        finding = found(data, "held-out-in-training", about)
        assert (finding.count, finding.total, finding.examples) == (1, 2, (example,))
        assert (finding.severity, finding.fixable) == ("error", True)


def copied_by_sets(users: Pairs, groups, joint: Pairs) -> list[int]:
    rated, chosen = profiles(users), profiles(joint)
    return [
        group
        for group, members in enumerate(groups)
        if len(members) > 1
        and any(
            len(own) >= 20
            and len(own & chosen.get(group, set())) >= 0.9 * len(own)
            and 2 * len(own & chosen[group]) > len(chosen[group])
            for own in (rated.get(u, set()) for u in members)
        )
        and 2 * sum(all(i in rated.get(u, ()) for u in members) for i in chosen[group]) <= len(chosen[group])
    ]


def random_groups(rng: np.random.Generator, n_users: int, n_items: int, n_groups: int):
    """Users who rated items of two halves, and groups of users of one half."""
    users = [
        (u, int(i))
        for u in range(n_users)
        for i in rng.choice(n_items // 2, 25, False) + (u % 2) * n_items // 2
    ]
    groups = [
        list(2 * rng.choice(n_users // 2, int(rng.integers(2, 5)), False) + g % 2) for g in range(n_groups)
    ]
    return users, groups


@pytest.mark.parametrize("seed", range(3))
def test_groups_with_the_profile_of_one_member_are_those_that_sets_give(seed):
    rng = np.random.default_rng(seed)
    users, groups = random_groups(rng, 40, 200, 30)
    rated = profiles(users)
    joint: Pairs = []
    for group, members in enumerate(groups):
        own = [sorted(rated[u]) for u in members]
        whole = own[0][: 25 - group % 5]  # From 21 of 25 rows on it is no longer the whole profile.
        joint += [(group, i) for i in {*whole, *own[1][: 2 * (group % 7)]}]
    expected = copied_by_sets(users, groups, joint)
    finding = found(data_of(users, groups, joint, 40, 200), "joint-rows-of-one-profile")
    assert 0 < len(expected) < len(groups)
    assert (finding.count, finding.total, finding.severity) == (len(expected), 30, "warning")
    assert finding.examples == tuple(f"group {g}" for g in expected[:3])


def test_joint_rows_that_all_members_rated_are_nobodys_profile():
    users = [(u, i) for u in range(4) for i in range(25)]
    data = data_of(users, [[0, 1], [2, 3]], [(g, i) for g in range(2) for i in range(25)], n_items=60)
    assert found(data, "joint-rows-of-one-profile").count == 0


def chosen_by_members(seed: int = 0) -> Dataset:
    """Sixty groups who chose what one of their members rated."""
    rng = np.random.default_rng(seed)
    users, groups = random_groups(rng, 60, 400, 60)
    rated = profiles(users)
    joint = [(g, i) for g, members in enumerate(groups) for i in sorted(rated[members[0]])[:10]]
    return data_of(users, groups, joint, 60, 400)


def permuted(data: Dataset, seed: int) -> Dataset:
    assert data.groups is not None
    members = np.random.default_rng(seed).permutation(data.groups.members)
    return replace(data, groups=Groups(data.groups.ids, data.groups.segments, members))


def test_permuted_members_are_told_from_listed_ones():
    data = chosen_by_members()
    sound = found(data, "members-by-chance", "members")
    assert (sound.count, sound.total) == (0, 60)
    for seed in range(5):
        wrong = found(permuted(data, seed), "members-by-chance", "members")
        assert (wrong.count, wrong.total, wrong.severity) == (60, 60, "warning")
    assert found(data, "members-by-chance", "members") == sound


def test_both_shares_are_those_of_pairs_of_joint_row_and_member():
    data = chosen_by_members()
    assert data.groups is not None
    assert data.group_ratings is not None
    rated = profiles(list(zip(data.ratings.users, data.ratings.items, strict=True)))
    hits = [
        item in rated[user]
        for group, item in zip(data.group_ratings.users, data.group_ratings.items, strict=True)
        for user in data.groups[group]
    ]
    title = found(data, "members-by-chance", "members").title
    listed, others = title.rpartition(": ")[2].split(" against ")
    assert listed == f"{np.mean(hits):.1%}"
    asked = np.repeat(data.group_ratings.items, data.groups.sizes[data.group_ratings.users])
    anybody = [np.mean([item in rated[user] for user in data.groups.members]) for item in asked]
    assert float(others.rstrip("%")) == pytest.approx(100 * np.mean(anybody), abs=1.0)


def test_nothing_is_said_of_members_where_nothing_can_be_told():
    few = chosen_by_members()
    assert few.groups is not None
    assert few.group_ratings is not None
    first = few.group_ratings.take(few.group_ratings.users < 10)
    assert found(permuted(replace(few, group_ratings=first), 0), "members-by-chance", "members").count == 0
    everybody = [(u, i) for u in range(60) for i in range(20)]
    dense = data_of(everybody, [[g, g + 1] for g in range(40)], [(g, g % 20) for g in range(40)], 60, 20)
    assert found(dense, "members-by-chance", "members").count == 0


def test_joint_rows_are_counted_in_blocks_as_at_once(monkeypatch):
    data = chosen_by_members()
    at_once = [f for f in (*diagnose(data).findings, *diagnose(data).sound) if f.code.startswith("joint")]
    monkeypatch.setattr("groupbench.data.doctor._member_rows.BLOCK", 7)
    monkeypatch.setattr("groupbench.data.doctor._heldout.BLOCK", 7)
    assert [found(data, f.code, f.about) for f in at_once] == at_once
    held = data_of([(0, 0)], [[0, 1], [2, 3]], [(0, 1), (0, 2), (1, 3)], held=([(1, 2), (3, 1)], []))
    assert found(held, "held-out-in-joint-rows", "users").examples == ("user u1, item i2",)
    assert isinstance(data.groups.segments, Segments)
