"""Fewer users, items and rows of data that is there."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
from pydantic import BeforeValidator, Field

from groupbench.core.arrays import BoolArray, distinct
from groupbench.core.errors import ConfigError
from groupbench.core.files import expanded
from groupbench.core.options import Flag
from groupbench.core.seeding import generator
from groupbench.data.dataset import Dataset, Ratings
from groupbench.data.loading import fetch, load
from groupbench.data.loading.layouts import split_layout
from groupbench.data.recipes._base import Recipe
from groupbench.data.recipes._log import Tally, own_rows, read_log
from groupbench.data.recipes._restriction import Restriction

Time = Annotated[str, BeforeValidator(str)]
"""A time as it is written."""


class Subset(Recipe):
    """Some users, items and rows of a data set or a log; groups and what they chose follow.

    Rows are first cut to a range of times, then users are sampled, and at last users and items with too few
    training rows are left out until none is (the k-core). A group stays if all its members do. A split
    that the data came with stays, too: its held-out rows and negatives are cut alike, and never counted.
    """

    name: ClassVar[str] = "subset"
    source: ClassVar[str] = "k-core, sample and range of times of other data"
    implies: ClassVar[str] = (
        "who and what is left was chosen by activity, so values do not carry over to the whole data"
    )

    log: Annotated[Path | None, Flag("Input", metavar="PATH", unset="")] = None
    """Rows of users, as a CSV; or a folder with a data set, which may have groups."""
    min_user_rows: Annotated[int, Field(ge=0), Flag("Rows")] = 0
    """Rows of a user, at least."""
    min_item_rows: Annotated[int, Field(ge=0), Flag("Rows")] = 0
    """Rows of an item, at least."""
    n_users: Annotated[int | None, Field(ge=1), Flag("Rows", unset="all")] = None
    """Users to sample."""
    since: Annotated[Time | None, Flag("Rows", metavar="TIME", unset="the first")] = None
    """The earliest time that stays: seconds, or a date such as 2014-03-01 (UTC)."""
    until: Annotated[Time | None, Flag("Rows", metavar="TIME", unset="the last")] = None
    """The first time that does not stay."""

    def dataset(self, tally: Tally) -> Dataset:
        """What the options leave of the data."""
        whole = self._whole(tally)
        users, items = self._kept(whole)
        return Restriction(whole, users, items, self._in_time, tally).dataset()

    def _whole(self, tally: Tally) -> Dataset:
        if self.log is not None and os.path.isdir(split_layout(expanded(self.log))[0]):
            for file in fetch(str(self.log)):
                tally.read(f"log/{file.name}", file)
            return load(self.log)
        log = read_log(tally, self.log, rated=None)
        rows = own_rows(log, tally)
        return Dataset(self.name, self.name, rows, log.user_ids, log.item_ids, log.scale)

    def _in_time(self, rows: Ratings) -> BoolArray:
        """Which rows lie in the range of times, (n_rows,)."""
        if self.since is None and self.until is None:
            return np.ones(len(rows), dtype=np.bool_)
        if rows.timestamps is None:
            raise ConfigError(
                "--since and --until need timestamps, and not all rows have them; leave them out"
            )
        low = -(2**62) if self.since is None else _seconds("since", self.since)
        high = 2**62 if self.until is None else _seconds("until", self.until)
        return np.asarray((rows.timestamps >= low) & (rows.timestamps < high))

    def _kept(self, whole: Dataset) -> tuple[BoolArray, BoolArray]:
        """Which users and items stay."""
        rows = whole.ratings.take(self._in_time(whole.ratings))
        users = np.ones(rows.n_users, dtype=np.bool_)
        items = np.ones(rows.n_items, dtype=np.bool_)
        if self.n_users is not None:
            there = distinct(rows.users)
            if self.n_users > len(there):
                raise ConfigError(
                    f"n_users={self.n_users}: there are {len(there)} users with rows; ask for fewer"
                )
            chosen = generator("recipe", self.name, self.seed).choice(there, self.n_users, replace=False)
            users[:] = False
            users[chosen] = True
        while True:
            left = users[rows.users] & items[rows.items]
            of_users = np.bincount(rows.users[left], minlength=rows.n_users)
            of_items = np.bincount(rows.items[left], minlength=rows.n_items)
            fewer = users & (of_users >= self.min_user_rows), items & (of_items >= self.min_item_rows)
            if (fewer[0] == users).all() and (fewer[1] == items).all():
                return users, items
            users, items = fewer


def _seconds(option: str, text: str) -> int:
    """A time as seconds since 1970: such a number, or a date or time of ISO 8601, in UTC by default."""
    if text.lstrip("-").isdecimal():
        return int(text)
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(
            f"--{option} {text!r} is no time; write seconds since 1970, or a date such as 2014-03-01"
        ) from error
    return int((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp())
