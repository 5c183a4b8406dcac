"""What all recipes share: options, the way from logs to a data set, and what is told of it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import numpy as np
from pydantic import AfterValidator, BeforeValidator, Field

from groupbench.core.arrays import IntArray, distinct, in_sorted
from groupbench.core.errors import DatasetError
from groupbench.core.options import Flag, Options, split_names
from groupbench.core.seeding import generator
from groupbench.data.dataset import Dataset, GivenSplit, Ratings
from groupbench.data.leakage import member_pairs, pairs
from groupbench.data.recipes._log import Log, Tally, own_rows
from groupbench.data.recipes._sets import Meetings, distinct_sets
from groupbench.data.recipes._split import split, with_negatives
from groupbench.data.social import SocialTies

if TYPE_CHECKING:
    from groupbench.data.groups import Groups
    from groupbench.data.recipes._ties import Ties


def _whole(shares: list[float]) -> list[float]:
    if len(shares) != 3 or abs(sum(shares) - 100) > 1e-9:
        raise ValueError("give three percentages with a sum of 100, as in 70,10,20")
    return shares


Share = Annotated[float, Field(ge=0, le=100)]
Shares = Annotated[list[Share], BeforeValidator(split_names), AfterValidator(_whole)]
"""Percentages of training, validation and test."""


class Recipe(Options):
    """How a data set is made of raw logs; each is a subclass whose fields are its options."""

    name: ClassVar[str]
    """What it is called."""
    source: ClassVar[str]
    """Where it is from."""
    implies: ClassVar[str]
    """What its way of making groups means for results."""

    log: Annotated[Path | None, Flag("Input", metavar="FILE", unset="")] = None
    """Rows of users: a CSV with the columns user and item and, where they are known, rating and timestamp."""
    seed: Annotated[int, Field(ge=0), Flag("Split")] = 0
    """Draws whatever is random; the order of rows in the files does not."""

    @abstractmethod
    def dataset(self, tally: Tally) -> Dataset:
        """Read the files, make the data set, and count what is left out.

        Raises:
            ConfigError: if options do not suit the files.
            DatasetError: naming file and line of what is wrong in them.
        """


@dataclass(frozen=True, repr=False)
class Formed:
    """What a recipe made of a log.

    Attributes:
        log: the rows of users, whose codes `groups` and `rows` go by.
        groups: the groups.
        rows: what each group chose; one row per group and item, sorted.
        pool: (n_pool,) items that may be sampled as negatives of groups; None for all.
        ties: who knows whom, where the recipe was told.
    """

    log: Log
    groups: Groups
    rows: Ratings
    pool: IntArray | None = None
    ties: Ties | None = None


class GroupRecipe(Recipe):
    """A recipe that forms groups and their joint rows."""

    split: Annotated[Literal["groups", "rows", "none"], Flag("Split")] = "groups"
    """What of groups is held out: whole groups, rows, or nothing."""
    shares: Annotated[Shares, Flag("Split", names=True)] = Field([70, 10, 20])
    """Percentages of groups, or of their rows, for training, validation and test."""
    user_shares: Annotated[Shares, Flag("Split", names=True)] = Field([100, 0, 0])
    """Percentages of users' own rows for training, validation and test."""
    member_rows: Annotated[Literal["keep", "hide"], Flag("Split")] = "keep"
    """Whether members' own training rows with an item that is held out of their group stay."""
    negatives: Annotated[Annotated[int, Field(ge=1)] | Literal["none"], Flag("Split")] = "none"
    """Items sampled for each held-out row, uniformly, of which its rater chose none in any part; or none."""

    @abstractmethod
    def form(self, tally: Tally) -> Formed:
        """Read the files and form groups; errors as of `dataset`."""

    def dataset(self, tally: Tally) -> Dataset:
        """Form groups, hold out what the options say, and sample negatives."""
        formed = self.form(tally)
        if not len(formed.groups):
            raise DatasetError(
                f"the recipe {self.name} finds no group in these files; check that ids agree between them, "
                "or relax its options"
            )
        log, everything = formed.log, np.arange(len(formed.log.item_ids))
        users = split(own_rows(log, tally), self.user_shares, self.seed, whole=False)
        shares = [100.0, 0.0, 0.0] if self.split == "none" else self.shares
        groups = split(formed.rows, shares, self.seed, whole=self.split == "groups")
        rng = generator("recipe", "negatives", self.seed)
        pool = everything if formed.pool is None else formed.pool
        held = [
            with_negatives(part, parts, own, self.negatives, rng)
            for parts, own in ((users, everything), (groups, pool))
            for part in parts[1:]
        ]
        given = GivenSplit(users=held[1], groups=held[3], validation_users=held[0], validation_groups=held[2])
        trained = users[0]
        if self.member_rows == "hide":
            trained = _hidden(users[0], formed.groups, groups[1:], tally)
        return Dataset(
            name=self.name,
            title=self.name,
            ratings=trained,
            user_ids=log.user_ids,
            item_ids=log.item_ids,
            scale=log.scale,
            groups=formed.groups,
            group_ratings=groups[0],
            social=None if formed.ties is None else SocialTies.of(*formed.ties.ends),
            given=None if given == GivenSplit() else given,
        )


def _hidden(rows: Ratings, groups: Groups, held_out: Sequence[Ratings | None], tally: Tally) -> Ratings:
    """The rows of users without those with an item that is held out of a group of theirs."""
    told = [member_pairs(groups, part) for part in held_out if part is not None]
    hidden = in_sorted(pairs(rows), distinct(np.concatenate([np.empty(0, dtype=np.int64), *told])))
    tally.drop("members' own rows of what is held out of their group", int(hidden.sum()))
    return rows.take(~hidden)


def joint_rows(meetings: Meetings, n_items: int) -> tuple[Groups, Ratings]:
    """The groups of meetings, and one row per group and item: its first time, where times are known."""
    groups, labels = distinct_sets(meetings.segments, meetings.members)
    keys = labels * n_items + meetings.items
    order = np.argsort(keys, kind="stable")
    kept = distinct(keys)
    first = np.searchsorted(keys[order], kept)
    times = None
    if meetings.times is not None:
        times = np.minimum.reduceat(meetings.times[order], first) if len(kept) else meetings.times[:0]
    ones = np.ones(len(kept))
    return groups, Ratings(kept // n_items, kept % n_items, ones, len(groups), n_items, times)


def sized(meetings: Meetings, smallest: int, largest: int | None, tally: Tally) -> Meetings:
    """The meetings whose groups have sizes within bounds; others are counted."""
    sizes = meetings.segments.sizes
    few, many = sizes < smallest, sizes > (sizes.max(initial=0) if largest is None else largest)
    tally.drop(f"meetings of fewer than {smallest}", int(few.sum()))
    if largest is not None:
        tally.drop(f"meetings of more than {largest}", int(many.sum()))
    return meetings.take(~few & ~many)
