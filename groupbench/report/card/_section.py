"""What a card is made of, and how values of many records become one line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from groupbench.core.text import count
from groupbench.results.store import RunRecord

UNKNOWN = "not recorded"


class Entry(NamedTuple):
    """A line of a list: a term and what is to be said of it.

    Attributes:
        term: plain text.
        text: plain text.
    """

    term: str
    text: str


class Section(NamedTuple):
    """A heading, a paragraph and a list, each of plain text; the last two may be empty.

    Attributes:
        title: the heading.
        text: the paragraph.
        entries: the list.
    """

    title: str
    text: str = ""
    entries: tuple[Entry, ...] = ()


def agreed(records: Iterable[RunRecord], value: Callable[[RunRecord], object]) -> str:
    """The value that all records have, or each value with the number of its records, the most usual first."""
    found = Counter(str(told) if (told := value(record)) not in (None, "") else UNKNOWN for record in records)
    if len(found) == 1:
        return next(iter(found))
    return "; ".join(f"{text} ({count(times, 'record')})" for text, times in found.most_common()) or UNKNOWN


def span(values: Iterable[float]) -> str:
    """The lowest and the highest of some numbers, or the only one."""
    known = sorted({value for value in values if value == value})
    if not known:
        return UNKNOWN
    return " to ".join(f"{value:,.6g}" for value in dict.fromkeys((known[0], known[-1])))


def settings(values: Iterable[tuple[str, object]]) -> str:
    """`n_factors=100, biased=True`."""
    return ", ".join(f"{name}={short(value)}" for name, value in values)


def short(value: object) -> str:
    """A value of an option as a person writes it."""
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "/".join(map(short, value))
    return str(value)
