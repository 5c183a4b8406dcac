"""Validation rows come from training rows alone, under the same protocol."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupbench.core.arrays import Segments
from groupbench.core.errors import ConfigError
from groupbench.data.dataset import Dataset, GivenSplit, HeldOutRows, Ratings
from groupbench.data.groups import Groups
from groupbench.data.leakage import pairs
from groupbench.data.loading import load
from groupbench.evaluation.inner_split import inner_dataset, inner_task
from groupbench.evaluation.protocols import make_protocol
from groupbench.testing import small_training

SPLITS = [{"name": "paper", "n_groups": 4, "split": split} for split in ("ratio", "kfold", "leave-one-out")]
SPLITS += [{"name": "paper", "groups": "natural", "split": "temporal"}]
SPLITS += [{"name": "coupled", "n_groups": 6, "sizes": (2, 3)}]
JOINT = [{"name": "natural", "held": held, "folds": 3} for held in ("groups", "rows")]
JOINT += [{"name": "natural", "held": "rows", "split": "temporal"}]
GIVEN = {"name": "given"}
EVERY = [*SPLITS, *JOINT, GIVEN]


def label(options):
    return "-".join(map(str, options.values()))


def sampled(rng, n_raters, n_items, n=12, each=6):
    """Held-out rows against some negatives, fewer for the first row."""
    rows = Ratings(rng.integers(0, n_raters, n), rng.integers(0, n_items, n), np.ones(n), n_raters, n_items)
    sizes = np.full(n, each)
    sizes[0] = 2
    return HeldOutRows(rows, rng.integers(0, n_items, sizes.sum()), Segments.from_sizes(sizes))


@pytest.fixture
def dataset() -> Dataset:
    """Small data with joint ratings, times, cold users and items, and a split that came with it."""
    train, rng = small_training(), np.random.default_rng(5)
    rows, joint = train.ratings.unique(), train.group_ratings
    users, items = rows.n_users, rows.n_items
    return Dataset(
        name="small",
        title="Small",
        ratings=replace(rows, timestamps=rng.permutation(len(rows))),
        user_ids=tuple(map(str, range(users))),
        item_ids=tuple(map(str, range(items))),
        scale=train.scale,
        groups=train.groups,
        group_ratings=replace(joint, timestamps=rng.permutation(len(joint))),
        user_features=train.user_features,
        item_features=train.item_features,
        given=GivenSplit(sampled(rng, users, items), sampled(rng, len(train.groups), items)),
    )


def parted(dataset, options, seed=0):
    protocol = make_protocol(options)
    return protocol, protocol.prepare(dataset, seed)


def with_other_truth(dataset, options, seed):
    """The same data with other held-out rows: other values, and other rows of a given split."""
    _, outer = parted(dataset, options, seed)
    if outer.given is not None:
        rng = np.random.default_rng(9)
        users, items = dataset.ratings.n_users, dataset.ratings.n_items
        return replace(
            dataset,
            given=GivenSplit(sampled(rng, users, items, 7), sampled(rng, len(dataset.groups), items, 3)),
        )
    whole, held = ("ratings", outer.held_out) if outer.joint is None else ("group_ratings", outer.joint)
    rows = getattr(dataset, whole)
    hidden = np.isin(pairs(rows), pairs(held))
    assert 0 < hidden.sum() < len(rows)
    return replace(dataset, **{whole: replace(rows, values=np.where(hidden, 6 - rows.values, rows.values))})


def arrays(value, name=""):
    """Every array within nested dataclasses, by its path."""
    if isinstance(value, np.ndarray):
        return {name: value.tolist()}
    parts = fields(value) if hasattr(value, "__dataclass_fields__") else ()
    return {k: a for f in parts for k, a in arrays(getattr(value, f.name), f"{name}.{f.name}").items()}


@pytest.mark.parametrize("options", EVERY, ids=label)
@pytest.mark.parametrize("seed", [0, 1])
def test_what_the_repeat_holds_out_changes_nothing(dataset, options, seed):
    other = with_other_truth(dataset, options, seed)
    assert other.content_hash != dataset.content_hash
    protocol = make_protocol(options)
    for repeat in (0, 1):
        mine, theirs = (inner_dataset(data, protocol, seed, repeat) for data in (dataset, other))
        assert mine.content_hash == theirs.content_hash
        mine, theirs = (inner_task(data, protocol, seed, repeat) for data in (dataset, other))
        assert arrays(mine) == arrays(theirs)


@pytest.mark.parametrize("options", EVERY, ids=label)
def test_validation_rows_were_training_rows_and_are_none_any_more(dataset, options):
    protocol, outer = parted(dataset, options)
    task = inner_task(dataset, protocol, 0, 0)
    held = {"users": task.held_out, "groups": task.joint}
    if task.given is not None:
        held = {kind: getattr(task.given, kind).ratings for kind in held}
    trained = {
        "users": (outer.train.ratings, task.train.ratings),
        "groups": (outer.train.group_ratings, task.train.group_ratings),
    }
    assert sum(rows is not None and len(rows) > 0 for rows in held.values()) == (2 if task.given else 1)
    for kind, rows in held.items():
        if rows is not None and len(rows):
            before, left = map(pairs, trained[kind])
            assert np.isin(pairs(rows), before).all()
            assert not np.isin(pairs(rows), left).any()
            assert np.isin(left, before).all()
            assert len(left) < len(before)


@pytest.mark.parametrize("options", [*SPLITS, *JOINT], ids=label)
def test_the_inner_data_is_the_training_data_for_every_repeat(dataset, options):
    protocol, outer = parted(dataset, options)
    found = [inner_dataset(dataset, protocol, 0, repeat) for repeat in (0, 1)]
    assert found[0].content_hash == found[1].content_hash
    assert arrays(found[0].ratings) == arrays(outer.train.ratings)
    assert (found[0].group_ratings is None) == (outer.train.group_ratings is None)
    assert found[0].given is None
    assert found[0].name != dataset.name


@pytest.mark.parametrize("options", EVERY, ids=label)
def test_a_repeat_can_be_had_again_and_differs_from_the_next_where_chance_decides(dataset, options):
    protocol = make_protocol(options)
    by_time = options.get("split") == "temporal"
    if not by_time:
        timeless = {name: getattr(dataset, name) for name in ("ratings", "group_ratings")}
        dataset = replace(dataset, **{k: replace(rows, timestamps=None) for k, rows in timeless.items()})
    first, again, second = (inner_task(dataset, protocol, 0, repeat) for repeat in (0, 0, 1))
    assert arrays(first) == arrays(again)
    assert (arrays(first) == arrays(second)) == by_time


def test_each_rater_of_a_given_split_gets_its_latest_item_held_out(dataset):
    found = inner_dataset(dataset, make_protocol(GIVEN), 0)
    rows, held = dataset.ratings, found.given.users.ratings
    for user in range(rows.n_users):
        mine = np.flatnonzero(rows.users == user)
        expected = [rows.items[mine[rows.timestamps[mine].argmax()]]] if len(mine) > 1 else []
        assert held.items[held.users == user].tolist() == expected
    groups = found.given.groups.ratings
    counts = np.bincount(dataset.group_ratings.users, minlength=len(dataset.groups))
    assert np.array_equal(np.unique(groups.users), np.flatnonzero(counts > 1))
    assert len(np.unique(groups.users)) == len(groups)


def test_negatives_are_distinct_unknown_and_as_many_as_outside(dataset):
    found = inner_dataset(dataset, make_protocol(GIVEN), 0)
    for held, rows in ((found.given.users, dataset.ratings), (found.given.groups, dataset.group_ratings)):
        for number, rater in enumerate(held.ratings.users):
            sampled = held.negatives[held.segments.rows(number, number + 1)]
            known = rows.items[rows.users == rater]
            assert len(np.unique(sampled)) == len(sampled) == min(6, rows.n_items - len(known))
            assert not np.isin(sampled, known).any()


def test_rows_without_negatives_outside_have_none_inside(dataset):
    plain = GivenSplit(HeldOutRows(dataset.given.users.ratings), None)
    found = inner_dataset(replace(dataset, given=plain), make_protocol(GIVEN), 0)
    assert found.given.users.negatives is None
    assert found.given.groups is None
    assert arrays(found.group_ratings) == arrays(dataset.group_ratings)


def test_no_member_row_gives_a_held_out_group_row_away(dataset):
    found = inner_dataset(dataset, make_protocol(GIVEN), 0)
    assert found.groups is not None
    assert found.given is not None
    assert found.given.groups is not None
    left = set(pairs(found.ratings).tolist())
    before = set(pairs(dataset.ratings).tolist())
    held, n_items = found.given.groups.ratings, dataset.ratings.n_items
    chosen = {
        int(user) * n_items + int(item)
        for group, item in zip(held.users, held.items, strict=True)
        for user in found.groups[group]
    }
    assert chosen & before
    assert not chosen & left
    assert before - left - chosen <= set(pairs(found.given.users.ratings).tolist())


def test_validation_rows_that_came_with_the_data_are_taken(dataset):
    theirs = HeldOutRows(dataset.group_ratings.take(slice(0, 5)))
    split = replace(dataset.given, validation_groups=theirs)
    found = inner_dataset(replace(dataset, given=split), make_protocol(GIVEN), 0)
    assert found.given.groups is theirs
    assert found.given.validation_groups is None
    assert not np.isin(pairs(theirs.ratings), pairs(found.group_ratings)).any()
    assert len(found.group_ratings) == len(dataset.group_ratings) - 5


def test_data_with_nothing_to_hold_out_is_refused(dataset):
    alone = np.unique(dataset.ratings.users, return_index=True)[1]
    bare = replace(dataset, ratings=dataset.ratings.take(alone), group_ratings=None)
    with pytest.raises(ConfigError, match="no rater has two training items"):
        inner_dataset(bare, make_protocol(GIVEN), 0)
    few = replace(dataset, group_ratings=dataset.group_ratings.take(slice(0, 3)))
    with pytest.raises(ConfigError, match=r"folds=3 is more than"):
        inner_task(few, make_protocol(JOINT[1]), 0, 0)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), min_size=2, max_size=40), st.integers(0, 3))
def test_one_item_of_everyone_with_two_but_not_all(rows, repeat):
    users, items = np.array(rows).T
    ratings = Ratings(users, items, np.ones(len(rows)), 6, 4)
    chosen = [np.unique(items[users == user]) for user in range(6)]
    expected = [user for user in range(6) if 1 < len(chosen[user]) < 4]
    data = Dataset(
        name="d",
        title="D",
        ratings=ratings,
        user_ids=tuple("abcdef"),
        item_ids=tuple("wxyz"),
        scale=(1.0, 1.0),
        groups=Groups.from_lists([[0, 1]]),
        given=GivenSplit(users=sampled(np.random.default_rng(0), 6, 4)),
    )
    if not expected:
        with pytest.raises(ConfigError):
            inner_dataset(data, make_protocol(GIVEN), 0, repeat)
        return
    found = inner_dataset(data, make_protocol(GIVEN), 0, repeat)
    held = found.given.users
    assert sorted(held.ratings.users.tolist()) == expected
    assert all(
        item in chosen[user] for user, item in zip(held.ratings.users, held.ratings.items, strict=True)
    )
    assert sorted(set(pairs(found.ratings)) | set(pairs(held.ratings))) == sorted(set(pairs(ratings)))
    assert not set(pairs(found.ratings)) & set(pairs(held.ratings))
    assert held.segments.sizes.tolist() == [4 - len(chosen[user]) for user in held.ratings.users]


@pytest.mark.data
def test_weeplaces_is_tuned_on_its_own_validation_groups(real_data):
    data = load("weeplaces", real_data)
    task = inner_task(data, make_protocol({}, data), 0, 0)
    assert np.array_equal(pairs(task.given.groups.ratings), pairs(data.given.validation_groups.ratings))
    assert len(task.train.group_ratings) == len(data.group_ratings)
