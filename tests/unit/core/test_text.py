"""Text of strangers on a terminal and in spreadsheets."""

from __future__ import annotations

import io

import pandas as pd
import pytest

from groupbench.core.text import VisibleStream, csv_cell, csv_text, drawing_on, one_line, shortened, visible


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ü\t\n", "plain ü\t\n"),
        ("\x1b]0;title\x07", r"\u001b]0;title\u0007"),
        ("over\rwritten\x08", r"over\u000dwritten\u0008"),
        ("\x9b31m", r"\u009b31m"),
        ("a\u202eb\u2066c\u200f", r"a\u202eb\u2066c\u200f"),
        ("line\u2028line\x85", r"line\u2028line\u0085"),
    ],
)
def test_nothing_moves_the_cursor(text, shown):
    assert visible(text) == shown
    stream = io.StringIO()
    print(text, end="", file=VisibleStream(stream))
    assert stream.getvalue() == shown


def test_a_name_stays_in_its_line():
    assert one_line("a\tb\nc\x1b") == r"a\tb\nc\u001b"


def test_colors_pass_on_a_terminal_alone_and_what_draws_goes_below():
    terminal = Terminal()
    stream = VisibleStream(terminal)
    stream.write("\x1b[1mbold\x1b[0m \x1b[2Jgone \x1b[31")
    assert terminal.getvalue() == "\x1b[1mbold\x1b[0m \\u001b[2Jgone \\u001b[31"
    drawing_on(stream).write("\x1b[2K")
    assert terminal.getvalue().endswith("\x1b[2K")
    assert drawing_on(terminal) is terminal
    assert not hasattr(stream, "buffer")
    assert stream.isatty()


@pytest.mark.parametrize("cell", ["=1+1", "+cmd", "-x", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_cell_that_a_spreadsheet_would_run_is_quoted(cell):
    assert csv_cell(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["-1.5", "+3", "a=b", "", 5, -1.0, None, "1-2"])
def test_other_cells_stay(cell):
    assert csv_cell(cell) == cell


def test_a_frame_as_csv():
    frame = pd.DataFrame({"=name": ["=1+1", None, "ok"], "value": [-0.5, float("nan"), 1.0]})
    frame["kind"] = pd.Categorical(["@a", "b", "@a"])
    assert csv_text(frame) == "'=name,value,kind\n'=1+1,-0.5,'@a\n,,b\nok,1.0,'@a"


def test_words_without_end_are_cut():
    assert shortened("seeds=" + "9" * 5000 + ": give a number") == (
        "seeds=" + "9" * 74 + "... (5,007 characters) give a number"
    )
    assert shortened("a/" * 450) == "a/" * 450
