"""Logs and options that are odd, but that people have: refused in one line, or a data set that loads."""

from __future__ import annotations

from itertools import product

import pytest

from groupbench.core.errors import ConfigError
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
