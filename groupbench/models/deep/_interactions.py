"""Training rows as tensors: who chose what, and who is in which group."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

if TYPE_CHECKING:
    from groupbench.data.dataset import Ratings
    from groupbench.data.groups import Groups

Side = Literal["groups", "users"]
"""Whose rows."""

_DRAWS = 20
"""How often a negative that was chosen is drawn anew; a rater of all items keeps what came last."""


@dataclass(frozen=True)
class ChoiceRows:
    """Distinct (rater, item) pairs, sorted by rater, then item; raters are users or groups.

    Attributes:
        raters: (n,) index of the user or group.
        items: (n,) index of the item it chose.
        n_raters: number of raters, with or without rows.
        n_items: number of items, with or without rows.
        excluded: more rows, these among them, that are never drawn as negatives; None for these alone.
    """

    raters: Tensor
    items: Tensor
    n_raters: int
    n_items: int
    excluded: ChoiceRows | None = None

    @classmethod
    def of(cls, ratings: Ratings, excluded: ChoiceRows | None = None) -> ChoiceRows:
        """The distinct pairs of `ratings`."""
        rows = ratings.unique()
        return cls(torch.tensor(rows.users), torch.tensor(rows.items), rows.n_users, rows.n_items, excluded)

    def __len__(self) -> int:
        return len(self.raters)

    @cached_property
    def counts(self) -> Tensor:
        """Rows of each rater, (n_raters,)."""
        return torch.bincount(self.raters, minlength=self.n_raters)

    @cached_property
    def starts(self) -> Tensor:
        """The first row of each rater, (n_raters,)."""
        return self.counts.cumsum(0) - self.counts

    @cached_property
    def _keys(self) -> Tensor:
        return self.raters * self.n_items + self.items

    def hold(self, raters: Tensor, items: Tensor) -> Tensor:
        """Whether each pair of `raters` and `items`, which broadcast, is a row."""
        keys = raters * self.n_items + items
        if not len(self):
            return torch.zeros_like(keys, dtype=torch.bool)
        position = torch.searchsorted(self._keys, keys).clamp(max=len(self) - 1)
        return self._keys[position] == keys

    @cached_property
    def _by_item(self) -> tuple[Tensor, Tensor, Tensor]:
        """Raters in the order of their items with -1 at the end, where each item's start, how many it has."""
        counts = torch.bincount(self.items, minlength=self.n_items)
        ordered = self.raters[torch.argsort(self.items)]
        return functional.pad(ordered, (0, 1), value=-1), counts.cumsum(0) - counts, counts

    def rows_of(self, raters: Tensor) -> tuple[Tensor, Tensor]:
        """The rows of `raters`, (n,), one rater's after the other's: row indices and offsets, (n + 1,)."""
        sizes = self.counts[raters]
        offsets = functional.pad(sizes.cumsum(0), (1, 0))
        first = (self.starts[raters] - offsets[:-1]).repeat_interleave(sizes)
        return first + torch.arange(int(offsets[-1])), offsets

    def random_items(self, raters: Tensor) -> Tensor:
        """For each of `raters`, (n,), which all have rows, one of its items at random, (n,)."""
        position = torch.rand(len(raters)) * self.counts[raters]
        return self.items[self.starts[raters] + position.long()]

    def random_raters(self, items: Tensor) -> Tensor:
        """For each of `items`, (n,), a random rater that chose it, (n,); -1 where nobody did."""
        raters, starts, counts = self._by_item
        position = starts[items] + (torch.rand(len(items)) * counts[items]).long()
        return torch.where(counts[items] > 0, raters[position], -1)

    def negatives(self, count: int) -> Tensor:
        """For each row `count` random items that its rater is not known to choose, (n, count)."""
        return self.negatives_of(self.raters, count)

    def negatives_of(self, raters: Tensor, count: int) -> Tensor:
        """For each of `raters`, (n,), `count` random items that it is not known to choose, (n, count)."""
        owner = raters.repeat_interleave(count)
        drawn = torch.randint(self.n_items, owner.shape)
        wrong, excluded = torch.arange(len(owner)), self if self.excluded is None else self.excluded
        for _ in range(_DRAWS):
            wrong = wrong[excluded.hold(owner[wrong], drawn[wrong])]
            if not len(wrong):
                break
            drawn[wrong] = torch.randint(self.n_items, wrong.shape)
        return drawn.view(len(raters), count)


@dataclass(frozen=True)
class Members:
    """Who is in which group, one line a group, filled up to the largest.

    Attributes:
        users: (n_groups, widest) user indices; 0 behind the last member.
        sizes: (n_groups,) members of each group.
    """

    users: Tensor
    sizes: Tensor

    @classmethod
    def of(cls, groups: Groups) -> Members:
        """The members of `groups`."""
        rows, inside = groups.segments.window(np.arange(len(groups)))
        users = np.where(inside, groups.members[rows], 0)
        return cls(torch.tensor(users), torch.tensor(groups.sizes))

    def take(self, groups: Tensor) -> tuple[Tensor, Tensor]:
        """Users and whether they are members, both (n, widest of these groups), of `groups`, (n,)."""
        sizes = self.sizes[groups]
        width = int(sizes.max()) if len(sizes) else 0
        return self.users[groups, :width], torch.arange(width) < sizes[:, None]


@dataclass(frozen=True)
class Interactions:
    """All that a network learns from.

    Attributes:
        users: what users chose.
        groups: what groups chose together.
        members: who is in which group.
    """

    users: ChoiceRows
    groups: ChoiceRows
    members: Members

    def rows(self, side: Side) -> ChoiceRows:
        """The rows of users or of groups."""
        return self.groups if side == "groups" else self.users

    @property
    def n_users(self) -> int:
        """Number of users."""
        return self.users.n_raters

    @property
    def n_groups(self) -> int:
        """Number of groups."""
        return self.groups.n_raters

    @property
    def n_items(self) -> int:
        """Number of items."""
        return self.users.n_items
