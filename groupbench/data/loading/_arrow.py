"""Delimited text by Arrow's reader, where it is sure to cut as `Dialect` does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa

    from groupbench.core.arrays import IntArray

_PIECE = 2**24
"""Bytes that are looked at together."""

_BLANKS = b" \t\v\f\x1c\x1d\x1e\x1f"
"""The blanks among the characters of ASCII, without those that end lines."""


def cut(data: bytes, separator: str, quoted: bool) -> list[pa.ChunkedArray] | None:
    """The columns of a text, without blanks around values; None where a closer look must tell how to cut it.

    That is where rows have different numbers of values, a quote stands anywhere but around a value, a line
    is very long, or a line of a single column is blank.

    Args:
        data: the text in UTF-8, without a byte order mark.
        separator: the character between two values.
        quoted: whether double quotes may surround a value.
    """
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import csv

    quotes = quoted and b'"' in data
    if quotes and not _quotes_surround(data, separator):
        return None
    layout = csv.ParseOptions(
        delimiter=separator, quote_char='"' if quotes else False, newlines_in_values=quotes
    )
    unnamed = csv.ReadOptions(autogenerate_column_names=True)
    try:
        with csv.open_csv(pa.BufferReader(data), read_options=unnamed, parse_options=layout) as start:
            names = start.schema.names
        as_text = csv.ConvertOptions(column_types=dict.fromkeys(names, pa.large_string()))
        table = csv.read_csv(pa.BufferReader(data), unnamed, layout, as_text)
    except pa.ArrowInvalid:
        return None
    columns: list[pa.ChunkedArray] = table.columns
    if quotes or _has_blanks(data, separator):
        columns = [pc.utf8_trim_whitespace(column) for column in columns]
    blank = len(columns) == 1 and pc.any(pc.equal(columns[0], "")).as_py()
    return None if blank else columns


def _has_blanks(data: bytes, separator: str) -> bool:
    """Whether a value may begin or end with a blank."""
    return not data.isascii() or any(blank in data for blank in _BLANKS if blank != ord(separator))


def _quotes_surround(data: bytes, separator: str) -> bool:
    """Whether quotes open and end whole values in turns, and none is doubled."""
    found = _positions(data, ord('"'))
    text = np.frombuffer(data, dtype=np.uint8)
    opening, ending = found[::2], found[1::2]
    ends = np.frombuffer(f"{separator}\r\n".encode(), dtype=np.uint8)
    before = text[opening[opening > 0] - 1]
    after = text[ending[ending < len(text) - 1] + 1]
    return len(opening) == len(ending) and bool(np.isin(before, ends).all() and np.isin(after, ends).all())


def _positions(data: bytes, byte: int) -> IntArray:
    text = np.frombuffer(data, dtype=np.uint8)
    pieces = range(0, len(text), _PIECE)
    return np.concatenate([np.flatnonzero(text[at : at + _PIECE] == byte) + at for at in pieces])
