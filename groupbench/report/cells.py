"""Tables without the letters of any output format: captions, columns of cells and notes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

BLANK = "–"
REFERENCE = "(ref)"
"""What stands behind the name of a reference row."""

Mark = Literal["", "best", "second"]


@dataclass(frozen=True)
class Cell:
    """Text with its mark, and what follows the mark; not yet escaped.

    Attributes:
        text: what the cell says.
        mark: whether it is the best or second best of its column.
        after: what follows the mark.
    """

    text: str
    mark: Mark = ""
    after: str = ""


@dataclass(frozen=True)
class Column:
    """A heading and the cell of every row below it.

    Attributes:
        title: the heading.
        cells: one for each row.
        align: where they stand.
        key: by what `--columns` asks for it; empty where it is always there.
        group: a heading above that of neighbors with the same one, or empty.
    """

    title: str
    cells: Sequence[Cell]
    align: Literal["left", "right"] = "left"
    key: str = ""
    group: str = ""


@dataclass(frozen=True)
class CaptionedTable:
    """One table, without the letters of any output format.

    Attributes:
        caption: what is shown, and under which conditions.
        columns: the columns, all of one length.
        notes: footnotes, one sentence each.
        label: by what a text refers to it.
    """

    caption: str
    columns: tuple[Column, ...]
    notes: tuple[str, ...] = ()
    label: str = ""


def texts(title: str, cells: Iterable[str], key: str = "") -> Column:
    """A column of texts."""
    return Column(title, [Cell(text) for text in cells], key=key)


def numbers(title: str, values: Iterable[float], form: str, key: str = "") -> Column:
    """A column of numbers, blank where one is not known."""
    cells = [Cell(BLANK if np.isnan(value) else format(value, form)) for value in values]
    return Column(title, cells, "right", key)


def best_two(values: Sequence[float | None], *, lower_is_better: bool, digits: int) -> list[Mark]:
    """Marks of the best and the second best value as they are printed; None is not ranked."""
    printed = [None if value is None else round(value, digits) for value in values]
    ranking = sorted({one for one in printed if one is not None}, reverse=not lower_is_better)
    names: tuple[Mark, ...] = ("best", "second")
    marks: dict[float | None, Mark] = dict(zip(ranking, names, strict=False))
    return [marks.get(one, "") for one in printed]
