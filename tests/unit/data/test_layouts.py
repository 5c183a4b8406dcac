"""Folders of other layouts: read, written, and refused where they do not fit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from groupbench.core.arrays import Segments
from groupbench.core.errors import ConfigError, DatasetError
from groupbench.data.dataset import Dataset, GivenSplit, HeldOutRows, Ratings
from groupbench.data.groups import Groups
from groupbench.data.loading import load
from groupbench.data.loading.layouts import LAYOUTS
from groupbench.data.social import SocialTies
from groupbench.runner.config import make_config

AGREE = {
    "groupMember.txt": "0 0,1\n1 1,2\n",
    "groupRatingTrain.txt": "0 5\n1 6\n",
    "groupRatingTest.txt": "0 7\n",
    "groupRatingNegative.txt": "(0,7) 6 8\n",
    "userRatingTrain.txt": "0 5\n1 6\n2 7\n",
}
YIN = {
    "groupid_users.dat": "g1\tann,bob\ng2\tbob,cat\n",
    "groupid_events.dat": "g1\tparty\ng2\tparty,opera\n",
    "user_events.dat": "ann\tparty,opera\nbob\topera\n",
    "social.dat": "ann\tbob\n",
}
INTER = """user_id:token\titem_id:token\trating:float\ttimestamp:float
u1\ti1\t4\t10\nu2\ti2\t2.5\t20\nu1\ti2\t1\t5
"""


def folder(path, files):
    path.mkdir(exist_ok=True)
    for name, text in files.items():
        (path / name).write_text(text)
    return path


@st.composite
def splits(draw):
    """A small data set with a split; held-out rows of users and groups have sampled items."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n_users, n_items, n_groups = rng.integers(3, 9), rng.integers(4, 9), rng.integers(2, 5)
    rated = draw(st.booleans())

    def rows(raters, n):
        values = rng.integers(1, 6, n).astype(float) if rated else np.ones(n)
        return Ratings(rng.integers(0, raters, n), rng.integers(0, n_items, n), values, raters, n_items)

    def held(raters):
        sizes = rng.integers(1, 4, 3)
        return HeldOutRows(rows(raters, 3), rng.integers(0, n_items, sizes.sum()), Segments.from_sizes(sizes))

    sizes = rng.integers(1, n_users + 1, n_groups)
    members = np.concatenate([np.sort(rng.choice(n_users, size, replace=False)) for size in sizes])
    everything = Ratings(
        np.concatenate([np.arange(n_users), rng.integers(0, n_users, n_items)]),
        np.concatenate([rng.integers(0, n_items, n_users), np.arange(n_items)]),
        np.full(n_users + n_items, 5.0 if rated else 1.0),
        n_users,
        n_items,
    )
    return Dataset(
        name="made",
        title="Made",
        ratings=everything,
        user_ids=tuple(map(str, range(n_users))),
        item_ids=tuple(map(str, range(n_items))),
        scale=(1.0, 5.0) if rated else (1.0, 1.0),
        groups=Groups(tuple(map(str, range(n_groups))), Segments.from_sizes(sizes), members),
        group_ratings=rows(n_groups, 4),
        given=GivenSplit(users=held(n_users), groups=held(n_groups)),
    )


def written(dataset, name, path):
    path.mkdir()
    layout = LAYOUTS[name]
    numbers = layout.number(dataset)
    layout.write(dataset, path, numbers)
    (path / "dataset.toml").write_text(f"scale = {list(dataset.scale)}\n")
    return load(f"{path}:{name}"), numbers


def same_rows(one, other, raters, items):
    """Whether `other` has the rows of `one`, renumbered, in any order."""
    key = lambda u, i, v: sorted(zip(u.tolist(), i.tolist(), v.tolist(), strict=True))  # noqa: E731
    return key(raters[one.users], items[one.items], one.values) == key(other.users, other.items, other.values)


@settings(max_examples=20)
@given(splits())
def test_what_is_written_in_the_layout_of_agree_is_read_again_to_the_last_row(tmp_path_factory, dataset):
    assume(dataset.group_ratings.users.max() == len(dataset.groups) - 1)
    follows = SocialTies.of(dataset.groups.members, dataset.groups.members[::-1], directed=True)
    dataset = replace(dataset, social=follows if len(follows) else None)
    again, _ = written(dataset, "agree", tmp_path_factory.mktemp("agree") / "x")
    assert again.content_hash == dataset.content_hash


@settings(max_examples=20)
@given(splits())
def test_official_code_finds_the_highest_numbers_in_training_rows(tmp_path_factory, dataset):
    """It makes its tables as large as they say."""
    keep = dataset.ratings.users < len(dataset.user_ids) - 1
    fewer = replace(dataset, ratings=dataset.ratings.take(keep & (dataset.ratings.items != 3)))
    for name in ("agree", "groupim"):
        numbers = LAYOUTS[name].number(fewer)
        assert sorted(numbers.users) == list(range(len(dataset.user_ids)))
        assert sorted(numbers.items) == list(range(len(dataset.item_ids)))
        if name == "agree":
            assert numbers.users[fewer.ratings.users].max() == len(dataset.user_ids) - 1
            assert numbers.items[fewer.ratings.items].max() == len(dataset.item_ids) - 1


@settings(max_examples=20)
@given(splits(), st.sampled_from(["groupim", "inter"]))
def test_what_is_written_in_other_layouts_is_read_again_under_new_numbers(tmp_path_factory, dataset, name):
    assume(name == "inter" or len(set(dataset.given.users.ratings.users)) < len(dataset.user_ids))
    again, numbers = written(dataset, name, tmp_path_factory.mktemp(name) / "x")
    ratings = [
        dataset.ratings,
        dataset.group_ratings,
        dataset.given.users.ratings,
        dataset.given.groups.ratings,
    ]
    if name == "groupim":  # Its files hold no ratings.
        ratings = [Ratings(r.users, r.items, np.ones(len(r)), r.n_users, r.n_items) for r in ratings]
    users, joint, test_users, test_groups = ratings
    assert same_rows(users, again.ratings, numbers.users, numbers.items)
    assert same_rows(joint, again.group_ratings, numbers.groups, numbers.items)
    assert same_rows(test_users, again.given.users.ratings, numbers.users, numbers.items)
    assert same_rows(test_groups, again.given.groups.ratings, numbers.groups, numbers.items)
    for group, number in enumerate(numbers.groups):
        members = numbers.users[dataset.groups[group]]
        assert sorted(members.tolist()) == again.groups[int(number)].tolist()


def test_numbers_of_groupim_follow_the_parts(tmp_path):
    """Its code takes the users and groups of each part for a range of numbers."""
    n = 6
    rows = Ratings(np.arange(n), np.zeros(n, int), np.ones(n), n, 2)
    tested = HeldOutRows(Ratings(np.array([0]), np.array([1]), np.ones(1), n, 2))
    validated = HeldOutRows(Ratings(np.array([1]), np.array([1]), np.ones(1), n, 2))
    ids = tuple(map(str, range(n)))
    dataset = Dataset(
        "made",
        "Made",
        rows,
        ids,
        ("0", "1"),
        (1.0, 1.0),
        given=GivenSplit(users=tested, validation_users=validated),
    )
    assert LAYOUTS["groupim"].number(dataset).users.tolist() == [5, 4, 0, 1, 2, 3]


def test_a_folder_of_agree_without_held_out_rows_of_users(tmp_path):
    data = load(f"{folder(tmp_path / 'mine', AGREE)}:agree")
    assert (data.name, data.scale, data.given.users) == ("mine", (1.0, 1.0), None)
    assert data.user_ids == ("0", "1", "2")
    assert data.item_ids == ("5", "6", "7", "8")
    assert data.given.groups.ratings.items.tolist() == [2]
    assert data.given.groups.negatives.tolist() == [1, 3]


def test_tabs_ratings_and_times_in_the_layout_of_agree(tmp_path):
    rated = {
        "userRatingTrain.txt": "0\t5\t3.5\t100\n1\t6\t1\t101\n2\t7\t5\t99\n",
        "groupMember.txt": "0\t0,1\n1\t1,2\n",
    }
    rest = {name: text.replace(" ", "\t") for name, text in AGREE.items() if name != "groupMember.txt"}
    data = load(f"{folder(tmp_path / 'mine', rest | rated)}:agree")
    assert data.ratings.values.tolist() == [3.5, 1, 5]
    assert data.ratings.timestamps.tolist() == [100, 101, 99]
    assert data.scale == (1.0, 5.0)
    assert "1 to 5" in data.notes[0]
    assert data.given.groups.negatives.tolist() == [1, 3]


def test_lists_of_events_and_members(tmp_path):
    data = load(f"{folder(tmp_path / 'yelp', YIN)}:yin")
    assert data.user_ids == ("ann", "bob", "cat")
    assert data.item_ids == ("opera", "party")
    assert data.ratings.users.tolist() == [0, 0, 1]
    assert data.group_ratings.items.tolist() == [1, 1, 0]
    assert [data.groups[g].tolist() for g in range(2)] == [[0, 1], [1, 2]]
    assert data.notes == ("social.dat is not read",)


def test_one_atomic_file_is_all_ratings(tmp_path):
    data = load(f"{folder(tmp_path / 'any', {'ml.inter': INTER})}:recbole")
    assert data.user_ids == ("u1", "u2")
    assert data.ratings.values.tolist() == [4, 2.5, 1]
    assert data.ratings.timestamps.tolist() == [10, 20, 5]
    assert data.groups is None


def test_dataset_toml_may_state_the_layout(tmp_path):
    path = folder(tmp_path / "mine", AGREE | {"dataset.toml": 'layout = "agree"\nname = "ours"\n'})
    data = load(path)
    assert (data.name, len(data.groups)) == ("ours", 2)
    (path / "groupRatingNegative.txt").write_text("(0,7) 6 8 8\n")
    assert load(f"{path}:agree:clean").given.groups.negatives.tolist() == [1, 3]


@pytest.mark.parametrize(
    ("files", "name", "said"),
    [
        (AGREE, "{}", "its files are those of the layout agree, so add --layout agree"),
        (YIN, "{}", "so add --layout yin"),
        ({"x.inter": INTER}, "{}", "so add --layout inter"),
        ({}, "{}:agree", "userRatingTrain.txt: there is no such file"),
        ({"x.inter": INTER, "y.inter": INTER}, "{}:inter", "keep one data set in a folder"),
        ({"x.test.inter": INTER}, "{}:inter", "holds no NAME.inter"),
        (AGREE | {"groupMember.txt": "0 0,\n"}, "{}:agree", "groupMember.txt:1: user '' is empty"),
        (YIN | {"groupid_events.dat": "g9\tparty\n"}, "{}:yin", "unknown group 'g9'; it must be in groupid"),
        (AGREE | {"dataset.toml": 'layout = "agre"\n'}, "{}", "did you mean 'agree'"),
        (AGREE | {"dataset.toml": "scale = [2, 1]\n"}, "{}:agree", "rating scale is 2 to 1"),
        (AGREE | {"userRatingTrain.txt": "\n"}, "{}:agree", "userRatingTrain.txt: has no rows"),
        ({"x.inter": INTER.replace("item_id", "thing")}, "{}:inter", "there is no column 'item'"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(tmp_path, files, name, said):
    path = folder(tmp_path / "mine", files)
    with pytest.raises(DatasetError) as caught:
        load(name.format(path))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_layout_of_a_registered_data_set_is_its_own():
    with pytest.raises(ConfigError, match="itmrec-sim is a data set of its own; leave out the layout agree"):
        load("itmrec-sim:agree")


def test_the_option_stands_behind_every_folder(tmp_path):
    assert make_config(dataset="a,b", layout="yin").dataset == ["a:yin", "b:yin"]
    assert make_config(dataset=[tmp_path, "b:agree"], layout="agree").dataset == [
        f"{tmp_path}:agree",
        "b:agree",
    ]
    with pytest.raises(ConfigError, match="name it: dataset"):
        make_config(layout="yin")
    with pytest.raises(ConfigError, match="unknown layout 'agee'; did you mean 'agree'"):
        make_config(dataset="a", layout="agee")


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "layout"), [("camra2011", "agree"), ("mafengwo", "agree"), ("weeplaces", "groupim")]
)
def test_real_data_are_the_same_after_a_round_trip(real_data, tmp_path, name, layout):
    data = load(name)
    again, _ = written(data, layout, tmp_path / "x")
    assert again.content_hash == data.content_hash


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "counts"), [("mafengwos", (6563, 1215)), ("movielens-groups", (99_057, 5000))]
)
def test_folders_of_other_papers_are_read(real_data, name, counts):
    data = load(f"{real_data}/{name}:agree")
    assert (len(data.ratings), len(data.groups)) == counts
