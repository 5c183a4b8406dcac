"""The protocol given with whole groups held out: what is pooled, drawn, left for training and evaluated."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupbench.core.arrays import Segments
from groupbench.core.errors import ConfigError
from groupbench.core.registry import methods
from groupbench.data.dataset import Dataset, GivenSplit, HeldOutRows, Ratings
from groupbench.data.groups import Groups
from groupbench.data.leakage import pairs
from groupbench.evaluation.evaluate import unsuited
from groupbench.evaluation.inner_split import inner_task
from groupbench.evaluation.protocols import make_protocol
from groupbench.models.group_adapter import GroupsAsUsers

N_USERS, N_ITEMS, N_GROUPS = 12, 15, 10
COLD = {"name": "given", "held": "groups"}


def rows(rng, n_raters, n):
    picked = rng.choice(n_raters * N_ITEMS, n, replace=False)
    return Ratings(picked // N_ITEMS, picked % N_ITEMS, np.ones(n), n_raters, N_ITEMS)


def held_out(rng, n_raters, n, most=4):
    held = rows(rng, n_raters, n)
    sizes = rng.integers(1, most, n)
    return HeldOutRows(held, rng.integers(0, N_ITEMS, sizes.sum()), Segments.from_sizes(sizes))


def make(seed=0, *, negatives=True, validation=True):
    rng = np.random.default_rng(seed)
    test, tuned = held_out(rng, N_GROUPS, 14), HeldOutRows(rows(rng, N_GROUPS, 9))
    return Dataset(
        name="small",
        title="Small",
        ratings=rows(rng, N_USERS, 60),
        user_ids=tuple(f"u{u}" for u in range(N_USERS)),
        item_ids=tuple(f"i{i}" for i in range(N_ITEMS)),
        scale=(1.0, 1.0),
        groups=Groups.from_lists([[g, g + 1, (g + 7) % N_USERS] for g in range(N_GROUPS)]),
        group_ratings=rows(rng, N_GROUPS, 40),
        given=GivenSplit(
            users=held_out(rng, N_USERS, 8),
            groups=test if negatives else HeldOutRows(test.ratings),
            validation_groups=tuned if validation else None,
        ),
    )


def split(data, seed=0, **options):
    return make_protocol({**COLD, **options}).prepare(data, seed)


def lists_of(held):
    """By (group, item) the negatives beside it."""
    cut = np.split(held.negatives, held.segments.offsets[1:-1])
    return dict(zip(pairs(held.ratings).tolist(), map(np.ndarray.tolist, cut), strict=True))


@given(seed=st.integers(0, 50), share=st.sampled_from([0.1, 0.2, 0.5, 0.9]), validation=st.booleans())
def test_all_rows_of_a_share_of_the_groups_are_held_out_and_each_row_counts_once(seed, share, validation):
    data = make(seed, validation=validation)
    task = split(data, seed, share=share)
    everything = [data.given.groups.ratings, data.group_ratings]
    everything += [data.given.validation_groups.ratings] if validation else []
    expected = set(np.concatenate([pairs(part) for part in everything]).tolist())
    cold, warm = task.given.groups.ratings, task.train.group_ratings
    assert not set(cold.users) & set(warm.users)
    assert sorted([*pairs(cold), *pairs(warm)]) == sorted(expected)
    groups = {pair // N_ITEMS for pair in expected}
    assert len(set(cold.users)) == round(share * len(groups))
    assert pairs(task.train.ratings).tolist() == pairs(data.ratings).tolist()
    assert task.given.users is task.given.validation_groups is task.given.validation_users is None


def test_a_seed_draws_groups_and_another_seed_others():
    data = make()
    drawn = [set(split(data, seed).given.groups.ratings.users.tolist()) for seed in (0, 0, 1, 2)]
    assert drawn[0] == drawn[1]
    assert len(set(map(frozenset, drawn))) > 1


@pytest.mark.parametrize("seed", range(5))
def test_negatives_stay_with_the_rows_that_came_with_them(seed):
    data = make(seed)
    task = split(data, seed, share=0.5)
    came, now = lists_of(data.given.groups), lists_of(task.given.groups)
    assert now == {pair: came.get(pair, []) for pair in now}
    cases = {case.view.name: case for case in make_protocol(COLD).make_cases(task)[0]}
    sampled = cases["sampled-group"].lists
    truth = sampled.truths
    listed = sampled.entities[truth.lists] * N_ITEMS + truth.items
    assert sorted(listed) == sorted(pair for pair in now if pair in came)
    assert sampled.sizes.min() > 1
    full = cases["full-group"].lists
    assert sorted(full.entities[full.truths.lists] * N_ITEMS + full.truths.items) == sorted(now)


def test_without_negatives_only_full_lists_are_evaluated():
    task = split(make(negatives=False))
    cases, reasons = make_protocol(COLD).make_cases(task)
    assert [case.view.name for case in cases] == ["full-group"]
    assert "came without sampled negatives" in reasons["sampled-group"]
    assert "no held-out user rows" in reasons["full-user"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"share": 0.01}, "share=0.01 holds out 0 of 10 groups with rows; choose a share that leaves groups"),
        (
            {"held": "rows", "share": 0.3},
            "share=0.3 is of groups that are held out; add --option held=groups",
        ),
        ({"share": 1}, "share=1"),
    ],
)
def test_a_share_that_cannot_be_is_refused(options, says):
    with pytest.raises(ConfigError, match=says):
        split(make(), **options)


def test_data_without_rows_of_groups_is_refused():
    data = replace(make(), group_ratings=None, given=GivenSplit(users=make().given.users))
    with pytest.raises(ConfigError, match="small has no rows of groups; use --option held=rows"):
        split(data)


def test_the_options_leave_the_keys_of_older_jobs_alone():
    assert set(make_protocol({"name": "given"}).model_dump()) == {"name", "tau"}
    protocol = make_protocol({**COLD, "share": 0.3})
    assert protocol.model_dump() == {"name": "given", "tau": None, "held": "groups", "share": 0.3}
    assert protocol.label == "given+held=groups+share=0.3"


@pytest.mark.parametrize(("held", "suits"), [("groups", False), ("rows", True)])
def test_methods_that_go_by_rows_of_groups_are_skipped(held, suits):
    task = split(make(), held=held)
    ease = methods["ease"].create()
    for method in (methods["group-gf"].create(), GroupsAsUsers(ease, "both")):
        assert (unsuited(method, task) == "") == suits
        assert suits or "the evaluated groups have none for training" in unsuited(method, task)
    for name in ("consrec", "group-stack", "member-count", "popularity-groups", "ease"):
        assert unsuited(methods[name].create(), task) == ""


def test_tuning_holds_out_whole_groups_of_those_for_training_and_members_keep_their_rows():
    data = make()
    outer, inner = split(data), inner_task(data, make_protocol(COLD), 0, 0)
    known = set(pairs(outer.train.group_ratings).tolist())
    cold, warm = inner.given.groups.ratings, inner.train.group_ratings
    assert set(pairs(cold).tolist()) | set(pairs(warm).tolist()) == known
    assert not set(cold.users) & set(warm.users)
    assert inner.given.groups.negatives is not None
    assert pairs(inner.train.ratings).tolist() == pairs(data.ratings).tolist()
