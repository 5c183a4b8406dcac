"""Kinds of files in the place of CSV: Parquet, tabs, and the colons of MovieLens."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from groupbench.core.errors import DatasetError
from groupbench.data.loading import check, fetch, info, load, read_table
from groupbench.data.loading._parquet import read_parquet

TABLES = {
    "ratings": "user,item,rating,timestamp\n007,a,4,10\n7,b,2.5,20\n8,a,5,-30\n",
    "groups": "group,user\ng1,007\ng1,8\n",
    "group_ratings": "group,item,rating\ng1,b,3\n",
    "items": 'item,genres,title\na,War|Drama,the red fox\nb,War,"red, red wolf"\n',
}


def folder(path, write):
    path.mkdir()
    (path / "dataset.toml").write_text("\ufeffscale = [1, 5]\n", encoding="utf-8")
    for name, text in TABLES.items():
        write(path / name, read_table(text.encode(), name).frame)
    return path


@pytest.fixture
def csv(tmp_path):
    return folder(tmp_path / "csv", lambda file, frame: frame.to_csv(f"{file}.csv", index=False))


def test_tables_of_any_kind_make_one_data_set(tmp_path, csv):
    def as_parquet(file, frame):
        typed = frame.assign(**{c: pd.to_numeric(frame[c]) for c in ("rating", "timestamp") if c in frame})
        typed.iloc[::-1].iloc[::-1].to_parquet(f"{file}.parquet")

    expected = load(csv)
    parquet = load(folder(tmp_path / "parquet", as_parquet))
    tabs = folder(tmp_path / "tsv", lambda f, frame: frame.to_csv(f"{f}.tsv", sep="\t", index=False))
    assert expected.user_ids == ("007", "7", "8")
    assert parquet.content_hash == expected.content_hash
    assert load(f"{tabs}:tsv").content_hash == expected.content_hash
    (tabs / "dataset.toml").write_text('scale = [1, 5]\nlayout = "tsv"\n')
    assert load(tabs).content_hash == expected.content_hash


def test_the_files_that_are_read_are_listed(tmp_path, csv):
    pd.read_csv(csv / "items.csv").to_parquet(csv / "items.parquet")
    (csv / "items.csv").unlink()
    (csv / "ratings.tsv").touch()
    names = ["ratings.csv", "groups.csv", "group_ratings.csv", "items.parquet"]
    assert [file.name for file in fetch(str(csv))] == names
    assert [file.file for file in info(str(csv)).check.files] == names
    assert check(str(csv)).ok


def test_two_kinds_of_one_table_are_refused(csv):
    pd.read_csv(csv / "items.csv").to_parquet(csv / "items.parquet")
    with pytest.raises(
        DatasetError, match=r"items\.parquet: lies beside items\.csv, .*; delete items\.csv if"
    ):
        load(csv)


def test_another_layout_is_only_read_when_asked_for(tmp_path):
    (tmp_path / "ratings.tsv").write_text(TABLES["ratings"].replace(",", "\t"))
    with pytest.raises(DatasetError, match=r"has no ratings\.csv; .* so add --layout tsv"):
        load(tmp_path)
    with pytest.raises(DatasetError, match=r"has no ratings\.dat; .* so add --layout tsv"):
        load(f"{tmp_path}:movielens")
    (tmp_path / "ratings.tsv").write_text("user\titem\trating\n1\ta\t3\n2\tb\tx\n")
    with pytest.raises(DatasetError, match=r"ratings\.tsv:3: rating 'x' is no finite number"):
        load(f"{tmp_path}:tsv")


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8"])
def test_movielens_files(tmp_path, encoding):
    (tmp_path / "ratings.dat").write_text("1::9::5::978300760\n2::10::3::978302109\n")
    (tmp_path / "movies.dat").write_text("9::Léon (1994)::Crime|Drama\n10::Heat, a film::Crime\n", encoding)
    (tmp_path / "users.dat").write_text("1::F::1::10::48067\n")
    (tmp_path / "dataset.toml").write_text("scale = [1, 5]")
    data = load(f"{tmp_path}:movielens")
    assert data.item_ids == ("9", "10")
    assert data.ratings.timestamps.tolist() == [978300760, 978302109]
    assert data.categories.names == ("genre=Crime", "genre=Drama")
    assert data.tables["items.csv"]["title"].tolist() == ["Léon (1994)", "Heat, a film"]
    assert data.notes == ("users.dat is not read",)
    (tmp_path / "ratings.dat").write_text("1::9::5\n2::10::3\n")
    assert load(f"{tmp_path}:movielens").ratings.timestamps is None


def parquet(**columns):
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink)
    return read_parquet(sink.getvalue().to_pybytes(), "x.parquet")


def test_types_of_parquet_as_text():
    table = parquet(
        user=pa.array(["a ", "b"]).dictionary_encode(),
        item=[2**60, 7],
        rating=pa.array([3.2, float("nan")], pa.float32()),
        seen=[True, None],
        day=[date(1970, 1, 2), None],
        local=pa.array([datetime(1970, 1, 1, 0, 1)] * 2, pa.timestamp("ms")),
        zoned=pa.array([datetime(1970, 1, 1, 0, 1, tzinfo=UTC)] * 2, pa.timestamp("ns", "Europe/Oslo")),
        __index_level_0__=[4, 2],
    )
    assert list(table.columns) == ["user", "item", "rating", "seen", "day", "local", "zoned"]
    assert table.frame.iloc[0, :5].tolist() == ["a", str(2**60), "3.2", "true", "1970-01-02"]
    assert table.frame.iloc[1, 2:5].tolist() == ["", "", ""]
    assert table.times("local").tolist() == [60, 60]
    assert table.times("zoned").tolist() == [60, 60]
    with pytest.raises(DatasetError, match=r"x\.parquet: row 2: rating '' is no finite number"):
        table.numbers("rating")
    with pytest.raises(
        DatasetError, match=r"x\.parquet: there is no column 'raiting'; did you mean 'rating'"
    ):
        table.require("raiting")


def test_repeats_in_parquet_name_their_rows():
    with pytest.raises(
        DatasetError, match=r"x\.parquet: row 3: repeats row 1 \(user '1'\); drop one of the two"
    ):
        parquet(user=[1, 2, 1]).distinct(["user"])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: parquet(genres=[["a"], ["b"]]), "column genres holds list<.*; write text, numbers or times"),
        (lambda: parquet(user=pa.array([], pa.string())), "has no rows"),
        (lambda: read_parquet(b"user,item\n", "x.parquet"), "is no Parquet file that can be read"),
        (lambda: read_parquet(b"", "x.parquet"), "is no Parquet file that can be read"),
    ],
)
def test_parquet_that_is_refused(make, message):
    with pytest.raises(DatasetError, match=f"x.parquet: {message}"):
        make()
