"""Rows by name, METHOD or METHOD:AGGREGATOR, and the options that comparisons of rows share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from groupbench.core.errors import ConfigError, unknown
from groupbench.report.lines import Line


def row_name(row: tuple[str, str]) -> str:
    """A row as METHOD or METHOD:AGGREGATOR."""
    method, aggregator = row
    return method if aggregator == "none" else f"{method}:{aggregator}"


def require_level(level: float) -> None:
    """Raise a `ConfigError` unless `level` lies between 0 and 1."""
    if not 0 < level < 1:
        raise ConfigError(f"level={level:g}: give the share of false alarms, between 0 and 1 (0.05)")


def require_aggregator(lines: Iterable[Line], aggregator: str) -> None:
    """Raise a `ConfigError` unless any line has the aggregator, or there are only lines without any."""
    known = {line.aggregator for line in lines} - {"none", "own"}
    if known and aggregator not in known | {"none", "own"}:
        raise ConfigError(unknown("aggregator in these results", aggregator, known))


def pick(lines: Sequence[Line], name: str, aggregator: str = "average") -> Line | None:
    """The line that METHOD or METHOD:AGGREGATOR means, or None.

    Without an aggregator that is the line with `aggregator`, else a group method's own, else the one
    without.
    """
    method, _, last = name.rpartition(":")
    named = [line for line in lines if (line.method, line.aggregator) == (method, last)]
    usual = (aggregator, "own", "none")
    own = [line for line in lines if line.method == name and line.aggregator in usual]
    return next(iter([*named, *sorted(own, key=lambda line: usual.index(line.aggregator))]), None)
