"""Numbers in the place of ids, as official code wants them, and the lines of files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np

from groupbench.data.dataset import GivenSplit

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
    def trained_last(cls, dataset: Dataset) -> Self:
        """The indices, unless the last user, item or group has no training row: those without come first.

        Official code takes the highest number in a file of training rows for the number of all.
        """
        users, items, groups = _trained(dataset)
        return cls(
            *(
                _sorted(flags if flags.size and not flags[-1] else 0 * flags)
                for flags in (users, items, groups)
            )
        )

    @classmethod
    def by_part(cls, dataset: Dataset) -> Self:
        """Who is only for training first, then who has validation rows, at last who has test rows.

        GroupIM takes each part for a range of numbers. Within a part those without training rows come first.
        """
        users, _, groups = _trained(dataset)
        given = dataset.given or GivenSplit()
        of_users = _part(users, given.validation_users, given.users)
        of_groups = _part(groups, given.validation_groups, given.groups)
        items = np.zeros(dataset.ratings.n_items, dtype=np.int64)
        items[rows_of(dataset.ratings, of_users == 0).items] = 1
        return cls(_in_parts(of_users, users), _without_first(items), _in_parts(of_groups, groups))

    def of(self, kind: str) -> IntArray:
        """Those of `user` or `group`."""
        return self.users if kind == "user" else self.groups


def _sizes(dataset: Dataset) -> tuple[int, int, int]:
    groups = 0 if dataset.groups is None else len(dataset.groups)
    return dataset.ratings.n_users, dataset.ratings.n_items, groups


def _trained(dataset: Dataset) -> tuple[IntArray, IntArray, IntArray]:
    """1 for each user, item and group with training rows, of users where items are concerned, else 0."""
    users, items, groups = (np.zeros(n, dtype=np.int64) for n in _sizes(dataset))
    users[dataset.ratings.users] = 1
    items[dataset.ratings.items] = 1
    if dataset.group_ratings is not None:
        groups[dataset.group_ratings.users] = 1
    return users, items, groups


def _part(raters: IntArray, *parts: HeldOutRows | None) -> IntArray:
    """The number from 1 of the last of the parts that each rater has rows in, else 0."""
    latest = np.zeros_like(raters)
    for number, part in enumerate(parts, start=1):
        if part is not None:
            latest[part.ratings.users] = number
    return latest


def _in_parts(part: IntArray, trained: IntArray) -> IntArray:
    """Numbers by part, and in each those without training rows first, unless the indices will do."""
    if part.size and trained[-1] and (np.diff(part) >= 0).all():
        return np.arange(len(part))
    return _sorted(2 * part + trained)


def _without_first(trained: IntArray) -> IntArray:
    return _sorted(trained) if trained.size and not trained[-1] else np.arange(len(trained))


def _sorted(keys: IntArray) -> IntArray:
    """Numbers by ascending key, and by index among equal keys."""
    numbers = np.empty_like(keys)
    numbers[np.argsort(keys, kind="stable")] = np.arange(len(keys))
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
