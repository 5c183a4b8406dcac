"""Markdown from plain text and docstrings."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable

SECTIONS = re.compile(r"^(Args|Attributes|Raises|Returns):$", flags=re.MULTILINE)
SPAN = re.compile(r"(`[^`]+`)")


def heading(level: int, text: str) -> str:
    """A heading."""
    return f"{'#' * level} {text}"


def code(text: str) -> str:
    """Text as it is typed."""
    return f"`{text}`"


def prose(text: str) -> str:
    """Plain text or a docstring without its sections; what stands in backticks stays code."""
    kept = SECTIONS.split(text)[0].rstrip()
    parts = SPAN.split(kept)
    return "".join(part if SPAN.fullmatch(part) else re.sub(r"([*_<\[])", r"\\\1", part) for part in parts)


def summary(made: object) -> str:
    """The first line of a docstring."""
    return prose((inspect.getdoc(made) or "").partition("\n")[0])


def bullets(texts: Iterable[str]) -> str:
    """A list."""
    return "\n".join(f"- {text}" for text in texts)


def table(head: list[str], rows: Iterable[list[str]]) -> str:
    """A table of one-line cells; empty without rows."""
    cells = [[" ".join(cell.split()).replace("|", r"\|") for cell in row] for row in rows]
    lines = [head, ["---"] * len(head), *cells]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) if cells else ""
