"""Logs and options that are odd, but that people have: refused in one line, or a data set that loads."""

from __future__ import annotations

from itertools import product

import pandas as pd
import pytest

from groupbench.core.errors import ConfigError, DatasetError
from groupbench.data.loading import load
from groupbench.data.recipes import build


def write(folder, name, columns, rows):
    lines = [",".join(map(str, row)) for row in rows]
    (folder / name).write_text("\n".join([columns, *lines, ""]), encoding="utf-8")
    return folder / name


def ratings(folder, value=lambda user, item: 1 + (user * item) % 5, columns="user,item,rating"):
    rows = [(f"u{user}", f"i{item}", value(user, item)) for user, item in product(range(6), range(9))]
    return write(folder, "log.csv", columns, rows)


def test_users_whose_ratings_are_all_alike_have_no_vector(tmp_path):
    options = {"sizes": [2], "n_groups": 2, "dimensions": 2, "quantile": 0.1}
    with pytest.raises(ConfigError, match="fewer than two users have a vector"):
        build("similar-by-embedding", tmp_path / "new", log=ratings(tmp_path, lambda u, i: 0.1), **options)
    log = ratings(tmp_path, lambda u, i: 0.1 if u < 2 else 1 + (u + i * i) % 5)
    manifest = build("similar-by-embedding", tmp_path / "new", log=log, **options)
    assert manifest["dropped"]["users without a vector, who are in no group"] == 2
    members = load(tmp_path / "new").groups.members
    assert set(members) <= {2, 3, 4, 5}


def test_more_negatives_than_items_are_all_that_are_left(tmp_path):
    rows = [(u, i, 3 + u % 2) for u in range(4) for i in range(8 - u)]
    log = write(tmp_path, "log.csv", "user,item,rating", [*rows, (4, 8, 3)])
    options = {"sizes": [2], "n_groups": 3, "min_items": 2, "negatives": 10**30}
    build("all-rated", tmp_path / "new", log=log, user_shares=[80, 0, 20], shares=[100, 0, 0], **options)
    held = load(tmp_path / "new").given.users
    assert [*held.segments.sizes] == [8 if user == 4 else 1 + user for user in held.ratings.users]


@pytest.mark.parametrize("time", ["--5", "9" * 5000, "", "²"])
def test_a_time_that_is_none_is_refused(time, tmp_path):
    log = write(tmp_path, "log.csv", "user,item,time", [("a", "x", 1), ("b", "y", 2)])
    with pytest.raises(ConfigError, match="is no time; write seconds since 1970"):
        build("subset", tmp_path / "new", log=log, since=time)


@pytest.mark.parametrize("part", [{"shares": [0, 0, 100]}, {"shares": [0, 100, 0], "split": "groups"}])
def test_all_rows_of_groups_may_be_held_out(part, tmp_path):
    options = {"sizes": [2], "n_groups": 4, "min_items": 2, "user_shares": [50, 0, 50]}
    build("all-rated", tmp_path / "new", log=ratings(tmp_path), **options, **part)
    data = load(tmp_path / "new")
    assert data.group_ratings is None
    assert len(data.groups) == 4


@pytest.mark.parametrize(
    ("recipe", "options", "words"),
    [
        (
            "all-rated",
            {"sizes": [2], "min_items": 2, "user_shares": [0, 0, 100], "n_groups": 4},
            "for training",
        ),
        ("subset", {"n_users": 1}, "leaves 1 users and 9 items"),
        ("subset", {"min_user_rows": 10}, "no row is left"),
    ],
)
def test_what_could_not_be_loaded_is_not_written(recipe, options, words, tmp_path):
    with pytest.raises((ConfigError, DatasetError), match=words):
        build(recipe, tmp_path / "new", log=ratings(tmp_path), **options)
    assert [file.name for file in tmp_path.iterdir()] == ["log.csv"]


def test_a_subset_without_a_whole_group_has_none(tmp_path):
    ratings(tmp_path).rename(tmp_path / "ratings.csv")
    write(tmp_path, "groups.csv", "group,user", [("g", f"u{user}") for user in range(6)])
    write(tmp_path, "group_ratings.csv", "group,item,rating", [("g", "i3", 4)])
    manifest = build("subset", tmp_path / "new", log=tmp_path, n_users=3)
    assert manifest["dropped"]["groups that lose a member"] == 1
    assert load(tmp_path / "new").groups is None


@pytest.mark.parametrize("items", [[], ["i0", "i1", "i2", "i3"]])
def test_the_manifest_counts_what_the_files_name(items, tmp_path):
    rows = [(f"u{user}", f"i{user % 3}", 1 + user % 5) for user in range(9)]
    write(tmp_path, "ratings.csv", "user,item,rating", rows)
    if items:
        write(tmp_path, "items.csv", "item,kind", [(item, "soup") for item in items])
    manifest = build("subset", tmp_path / "new", log=tmp_path, n_users=3, seed=1)
    data = load(tmp_path / "new")
    assert (manifest["counts"]["users"], manifest["counts"]["items"]) == (3, len(data.item_ids))
    assert len(data.item_ids) == len(items) or len(data.item_ids) < 3


def test_what_a_subset_leaves_out_of_a_folder_is_counted(tmp_path):
    ratings(tmp_path).rename(tmp_path / "ratings.csv")
    write(tmp_path, "users.csv", "user,age", [("u9", 20)])
    write(tmp_path, "social.csv", "user,friend", [("u0", "u1"), ("u1", "u2")])
    manifest = build("subset", tmp_path / "new", log=tmp_path, n_users=2)
    assert manifest["dropped"]["social ties"] == 2
    assert not (tmp_path / "new" / "social.csv").exists()
    assert len(load(tmp_path / "new").user_ids) == 2
    assert not (tmp_path / "new" / "users.csv").exists()


def test_a_log_may_be_parquet(tmp_path):
    log = ratings(tmp_path)
    pd.read_csv(log).to_parquet(tmp_path / "log.parquet")
    options = {"sizes": [2], "n_groups": 3, "min_items": 2}
    for name in ("log.csv", "log.parquet"):
        build("all-rated", tmp_path / name.replace(".", "-"), log=tmp_path / name, **options)
    for file in ("ratings.csv", "groups.csv", "group_ratings_test.csv"):
        assert (tmp_path / "log-csv" / file).read_bytes() == (tmp_path / "log-parquet" / file).read_bytes()


@pytest.mark.parametrize(
    ("recipe", "columns", "words"),
    [
        ("subset", "user,item,stars", "there is no column 'rating'"),
        ("similar-by-embedding", "user,item,Rating", "did you mean 'Rating'"),
        ("subset", "user,item,time,timestamp", "the columns time and timestamp; keep one"),
        ("co-presence", "user,item,time,timestamp", "the columns time and timestamp; keep one"),
    ],
)
def test_a_column_is_not_overlooked_for_its_name(recipe, columns, words, tmp_path):
    more = [1] * (columns.count(",") - 1)
    log = write(tmp_path, "log.csv", columns, [("a", "x", *more), ("b", "y", *more)])
    with pytest.raises(DatasetError, match=words):
        build(recipe, tmp_path / "new", log=log)
