"""Numbers in the place of ids, as official code wants them, and the lines of files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    from groupbench.core.arrays import BoolArray, IntArray
    from groupbench.data.dataset import Dataset, HeldOutRows, Ratings


@dataclass(frozen=True)
class Numbers:
    """The number that stands for each user, item and group in the files.

    Attributes:
        users: (n_users,) a permutation.
        items: (n_items,) a permutation.
        groups: (n_groups,) a permutation.
    """

    users: IntArray
    items: IntArray
    groups: IntArray

    @classmethod
    def as_they_are(cls, dataset: Dataset) -> Self:
        """The indices of the data set."""
        return cls(*map(np.arange, _sizes(dataset)))

    @classmethod
    def by_part(cls, dataset: Dataset) -> Self:
        """Who is only for training first, then who has validation rows, at last who has test rows."""
        n_users, n_items, n_groups = _sizes(dataset)
        given = dataset.given
        users = given and (given.validation_users, given.users)
        groups = given and (given.validation_groups, given.groups)
        return cls(_ranked(n_users, users or ()), np.arange(n_items), _ranked(n_groups, groups or ()))

    def of(self, kind: str) -> IntArray:
        """Those of `user` or `group`."""
        return self.users if kind == "user" else self.groups


def _sizes(dataset: Dataset) -> tuple[int, int, int]:
    groups = 0 if dataset.groups is None else len(dataset.groups)
    return dataset.ratings.n_users, dataset.ratings.n_items, groups


def _ranked(n: int, parts: Iterable[HeldOutRows | None]) -> IntArray:
    latest = np.zeros(n, dtype=np.int64)
    for number, part in enumerate(parts, start=1):
        if part is not None:
            latest[part.ratings.users] = number
    numbers = np.empty(n, dtype=np.int64)
    numbers[np.argsort(latest, kind="stable")] = np.arange(n)
    return numbers


def rows_of(rows: Ratings, raters: BoolArray) -> Ratings:
    """The rows of the raters of a mask, (n_raters,)."""
    return rows.take(raters[rows.users])


def held_rows(held: HeldOutRows | None) -> Ratings | None:
    """The rows that are held out, if there are any."""
    return None if held is None else held.ratings


def line_of(values: Iterable[object], separator: str = " ") -> str:
    """Values with the separator between them; whole numbers without a point."""
    return separator.join(f"{v:.17g}" if isinstance(v, float) else str(v) for v in values)


def write_lines(file: Path, lines: Iterable[str]) -> None:
    """Write a text file."""
    with file.open("w", encoding="utf-8", newline="\n") as out:
        out.writelines(f"{line}\n" for line in lines)
