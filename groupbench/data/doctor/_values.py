"""Findings about the values of ratings, and of times."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from groupbench.data.doctor._finding import EXAMPLES, EntityNames, Finding
from groupbench.data.doctor._tables import tables_of

if TYPE_CHECKING:
    from groupbench.core.arrays import BoolArray, FloatArray, IntArray
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
    tables = tables_of(dataset)
    yield _outliers(np.concatenate([rows.values for _, _, rows in tables]))
    for about, of_groups, rows in tables:
        names = EntityNames.of(dataset, of_groups)
        broken = rows.values != np.rint(rows.values)
        title = "rows with a fraction, which Surprise's own SlopeOne and CoClustering cut off"
        yield names.finding("ratings-with-fractions", about, title, rows, broken, "note")
    units = {about: _units(rows.timestamps) for about, _, rows in tables if rows.timestamps is not None}
    counts = sum((_counted(one) for one in units.values()), start=np.zeros(len(UNITS)))
    for about, of_groups, rows in tables:
        if about in units:
            names = EntityNames.of(dataset, of_groups)
            yield from _times(about, names, rows, units[about], int(counts.argmax()))


def _outliers(values: FloatArray) -> Finding:
    """The few of all `values`, (n,), beyond a gap that is wider than the range of all others."""
    levels, counts = np.unique(values, return_counts=True)
    far = _far_levels(levels, counts)
    rest = levels[~far]
    others = f", which go from {rest[0]:g} to {rest[-1]:g}" if far.any() else ""
    shown = zip(levels[far][:EXAMPLES], counts[far], strict=False)
    return Finding(
        "ratings-far-out",
        "all ratings",
        f"ratings far from all others{others}; a scale taken from the ratings is stretched by them",
        int(counts[far].sum()),
        len(values),
        tuple(f"{value:g}, in {count:,} rows" for value, count in shown),
    )


def _far_levels(levels: FloatArray, counts: IntArray) -> BoolArray:
    """Which ratings, ascending and each with its count, lie beyond such a gap, (n_levels,)."""
    nowhere = np.zeros(len(levels), dtype=np.bool_)
    if len(levels) <= LEVELS:
        return nowhere
    gaps = np.diff(levels)
    above = np.arange(len(levels)) > gaps.argmax()
    far = above if counts[above].sum() <= counts[~above].sum() else ~above
    rest = levels[~far]
    few = counts[far].sum() <= max(1, FEW * counts.sum())
    return far if few and len(rest) >= LEVELS and gaps.max() > np.ptp(rest) else nowhere


def _times(about: str, names: EntityNames, rows: Ratings, units: IntArray, usual: int) -> Iterator[Finding]:
    """Times that are dates in another unit than seconds, and in another than the `usual` one of the data."""
    others = [unit for power, unit in enumerate(UNITS) if power and (units == power).any()]
    title = f"rows whose time is a date in {' or '.join(others) or 'milliseconds or less'}, not in seconds"
    yield names.finding("times-not-in-seconds", about, title, rows, units > 0, "note")
    title = f"rows whose time is in another unit than most, which are in {UNITS[usual]}"
    odd = (units >= 0) & (units != usual)
    yield names.finding("times-in-several-units", about, title, rows, odd, "error")


def _units(times: IntArray) -> IntArray:
    """The index in `UNITS` of the unit in which each time is a date, (n,); -1 where there is none."""
    units = np.full(len(times), -1)
    for power in range(len(UNITS)):
        units[(times >= FIRST * 1000**power) & (times < LAST * 1000**power)] = power
    return units


def _counted(units: IntArray) -> IntArray:
    """How many times are in each of `UNITS`, (4,)."""
    return np.bincount(units[units >= 0], minlength=len(UNITS))
