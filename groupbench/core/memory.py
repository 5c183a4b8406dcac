"""How much memory a job may take: what is larger is made block by block, or refused before it begins."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

_budget: float | None = None


@contextmanager
def limited(gib: float | None) -> Iterator[None]:
    """Let work in here take about `gib` GiB beyond the data; None leaves every part its usual limit."""
    global _budget
    before, _budget = _budget, None if gib is None else gib * 2**30
    try:
        yield
    finally:
        _budget = before


def allowed(usual: float, *, share: float = 1.0) -> float:
    """Bytes that some of the work may take: that `share` of the budget, or without one the `usual` limit."""
    return usual if _budget is None else share * _budget
