"""Cutting text into tables: Arrow's reader against the careful one, and what is made of columns."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from groupbench.core.errors import DatasetError
from groupbench.data.loading import TextTable, read_table
from groupbench.data.loading import _arrow as arrow
from groupbench.data.loading._dialect import Dialect
from groupbench.data.loading._ids import sorted_ids
from groupbench.data.loading._numerals import floats
from groupbench.data.loading._text import TextColumn

CELL = st.text(' "ab7é\t\u2003\x1c', max_size=4)
QUOTED = st.text(' ab,7é\t\n\r"', max_size=4).map(lambda text: '"' + text.replace('"', '""') + '"')
PLAINLY_QUOTED = st.text(" ab,7é\t\n\r", max_size=4).map('"{}"'.format)
ENDS = st.sampled_from(["\n", "\r\n", "\r", "\n\n", "\n \n", "\n\t\r\n"])


@st.composite
def texts(draw):
    """A file of a few rows, most of which have as many values as the first."""
    width = draw(st.integers(1, 3))
    bare = CELL.map(lambda text: text.replace('"', ""))
    cells = draw(st.sampled_from([bare, bare | PLAINLY_QUOTED, CELL, CELL | QUOTED]))
    rows = st.lists(cells, min_size=width, max_size=width)
    rows = draw(st.sampled_from([rows, rows | st.lists(cells, min_size=1, max_size=4)]))
    lines = draw(st.lists(st.tuples(rows, ENDS), min_size=1, max_size=6))
    separator = draw(st.sampled_from([",", "\t", ";", " ", "|"]))
    text = "".join(separator.join(row) + end for row, end in lines)
    return draw(st.sampled_from(["", "\n", " \n"])) + text, separator, draw(st.booleans())


def columns_of(read):
    try:
        return [column.text.to_pylist() for column in read()]
    except DatasetError as error:
        return str(error)


@given(texts())
@example(('a,b\n"x\ny",2\n', ",", True))
@example(('a,b\n"x"y,2\n', ",", True))
@example(('a,b\n "x",2\n', ",", True))
@example(('"a","b"\n\r\n"1","2"', ",", True))
@example(('a\n""\nb\n', ",", True))
@example(("a,b\r1,2\r", ",", True))
@example(('""\n', ",", True))
@example(('"\n', ",", True))
@example(("\r,\n", ",", False))
def test_both_readers_agree(drawn):
    text, separator, quoted = drawn
    dialect = Dialect("x.csv", text.encode(), separator, quoted, header=False)
    assert columns_of(dialect.columns) == columns_of(dialect.columns_with_care)


@pytest.mark.parametrize(
    "text",
    ["u,i\n1,2\n", '"u","i"\r\n"1, one","2"\n\n', "u,i\r1 ,\t2\r", '"u","i"\n"1\n1",""'],
)
def test_plain_files_need_no_care(text):
    assert arrow.cut(text.encode(), ",", quoted=True) is not None


@pytest.mark.parametrize(
    "text", ["a,b\n1\n", 'a,b\n"1,2\n', 'a,b\n1"1,2"\n', 'a,b\n"1""1",2\n', "a\n \nb\n", ""]
)
def test_what_arrow_cannot_tell_is_left(text):
    assert arrow.cut(text.encode(), ",", quoted=True) is None


def test_lines_longer_than_a_piece_of_arrows_reader(tmp_path):
    long = "7" * 3_000_000
    table = read_table(f"a,b\n1,{long}\n2,3\n".encode(), "x.csv")
    assert table.columns["b"][0] == long
    assert len(table) == 2


def test_rows_in_many_pieces_keep_their_lines():
    rows = "".join(f"u{n % 999},i{n % 77},{n % 5}\n" for n in range(150_000))
    table = read_table(f"user,item,rating\n{rows}\nu,i,x\n".encode(), "x.csv")
    assert len(table) == 150_001
    assert table.columns["user"][123_456] == f"u{123_456 % 999}"
    codes, uniques = table.coded("item")
    assert [uniques[code].as_py() for code in codes[[0, 80, -1]]] == ["i0", "i3", "i"]
    with pytest.raises(DatasetError, match=r"x\.csv:150003: rating 'x' is no finite number"):
        table.numbers("rating")


NUMERAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?", re.ASCII)


@given(
    st.lists(
        st.floats().map(repr)
        | st.integers().map(str)
        | st.from_regex(NUMERAL, fullmatch=True)
        | st.text("0123456789.+-eExX_ nainfd٤", max_size=6),
        max_size=5,
    )
)
@example(["1_0"])
@example(["0x1", "0x1p3", "1d", "infinity", "NaN", ""])
@example(["1e999", "-1e999", "1e-999", "7" * 5000])
def test_numbers_are_what_a_person_writes(values):
    expected = [float(value) if NUMERAL.fullmatch(value) else np.nan for value in values]
    np.testing.assert_array_equal(floats(TextColumn.of(values).text), expected)
    for value, number in zip(values, expected, strict=True):
        np.testing.assert_array_equal(floats(TextColumn.of([value]).text), [number])


def table_of(*rows: tuple[str, ...]) -> TextTable:
    lines = "".join(",".join(row) + "\n" for row in rows)
    return read_table(f"{','.join('abc'[: len(rows[0])])}\n{lines}".encode(), "x.csv")


@given(st.lists(st.tuples(*[st.sampled_from(["1", "2", "01", "x"])] * 3), min_size=1, max_size=40))
def test_repeated_rows_are_those_of_pandas(rows):
    table = table_of(*rows)
    for columns in (["a"], ["a", "b"], ["b", "c", "a"]):
        np.testing.assert_array_equal(table.repeated(columns), table.frame.duplicated(columns))


@given(st.lists(st.text("ab ,|", max_size=6).map(str.strip), min_size=1, max_size=9))
def test_parts_of_values_are_those_of_python(values):
    column = TextColumn.of(values)
    for separator in ("|", ","):
        rows, parts = column.split(separator)
        expected = [(n, part) for n, value in enumerate(values) for part in value.split(separator)]
        assert list(zip(rows.tolist(), parts.text.to_pylist(), strict=True)) == expected


def test_rows_that_are_kept_keep_their_lines():
    table = table_of(("1", "x|y"), ("2", "z"), ("3", "v|w"))
    kept = table.keep(np.array([False, True, True])).exploded("b", "|")
    assert kept.frame.to_numpy().tolist() == [["2", "z"], ["3", "v"], ["3", "w"]]
    assert [kept.line(row) for row in range(3)] == [3, 4, 4]
    assert kept.records.tolist() == [1, 2, 2]


def test_columns_that_are_put_in_place():
    table = table_of(("1", "x"), ("2", "y")).assigned(b=pd.Series(["p", "q"]), c=["r", "s"])
    assert table.renamed({"c": "d"}).frame.to_dict("list") == {
        "a": ["1", "2"],
        "b": ["p", "q"],
        "d": ["r", "s"],
    }


def timed(*times: str) -> TextTable:
    return read_table("".join(f"{time}\n" for time in ("t", *times)).encode(), "x.csv")


@given(
    st.lists(st.datetimes().map(lambda time: time.replace(microsecond=0, fold=0)), min_size=1, max_size=4),
    st.sampled_from(["T", " "]),
    st.sampled_from(["", ".000"]),
    st.integers(-23, 23),
)
def test_times_are_those_of_python(times, between, fraction, offset):
    expected = [int(time.replace(tzinfo=UTC).timestamp()) for time in times]
    texts = [time.isoformat(between) + fraction for time in times]
    assert timed(*texts).times("t").tolist() == expected
    zone = f"{offset:+03}:30"
    expected = [int(datetime.fromisoformat(text + zone).timestamp()) for text in texts if text > "0002"]
    texts = [text + zone for text in texts if text > "0002"]
    if texts:
        assert timed(*texts).times("t").tolist() == expected


def test_dates_are_midnight_and_minutes_will_do():
    assert timed("1970-01-02", "1969-12-31").times("t").tolist() == [86_400, -86_400]
    assert timed("1970-01-01 00:01Z", "1970-01-01T00:01+0100").times("t").tolist() == [60, -3540]


@pytest.mark.parametrize(
    ("times", "message"),
    [
        (["2020-01-01", "2020-02-30"], "x.csv:3: t '2020-02-30' is on no calendar or clock"),
        (["2020-01-01T23:59Z"] * 7 + ["2020-01-01T25:00Z"] * 3, "x.csv:9: t '2020-01-01T25:00Z' is on no"),
        (["2020-01-01T23:59:00.5"], "x.csv:2: t '2020-01-01T23:59:00.5' has a fraction; write whole seconds"),
        (
            ["2020-01-01", "2020-01-01T00:00"],
            "x.csv:3: .* is a time without a zone, and '2020-01-01' in line 2 is",
        ),
        (
            ["2020-01-01 00:00", "2020-01-01 00:00Z"],
            "is a time with a zone, and .* in line 2 is a time without",
        ),
        (["7", "2020-01-01"], "x.csv:3: t '2020-01-01' is a date, and '7' in line 2 is a number"),
        (["2020-01-01", "1.5"], "x.csv:3: t '1.5' is a number"),
        (
            ["soon", "7"],
            "x.csv:2: t 'soon' is no time; write whole seconds since 1970 such as 1577872800, or",
        ),
        (["2020-01-01", "01.02.2020"], "x.csv:3: t '01.02.2020' is no time"),
        (["2020-1-1"], "x.csv:2: t '2020-1-1' is no time"),
    ],
)
def test_other_times_are_refused(times, message):
    with pytest.raises(DatasetError, match=message):
        timed(*times).times("t")


def test_ids_of_any_length_are_sorted_by_value():
    assert sorted_ids(["10", "9", "-1", "07", "7"]) == ("-1", "07", "7", "9", "10")
    assert sorted_ids(["9" * 5000, "-" + "9" * 5000, "1"]) == ("-" + "9" * 5000, "1", "9" * 5000)
