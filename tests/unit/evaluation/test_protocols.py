from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from groupbench.core.errors import ConfigError
from groupbench.core.registry import methods
from groupbench.core.seeding import generator
from groupbench.data.dataset import Dataset, Features, Ratings
from groupbench.data.groups import Groups
from groupbench.data.leakage import pairs
from groupbench.data.loading import load
from groupbench.evaluation.inner_split import inner_task
from groupbench.evaluation.protocols import make_protocol
from groupbench.evaluation.protocols.paper import Paper

N_USERS, N_ITEMS, N_ROWS = 30, 20, 300
SMALL = {"n_groups": 4}


@pytest.fixture
def dataset():
    rng = np.random.default_rng(0)
    pairs = rng.choice(N_USERS * N_ITEMS, N_ROWS, replace=False)
    users, items = pairs // N_ITEMS, pairs % N_ITEMS
    return Dataset(
        name="small",
        title="Small",
        ratings=Ratings(users, items, rng.integers(1, 6, N_ROWS), N_USERS, N_ITEMS, np.arange(N_ROWS)),
        user_ids=tuple(f"u{u}" for u in range(N_USERS)),
        item_ids=tuple(f"i{i}" for i in range(N_ITEMS)),
        scale=(1.0, 5.0),
        groups=Groups.from_lists([[0, 1], [1, 2, 3]]),
        user_features=Features(("age",), rng.random((N_USERS, 1))),
        item_features=Features(("year",), rng.random((N_ITEMS, 1))),
        categories=Features(("genre=a", "genre=b"), rng.integers(0, 2, (N_ITEMS, 2)).astype(float)),
    )


def prepare(dataset, protocol, seed):
    return protocol.prepare(dataset, seed)


def arrays(value, name=""):
    """Every array within nested dataclasses, by its path."""
    if isinstance(value, np.ndarray):
        return {name: value}
    parts = fields(value) if hasattr(value, "__dataclass_fields__") else ()
    return {k: a for f in parts for k, a in arrays(getattr(value, f.name), f"{name}.{f.name}").items()}


def with_held_out(dataset, seed, protocol, change):
    """The same data set with other values in its held-out rows."""
    split_values = np.array(dataset.ratings.values)
    held_out = prepare(dataset, protocol, seed).held_out
    rows = np.isin(dataset.ratings.timestamps, held_out.timestamps)
    split_values[rows] = change(split_values[rows])
    return replace(dataset, ratings=replace(dataset.ratings, values=split_values))


def test_training_and_held_out_rows_are_those_of_the_data_set(dataset):
    task = prepare(dataset, make_protocol(SMALL), 0)
    times = np.concatenate([task.train.ratings.timestamps, task.held_out.timestamps])

    assert len(task.train.ratings) == 240
    assert sorted(times) == list(range(N_ROWS))
    np.testing.assert_array_equal(task.held_out.values, dataset.ratings.values[task.held_out.timestamps])


def test_equal_seeds_give_equal_tasks_and_others_do_not(dataset):
    protocol = make_protocol(SMALL)
    first, again, other = (arrays(prepare(dataset, protocol, s)) for s in (1, 1, 2))

    for name, array in first.items():
        np.testing.assert_array_equal(array, again[name])
    assert not np.array_equal(first[".held_out.items"], other[".held_out.items"])


def test_a_larger_ratio_only_adds_training_rows(dataset):
    few, many = (
        prepare(dataset, make_protocol({**SMALL, "ratio": ratio}), 0).train.ratings.timestamps
        for ratio in (0.5, 0.8)
    )

    assert set(few) < set(many)


CHANGES = {
    "shuffled": lambda values: np.random.default_rng(5).permutation(values),
    "turned round": lambda values: 6 - values,
    "all best": lambda values: np.full_like(values, 5),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("features", ["means", "shares"])
def test_held_out_values_reach_neither_groups_nor_training_data(dataset, change, features):
    protocol = make_protocol({**SMALL, "group_features": features})
    other = with_held_out(dataset, 3, protocol, CHANGES[change])
    mine, theirs = prepare(dataset, protocol, 3), prepare(other, protocol, 3)

    assert not np.array_equal(mine.held_out.values, theirs.held_out.values)
    assert mine.train.groups.ids == theirs.train.groups.ids
    expected = arrays(theirs.train)
    for name, array in arrays(mine.train).items():
        np.testing.assert_array_equal(array, expected[name])


@pytest.mark.parametrize("name", ["popularity", "item-mean", "ease"])
def test_held_out_values_change_no_score(dataset, name):
    protocol = make_protocol(SMALL)
    other = with_held_out(dataset, 0, protocol, CHANGES["turned round"])
    found = [
        methods[name]
        .create()
        .fit(prepare(d, protocol, 0).train, rng=generator("a"))
        .score(np.arange(N_USERS))
        for d in (dataset, other)
    ]

    np.testing.assert_array_equal(*found)


def test_held_out_items_play_no_part_in_groups(dataset):
    protocol = make_protocol({**SMALL, "unit": "rows"})
    task = prepare(dataset, protocol, 0)
    items = np.array(dataset.ratings.items)
    items[task.held_out.timestamps] = (items[task.held_out.timestamps] + 1) % N_ITEMS
    other = prepare(replace(dataset, ratings=replace(dataset.ratings, items=items)), protocol, 0)

    np.testing.assert_array_equal(task.train.groups.members, other.train.groups.members)


def test_nothing_held_out_hides_behind_the_training_arrays(dataset):
    task = prepare(dataset, make_protocol(SMALL), 0)
    for array in arrays(task.train.ratings).values():
        base = array if array.base is None else array.base
        assert base.size == len(task.train.ratings)


def test_training_data_are_read_only(dataset):
    task = prepare(dataset, make_protocol(SMALL), 0)

    assert not any(array.flags.writeable for array in arrays(task.train).values())


def test_clusters_see_training_rows_only_and_cover_their_users(dataset):
    task = prepare(dataset, make_protocol({"n_groups": 6, "ratio": 0.1}), 0)

    assert len(task.train.groups) == 6
    assert sorted(task.train.groups.members) == sorted(set(task.train.ratings.users))
    assert len(set(task.train.ratings.users)) < N_USERS


def test_natural_groups_are_those_of_the_data_set(dataset):
    assert prepare(dataset, make_protocol({"groups": "natural"}), 0).train.groups is dataset.groups
    with pytest.raises(ConfigError, match="dataset small has no natural groups; use groups=kmeans"):
        prepare(replace(dataset, groups=None), make_protocol({"groups": "natural"}), 0)


def test_the_label_names_what_differs_from_the_default():
    assert Paper().label == "paper"
    assert make_protocol({"tau": 4, "ratio": 0.85}).label == "paper+ratio=0.85+tau=4.0"
    assert make_protocol({"ratio": "0.8"}) == Paper()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"ratoi": 0.8}, "unknown option of the protocol paper 'ratoi'; did you mean 'ratio'"),
        ({"ratio": 1.0}, "protocol option ratio=1.0: input should be less than 1"),
        ({"name": "coupled", "sizes": 1}, r"sizes=1: .*; by default sizes=\[2,3,4,5,6,7,8\]"),
        ({"ratio": 0}, "ratio=0"),
        ({"n_groups": 0}, "n_groups=0"),
        ({"n_groups": "many"}, "n_groups='many'"),
        ({"groups": "random"}, "groups='random'.*'kmeans' or 'natural'"),
        ({"name": "mine"}, "unknown protocol 'mine'"),
        ({"tau": float("nan")}, "tau=nan"),
    ],
)
def test_options_that_are_wrong_are_named(options, says):
    with pytest.raises(ConfigError, match=says):
        make_protocol(options)


@pytest.mark.parametrize("name", ["paper", "coupled"])
def test_pairs_are_split_unless_rows_are_asked_for(name):
    ratings = load("itmrec-sim").ratings
    assert len(np.unique(pairs(ratings))) < len(ratings)
    for unit, label, share in (("pairs", name, 0.0), ("rows", f"{name}+unit=rows", 0.145)):
        protocol = make_protocol({"name": name, "unit": unit})
        train, held_out = protocol.hold_out(load("itmrec-sim"), 0)
        assert protocol.label == label
        assert np.isin(pairs(held_out), pairs(train)).mean() == pytest.approx(share, abs=0.001)


def test_what_is_tuned_on_shares_no_pair_with_its_training_rows():
    task = inner_task(load("itmrec-sim"), make_protocol({"name": "paper"}), 0, 0)
    assert not np.isin(pairs(task.held_out), pairs(task.train.ratings)).any()
