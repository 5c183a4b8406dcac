"""The user's own folder: what it may hold, what becomes of it, and what is refused."""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from groupbench.core.errors import ConfigError, DatasetError
from groupbench.data.doctor import diagnose
from groupbench.data.loading import check, fetch, info, load, tfidf

RATINGS = "user,item,rating\nann,b,4\nann,a,2\nbob,a,5\n"
GROUPS = "group,user\ng1,ann\ng1,bob\n"


def write(folder: Path, **files: str | bytes) -> Path:
    for name, text in {"ratings": RATINGS, **files}.items():
        file = folder / (f"{name}.toml" if name == "dataset" else f"{name}.csv")
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def refuses(folder: Path, *parts: str) -> None:
    with pytest.raises(DatasetError) as caught:
        load(folder)
    for part in parts:
        assert part in str(caught.value)


def test_ratings_alone_make_a_dataset(tmp_path):
    data = load(write(tmp_path))
    assert data.user_ids == ("ann", "bob")
    assert data.item_ids == ("a", "b")
    assert data.ratings.users.tolist() == [0, 0, 1]
    assert data.ratings.items.tolist() == [1, 0, 0]
    assert data.ratings.values.tolist() == [4, 2, 5]
    assert data.scale == (2, 5)
    assert data.groups is None
    assert data.group_ratings is None
    assert data.ratings.timestamps is None
    assert not data.simulated


def test_columns_may_stand_in_any_order_with_spaces_blank_lines_and_a_byte_order_mark(tmp_path):
    text = "\ufeff rating , item,user\r\n\r\n 3, a ,007\r\n4,b,7\r\n5,a,1\r\n"
    data = load(write(tmp_path, ratings=text))
    assert data.user_ids == ("1", "007", "7")
    assert data.ratings.users.tolist() == [1, 2, 0]
    assert data.ratings.values.tolist() == [3, 4, 5]


def test_ids_are_sorted_by_value_only_if_all_are_integers(tmp_path):
    data = load(write(tmp_path, ratings="user,item,rating\n10,x10,1\n9,x9,2\n-1,x9,3\n"))
    assert data.user_ids == ("-1", "9", "10")
    assert data.item_ids == ("x10", "x9")


def test_timestamps_tell_repeated_ratings_apart(tmp_path):
    data = load(write(tmp_path, ratings="user,item,rating,timestamp\nu,a,1,10\nu,a,2,20\nv,b,3,30\n"))
    assert data.ratings.timestamps.tolist() == [10, 20, 30]
    assert len(data.ratings) == 3


def test_groups_joint_ratings_and_features(tmp_path):
    write(
        tmp_path,
        groups="user,group\nbob,g2\nann,g10\nbob,g10\n",
        group_ratings="group,item,rating\ng10,c,1\ng2,a,5\n",
        users="user,age,city\nann,20,Rome\nbob,40,Oslo\ncid,,Rome\n",
        items="item,genres,title\na,Drama|War,the red fox\nb,War,red wolf\nc,,blue fox\n",
    )
    data = load(tmp_path)
    assert data.user_ids == ("ann", "bob", "cid")
    assert data.item_ids == ("a", "b", "c")
    assert data.groups.ids == ("g10", "g2")
    assert [data.groups[g].tolist() for g in range(2)] == [[0, 1], [1]]
    assert data.group_ratings.users.tolist() == [0, 1]
    assert data.group_ratings.items.tolist() == [2, 0]
    assert data.scale == (1, 5)
    assert data.user_features.names == ("age", "city=Oslo", "city=Rome")
    assert data.user_features.values.tolist() == [[-1, 0, 1], [1, 1, 0], [0, 0, 1]]
    assert data.categories.names == ("genre=Drama", "genre=War")
    assert data.categories.values.tolist() == [[1, 1], [0, 1], [0, 0]]
    assert data.item_features.names == ("genre=Drama", "genre=War", "text:fox", "text:red")
    np.testing.assert_allclose(np.linalg.norm(data.item_features.select("text").values, axis=1), 1)
    assert data.tables["users.csv"]["age"].tolist()[:2] == [20, 40]
    assert data.tables["users.csv"]["user"].tolist() == ["ann", "bob", "cid"]


def test_users_without_a_row_get_empty_features_and_a_note(tmp_path):
    write(
        tmp_path, users="user,age\nbob,40\n", items="item,code\n" + "".join(f"i{n},x{n}\n" for n in range(31))
    )
    found = check(str(tmp_path))
    assert found.ok
    assert any("no row for 1 of 2 users" in note for note in found.notes)
    assert any("column code has 31 distinct texts" in note for note in found.notes)
    assert load(tmp_path).item_features is None


def test_settings_name_scale_and_citation(tmp_path):
    write(tmp_path, dataset='name = "mine"\ntitle = "My data"\nscale = [0, 10]\ncitation = "Me, 2024"\n')
    data, known = load(tmp_path), info(str(tmp_path))
    assert (data.name, data.title, data.scale) == ("mine", "My data", (0, 10))
    assert known.card.citation == "Me, 2024"
    assert known.check.counts["ratings"] == 3
    assert [f.status for f in known.check.files] == ["unverified"]
    assert fetch(str(tmp_path)) == [tmp_path / "ratings.csv"]


@pytest.mark.parametrize(
    ("ratings", "parts"),
    [
        ("user,rating\nu,1\n", ["ratings.csv:1", "no column 'item'"]),
        ("user,item,Rating\nu,a,1\n", ["ratings.csv:1", "did you mean 'Rating'?"]),
        ("user,item,stars\nu,a,1\n", ["ratings.csv:1", "no column 'rating'", "stars"]),
        ("user,item,time,timestamp\nu,a,1,1\n", ["ratings.csv:1", "keep one of them"]),
        ("user,item,ratings\nu,a,1\n", ["did you mean 'ratings'?"]),
        ("", ["ratings.csv", "is empty"]),
        ("user,item,rating\n", ["ratings.csv", "no rows"]),
        ("user,item,rating\nu,a,1\nv,b,good\n", ["ratings.csv:3", "'good'", "no finite number"]),
        ("user,item,rating\nu,a,1\nv,b,-1e308\n", ["ratings.csv:3", "'-1e308'", "beyond 2**53"]),
        ("user,item,rating\nu,a,nan\nv,b,1\n", ["ratings.csv:2", "'nan'"]),
        ("user,item,rating\nu,a,1\n\nv,b,-inf\n", ["ratings.csv:4", "'-inf'"]),
        ("user,item,rating\nu,a,1\nv,b,\n", ["ratings.csv:3", "rating ''"]),
        ("user,item,rating\nu,a,1\n,b,2\n", ["ratings.csv:3", "user '' is empty"]),
        (
            "user,item,rating\nu,a,1\nv,b,2\nu,a,3\n",
            ["ratings.csv:4", "repeats line 2", "user 'u', item 'a'"],
        ),
        ("user,item,rating\nu,a,1\nu,b,2\n", ["only the user 'u'"]),
        ("user,item,rating\nu,a,1\nv,a,2\n", ["only the item 'a'"]),
        ("user,item,rating\nu,a,1\nv,b\n", ["ratings.csv:3", "2 values where the first line has 3"]),
        ("user,item,rating\nu,a,1\nv,b,2,9\n", ["ratings.csv:3", "4 values where the first line has 3"]),
        ("user,item,user\nu,a,1\n", ["ratings.csv:1", "one name of its own"]),
        ("user,item,rating\nu,a,3\nv,b,3\n", ["scale is 3 to 3", "scale = [1, 5]"]),
        ('user,item,rating\nu,"a\nb",3\nv,b,x\n', ["ratings.csv:4", "'x'"]),
        ('user,item,rating\nu,"a,3\nv,b,1\n', ["ratings.csv"]),
        ("user,item,rating\nu,a\0,3\n", ["ratings.csv:2", "NUL"]),
        ("user,item,rating\nu,a,1\nv,b,1_0\n", ["ratings.csv:3", "'1_0'", "no finite number"]),
        ("user,item,rating\nu,a,1\nv,b,٤\n", ["ratings.csv:3", "'٤'", "no finite number"]),
        ("user,item,rating\nu,a,1\nv,b,0x5\n", ["ratings.csv:3", "'0x5'", "no finite number"]),
        ("user,item,rating\nu,a,1\nv,b,9007199254740993\n", ["ratings.csv:3", "beyond 2**53"]),
        (f"user,item,rating\nu,a,1\nv,b,{'7' * 5000}\n", ["ratings.csv:3", "(5,000 characters) is beyond"]),
        ("user,item,rating\nu,a,1\nv,b,\x1b[31m\n", ["ratings.csv:3", r"'\x1b[31m'"]),
        (
            "user,item,rating,timestamp\nu,a,3,1.5\nv,b,1,2\n",
            ["ratings.csv:2", "timestamp '1.5' has a fraction; write whole seconds"],
        ),
        (
            "user,item,rating,timestamp\nu,a,3,2020-01-01\nv,b,1,2\n",
            ["ratings.csv:3", "timestamp '2' is a number, and '2020-01-01' in line 2 is a date; write all"],
        ),
        (
            "user,item,rating,timestamp\nu,a,3,1\nv,b,1,1 May\n",
            ["ratings.csv:3", "timestamp '1 May' is no time; write whole seconds since 1970"],
        ),
        (
            "user,item,rating,timestamp\nu,a,3,1700000000000000001\nv,b,1,2\n",
            ["ratings.csv:2", "is beyond 2**53; write seconds, not nanoseconds"],
        ),
        ("user,item,rating\n".encode("utf-16"), ["ratings.csv:1", "is UTF-16; save the file as UTF-8"]),
        ("user,item,rating\n".encode("utf-16-le"), ["ratings.csv:1", "NUL"]),
        ("user,item,rating\nu,a,1\njosé,b,2\n".encode("latin-1"), ["ratings.csv:3", "0xe9", "UTF-8"]),
    ],
)
def test_bad_ratings_name_the_line_and_the_value(tmp_path, ratings, parts):
    refuses(write(tmp_path, ratings=ratings), *parts)


@pytest.mark.parametrize("separator", ["\t", ";", "::", "|", " "])
@pytest.mark.parametrize("header", ["user,item,rating", ""])
@pytest.mark.parametrize("row", ["u,a,1", "u,a,1.5"])
def test_another_separator_is_called_so(tmp_path, separator, header, row):
    other = "\n".join((header, row, "v,b,2" if header else row)).strip()
    other = other.replace(",", separator).replace(".", ",")
    with pytest.raises(DatasetError, match=r"ratings\.csv:[12]: .*the separator must be a comma"):
        load(write(tmp_path, ratings=f"{other}\n"))


@pytest.mark.parametrize("end", ["", 'w,"c",5\n'])
def test_an_open_quote_is_named_by_its_line_and_not_repeated(tmp_path, end):
    text = 'user,item,rating\nu,"a",1\n\nv,"b,2\n' + "w,a,3\n" * 5000 + end
    with pytest.raises(DatasetError, match=r"ratings\.csv:4: a double quote opens a value here") as caught:
        load(write(tmp_path, ratings=text))
    assert len(str(caught.value)) < 300


def test_an_open_quote_in_the_last_column_swallows_no_row(tmp_path):
    write(tmp_path, items='item,title\na,"the red fox\nb,"a ""wolf"""\n')
    refuses(tmp_path, "items.csv:2: a double quote opens a value here")


def test_values_in_quotes_may_hold_lines_quotes_and_separators(tmp_path):
    data = load(write(tmp_path, items='item,title\na,"red ""fox"",\n5"" tall"\n\nb,6" wolf\n'))
    assert data.tables["items.csv"]["title"].tolist() == ['red "fox",\n5" tall', '6" wolf']


def test_ids_and_texts_may_have_any_length(tmp_path):
    ids = ["9" * 5000, "1" + "0" * 5000, "-" + "7" * 5000]
    ratings = "user,item,rating\n" + "".join(f"{user},{'ab'[n % 2]},{n}\n" for n, user in enumerate(ids))
    write(tmp_path, ratings=ratings, items=f"item,title,url\na,{'fox ' * 50_000},\nb,fox,x\n")
    data = load(tmp_path)
    assert data.user_ids == (ids[2], ids[0], ids[1])
    assert len(data.tables["items.csv"]["title"][0]) == 199_999
    write(tmp_path, ratings=ratings, social=f"user,friend\n{ids[0]},{'8' * 5000}\n")
    with pytest.raises(DatasetError, match=r"social\.csv:2: unknown user '8+'\.\.\. \(5,000 char") as caught:
        load(tmp_path)
    assert len(str(caught.value)) < 400


def test_a_byte_order_mark_before_the_settings_does_not_matter(tmp_path):
    assert load(write(tmp_path, dataset="\ufeffscale = [1, 5]")).scale == (1, 5)
    refuses(write(tmp_path, dataset="scale = [1, 5]".encode("utf-16")), "dataset.toml: is not UTF-8")


def test_a_scale_that_nobody_stated_is_told(tmp_path):
    (note,) = load(write(tmp_path)).notes
    assert "held-out ones too: 2 to 5, and a tau of 3.5 among 1 to 5 is 3.875" in note
    assert "scale = [2, 5]" in note
    assert load(write(tmp_path, dataset="scale = [2, 5]")).notes == ()


def test_times_in_another_unit_are_told(tmp_path):
    write(
        tmp_path,
        dataset="scale = [1, 5]",
        ratings="user,item,rating,timestamp\nu,a,1,5\nv,b,2,1700000000000\n",
    )
    (note,) = load(tmp_path).notes
    assert note == "ratings.csv: timestamp 1700000000000 is not in seconds; only the order of times counts"


def test_times_without_a_zone_are_told(tmp_path):
    ratings = "user,item,rating,timestamp\nu,a,1,1970-01-02 00:00:07{}\nv,b,2,1970-01-01 00:00:08{}\n"
    write(tmp_path, dataset="scale = [1, 5]", ratings=ratings.format("", ""))
    data = load(tmp_path)
    assert data.ratings.timestamps.tolist() == [86_407, 8]
    assert data.notes == ("ratings.csv: timestamp names no time zone, so it is taken for UTC",)
    write(tmp_path, ratings=ratings.format("+01:00", "Z"))
    data = load(tmp_path)
    assert data.ratings.timestamps.tolist() == [82_807, 8]
    assert data.notes == ()


@pytest.mark.parametrize("name", ["ratings.csv", "items.csv", "dataset.toml"])
def test_what_is_no_file_is_refused(tmp_path, name):
    write(tmp_path)
    (tmp_path / name).unlink(missing_ok=True)
    os.mkfifo(tmp_path / name)
    refuses(tmp_path, f"{name}: cannot be read", "a pipe or a device")
    (tmp_path / name).unlink()
    (tmp_path / name).mkdir()
    refuses(tmp_path, f"{name}: cannot be read", "a folder")


def test_names_of_any_length_are_refused(tmp_path):
    refuses(
        write(tmp_path, dataset=f'name = "{"x" * 101}"'), "dataset.toml: name: ", "100 characters at most"
    )
    for name in ("x" * 5000, f"{tmp_path}/{'x' * 300}:clean", "a\0b"):
        with pytest.raises(ConfigError, match="unknown data set") as caught:
            load(name)
        assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("files", "parts"),
    [
        ({"social": "user,friend\nann,bob\nann,eve\n"}, ["social.csv:3", "unknown user 'eve'", "users.csv"]),
        ({"social": "user,friend\neve,ann\n"}, ["social.csv:2", "unknown user 'eve'"]),
        ({"social": "user,friend\nann,bob\nann,bob\n"}, ["social.csv:3", "repeats line 2"]),
        ({"social": "user,friend\nann,\n"}, ["social.csv:2", "friend '' is empty"]),
        ({"social": "user,follows\nann,bob\n"}, ["social.csv:1", "no column 'friend'"]),
        ({"social": "user,friend,weight\nann,bob,0\n"}, ["social.csv:2", "weight '0' is not above 0"]),
        ({"social": "user,friend,weight\nann,bob,x\n"}, ["social.csv:2", "weight 'x' is no finite number"]),
        (
            {"social": "user,friend,weight\nann,bob,1\nbob,ann,2\n"},
            ["social.csv:3", "the tie of line 2 with another weight", 'social = "directed"'],
        ),
        ({"dataset": 'social = "both"'}, ["dataset.toml", "social", "'directed'"]),
        ({"groups": "group,user\ng,\n"}, ["groups.csv:2", "user '' is empty"]),
        ({"groups": "group,user\n,ann\n"}, ["groups.csv:2", "group '' is empty"]),
        ({"groups": "group,user\ng,ann\ng,ann\n"}, ["groups.csv:3", "repeats line 2"]),
        ({"groups": "group,user\n"}, ["groups.csv", "no rows"]),
        (
            {"groups": GROUPS, "group_ratings": "group,item,rating\ng1,a,3\nh,a,4\n"},
            ["group_ratings.csv:3", "unknown group 'h'", "groups.csv"],
        ),
        ({"group_ratings": "group,item,rating\ng1,a,3\n"}, ["groups.csv", "is missing"]),
        ({"users": "user,age\nann,1\nann,2\n"}, ["users.csv:3", "repeats line 2"]),
        (
            {"items": "item,timestamp\na,1\na,2\n"},
            ["items.csv:3", "repeats line 2"],
        ),
        ({"dataset": "scale = [1, 4]"}, ["ratings.csv:4", "'5'", "outside the scale 1 to 4"]),
        ({"dataset": "scale = [4, 1]"}, ["dataset.toml", "4 to 1"]),
        ({"dataset": "scal = [1, 5]"}, ["dataset.toml", "scal", "the keys are name, title, scale"]),
        ({"dataset": "scale = [1,,5]"}, ["dataset.toml", "line 1"]),
        ({"dataset": 'name = "../x"'}, ["dataset.toml", "'../x'"]),
        ({"dataset": 'name = ".."'}, ["dataset.toml", "'..'"]),
    ],
)
def test_bad_further_files_name_the_line_and_the_value(tmp_path, files, parts):
    refuses(write(tmp_path, **files), *parts)


def test_a_folder_without_ratings_says_what_to_write(tmp_path):
    refuses(tmp_path, "has no ratings.csv", "user, item, rating")


def test_neither_name_nor_folder_suggests_names(tmp_path):
    with pytest.raises(ConfigError, match="did you mean 'itmrec'"):
        load("itmrek")
    with pytest.raises(ConfigError, match=re.escape("ratings.csv")):
        load(tmp_path / "nowhere")


TEXT = st.text("abcXYZ019 -_.é,\"'", min_size=1, max_size=6).map(str.strip).filter(bool)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    pairs=st.dictionaries(st.tuples(TEXT, TEXT), st.floats(-5, 5, width=32), min_size=2, max_size=25),
    groups=st.dictionaries(TEXT, st.sets(st.integers(0, 24), min_size=1, max_size=4), max_size=5),
)
def test_frames_written_to_a_folder_come_back(tmp_path_factory, pairs, groups):
    rows = [(*pair, value) for pair, value in pairs.items()]
    frame = pd.DataFrame(rows, columns=["user", "item", "rating"])
    if frame["user"].nunique() < 2 or frame["item"].nunique() < 2 or frame["rating"].nunique() < 2:
        return
    folder = tmp_path_factory.mktemp("data")
    frame.to_csv(folder / "ratings.csv", index=False)
    names = frame["user"].unique()
    sets = {group: {names[m % len(names)] for m in members} for group, members in groups.items()}
    if sets:
        members = [(group, user) for group, users in sets.items() for user in users]
        pd.DataFrame(members, columns=["group", "user"]).to_csv(folder / "groups.csv", index=False)
    data = load(folder)
    back = zip(data.ratings.users, data.ratings.items, data.ratings.values, strict=True)
    assert [(data.user_ids[u], data.item_ids[i], v) for u, i, v in back] == rows
    found = {} if data.groups is None else dict(zip(data.groups.ids, range(len(data.groups)), strict=True))
    assert {g: {data.user_ids[u] for u in data.groups[n]} for g, n in found.items()} == sets
    assert load(folder).content_hash == data.content_hash


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", ["ratings.csv", "groups.csv", "items.csv", "dataset.toml"])
def test_a_pipe_is_no_data_file(tmp_path, name):
    folder = write(tmp_path)
    (folder / name).unlink(missing_ok=True)
    os.mkfifo(folder / name)
    refuses(folder, name, "this is a pipe or a device, not a file")


def test_a_folder_in_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "mine").mkdir()
    write(tmp_path / "mine")
    assert load("~/mine").content_hash == load(tmp_path / "mine").content_hash
    monkeypatch.setenv("GROUPBENCH_DATA", "~/nowhere")
    with pytest.raises(ConfigError, match=rf"GROUPBENCH_DATA {re.escape(str(tmp_path))}/nowhere: "):
        load("itmrec")


def test_of_equally_frequent_words_the_first_stay():
    texts = pd.Series(["zebra apple mango", "mango apple zebra", "kiwi kiwi kiwi", "kiwi"])
    made = tfidf(texts, limit=3)
    assert made.names == ("text:apple", "text:kiwi", "text:mango")
    expected = TfidfVectorizer(vocabulary=["apple", "kiwi", "mango"]).fit_transform(texts).toarray()
    assert np.allclose(made.values, expected, rtol=1e-12, atol=0)


def test_rows_without_rating_are_choices(tmp_path):
    write(
        tmp_path,
        ratings="user,item,time\nann,b,7\nann,a,9\nbob,a,8\n",
        groups=GROUPS,
        group_ratings="group,item\ng1,a\n",
    )
    data = load(tmp_path)
    assert data.scale == (1, 1)
    assert data.ratings.values.tolist() == [1, 1, 1]
    assert data.ratings.timestamps.tolist() == [7, 9, 8]
    assert data.group_ratings.values.tolist() == [1]
    assert data.notes == tuple(
        f"{name} has no column rating: its rows are choices, each with the rating 1"
        for name in ("ratings.csv", "group_ratings.csv")
    )


@pytest.mark.parametrize("chosen", ["ratings", "group_ratings"])
def test_choices_beside_ratings_have_the_highest_rating(tmp_path, chosen):
    files = {"ratings": RATINGS, "groups": GROUPS, "group_ratings": "group,item,rating\ng1,a,1\ng1,b,2\n"}
    files[chosen] = "".join(f"{line.rpartition(',')[0]}\n" for line in files[chosen].splitlines())
    data = load(write(tmp_path, dataset="scale = [1, 5]", **files))
    rows = data.ratings if chosen == "ratings" else data.group_ratings
    assert set(rows.values) == {5}
    (note,) = data.notes
    assert note == f"{chosen}.csv has no column rating: its rows are choices, each with the rating 5"


def test_joint_rows_may_have_times_that_tell_them_apart(tmp_path):
    for name in ("time", "timestamp"):
        joint = f"group,item,rating,{name}\ng1,a,1,5\ng1,a,2,6\n"
        data = load(write(tmp_path, groups=GROUPS, group_ratings=joint))
        assert data.group_ratings.timestamps.tolist() == [5, 6]


def test_members_and_users_without_ratings_are_users(tmp_path):
    write(
        tmp_path,
        dataset="scale = [1, 5]",
        groups="group,user\ng,ann\ng,eve\nh,cid\nh,dan\n",
        users="user,age\nann,1\nbob,2\ncid,3\nfay,4\n",
    )
    data = load(tmp_path)
    assert data.user_ids == ("ann", "bob", "cid", "dan", "eve", "fay")
    assert np.bincount(data.ratings.users, minlength=6).tolist() == [2, 1, 0, 0, 0, 0]
    assert [data.groups[g].tolist() for g in range(2)] == [[0, 4], [2, 3]]
    assert any(
        "2 of 4 members, such as dan, are in neither ratings.csv nor users.csv" in n for n in data.notes
    )
    found = diagnose(data).find("members-without-ratings", "members")
    assert (found.count, found.total) == (3, 4)
    assert found.examples == ("user cid", "user dan", "user eve")


def test_friends_are_ties_of_users(tmp_path):
    social = "friend,user,weight\nbob,ann,2\neve,eve,1\nann,eve,0.5\n"
    write(tmp_path, groups="group,user\ng,eve\n", social=social)
    data = load(tmp_path)
    ties = data.social
    assert (ties.users.tolist(), ties.friends.tolist()) == ([0, 0], [1, 2])
    assert (ties.weights.tolist(), ties.directed) == ([2, 0.5], False)
    assert ties.matrix(3).toarray().tolist() == [[0, 2, 0.5], [2, 0, 0], [0.5, 0, 0]]
    assert any("social.csv ties 1 users to themselves" in note for note in data.notes)
    assert check(str(tmp_path)).counts["social ties"] == 2
    write(tmp_path, dataset='social = "directed"')
    ties = load(tmp_path).social
    assert (ties.users.tolist(), ties.friends.tolist(), ties.directed) == ([0, 2], [1, 0], True)
    assert ties.matrix(3).toarray().tolist() == [[0, 2, 0], [0, 0, 0], [0.5, 0, 0]]


def test_both_directions_of_a_tie_are_one(tmp_path):
    ties = load(write(tmp_path, social="user,friend\nann,bob\nbob,ann\n")).social
    assert (ties.users.tolist(), ties.friends.tolist(), ties.weights.tolist()) == ([0], [1], [1])
