from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupbench.data.dataset import Dataset, Features, Ratings
from groupbench.data.groups import Groups
from groupbench.data.social import SocialTies

triples = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 4), st.sampled_from([1.0, 2.5, 4.0])), min_size=1, max_size=20
)


def ratings(rows, times=None):
    users, items, values = zip(*rows, strict=True)
    return Ratings(np.array(users), np.array(items), np.array(values), 4, 5, times)


@pytest.fixture
def dataset():
    return Dataset(
        name="small",
        title="Small",
        ratings=ratings([(0, 1, 2.0), (3, 4, 5.0), (0, 1, 4.0)], np.array([10, 20, 30])),
        user_ids=("a", "b", "c", "d"),
        item_ids=("v", "w", "x", "y", "z"),
        scale=(1.0, 5.0),
        groups=Groups.from_lists([[0, 1], [3]], ("g", "h")),
        group_ratings=ratings([(0, 2, 3.0), (1, 2, 4.0)]),
        item_features=Features(("genre=a", "genre=b"), np.arange(10.0).reshape(5, 2)),
    )


@given(triples)
def test_unique_and_matrix_hold_the_mean_of_each_pair(rows):
    frame = pd.DataFrame(rows, columns=["user", "item", "value"])
    expected = frame.groupby(["user", "item"])["value"].mean()
    once = ratings(rows).unique()
    dense = ratings(rows).matrix().toarray()

    assert list(zip(once.users, once.items, strict=True)) == list(expected.index)
    np.testing.assert_allclose(once.values, expected.to_numpy())
    assert dense.shape == (4, 5)
    assert {(u, i): dense[u, i] for u, i in np.argwhere(dense)} == pytest.approx(expected.to_dict())


def test_take_keeps_order_sizes_and_times(dataset):
    taken = dataset.ratings.take(np.array([2, 0]))

    assert taken.values.tolist() == [4, 2]
    assert taken.timestamps.tolist() == [30, 10]
    assert (taken.n_users, taken.n_items, len(taken)) == (4, 5, 2)
    assert dataset.ratings.take(dataset.ratings.users == 3).items.tolist() == [4]
    assert dataset.ratings.mean == pytest.approx(11 / 3)


def test_what_is_taken_shares_no_memory_with_the_rest(dataset):
    taken = dataset.ratings.take(np.array([0, 1]))

    assert not np.shares_memory(taken.values, dataset.ratings.values)


@pytest.mark.parametrize("name", ["users", "items", "values", "timestamps"])
def test_ratings_are_read_only(dataset, name):
    with pytest.raises(ValueError, match="read-only"):
        getattr(dataset.ratings, name)[0] = 1


def test_features_are_read_only_but_a_matrix_is_a_copy(dataset):
    with pytest.raises(ValueError, match="read-only"):
        dataset.item_features.values[0, 0] = 1
    matrix = dataset.ratings.matrix()
    matrix.data[:] = 0

    assert dataset.ratings.values.tolist() == [2, 5, 4]


def test_select_takes_the_columns_of_whole_fields():
    features = Features(("age", "genre=a", "title:a=b", "genre=c:d", "gen=x"), np.arange(10.0).reshape(2, 5))
    chosen = features.select("genre", "title")

    assert chosen.names == ("genre=a", "title:a=b", "genre=c:d")
    assert chosen.values.tolist() == [[1, 2, 3], [6, 7, 8]]
    assert features.select("none").values.shape == (2, 0)


def changed(rows, name, where=0):
    values = np.array(getattr(rows, name))
    values[where] += 1
    return replace(rows, **{name: values})


CHANGES = {
    "user id": lambda d: {"user_ids": ("a", "b", "c", "e")},
    "user ids run together": lambda d: {"user_ids": ("a', 'b", "c", "d")},
    "item id": lambda d: {"item_ids": ("v", "w", "x", "y", "u")},
    "ids change sides": lambda d: {"user_ids": d.item_ids, "item_ids": d.user_ids},
    "scale": lambda d: {"scale": (0.5, 5.0)},
    "user": lambda d: {"ratings": changed(d.ratings, "users")},
    "item": lambda d: {"ratings": changed(d.ratings, "items")},
    "value": lambda d: {"ratings": changed(d.ratings, "values")},
    "time": lambda d: {"ratings": changed(d.ratings, "timestamps")},
    "no times": lambda d: {"ratings": replace(d.ratings, timestamps=None)},
    "row order": lambda d: {"ratings": d.ratings.take([1, 0, 2])},
    "joint value": lambda d: {"group_ratings": changed(d.group_ratings, "values")},
    "no joint ratings": lambda d: {"group_ratings": None},
    "no groups": lambda d: {"groups": None},
    "group id": lambda d: {"groups": replace(d.groups, ids=("g", "i"))},
    "member": lambda d: {"groups": Groups.from_lists([[0, 2], [3]], ("g", "h"))},
    "membership": lambda d: {"groups": Groups.from_lists([[0], [1, 3]], ("g", "h"))},
    "feature": lambda d: {"item_features": Features(d.item_features.names, d.item_features.values + 1)},
    "feature name": lambda d: {"item_features": Features(("genre=a", "genre=c"), d.item_features.values)},
    "features as categories": lambda d: {"item_features": None, "categories": d.item_features},
    "social ties": lambda d: {"social": SocialTies.of([0, 1], [1, 2])},
    "fewer social ties": lambda d: {"social": SocialTies.of([0], [1])},
    "directed ties": lambda d: {"social": SocialTies.of([0, 1], [1, 2], directed=True)},
    "weights of ties": lambda d: {"social": SocialTies.of([0, 1], [1, 2], [1.0, 2.0])},
    "features of users": lambda d: {"item_features": None, "user_features": d.item_features},
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_hash_changes_with_whatever_a_model_or_view_sees(dataset, change):
    assert replace(dataset, **CHANGES[change](dataset)).content_hash != dataset.content_hash


def test_all_changes_have_hashes_of_their_own(dataset):
    hashes = [replace(dataset, **change(dataset)).content_hash for change in CHANGES.values()]

    assert len(set(hashes)) == len(CHANGES)


def test_the_hash_does_not_change_otherwise(dataset):
    same = replace(
        dataset,
        name="other",
        title="Other",
        tables={"t": pd.DataFrame()},
        simulated=True,
        scale=(np.int64(1), np.float64(5)),
        user_ids=tuple(np.array(dataset.user_ids)),
    )

    assert same.content_hash == dataset.content_hash
    assert len(dataset.content_hash) == 64
