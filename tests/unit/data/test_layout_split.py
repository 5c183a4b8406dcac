from __future__ import annotations

from dataclasses import replace

import pytest

from groupbench.core.errors import DatasetError
from groupbench.data.loading import load
from groupbench.data.loading.layouts import write_split
from groupbench.data.social import SocialTies

FILES = {
    "dataset.toml": 'scale = [1, 5]\nlayout = "split"\n',
    "ratings.csv": "user,item,rating,timestamp\na,x,1,10\nb,y,5,20\na,z,3,30\n",
    "ratings_test.csv": "user,item,rating,timestamp\nb,x,2,40\n",
    "groups.csv": "group,user\ng 1,a\ng 1,b\n",
    "group_ratings.csv": "group,item,rating\ng 1,x,4\n",
    "group_ratings_test.csv": "group,item,rating\ng 1,y,2\ng 1,z,3\n",
    "group_ratings_test_negatives.csv": 'group,item,negative\ng 1,z,w\ng 1,y,w\ng 1,z,"v, 2"\n',
}


def folder_of(path, **changed):
    path.mkdir()
    for name, text in {**FILES, **changed}.items():
        if text:
            (path / name).write_text(text, encoding="utf-8")
    return path


def test_rows_go_to_their_parts(tmp_path):
    data = load(folder_of(tmp_path / "data"))
    assert data.user_ids == ("a", "b")
    assert data.item_ids == ("v, 2", "w", "x", "y", "z")
    assert (data.scale, len(data.ratings), data.ratings.timestamps.tolist()) == ((1, 5), 3, [10, 20, 30])
    assert data.given.users.ratings.values.tolist() == [2]
    held = data.given.groups
    assert held.ratings.items.tolist() == [3, 4]
    assert held.segments.sizes.tolist() == [1, 2]
    assert held.negatives.tolist() == [1, 1, 0]
    assert data.given.validation_groups is data.given.validation_users is None


def test_what_is_written_is_read_again(tmp_path):
    data = load(folder_of(tmp_path / "data"))
    (tmp_path / "again").mkdir()
    write_split(data, tmp_path / "again")
    (tmp_path / "again" / "dataset.toml").write_text(FILES["dataset.toml"], encoding="utf-8")
    assert load(tmp_path / "again").content_hash == data.content_hash
    assert {f.name for f in (tmp_path / "again").iterdir()} == set(FILES)


@pytest.mark.parametrize("directed", [False, True])
def test_ties_beside_a_split_are_read_and_written(tmp_path, directed):
    toml = FILES["dataset.toml"] + 'social = "directed"\n' * directed
    texts = {"dataset.toml": toml, "social.csv": "user,friend,weight\nb,a,2\n"}
    data = load(folder_of(tmp_path / "data", **texts))
    ends = [
        (data.user_ids[u], data.user_ids[f])
        for u, f in zip(data.social.users, data.social.friends, strict=True)
    ]
    assert (ends, data.social.weights.tolist()) == ([("b", "a") if directed else ("a", "b")], [2])
    again = tmp_path / "again"
    again.mkdir()
    write_split(data, again)
    (again / "dataset.toml").write_text(toml, encoding="utf-8")
    assert load(again).content_hash == data.content_hash


def test_ties_of_users_without_rows_are_not_written(tmp_path):
    data = load(folder_of(tmp_path / "data"))
    ties = SocialTies.of([0, 0], [1, 2])
    (tmp_path / "again").mkdir()
    write_split(replace(data, user_ids=("a", "b", "c"), social=ties), tmp_path / "again")
    assert (tmp_path / "again" / "social.csv").read_text() == "user,friend\na,b\n"


def test_a_friend_without_rows_is_named(tmp_path):
    with pytest.raises(DatasetError, match=r"social\.csv:2: .*'nobody'"):
        load(folder_of(tmp_path / "data", **{"social.csv": "user,friend\na,nobody\n"}))


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("ratings.csv", "", "ratings.csv: there is no such file"),
        ("ratings.csv", "user,item,rating\na,,1\n", "ratings.csv:2: item '' is empty"),
        (
            "ratings_test.csv",
            "user,item,rating\nb,x,9\n",
            "ratings_test.csv:2: rating '9' is outside the scale",
        ),
        (
            "group_ratings.csv",
            "group,item,rating\ng 2,x,4\n",
            "unknown group 'g 2'; it must be in groups.csv",
        ),
        (
            "group_ratings_test_negatives.csv",
            "group,item,negative\ng 1,y,w\ng 1,w,x\n",
            "negatives.csv:3: group 'g 1', item 'w' is no row of group_ratings_test.csv",
        ),
        (
            "group_ratings_test_negatives.csv",
            "group,item,negative\ng 1,y,w\n",
            "group_ratings_test.csv:3: has no row in group_ratings_test_negatives.csv",
        ),
        ("group_ratings_test_negatives.csv", "group,item,negative\ng 1,y,\n", "negative '' is empty"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, name, text, words):
    with pytest.raises(DatasetError, match=words):
        load(folder_of(tmp_path / "data", **{name: text}))
