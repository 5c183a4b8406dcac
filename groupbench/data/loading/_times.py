"""Columns of times, as numbers or in the forms of ISO 8601, as seconds since 1970 in UTC."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from groupbench.core.errors import shown
from groupbench.data.loading._numerals import LARGEST, NUMERAL

if TYPE_CHECKING:
    import pyarrow as pa

    from groupbench.core.arrays import BoolArray, IntArray
    from groupbench.data.loading._source import Source
    from groupbench.data.loading._table import TextTable

_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_CLOCK = r"[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?"


class TimeForm(NamedTuple):
    """A way to write times, which all rows of a column must share.

    Attributes:
        name: what messages call it.
        pattern: a regular expression of Python and of Arrow.
        zone: the zone that Arrow is to expect, or None where none is written.
    """

    name: str
    pattern: str
    zone: str | None = None


NUMBER = TimeForm("a number", NUMERAL)

FORMS = (
    NUMBER,
    TimeForm("a date", _DATE),
    TimeForm("a time without a zone", _DATE + _CLOCK),
    TimeForm("a time with a zone", rf"{_DATE}{_CLOCK}(?:Z|[+-][0-9]{{2}}:?[0-9]{{2}})", "UTC"),
)
"""The forms that are understood; dates stand for midnight."""


def form_of(value: str) -> TimeForm | None:
    """The form of a value, or None if it has none of them."""
    return next((form for form in FORMS if re.fullmatch(form.pattern, value, re.ASCII)), None)


def seconds(table: TextTable, column: str) -> IntArray:
    """A column of times as whole seconds, or numbers of another unit as they are, (n_rows,).

    Raises:
        DatasetError: naming the first value that is no time, or is in another form than the first row.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    values, form = table.columns[column], form_of(table.columns[column][0])
    if form is None or form is NUMBER:
        return _whole_numbers(table, column)
    matching = pc.match_substring_regex(values.text, rf"\A(?:{form.pattern})\z")
    _require_form(table, column, np.asarray(matching.to_numpy()), form)
    fractional = pc.match_substring_regex(values.text, r"\.[0-9]*[1-9]")
    table.check(~np.asarray(fractional.to_numpy()), column, "has a fraction", "write whole seconds")
    text, kind = pc.replace_substring_regex(values.text, r"\.0+", ""), pa.timestamp("s", form.zone)
    if not _is_valid(text, kind):
        row = _first_invalid(text, kind)
        valid = np.arange(len(text)) != row
        table.check(valid, column, "is on no calendar or clock", "correct it")
    return np.asarray(pc.cast(pc.cast(text, kind), pa.int64()).to_numpy())


def note_zone(source: Source, table: TextTable, column: str) -> None:
    """Tell at `source` where the times of a column name no zone, as they are taken for UTC then."""
    form = form_of(table.columns[column][0])
    if form is not None and form is not NUMBER and form.zone is None:
        source.note(f"{table.name}: {column} names no time zone, so it is taken for UTC")


def _whole_numbers(table: TextTable, column: str) -> IntArray:
    values = table.columns[column].numbers
    if not -LARGEST < values.min() <= values.max() < LARGEST:
        _require_form(table, column, ~np.isnan(values), NUMBER)
        table.check(abs(values) < LARGEST, column, "is beyond 2**53", "write seconds, not nanoseconds")
    whole = table.columns[column].whole
    table.check(values == whole, column, "has a fraction", "write whole seconds")
    return whole


def _require_form(table: TextTable, column: str, good: BoolArray, form: TimeForm) -> None:
    if good.all():
        return
    other = form_of(table.columns[column][int(np.argmin(good))])
    problem = "is no time"
    remedy = "write whole seconds since 1970 such as 1577872800, or times such as 2020-01-01T10:00:00Z"
    if other is not None:
        first = f"{shown(table.columns[column][0])} in {table.origin.unit} {table.line(0)}"
        problem, remedy = f"is {other.name}, and {first} is {form.name}", "write all in one form"
    table.check(good, column, problem, remedy)


def _is_valid(text: pa.ChunkedArray, kind: pa.DataType) -> bool:
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        pc.cast(text, kind)
    except pa.ArrowInvalid:
        return False
    return True


def _first_invalid(text: pa.ChunkedArray, kind: pa.DataType) -> int:
    """The first row that Arrow cannot read, of a column that has one; found by halves."""
    low, high = 0, len(text)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _is_valid(text.slice(low, middle - low), kind) else (low, middle)
    return low
