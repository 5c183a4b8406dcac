"""The built-in data sets: published counts, and small files in each original format."""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from groupbench.core.errors import DatasetError
from groupbench.core.registry import datasets
from groupbench.data.dataset import Dataset
from groupbench.data.loading import Source, card, check, fetch, info, load

BUILT_IN = ("itmrec", "itmrec-sim", "ml-100k", "ml-1m", "ml-latest-small")
SIM_HASH = "db8dec489e7f1b0640e58e7abd7b4ea84d366e7cdb3c90e7d63be4e6b2eb373e"


def read(name: str, folder: Path) -> Dataset:
    """Load small files of a data set whose checksums are those of the originals."""
    known = card(name)
    files = dict.fromkeys(known.files, "")
    return datasets[name].create(source=Source(replace(known, files=files), folder))


def catalogue_of_rows(data: Dataset, rows) -> np.ndarray:
    return data.categories.values[rows.items].argmax(axis=1)


def itmrec_counts(data: Dataset) -> None:
    per_user = np.bincount(data.ratings.users, minlength=476)
    per_group = np.bincount(data.group_ratings.users, minlength=143)
    assert (data.ratings.n_users, data.ratings.n_items, len(data.ratings)) == (476, 70, 5230)
    assert np.count_nonzero(per_user) == 454
    assert (per_user[per_user > 0].min(), per_user.max()) == (3, 51)
    assert per_user.sum() / 454 == pytest.approx(11.52, abs=0.005)
    assert len(data.ratings.unique()) == 5230 - 432
    assert np.bincount(data.ratings.values.astype(int)).tolist() == [0, 724, 1050, 555, 1348, 1553]
    assert np.bincount(data.groups.sizes).tolist() == [0, 0, 88, 42, 9, 4]
    assert len(data.group_ratings) == 1117
    assert np.bincount(data.group_ratings.values.astype(int)).tolist() == [0, 115, 306, 172, 244, 280]
    assert (per_group.min(), per_group.max()) == (5, 22)
    assert data.scale == (1, 5)
    assert data.categories.names == ("class=DB", "class=DA/DM")
    assert data.categories.values[:20].tolist() == [[1, 0]] * 20
    assert data.categories.values[20:].tolist() == [[0, 1]] * 50
    of_row = catalogue_of_rows(data, data.group_ratings)
    first = np.unique(data.group_ratings.users, return_index=True)[1]
    assert (of_row == of_row[first][data.group_ratings.users]).all()
    assert set(data.user_features.names) == {
        *("gender=0", "gender=1", "married=0", "married=1"),
        *("age=<20", "age=20-25", "age=26-30", "age=>30", "age=31-100"),
    }
    assert (data.user_features.values.sum(axis=1) == 3).all()


def test_all_built_in_data_sets_are_registered_with_licence_and_citation():
    assert set(BUILT_IN) <= set(datasets)
    for name in BUILT_IN:
        known = card(name)
        assert known.title
        assert known.licence != "not stated"
        assert known.citation
        assert datasets[name].summary.endswith(".")
        if not known.simulated:
            assert known.redistributable == (name == "ml-latest-small")
            assert len(known.sha256) == 64
            assert known.archive
            assert all(a.endswith(known.archive) for a in known.addresses)


def test_the_simulation_has_the_published_counts():
    data = load("itmrec-sim")
    itmrec_counts(data)
    assert data.simulated
    assert "(simulated)" in data.title
    assert np.diff(data.ratings.users).min() >= 0
    twice = data.tables["ratings.csv"].duplicated(["UserID", "Item", "Class"])
    assert not twice.any()
    in_class = data.tables["ratings.csv"].groupby("Class")["Item"].agg(lambda ids: ids.astype(int).min())
    assert in_class.to_dict() == {"DB": 1, "DA": 21, "DM": 21}


def test_the_simulation_is_the_same_on_every_machine():
    data, again = load("itmrec-sim"), load("itmrec-sim")
    digest = hashlib.sha256()
    for rows in (data.ratings, data.group_ratings):
        for array in (rows.users, rows.items, rows.values):
            digest.update(array.tobytes())
    for array in (data.groups.members, data.user_features.values, data.item_features.values):
        digest.update(array.tobytes())
    assert digest.hexdigest() == SIM_HASH
    assert again.content_hash == data.content_hash


def test_the_simulation_needs_and_has_no_file(monkeypatch):
    monkeypatch.setenv("GROUPBENCH_DATA", "/nowhere")
    assert fetch("itmrec-sim") == []
    found = info("itmrec-sim")
    assert found.check.ok
    assert found.check.path is None
    assert found.check.files == ()
    assert found.card.redistributable
    assert found.check.counts["group ratings"] == 1117


def test_members_of_a_simulated_group_rate_like_the_group():
    data = load("itmrec-sim")
    own = data.ratings.matrix().toarray()
    rows = data.group_ratings
    members = data.groups.segments.reduce("sum", own[data.groups.members])[rows.users, rows.items]
    known = data.groups.segments.reduce("sum", (own > 0)[data.groups.members].astype(int))
    counts = known[rows.users, rows.items]
    rated = counts > 0
    agreement = np.corrcoef(members[rated] / counts[rated], rows.values[rated])[0, 1]
    assert agreement == pytest.approx(0.39, abs=0.02)


def test_simulated_tastes_can_be_learned():
    """A rank-4 fit of what item means leave must explain held-out ratings better than the means alone."""
    data = load("itmrec-sim")
    order = np.random.default_rng(0).permutation(len(data.ratings))
    train, test = data.ratings.take(order[:4184]), data.ratings.take(order[4184:])
    means = np.bincount(train.items, train.values, 70) / np.bincount(train.items, minlength=70)
    residual = np.zeros((476, 70))
    rows = train.unique()
    residual[rows.users, rows.items] = rows.values - means[rows.items]
    u, s, v = np.linalg.svd(residual, full_matrices=False)
    fitted = (u[:, :4] * s[:4]) @ v[:4] * 0.9
    error = test.values - means[test.items]
    with_tastes = error - fitted[test.users, test.items]
    assert np.mean(with_tastes**2) < 0.98 * np.mean(error**2)


@pytest.mark.data
def test_itmrec_has_the_published_counts(real_data):
    data = load("itmrec", real_data)
    itmrec_counts(data)
    assert data.user_ids[0] == "1000"
    assert data.item_ids == tuple(str(i) for i in range(1, 71))
    assert len(np.unique(data.user_features.values, axis=0)) == 18
    assert len(data.groups.members) == 358
    assert 100 < len(data.item_features.names) <= 200
    assert all(name.startswith("text:") for name in data.item_features.names)
    assert not data.simulated
    found = check("itmrec", real_data)
    assert found.ok
    assert found.notes == ("group.csv repeats 37 of its 395 rows; each member counts once",)
    assert {f.status for f in found.files} == {"ok"}
    assert len(found.files) == 7


@pytest.mark.data
def test_movielens_100k_has_the_published_counts(real_data):
    data = load("ml-100k", real_data)
    assert (data.ratings.n_users, data.ratings.n_items, len(data.ratings)) == (943, 1682, 100_000)
    assert len(data.ratings.unique()) == 100_000
    assert data.ratings.mean == pytest.approx(3.52986)
    assert np.bincount(data.ratings.users).min() == 20
    assert len(data.categories.names) == 18
    assert data.categories.values.sum() == 2891
    assert data.user_ids[:3] == ("1", "2", "3")
    assert (data.user_features.values.sum(axis=1) == 3).all()
    assert check("ml-100k", real_data).ok


ITM = {
    "ratings.csv": "UserID,Item,Rating,App,Data,Ease,Class\n10,21,4,1,1,1,DA\n9,1,2,1,1,1,DB\n"
    "10,21,5,1,1,1,DM\n",
    "users.csv": "UserID, Gender, Age,Married\n9,0, 31-100,0\n10,1,>30,1\n11,0,20-25,0\n",
    "items.csv": "Item,Title,URL,Descriptions\n1,Shop data,u,\n21,Crime data,u,caf\xe9 crime\n",
    "group.csv": "GroupID,UserID\n100,10\n100,9\n100,9\n",
    "group_size.csv": "GroupID,Size\n100,2\n",
    "group_ratings.csv": "GroupID,Item,Rating,App,Data,Ease,Class\n100,21,3,1,1,1,DA\n",
}


def write(folder: Path, files: dict[str, str], encoding: str = "latin-1") -> Path:
    for name, text in files.items():
        (folder / name).write_text(text, encoding=encoding)
    return folder


def test_itmrec_keeps_ratings_per_class_and_drops_repeated_members(tmp_path):
    data = read("itmrec", write(tmp_path, ITM))
    assert data.user_ids == ("9", "10", "11")
    assert data.ratings.users.tolist() == [1, 0, 1]
    assert data.ratings.items.tolist() == [1, 0, 1]
    assert data.groups[0].tolist() == [0, 1]
    assert "age=31-100" in data.user_features.names
    assert data.item_features.names == ("text:data",)
    assert data.tables["items.csv"]["Descriptions"].tolist() == ["", "café crime"]
    assert data.tables["ratings.csv"]["Class"].tolist() == ["DA", "DB", "DM"]


@pytest.mark.parametrize(
    ("file", "text", "parts"),
    [
        ("group_size.csv", "GroupID,Size\n100,3\n", ["group_size.csv:2", "2 members"]),
        ("group_size.csv", "GroupID,Size\n101,2\n", ["group_size.csv:2", "unknown GroupID '101'"]),
        ("group.csv", "GroupID,UserID\n100,10\n100,10\n100,77\n", ["group.csv:4", "unknown UserID '77'"]),
        ("ratings.csv", ITM["ratings.csv"].replace("21,5", "21,6"), ["ratings.csv:4", "'6'", "scale 1 to 5"]),
        (
            "ratings.csv",
            ITM["ratings.csv"].replace("9,1,2", "9,99,2"),
            ["ratings.csv:3", "unknown Item '99'"],
        ),
        ("users.csv", "Id\n9\n", ["users.csv:1", "no column 'UserID'"]),
    ],
)
def test_itmrec_refuses_what_does_not_fit_together(tmp_path, file, text, parts):
    write(tmp_path, ITM | {file: text})
    with pytest.raises(DatasetError) as caught:
        read("itmrec", tmp_path)
    for part in parts:
        assert part in str(caught.value)


def test_movielens_100k_format(tmp_path):
    marks = "0|1|0"
    files = {
        "u.data": "2\t10\t3\t881250949\n1\t9\t5\t891717742\n",
        "u.user": "1|17|M|technician|85711\n2|56|F|other|94043\n",
        "u.item": f'9|Misérables, Les (1995)|01-Jan-1995||http://a|{marks}\n10|"unknown|||http://b|1|0|0\n',
        "u.genre": "unknown|0\nAction|1\nDrama|2\n\n",
    }
    data = read("ml-100k", write(tmp_path, files))
    assert data.item_ids == ("9", "10")
    assert data.ratings.items.tolist() == [1, 0]
    assert data.ratings.timestamps.tolist() == [881250949, 891717742]
    assert data.categories.names == ("genre=Action",)
    assert data.categories.values.tolist() == [[1], [0]]
    assert data.item_features.names == ("genre=Action", "year=1990s", "year=unknown")
    assert data.tables["items"]["title"].tolist() == ["Misérables, Les (1995)", '"unknown']
    assert {"age=under 18", "age=56 and over"} <= set(data.user_features.names)


ML_1M = {
    "ratings.dat": "1::1193::5::978300760\n2::20::3::978302109\n",
    "users.dat": "1::F::1::10::48067\n2::M::56::16::70072\n3::M::25::0::55117\n",
    "movies.dat": '20::Money Train: "Cut" (1995)::Action|Comedy\n1193::Café (1967)::Drama\n'
    "3::Unseen::Drama\n",
}


def test_movielens_1m_format_from_an_archive_keeps_unrated_films_and_users(tmp_path):
    with zipfile.ZipFile(tmp_path / "ml-1m.zip", "w") as archive:
        for name, text in ML_1M.items():
            archive.writestr(f"ml-1m/{name}", text.encode("latin-1"))
    source = Source(replace(card("ml-1m"), sha256=""), tmp_path / "ml-1m.zip")
    data = datasets["ml-1m"].create(source=source)
    assert data.user_ids == ("1", "2", "3")
    assert data.item_ids == ("3", "20", "1193")
    assert data.ratings.items.tolist() == [2, 1]
    assert data.categories.names == ("genre=Action", "genre=Comedy", "genre=Drama")
    assert data.categories.values.tolist() == [[0, 0, 1], [1, 1, 0], [0, 0, 1]]
    assert data.tables["items"]["title"].tolist()[0] == 'Money Train: "Cut" (1995)'
    assert {"occupation=K-12 student", "age=under 18", "gender=F"} <= set(data.user_features.names)
    assert data.item_features.select("year").names == ("year=1960s", "year=1990s", "year=unknown")
    assert len(source.notes) == 3


def test_movielens_latest_small_format(tmp_path):
    ratings = "userId,movieId,rating,timestamp\n1,1,4.0,964982703\n2,3,0.5,964981247\n"
    movies = 'movieId,title,genres\n1,Toy Story (1995),Adventure|Children\n3,"One, Two",(no genres listed)\n'
    data = read("ml-latest-small", write(tmp_path, {"ratings.csv": ratings, "movies.csv": movies}, "utf-8"))
    assert data.scale == (0.5, 5)
    assert data.user_features is None
    assert data.categories.names == ("genre=Adventure", "genre=Children")
    assert data.ratings.values.tolist() == [4, 0.5]


@pytest.mark.parametrize(
    ("file", "text", "parts"),
    [
        ("ratings.dat", "1::1193::5::1\n2::21::3::1\n", ["ratings.dat:2", "unknown item '21'"]),
        ("ratings.dat", "1::1193::5::1\n1::1193::3::1\n", ["ratings.dat:2", "repeats line 1"]),
        ("ratings.dat", "1::1193::9::1\n", ["ratings.dat:1", "'9'"]),
        ("users.dat", "1::F::1::99::48067\n", ["users.dat:1", "occupation '99'"]),
        ("movies.dat", "", ["movies.dat", "is empty"]),
    ],
)
def test_movielens_1m_refuses_malformed_files(tmp_path, file, text, parts):
    write(tmp_path, ML_1M | {file: text})
    with pytest.raises(DatasetError) as caught:
        read("ml-1m", tmp_path)
    for part in parts:
        assert part in str(caught.value)
