"""Names and, beside them, what is said of each, as wide as the terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from shutil import get_terminal_size

_NARROWEST = 60
"""Columns that listings take at least."""


def columns(rows: Mapping[str, str]) -> Iterator[str]:
    """The lines of names with their texts."""
    width = max(map(len, rows), default=0)
    across = max(get_terminal_size().columns, _NARROWEST)
    for name, text in rows.items():
        head = f"  {name:{width}s}  "
        wrapped = textwrap.wrap(
            text, across, initial_indent=head, subsequent_indent=" " * len(head), break_on_hyphens=False
        )
        yield from wrapped or [f"  {name}"]


def sections(titled: Mapping[str, Mapping[str, str]]) -> str:
    """One part below the other, each with a title and its names."""
    return "\n\n".join("\n".join([title, *columns(rows)]) for title, rows in titled.items())
