"""What of the rows is held out, and the items that held-out rows are ranked against."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from groupbench.core.arrays import BoolArray, IntArray, Segments, distinct, in_sorted, stable_order
from groupbench.core.errors import ConfigError
from groupbench.core.seeding import generator
from groupbench.data.dataset import HeldOutRows, Ratings
from groupbench.data.leakage import pairs

Parts = tuple[Ratings, Ratings | None, Ratings | None]
"""Rows for training, validation and test; None where a part has no share."""

ROUNDS = 50
"""Times that negatives are drawn for rows that lack some, before all items are listed for them."""


def split(rows: Ratings, shares: Sequence[float], seed: int, *, whole: bool) -> Parts:
    """Rows by shares, at random; what does not divide goes to training.

    Args:
        rows: all rows, in an order that depends on their content alone.
        shares: percentages of training, validation and test.
        seed: draws the parts.
        whole: whether all rows of a rater go to one part, as shares of raters.

    Raises:
        ConfigError: if a part with a share gets no row.
    """
    raters = distinct(rows.users)
    n = len(raters) if whole else len(rows)
    order = generator("recipe", "split", seed, int(whole)).permutation(n)
    validation, test = (round(n * share / 100) for share in shares[1:])
    part = np.zeros(n, dtype=np.int64)
    part[order[:test]] = 2
    part[order[test : test + validation]] = 1
    of_row = part[np.searchsorted(raters, rows.users)] if whole else part
    found = [rows.take(of_row == number) for number in range(3)]
    for name, share, made in zip(("training", "validation", "test"), shares, found, strict=True):
        if share and not len(made):
            what = "groups" if whole else "rows"
            raise ConfigError(
                f"{n:,} {what} are too few for a {name} share of {share:g} %; take another split or other "
                "shares, or options under which the recipe finds more"
            )
    return found[0], *(made if len(made) else None for made in found[1:])  # type: ignore[return-value]


def with_negatives(
    held: Ratings | None,
    parts: Sequence[Ratings | None],
    pool: IntArray,
    n: int | Literal["none"],
    rng: np.random.Generator,
) -> HeldOutRows | None:
    """Held-out rows, each with up to `n` distinct items that its rater chose in none of the parts.

    Args:
        held: the rows, or None.
        parts: all rows of these raters: training, validation and test.
        pool: (n_pool,) the distinct items that may be sampled, uniformly.
        n: negatives per row, or none of them.
        rng: draws them.

    Raises:
        ConfigError: if a rater has chosen every item of the pool.
    """
    if held is None or n == "none":
        return None if held is None else HeldOutRows(held)
    chosen = distinct(np.concatenate([pairs(rows) for rows in parts if rows is not None]))
    left = _left(chosen, held, pool)
    if (left < 1).any():
        raise ConfigError(
            "a rater has chosen every item that could be a negative of its held-out rows; take "
            "--negatives none"
        )
    wanted = np.minimum(n, left)
    keys = _drawn(held, chosen, pool, wanted, rng)
    return HeldOutRows(held, keys % held.n_items, Segments.from_sizes(wanted))


def _left(chosen: IntArray, held: Ratings, pool: IntArray) -> IntArray:
    """How many items of the pool the rater of each row has not chosen, (n_rows,)."""
    inside = np.zeros(held.n_items, dtype=np.bool_)
    inside[pool] = True
    raters = chosen[inside[chosen % held.n_items]] // held.n_items
    return np.asarray(len(pool) - np.bincount(raters, minlength=held.n_users)[held.users])


def _drawn(
    held: Ratings, chosen: IntArray, pool: IntArray, wanted: IntArray, rng: np.random.Generator
) -> IntArray:
    """`row * n_items + item` of the negatives, in the order of rows and, in a row, as they were drawn."""
    found = np.empty(0, dtype=np.int64)
    missing = wanted
    for attempt in range(ROUNDS + 1):
        rows = np.repeat(np.arange(len(held)), missing)
        items = pool[rng.integers(0, len(pool), size=len(rows))]
        if attempt == ROUNDS:
            rows, items = _all_left(np.flatnonzero(missing), pool, rng)
        good = ~in_sorted(held.users[rows] * held.n_items + items, chosen)
        found = _first_of_each(np.concatenate([found, rows[good] * held.n_items + items[good]]))
        found = found[stable_order(found // held.n_items, len(held))]
        found = found[_position(found // held.n_items, len(held)) < wanted[found // held.n_items]]
        missing = wanted - np.bincount(found // held.n_items, minlength=len(held))
        if not missing.any():
            break
    return found


def _all_left(rows: IntArray, pool: IntArray, rng: np.random.Generator) -> tuple[IntArray, IntArray]:
    """Every item of the pool for each row, in random order."""
    items = rng.permuted(np.tile(pool, (len(rows), 1)), axis=1)
    return np.repeat(rows, len(pool)), items.ravel()


def _first_of_each(values: IntArray) -> IntArray:
    """The values without repeats, in the order in which they first appear."""
    order = np.argsort(values, kind="stable")
    new: BoolArray = np.diff(values[order], prepend=-1) > 0
    return values[np.sort(order[new])]


def _position(rows: IntArray, n_rows: int) -> IntArray:
    """The place of each value within its row; rows ascend."""
    counts = np.bincount(rows, minlength=n_rows)
    return np.asarray(np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts))
