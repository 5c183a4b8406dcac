"""Data sets with observed groups: counts of the real files, and small files in each original format."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from groupbench.core.errors import ConfigError, DatasetError
from groupbench.core.registry import datasets
from groupbench.data.dataset import Dataset
from groupbench.data.loading import Note, Source, card, check, fetch, load

NAMES = ("camra2011", "mafengwo", "mafengwos", "weeplaces", "groupfm", "movielens-groups")

AGREE = {
    "userRatingTrain.txt": "7 100 80\n9 20 0\n7 20 5\n7 20 5\n",
    "userRatingTest.txt": "9 100 45\n7 3 100\n",
    "userRatingNegative.txt": "(9,100) 3 500\r\n(7,3) 500 100 100\r\n",
    "groupRatingTrain.txt": "4 100 60\n12 20 60\n",
    "groupRatingTest.txt": "12 3 75\n",
    "groupRatingNegative.txt": "(12,3) 100 500 8\n",
    "groupMember.txt": "12 7,9\n4 11,7\n",
}

WEEPLACES = {
    "train_ui.csv": "user,item\n0,5\n0,10\n1,5\n",
    "val_ui_tr.csv": "user,item\n2,5\n",
    "val_ui_te.csv": "user,item\n2,77\n",
    "test_ui_tr.csv": "user,item\n3,10\n",
    "test_ui_te.csv": "user,item\n3,6\n",
    "train_gi.csv": "group,item\n0,5\n",
    "val_gi.csv": "group,item\n1,6\n",
    "test_gi.csv": "group,item\n2,10\n2,5\n",
    "group_users.csv": "group,user\n0,0.0\n0,1.0\n1,2.0\n1,0.0\n2,3.0\n2,10.0\n2,3.0\n",
}

GROUPFM = {
    "user_ratings.csv": "user_id,restaurant_id,rating,time_noon\n001,50,2,-\n002,50,,0\n002,3,5,+\n",
    "group_ratings.csv": "group_id,restaurant_id,rating\nG01,3,4\n",
    "group_assignments.csv": "user_id,group_id\n002,G01\n001,G01\n",
    "group_types.csv": "group_id,random\nG01,true\n",
}


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).write_bytes(text.encode())
    return folder


def read(name: str, folder: Path) -> tuple[Dataset, Source]:
    """Load small files in place of the originals, and return what their loader noted too."""
    known = card(name)
    sums = {file: hashlib.sha256((folder / file).read_bytes()).hexdigest() for file in known.files}
    source = Source(replace(known, files=sums), folder)
    return datasets[name].create(source=source), source


def named_rows(rows, raters, items) -> list[tuple[str, str, float]]:
    return [(raters[u], items[i], v) for u, i, v in zip(rows.users, rows.items, rows.values, strict=True)]


@pytest.mark.parametrize("name", NAMES)
def test_cards_say_where_each_file_is_what_it_is_and_under_which_terms(name):
    known = card(name)
    assert known.licence != "not stated"
    assert known.citation
    assert known.redistributable == (name == "groupfm")
    assert known.downloads == known.files
    assert all(len(sha256) == 64 for sha256 in known.files.values())
    commit = known.sha256_source.rpartition(" ")[2]
    assert len(commit) == 40
    for address in known.addresses:
        assert address.startswith("https://")
        assert commit in address
        assert address.endswith("/")


def test_agree_layout(tmp_path):
    data, _ = read("camra2011", write(tmp_path, AGREE))
    assert data.user_ids == ("7", "9", "11")
    assert data.item_ids == ("3", "8", "20", "100", "500")
    assert data.scale == (0, 100)
    assert named_rows(data.ratings, data.user_ids, data.item_ids) == [
        ("7", "100", 80),
        ("9", "20", 0),
        ("7", "20", 5),
        ("7", "20", 5),
    ]
    assert data.groups.ids == ("4", "12")
    assert data.groups[0].tolist() == [0, 2]
    assert data.groups[1].tolist() == [0, 1]
    assert named_rows(data.group_ratings, data.groups.ids, data.item_ids) == [
        ("4", "100", 60),
        ("12", "20", 60),
    ]
    users, groups = data.given.users, data.given.groups
    assert named_rows(users.ratings, data.user_ids, data.item_ids) == [("9", "100", 45), ("7", "3", 100)]
    assert users.segments.sizes.tolist() == [2, 3]
    assert [data.item_ids[i] for i in users.negatives] == ["3", "500", "500", "100", "100"]
    assert named_rows(groups.ratings, data.groups.ids, data.item_ids) == [("12", "3", 75)]
    assert [data.item_ids[i] for i in groups.negatives] == ["100", "500", "8"]
    assert data.given.validation_groups is None


def test_agree_layout_without_ratings_has_ones(tmp_path):
    def unrated(text: str) -> str:
        return "".join(" ".join(line.split()[:2]) + "\n" for line in text.splitlines())

    rated = {name: unrated(text) for name, text in AGREE.items() if name[-8:] in ("rain.txt", "Test.txt")}
    rated["groupMember.txt"] = "12 7,9,7\n4 11,7\n"
    rated["itemSemantic.txt"] = "五台山, 100\nOslo, 3\n"
    data, source = read("mafengwos", write(tmp_path, AGREE | rated))
    assert data.tables["itemSemantic.txt"]["title"].tolist() == ["五台山", "Oslo"]
    assert data.scale == (1, 1)
    assert data.ratings.values.tolist() == [1] * 4
    assert data.given.groups.ratings.values.tolist() == [1]
    assert data.groups.sizes.tolist() == [2, 2]
    assert source.notes == ["groupMember.txt repeats 1 of its 5 rows; each member counts once"]
    assert isinstance(source.notes[0], Note)
    assert (source.notes[0].rows, source.notes[0].total) == (1, 5)
    assert source.notes[0].examples == ("group 12, user 7",)


def test_mafengwo_says_whom_users_follow(tmp_path):
    write(tmp_path, AGREE | {"userFollow.txt": "7:9 11  12\n9:\n11:7 11 7\n12:7\n"})
    (tmp_path / "dataset.toml").write_text("scale = [0, 100]")
    data = load(f"{tmp_path}:agree")
    ties = data.social
    assert (ties.users.tolist(), ties.friends.tolist(), ties.directed) == ([0, 0, 2], [1, 2, 0], True)
    assert data.notes == (
        "userFollow.txt: 3 ties from 7 that are listed; 2 are with users without rows or groups, 1 of users "
        "with themselves, the rest repeats another",
    )
    (tmp_path / "userFollow.txt").write_text("7:9\n7:11\n")
    with pytest.raises(DatasetError, match=r"userFollow\.txt:2: repeats line 1"):
        load(f"{tmp_path}:agree")


def test_an_older_copy_of_mafengwo_lacks_who_follows_whom(tmp_path):
    (tmp_path / "mafengwo").mkdir()
    write(tmp_path / "mafengwo", AGREE)
    with pytest.raises(DatasetError, match=r"mafengwo: lacks userFollow\.txt; get .* from https://"):
        load("mafengwo", tmp_path)


@pytest.mark.parametrize(
    ("file", "text", "parts"),
    [
        ("groupRatingNegative.txt", "(12,8) 100\n", ["Negative.txt:1", "(12,8)", "line 1", "(12,3)"]),
        ("groupRatingNegative.txt", "(12,3)\n", ["groupRatingNegative.txt:1", "names no item"]),
        ("userRatingNegative.txt", "(9,100) 3\n", ["userRatingNegative.txt", "1 rows for 2"]),
        ("groupMember.txt", "12 7,9\n4 11,\n", ["groupMember.txt:2", "user '' is empty"]),
        ("groupMember.txt", "12 7,9\n12 11\n", ["groupMember.txt:2", "repeats line 1"]),
        ("groupRatingTest.txt", "12 3 175\n", ["groupRatingTest.txt:1", "'175'", "scale 0 to 100"]),
        ("groupRatingTrain.txt", "13 3 75\n", ["groupRatingTrain.txt:1", "unknown group '13'"]),
    ],
)
def test_agree_refuses_what_does_not_fit_together(tmp_path, file, text, parts):
    write(tmp_path, AGREE | {file: text})
    with pytest.raises(DatasetError) as caught:
        read("camra2011", tmp_path)
    for part in parts:
        assert part in str(caught.value)


def test_weeplaces_layout(tmp_path):
    data, source = read("weeplaces", write(tmp_path, WEEPLACES))
    assert data.user_ids == ("0", "1", "2", "3", "10")
    assert data.item_ids == ("5", "6", "10", "77")
    assert data.scale == (1, 1)
    assert data.ratings.users.tolist() == [0, 0, 1, 2, 3]
    assert data.groups.sizes.tolist() == [2, 2, 2]
    assert data.groups[2].tolist() == [3, 4]
    assert named_rows(data.group_ratings, data.groups.ids, data.item_ids) == [("0", "5", 1)]
    given = data.given
    assert named_rows(given.users.ratings, data.user_ids, data.item_ids) == [("3", "6", 1)]
    assert given.users.negatives is None
    assert named_rows(given.validation_groups.ratings, data.groups.ids, data.item_ids) == [("1", "6", 1)]
    assert named_rows(given.groups.ratings, data.groups.ids, data.item_ids) == [("2", "10", 1), ("2", "5", 1)]
    assert named_rows(given.validation_users.ratings, data.user_ids, data.item_ids) == [("2", "77", 1)]
    assert [note.code for note in source.notes] == ["repeated-memberships"]


def test_weeplaces_refuses_a_group_without_members(tmp_path):
    write(tmp_path, WEEPLACES | {"test_gi.csv": "group,item\n2,10\n8,5\n"})
    with pytest.raises(DatasetError, match=r"test_gi.csv:3: unknown group '8'.*group_users.csv"):
        read("weeplaces", tmp_path)


def test_groupfm_layout(tmp_path):
    data, source = read("groupfm", write(tmp_path, GROUPFM))
    assert data.user_ids == ("001", "002")
    assert data.item_ids == ("3", "50")
    assert named_rows(data.ratings, data.user_ids, data.item_ids) == [("001", "50", 2), ("002", "3", 5)]
    assert data.groups[0].tolist() == [0, 1]
    assert named_rows(data.group_ratings, data.groups.ids, data.item_ids) == [("G01", "3", 4)]
    assert len(data.tables["user_ratings.csv"]) == 3
    assert data.user_features is None
    assert source.notes[0] == "1 of the 1 groups were put together at random"
    assert (source.notes[1].code, source.notes[1].rows, source.notes[1].total) == ("blank-ratings", 1, 3)
    assert source.notes[1].examples == ("user_id 002, restaurant_id 50",)


@pytest.mark.parametrize(
    ("file", "text", "parts"),
    [
        ("user_ratings.csv", "user_id,restaurant_id,rating\n001,50,6\n002,3,5\n", ["csv:2", "'6'"]),
        ("group_types.csv", "group_id,random\nG02,true\n", ["group_types.csv:2", "unknown group_id 'G02'"]),
        ("group_assignments.csv", "user_id,group_id\n9,G01\n", ["assignments.csv:2", "unknown user_id '9'"]),
    ],
)
def test_groupfm_refuses_what_does_not_fit_together(tmp_path, file, text, parts):
    write(tmp_path, GROUPFM | {file: text})
    with pytest.raises(DatasetError) as caught:
        read("groupfm", tmp_path)
    for part in parts:
        assert part in str(caught.value)


@pytest.fixture
def mirrors(tmp_path, monkeypatch):
    """Two servers, of which only the second has files; groupfm's card points there with right checksums."""
    asked = []

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, form, *args):
            asked.append(self.path)

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("GROUPBENCH_DATA", raising=False)
    www = tmp_path / "www" / "good"
    www.mkdir(parents=True)
    write(www, GROUPFM)
    http = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=tmp_path / "www"))
    threading.Thread(target=http.serve_forever, daemon=True).start()
    known = replace(
        card("groupfm"),
        addresses=tuple(f"http://127.0.0.1:{http.server_port}/{place}/" for place in ("gone", "good")),
        files={name: hashlib.sha256(text.encode()).hexdigest() for name, text in GROUPFM.items()},
    )
    monkeypatch.setattr("groupbench.data.loading._load.card", lambda name: known)
    yield www, asked
    http.shutdown()
    http.server_close()


def test_single_files_come_from_the_first_mirror_that_has_them_and_are_kept(mirrors, tmp_path):
    _, asked = mirrors
    assert load("groupfm").user_ids == ("001", "002")
    assert asked.index("/gone/user_ratings.csv") < asked.index("/good/user_ratings.csv")
    asked.clear()
    folder = tmp_path / "cache" / "groupbench" / "groupfm"
    assert fetch("groupfm") == [folder / name for name in GROUPFM]
    assert asked == []


def test_a_download_that_was_cut_off_goes_on_where_it_stopped(mirrors):
    www, asked = mirrors
    (www / "group_types.csv").unlink()
    with pytest.raises(DatasetError, match=r"good/group_types\.csv: 404"):
        load("groupfm")
    write(www, GROUPFM)
    asked.clear()
    assert len(load("groupfm").groups) == 1
    assert {path.rpartition("/")[2] for path in asked} == {"group_types.csv"}


def test_a_file_with_another_checksum_is_not_kept(mirrors, tmp_path):
    www, _ = mirrors
    (www / "user_ratings.csv").write_text("user_id,restaurant_id,rating\n001,50,1\n")
    with pytest.raises(DatasetError, match=r"good/user_ratings\.csv: "):
        load("groupfm")
    assert [p.name for p in tmp_path.joinpath("cache").rglob("*") if p.is_file()] == []


def test_a_data_folder_that_lacks_a_file_says_what_to_get_from_where(tmp_path):
    (tmp_path / "groupfm").mkdir()
    write(tmp_path / "groupfm", {"group_types.csv": GROUPFM["group_types.csv"]})
    with pytest.raises(
        DatasetError, match=r"lacks .*user_ratings.csv; get .* from https://raw.*put them into"
    ):
        load("groupfm", tmp_path)


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("camra2011:claen", "did you mean 'clean'"),
        ("camra2011:", "known: clean"),
        ("camra201:clean", "did you mean 'camra2011'"),
        ("itmrec-sim:clean", "use 'itmrec-sim' itself"),
    ],
)
def test_variants_that_do_not_exist_are_refused_with_a_remedy(name, remedy):
    with pytest.raises(ConfigError) as caught:
        load(name)
    assert remedy in str(caught.value)


def totals(data: Dataset) -> tuple[int, ...]:
    rows = data.ratings
    return (rows.n_users, rows.n_items, len(rows), len(data.groups), len(data.group_ratings))


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "expected", "held_out", "members"),
    [
        ("camra2011", (602, 7710, 113_334, 290, 143_618), (3010, 1450), 602),
        ("mafengwo", (5275, 1513, 38_011, 995, 2600), (1754, 995), 9580),
        ("mafengwos", (11_027, 1236, 6563, 1215, 1886), (1674, 582), 14_993),
    ],
)
def test_agree_data_has_the_counts_of_its_files(real_data, name, expected, held_out, members):
    data = load(name, real_data)
    assert totals(data) == expected
    assert len(data.groups.members) == members
    assert (len(data.given.users.ratings), len(data.given.groups.ratings)) == held_out
    for held in (data.given.users, data.given.groups):
        assert (held.segments.sizes == 100).all()
        assert len(held.negatives) == 100 * len(held.ratings)
    assert data.item_ids == tuple(map(str, range(expected[1])))
    assert data.user_ids == tuple(map(str, range(expected[0])))
    assert check(name, real_data).ok


@pytest.mark.data
def test_mafengwo_has_ties_and_mafengwos_the_names_of_all_places(real_data):
    ties = load("mafengwo", real_data).social
    assert (len(ties), ties.directed) == (43_966, True)
    data = load("mafengwos", real_data)
    assert data.social is None
    assert tuple(data.tables["itemSemantic.txt"]["item"]) == data.item_ids


@pytest.mark.data
def test_weeplaces_has_the_counts_of_its_files(real_data):
    data = load("weeplaces", real_data)
    assert totals(data) == (8643, 25_081, 355_913 + 29_082 + 61_595, 22_733, 46_948)
    assert len(data.groups.members) == 65_668
    given = data.given
    assert (len(given.users.ratings), len(given.groups.ratings)) == (42_010, 13_846)
    assert (len(given.validation_users.ratings), len(given.validation_groups.ratings)) == (19_885, 6336)
    ids = [set(r.users) for r in (data.group_ratings, given.groups.ratings, given.validation_groups.ratings)]
    assert [len(i) for i in ids] == [15_913, 4547, 2273]
    assert len(set.union(*ids)) == 22_733
    assert given.groups.negatives is None


@pytest.mark.data
def test_groupfm_has_the_counts_of_its_files(real_data):
    data = load("groupfm", real_data)
    assert totals(data) == (188, 20, 3760 - 48, 44, 660)
    assert np.bincount(data.groups.sizes).tolist() == [0, 0, 6, 37, 1]
    assert np.bincount(data.ratings.values.astype(int)).tolist() == [0, 194, 589, 1133, 1290, 506]
    assert np.bincount(data.group_ratings.values.astype(int)).tolist() == [0, 28, 96, 233, 245, 58]
    assert "21 of the 44 groups were put together at random" in data.notes
    assert check("groupfm", real_data).ok
