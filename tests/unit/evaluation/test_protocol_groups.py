"""The protocols coupled, natural and given: what they hold out, and that nothing of it leaks."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from groupbench.core.arrays import Segments
from groupbench.core.errors import ConfigError
from groupbench.core.registry import methods
from groupbench.core.seeding import generator
from groupbench.data.dataset import Dataset, Features, GivenSplit, HeldOutRows, Ratings
from groupbench.data.formation import KINDS
from groupbench.data.groups import Groups
from groupbench.data.leakage import without_leaks
from groupbench.evaluation.protocols import PROTOCOLS, make_protocol
from groupbench.evaluation.views import VIEWS

N_USERS, N_ITEMS, N_ROWS, N_GROUPS, FOLDS = 40, 20, 480, 12, 5
COUPLED = {"name": "coupled", "n_groups": 12, "sizes": (2, 3)}
SPLITS = ("ratio", "kfold", "temporal", "leave-one-out")
HELD = ("groups", "rows")
METHODS = ("popularity", "item-mean", "ease", "popularity-groups")


def held_out_rows(rng, n_raters):
    rows = Ratings(
        rng.integers(0, n_raters, 15), rng.integers(0, N_ITEMS, 15), np.ones(15), n_raters, N_ITEMS
    )
    return HeldOutRows(rows, rng.integers(0, N_ITEMS, 60), Segments.from_sizes(np.full(15, 4)))


@pytest.fixture
def dataset():
    """Two subgroups of users; joint ratings of all groups but the last, some pairs twice, all with times."""
    rng = np.random.default_rng(0)
    users, items = np.divmod(rng.choice(N_USERS * N_ITEMS, N_ROWS, replace=False), N_ITEMS)
    taste = np.where((users < N_USERS // 2) == (items < N_ITEMS // 2), 4, 2)
    pairs = rng.choice((N_GROUPS - 1) * N_ITEMS, 60, replace=False)
    raters, rated = np.divmod(np.concatenate([pairs, pairs[:10]]), N_ITEMS)
    part = np.arange(N_ITEMS) < 8
    return Dataset(
        name="small",
        title="Small",
        ratings=Ratings(
            users, items, taste + rng.integers(-1, 2, N_ROWS), N_USERS, N_ITEMS, rng.permutation(N_ROWS)
        ),
        user_ids=tuple(f"u{u}" for u in range(N_USERS)),
        item_ids=tuple(f"i{i}" for i in range(N_ITEMS)),
        scale=(1.0, 5.0),
        groups=Groups.from_lists([[g, g + 1, (g + 17) % N_USERS] for g in range(N_GROUPS)]),
        group_ratings=Ratings(raters, rated, rng.integers(1, 6, 70), N_GROUPS, N_ITEMS, np.arange(70)),
        categories=Features(("class=a", "class=b"), np.column_stack([part, ~part]).astype(float)),
        given=GivenSplit(held_out_rows(rng, N_USERS), held_out_rows(rng, N_GROUPS)),
    )


def prepare(dataset, options, seed=0):
    return make_protocol(options).prepare(dataset, seed)


def pairs_of(rows):
    return set(zip(rows.users.tolist(), rows.items.tolist(), strict=True))


def arrays(value, name=""):
    """Every array within nested dataclasses, by its path."""
    if isinstance(value, np.ndarray):
        return {name: value}
    parts = fields(value) if hasattr(value, "__dataclass_fields__") else ()
    return {k: a for f in parts for k, a in arrays(getattr(value, f.name), f"{name}.{f.name}").items()}


def assert_same_training(mine, theirs):
    expected = arrays(theirs)
    assert arrays(mine).keys() == expected.keys()
    for name, array in arrays(mine).items():
        np.testing.assert_array_equal(array, expected[name], err_msg=name)


def assert_same_scores(mine, theirs):
    users = np.arange(N_USERS)
    for name in METHODS:
        if methods[name].create().skip(mine):
            continue
        fitted = [methods[name].create().fit(train, rng=generator("a")) for train in (mine, theirs)]
        if name == "popularity-groups":
            found = [method.score_groups(mine.groups) for method in fitted]
        else:
            found = [method.score(users) for method in fitted]
        np.testing.assert_array_equal(*found, err_msg=name)


def shuffled(rows, at):
    """The rows with the values at `at` dealt out anew."""
    values = np.array(rows.values)
    values[at] = np.random.default_rng(5).permutation(values[at])
    assert not np.array_equal(values, rows.values)
    return replace(rows, values=values)


# Coupled ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("groups", [*KINDS, "natural"])
def test_held_out_values_reach_neither_groups_nor_scores(dataset, groups, split):
    options = {**COUPLED, "groups": groups, "split": split}
    mine = prepare(dataset, options, 1)
    held = np.isin(dataset.ratings.timestamps, mine.held_out.timestamps)
    theirs = prepare(replace(dataset, ratings=shuffled(dataset.ratings, held)), options, 1)

    assert not np.array_equal(mine.held_out.values, theirs.held_out.values)
    assert mine.train.groups.ids == theirs.train.groups.ids
    assert_same_training(mine.train, theirs.train)
    assert_same_scores(mine.train, theirs.train)


@pytest.mark.parametrize("groups", list(KINDS))
def test_held_out_items_play_no_part_in_groups(dataset, groups):
    # Other held-out items may repeat pairs, which splits of pairs keep together.
    options = {**COUPLED, "groups": groups, "unit": "rows"}
    mine = prepare(dataset, options)
    held = np.isin(dataset.ratings.timestamps, mine.held_out.timestamps)
    items = np.where(held, (dataset.ratings.items + 1) % N_ITEMS, dataset.ratings.items)
    theirs = prepare(replace(dataset, ratings=replace(dataset.ratings, items=items)), options)

    np.testing.assert_array_equal(mine.train.groups.members, theirs.train.groups.members)


@pytest.mark.parametrize("groups", KINDS)
def test_formed_groups_have_the_sizes_asked_for_and_trained_members(dataset, groups):
    train = prepare(dataset, {**COUPLED, "groups": groups}).train

    assert train.groups.sizes.tolist() == [2] * 6 + [3] * 6
    assert set(train.groups.members) <= set(train.ratings.users)
    assert all(len(set(members)) == len(members) for members in train.groups)


def test_equal_seeds_give_equal_groups_and_others_do_not(dataset):
    first, again, other = (prepare(dataset, COUPLED, seed).train.groups.members for seed in (1, 1, 2))

    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_seeds_are_folds_that_part_the_rows(dataset):
    options = {**COUPLED, "split": "kfold", "folds": FOLDS}
    times = [prepare(dataset, options, seed).held_out.timestamps for seed in range(2 * FOLDS)]

    for first in (0, FOLDS):
        assert sorted(np.concatenate(times[first : first + FOLDS])) == list(range(N_ROWS))
    assert set(times[0]) != set(times[FOLDS])


def test_a_temporal_split_trains_on_the_past(dataset):
    task = prepare(dataset, {**COUPLED, "split": "temporal", "ratio": 0.75})

    assert task.train.ratings.timestamps.max() < task.held_out.timestamps.min()
    assert len(task.train.ratings) == 360


def test_leave_one_out_holds_out_the_latest_row_of_each_user(dataset):
    task = prepare(dataset, {**COUPLED, "split": "leave-one-out"})
    latest = [dataset.ratings.timestamps[dataset.ratings.users == u].max() for u in range(N_USERS)]

    assert sorted(task.held_out.timestamps) == sorted(latest)


# Natural ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("held", HELD)
def test_every_joint_rating_is_held_out_once(dataset, held):
    tasks = [prepare(dataset, {"name": "natural", "held": held, "folds": FOLDS}, seed) for seed in range(10)]
    for task in tasks:
        times = np.concatenate([task.joint.timestamps, task.train.group_ratings.timestamps])
        assert sorted(times) == list(range(70))
        assert len(task.joint) > 0
        assert len(task.held_out) == 0
        np.testing.assert_array_equal(task.train.ratings.timestamps, dataset.ratings.timestamps)
    folds = [task.joint.timestamps for task in tasks]

    for first in (0, FOLDS):
        assert sorted(np.concatenate(folds[first : first + FOLDS])) == list(range(70))
    assert set(folds[0]) != set(folds[FOLDS])


def test_cold_folds_hold_out_whole_groups_and_warm_ones_pairs(dataset):
    for seed in range(FOLDS):
        cold, warm = (prepare(dataset, {"name": "natural", "held": held}, seed) for held in HELD)
        assert not set(cold.joint.users) & set(cold.train.group_ratings.users)
        assert set(warm.joint.users) & set(warm.train.group_ratings.users)
        assert not pairs_of(warm.joint) & pairs_of(warm.train.group_ratings)


@pytest.mark.parametrize("ratio", [0.5, 0.8])
def test_latest_joint_ratings_of_each_group_are_held_out(dataset, ratio):
    joint = dataset.group_ratings
    options = {"name": "natural", "held": "rows", "split": "temporal", "ratio": ratio}
    task, other = (prepare(dataset, options, seed) for seed in (0, 3))
    kept = task.train.group_ratings

    assert_same_training(task.train, other.train)
    assert len(kept) + len(task.joint) == len(joint)
    assert not pairs_of(kept) & pairs_of(task.joint)
    assert task.train.ratings is dataset.ratings
    for group in range(N_GROUPS - 1):
        when = {}  # an item is as late as its latest rating
        for item, time in zip(
            joint.items[joint.users == group], joint.timestamps[joint.users == group], strict=True
        ):
            when[item] = max(time, when.get(item, 0))
        first = sorted(when, key=when.get)[: max(1, int(len(when) * ratio))]
        assert set(kept.items[kept.users == group]) == set(first)


@pytest.mark.parametrize("held", HELD)
@pytest.mark.parametrize("catalogue", ["auto", "all"])
def test_candidates_are_the_catalogue_without_training_ratings(dataset, held, catalogue):
    judged = set()
    for seed in range(FOLDS):
        task = prepare(dataset, {"name": "natural", "held": held, "catalogue": catalogue}, seed)
        lists = VIEWS["natural"].make_case(task).lists
        block = lists.block(np.arange(len(lists.entities)))
        owners = lists.entities[np.nonzero(block.valid)[0]].tolist()
        candidates = set(zip(owners, block.items[block.valid].tolist(), strict=True))
        judged |= set(lists.entities.tolist())
        known, rated = pairs_of(task.train.group_ratings), pairs_of(dataset.group_ratings)
        assert not candidates & known
        assert pairs_of(task.joint) <= candidates
        for group in lists.entities.tolist():
            own = {i for g, i in candidates | known if g == group}
            classes = {i < 8 for g, i in rated if g == group}
            expected = {i for i in range(N_ITEMS) if catalogue == "all" or (i < 8) in classes}
            assert own == expected, group

    assert judged == set(range(N_GROUPS - 1))


def test_categories_that_overlap_are_no_catalogues(dataset):
    both = replace(dataset.categories, values=np.ones((N_ITEMS, 2)))

    assert prepare(dataset, {"name": "natural"}).catalogues is dataset.categories
    assert prepare(replace(dataset, categories=both), {"name": "natural"}).catalogues is None
    assert prepare(replace(dataset, categories=None), {"name": "natural"}).catalogues is None


@pytest.mark.parametrize("held", HELD)
def test_held_out_joint_values_change_no_score(dataset, held):
    options = {"name": "natural", "held": held}
    mine = prepare(dataset, options, 2)
    at = np.isin(dataset.group_ratings.timestamps, mine.joint.timestamps)
    theirs = prepare(replace(dataset, group_ratings=shuffled(dataset.group_ratings, at)), options, 2)

    assert not np.array_equal(mine.joint.values, theirs.joint.values)
    assert_same_training(mine.train, theirs.train)
    assert_same_scores(mine.train, theirs.train)


# Given --------------------------------------------------------------------------------------------------


def test_given_takes_the_split_of_the_data_for_every_seed(dataset):
    first, other = (prepare(dataset, {"name": "given"}, seed) for seed in (0, 1))

    assert first.given is other.given is dataset.given
    assert first.train.ratings is dataset.ratings
    assert first.train.group_ratings is dataset.group_ratings
    assert_same_training(first.train, other.train)


def test_given_held_out_rows_change_no_score(dataset):
    none = GivenSplit(
        *(replace(h, ratings=h.ratings.take(slice(1))) for h in (dataset.given.users, dataset.given.groups))
    )
    mine, theirs = (prepare(d, {"name": "given"}) for d in (dataset, replace(dataset, given=none)))

    assert_same_training(mine.train, theirs.train)
    assert_same_scores(mine.train, theirs.train)


def test_data_with_a_split_of_its_own_is_judged_by_it(dataset):
    assert make_protocol({}, dataset).name == "given"
    assert make_protocol({}, replace(dataset, given=None)).name == "paper"
    assert make_protocol({"name": "coupled"}, dataset).name == "coupled"


def test_the_clean_variant_has_no_test_row_that_a_method_may_have_been_tuned_on(dataset):
    groups = dataset.given.groups.ratings
    tuned = HeldOutRows(replace(groups.take(slice(0, 4)), values=np.full(4, 2.0)))
    given = replace(dataset.given, validation_groups=tuned)
    clean = without_leaks(replace(dataset, given=given)).given

    assert not pairs_of(clean.groups.ratings) & (pairs_of(tuned.ratings) | pairs_of(dataset.group_ratings))
    assert pairs_of(clean.validation_groups.ratings) == pairs_of(tuned.ratings) - pairs_of(
        dataset.group_ratings
    )
    assert pairs_of(clean.groups.ratings) | pairs_of(tuned.ratings) | pairs_of(
        dataset.group_ratings
    ) >= pairs_of(groups)


# Refusals -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PROTOCOLS)
def test_labels_name_the_protocol(name):
    assert make_protocol({"name": name}).label == name
    assert make_protocol({"name": name, "tau": 3}).label == f"{name}+tau=3.0"


def test_joint_ratings_without_times_cannot_be_split_by_time(dataset):
    bare = replace(dataset, group_ratings=replace(dataset.group_ratings, timestamps=None))
    with pytest.raises(
        ConfigError, match=r"joint ratings of .* small: split=temporal needs .*; use split=kfold"
    ):
        prepare(bare, {"name": "natural", "held": "rows", "split": "temporal"})


def test_usual_options_of_natural_are_left_out_of_keys():
    assert set(make_protocol({"name": "natural"}).model_dump()) == {
        "name",
        "tau",
        "held",
        "folds",
        "catalogue",
    }
    by_time = {"name": "natural", "held": "rows", "split": "temporal", "ratio": 0.7}
    assert by_time.items() <= make_protocol(by_time).model_dump().items()
    assert make_protocol({**by_time, "ratio": 0.8}).model_dump()["ratio"] == 0.8
    assert make_protocol(by_time).label == "natural+held=rows+ratio=0.7+split=temporal"


def test_labels_name_the_sizes():
    assert make_protocol({"name": "coupled", "sizes": [2, 4]}).label == "coupled+sizes=2,4"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"name": "copled"}, "unknown protocol 'copled'; did you mean 'coupled'"),
        ({"name": "zzz"}, "unknown protocol 'zzz'; known: aggregate, coupled, given, natural, paper"),
        ({"name": "coupled", "group_features": "means"}, "option of the protocol coupled 'group_features'"),
        ({"name": "coupled", "size": 3}, "option of the protocol coupled 'size'; did you mean 'sizes'"),
        ({"name": "natural", "n_groups": 8}, "option of the protocol natural 'n_groups'; known: "),
        ({"name": "natural", "fold": 3}, "option of the protocol natural 'fold'; did you mean 'folds'"),
        (
            {"name": "given", "folds": 3},
            "protocol given 'folds'; known: held, name, share, tau",
        ),
        ({"name": "paper", "sizes": [2]}, "option of the protocol paper 'sizes'"),
        ({"name": "coupled", "groups": "kmeans"}, "groups='kmeans': input should be 'random'"),
        ({"name": "coupled", "sizes": "many"}, "sizes='many'"),
        ({"name": "coupled", "sizes": [2, "x"]}, "sizes='x'"),
        ({"name": "natural", "folds": 1}, "folds=1: input should be greater than or equal to 2"),
        ({"name": "natural", "held": "users"}, "held='users': input should be 'groups' or 'rows'"),
    ],
)
def test_options_that_are_wrong_are_named(options, says):
    with pytest.raises(ConfigError, match=says):
        make_protocol(options)


@pytest.mark.parametrize(
    ("options", "without", "says"),
    [
        (
            {**COUPLED, "groups": "natural"},
            ["groups"],
            "small has no natural groups; use groups=random or add",
        ),
        ({"groups": "natural"}, ["groups"], "small has no natural groups; use groups=kmeans or add"),
        ({"name": "natural"}, ["groups"], "small has no natural groups; add a groups.csv"),
        ({"name": "natural"}, ["group_ratings"], "small has no joint ratings; the protocol natural needs"),
        (
            {"name": "natural", "ratio": 0.7},
            [],
            "ratio=0.7 is of a split by time; add --option split=temporal",
        ),
        (
            {"name": "natural", "split": "temporal"},
            [],
            "holds out rows of every group; add --option held=rows",
        ),
        ({"name": "natural", "folds": 12}, [], "folds=12 is more than the 11 there are to part"),
        ({"name": "given"}, ["given"], "small came without a split; use --protocol paper or natural"),
        ({**COUPLED, "sizes": [1]}, [], "sizes=.?1.?; at least 2 is needed"),
        ({**COUPLED, "n_groups": 10**4, "sizes": [2]}, [], "random groups of 2 users could be formed"),
    ],
)
def test_data_that_do_not_suit_are_refused(dataset, options, without, says):
    with pytest.raises(ConfigError, match=says):
        prepare(replace(dataset, **dict.fromkeys(without)), options)


# Views that do not apply --------------------------------------------------------------------------------


def without_negatives(dataset):
    users, groups = (
        replace(h, negatives=None, segments=None) for h in (dataset.given.users, dataset.given.groups)
    )
    return replace(dataset, given=GivenSplit(users, groups))


def test_every_view_that_applies_is_judged_and_the_others_say_why(dataset):
    protocol = make_protocol({"name": "given"})
    cases, reasons = protocol.make_cases(protocol.prepare(without_negatives(dataset), 0))

    assert [j.view.name for j in cases] == ["full-group", "full-user"]
    assert set(reasons) == set(protocol.views) - {"full-group", "full-user"}
    assert all("came without sampled negatives" in reason for reason in reasons.values())


def test_rows_of_groups_alone_leave_out_the_views_of_users(dataset):
    protocol = make_protocol({"name": "given"})
    task = protocol.prepare(replace(dataset, given=GivenSplit(groups=dataset.given.groups)), 0)
    cases, reasons = protocol.make_cases(task)

    assert {j.view.entity for j in cases} == {"group"}
    assert set(reasons) == {"full-user", "sampled-user", "sampled-user-clean"}


def test_a_protocol_without_a_view_that_applies_is_refused(dataset):
    protocol = make_protocol({"name": "given"})
    task = protocol.prepare(replace(dataset, given=GivenSplit()), 0)

    with pytest.raises(ConfigError, match=r"view full-group: no held-out group rows.*view full-user"):
        protocol.make_cases(task)


def test_some_of_the_views_can_be_asked_for(dataset):
    protocol = make_protocol({"name": "given"})
    cases, reasons = protocol.make_cases(protocol.prepare(dataset, 0), ["full-user"])

    assert ([j.view.name for j in cases], reasons) == (["full-user"], {})


# Thresholds ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scale", "expected"),
    [
        ((1, 5), {"rated-group": 3.5, "rated-rows": 3.7, "coupled": 4.0, "full-group": 1.0}),
        ((0, 100), {"rated-group": 62.5, "rated-rows": 67.5, "coupled": 75.0, "full-group": 0.0}),
        ((0.5, 5), {"rated-group": 3.3125, "coupled": 3.875, "full-group": 0.5}),
        ((1, 1), {"rated-group": 1.0, "rated-rows": 1.0, "coupled": 1.0, "full-group": 1.0}),
    ],
)
def test_the_default_tau_has_its_place_on_the_scale_of_the_data(scale, expected):
    assert {name: VIEWS[name].threshold(scale) for name in expected} == pytest.approx(expected, rel=1e-15)
    assert all(VIEWS[name].threshold(scale, 3.25) == 3.25 for name in expected)
