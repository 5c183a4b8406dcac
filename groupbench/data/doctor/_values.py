"""Findings about the values of ratings, and of times."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from groupbench.data.doctor._finding import EXAMPLES, EntityNames, Finding
from groupbench.data.doctor._tables import tables_of

if TYPE_CHECKING:
    from groupbench.core.arrays import FloatArray, IntArray
    from groupbench.data.dataset import Dataset, Ratings

FEW = 0.01
"""At most this share of all ratings are outliers."""
LEVELS = 3
"""So many different ratings at least make a scale that others can be outside of."""

FIRST, LAST = 631_152_000, 4_102_444_800
"""The seconds at which 1990 and 2100 begin (UTC): times of ratings lie between them."""
UNITS = ("seconds", "milliseconds", "microseconds", "nanoseconds")
"""What times may be in, each a thousandth of the one before."""


def value_findings(dataset: Dataset) -> Iterator[Finding]:
    """Ratings far from all others, fractions that programs cut off, times in other units than seconds."""
    found = tables_of(dataset)
    yield _outliers(np.concatenate([rows.values for _, _, rows in found]))
    for about, of_groups, rows in found:
        names = EntityNames.of(dataset, of_groups)
        broken = rows.values != np.rint(rows.values)
        title = "rows with a fraction, which Surprise's own SlopeOne and CoClustering cut off"
        yield names.finding("ratings-with-fractions", about, title, rows, broken, "note")
        if rows.timestamps is not None:
            yield from _times(about, names, rows, rows.timestamps)


def _outliers(values: FloatArray) -> Finding:
    """The few of all `values`, (n,), beyond a gap that is wider than the range of all others."""
    levels, counts = np.unique(values, return_counts=True)
    far = np.zeros(len(levels), dtype=np.bool_)
    if len(levels) > LEVELS:
        gaps = np.diff(levels)
        split = int(gaps.argmax()) + 1
        above = np.arange(len(levels)) >= split
        far = above if counts[above].sum() <= counts[~above].sum() else ~above
        rare = counts[far].sum() <= max(1, FEW * len(values))
        rest = levels[~far]
        if not (rare and len(rest) >= LEVELS and gaps[split - 1] > np.ptp(rest)):
            far = np.zeros_like(far)
    within = levels[~far]
    others = f", which go from {within[0]:g} to {within[-1]:g}" if far.any() else ""
    shown = zip(levels[far][:EXAMPLES], counts[far], strict=False)
    return Finding(
        "ratings-far-out",
        "all ratings",
        f"ratings far from all others{others}; a scale taken from the ratings is stretched by them",
        int(counts[far].sum()),
        len(values),
        tuple(f"{value:g}, in {count:,} rows" for value, count in shown),
    )


def _times(about: str, names: EntityNames, rows: Ratings, times: IntArray) -> Iterator[Finding]:
    """Times that are dates in another unit than seconds, and those in another unit than most."""
    units = _units(times)
    counts = np.bincount(units[units >= 0], minlength=len(UNITS))
    others = [unit for unit, count in zip(UNITS[1:], counts[1:], strict=True) if count]
    title = f"rows whose time is a date in {' or '.join(others) or 'milliseconds or less'}, not in seconds"
    yield names.finding("times-not-in-seconds", about, title, rows, units > 0, "note")
    odd = (units >= 0) & (units != counts.argmax())
    title = f"rows whose time is in another unit than most, which are in {UNITS[counts.argmax()]}"
    yield names.finding("times-in-several-units", about, title, rows, odd, "error")


def _units(times: IntArray) -> IntArray:
    """The index in `UNITS` of the unit in which each time is a date, (n,); -1 where there is none."""
    units = np.full(len(times), -1)
    for power in range(len(UNITS)):
        units[(times >= FIRST * 1000**power) & (times < LAST * 1000**power)] = power
    return units
