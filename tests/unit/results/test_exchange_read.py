"""Rankings from elsewhere: what is read, and where each mistake is said to be."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import threading
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupbench.core.errors import DatasetError
from groupbench.results.exchange._read import read_rows, scores_of
from groupbench.results.exchange._trec import quoted

USERS = ("u1", "u2", "a b")
ITEMS = ("1", "2", "x/y", "0001")


def written(folder, name, text):
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def refused(file, message):
    with pytest.raises(DatasetError, match=message):
        scores_of(read_rows(file), "user", USERS, ITEMS)


@given(st.text(st.characters(exclude_categories=("Cs",)), min_size=1))
def test_quoted_ids_are_one_word_and_come_back(text):
    (word,) = quoted([text])
    assert word.split() == [word]
    assert not set(word) & set('/#",')
    assert word.isascii()
    assert unquote(word) == text


@pytest.mark.parametrize("suffix", ["csv", "parquet", "run"])
def test_formats_hold_the_same(tmp_path, suffix):
    frame = pd.DataFrame({"entity": ["a b", "u1"], "item": ["x/y", "0001"], "score": [0.5, -2.0]})
    file = tmp_path / f"a.{suffix}"
    if suffix == "csv":
        frame.to_csv(file, index=False)
    elif suffix == "parquet":
        frame.to_parquet(file)
    else:
        file.write_text("a%20b Q0 x%2Fy 1 0.5 me\nu1\tQ0   0001 1 -2 me\n")
    rows = read_rows(file)
    assert list(rows.frame["entity"]) == ["a b", "u1"]
    assert list(rows.frame["item"]) == ["x/y", "0001"]
    assert list(rows.frame["score"]) == [0.5, -2.0]
    assert rows.at(1) == f"{file}:{3 if suffix == 'csv' else 2}"


def test_ids_are_text_whatever_they_look_like(tmp_path):
    numbers = pd.DataFrame({"entity": ["u1", "u1"], "item": [1, 2], "score": [1, 2]})
    numbers.to_parquet(tmp_path / "a.parquet")
    assert list(read_rows(tmp_path / "a.parquet").frame["item"]) == ["1", "2"]
    file = written(tmp_path, "a.csv", "entity,item,score\nNA,0001,1\n")
    assert read_rows(file).frame.iloc[0].tolist() == ["NA", "0001", 1.0]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("u9,1,1", r"a\.csv:3: unknown user 'u9'; did you mean"),
        ("u1,3,1", r"a\.csv:3: unknown item '3'"),
        ("u1,1,nan", r"a\.csv:3: score 'nan' is no finite number"),
        ("u1,1,inf", r"a\.csv:3: score 'inf' is no finite number"),
        ("u1,1,", r"a\.csv:3: score '' is no finite number"),
        ("u1,1,high", r"a\.csv:3: score 'high' is no finite number"),
        ("u1,1,1_0", r"a\.csv:3: score '1_0' is no finite number"),
        ("u1,1,9007199254740993", r"a\.csv:3: score '9007199254740993' is beyond 2\*\*53"),
        (f"u1,1,{'7' * 5000}", r"a\.csv:3: score '7{100}'\.\.\. \(5,000 characters\) is no finite"),
        ("u2,1,7", r"a\.csv:3: user 'u2' has item '1' already \(at .*a\.csv:2\)"),
    ],
)
def test_a_wrong_row_is_named(tmp_path, row, message):
    refused(written(tmp_path, "a.csv", f"entity,item,score\nu2,1,3\n{row}\nu2,2,4\n"), message)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.csv", "entity,score\nu1,1\n", "has no column item"),
        ("a.csv", "entity,item,score\n", "has no rows"),
        ("a.csv", "", "cannot be read"),
        ("a.csv", 'entity,item,score\n"u1,1,1\n', "cannot be read|has no rows"),
        ("a.parquet", "no parquet", "cannot be read"),
        ("a.run", "u1 Q0 1 1\n", "line 1 has not the columns entity Q0 item rank score tag"),
        ("a.run", "u1 Q0 1 1 2 tag more\nu1 Q0 2 1 2 tag\n", "line 1 has not the columns"),
        ("a.csv", "entity,item,score,seed\nu1,1,1,-1\n", r"a\.csv:2: seed '-1' is no repetition"),
        ("a.csv", "entity,item,score,seed\nu1,1,1,0.5\n", r"a\.csv:2: seed '0\.5' is no repetition"),
    ],
)
def test_a_file_that_holds_no_rankings(tmp_path, name, text, message):
    refused(written(tmp_path, name, text), message)


def test_blank_lines_count_but_say_nothing(tmp_path):
    rows = read_rows(written(tmp_path, "a.csv", "entity,item,score\n\nu1,1,1\n\nu2,1,1\n\n"))
    assert (len(rows.frame), rows.at(1)) == (2, f"{tmp_path / 'a.csv'}:5")


def test_scores_are_read_to_the_last_bit(tmp_path):
    values = [0.1 + 0.2, 0.3, 1e-310, -(2.0**0.5) * 1e200]
    lines = [f"u1,{item},{value!r}" for item, value in zip(ITEMS, values, strict=True)]
    file = written(tmp_path, "a.csv", "\n".join(["entity,item,score", *lines]))
    assert read_rows(file).frame["score"].tolist() == values


def test_a_missing_file(tmp_path):
    refused(tmp_path / "a.csv", "no such file")


@given(st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=12))
def test_scores_keep_order_and_ties_and_nothing_else(values):
    from pathlib import Path

    from groupbench.results.exchange._read import RankingRows

    items = tuple(map(str, range(len(values))))
    frame = pd.DataFrame({"entity": ["u"] * len(values), "item": items, "score": values})
    scores = scores_of(RankingRows(Path("f"), 2, frame, ""), "user", ("t", "u"), items)
    order = scores.order[scores.positions(np.array([1]), np.arange(len(values))[None])][0]
    np.testing.assert_array_equal(
        np.sign(np.subtract.outer(order, order)), np.sign(np.subtract.outer(values, values))
    )
    assert order.min() == 1.0
    assert (scores.positions(np.array([0]), np.arange(len(values))[None]) == -1).all()


TEXT = "entity,item,score\nu1,1,1\nu1,2,0.5\n"


@pytest.mark.parametrize("text", [TEXT, "u1 Q0 1 1 1 tag\nu1 Q0 2 2 0.5 tag\n"])
def test_what_comes_through_a_pipe_is_read_once(tmp_path, monkeypatch, text):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=(text,), daemon=True)
    writer.start()
    rows = read_rows(pipe)
    writer.join(10)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    for found in (rows, read_rows(Path("-"))):
        assert found.frame["score"].tolist() == [1, 0.5]
        assert found.sha256 == hashlib.sha256(text.encode()).hexdigest()


def test_a_compressed_run_is_read(tmp_path):
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"u1 Q0 1 1 2 tag\n"))
    assert read_rows(tmp_path / "a.gz").frame["score"].tolist() == [2]
