"""Whole groups held out: all rows of some groups, whichever part of a given split they stand in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from groupbench.core.arrays import BoolArray, Segments, distinct, in_sorted
from groupbench.core.errors import ConfigError
from groupbench.data.dataset import GivenSplit, HeldOutRows, Ratings
from groupbench.data.leakage import pairs

if TYPE_CHECKING:
    from groupbench.data.dataset import Dataset


def pooled(dataset: Dataset) -> HeldOutRows:
    """All rows of groups for test, validation and training; a (group, item) pair counts once, the first time.

    Rows keep the negatives that came with them. Times are kept if all parts have them.

    Raises:
        ConfigError: if no group has a row.
    """
    given = dataset.given or GivenSplit()
    held = [part for part in (given.groups, given.validation_groups) if part is not None]
    joint = dataset.group_ratings
    parts = [*held, *([] if joint is None else [HeldOutRows(joint)])]
    if not sum(len(part.ratings) for part in parts):
        raise ConfigError(f"dataset {dataset.name} has no rows of groups; use --option held=rows")
    rows = Ratings.joined([part.ratings for part in parts])
    first = np.zeros(len(rows), dtype=np.bool_)
    first[np.unique(pairs(rows), return_index=True)[1]] = True
    sizes = [
        np.zeros(len(part.ratings), np.int64) if part.segments is None else part.segments.sizes
        for part in parts
    ]
    negatives = [part.negatives for part in parts if part.negatives is not None]
    if not negatives:
        return HeldOutRows(rows.take(first))
    segments = Segments.from_sizes(np.concatenate(sizes))
    return HeldOutRows(rows, np.concatenate(negatives), segments).take(first)


def drawn(rows: Ratings, share: float, rng: np.random.Generator) -> BoolArray:
    """Which `rows`, (n_rows,), are of a random `share` of the groups that have any.

    Raises:
        ConfigError: if that is no group, or all of them.
    """
    groups = distinct(rows.users)
    # Rounded first: 0.29 * 100 is a little less than 29 in floating point.
    n = int(round(share * len(groups), 9))
    if not 0 < n < len(groups):
        raise ConfigError(
            f"share={share} holds out {n} of {len(groups)} groups with rows; choose a share that leaves "
            "groups on both sides"
        )
    return in_sorted(rows.users, np.sort(rng.permutation(groups)[:n]))
