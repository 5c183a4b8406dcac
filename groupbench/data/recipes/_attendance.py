"""Friends who attended one event."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from groupbench.core.arrays import IntArray, Segments, blocks, distinct, in_sorted, ranges
from groupbench.core.errors import shown
from groupbench.core.options import Flag
from groupbench.data.recipes._base import Formed, GroupRecipe, joint_rows, sized
from groupbench.data.recipes._log import Log, Tally, codes, known_codes, ranks, read_log, times_of
from groupbench.data.recipes._sets import Meetings, component_sets
from groupbench.data.recipes._ties import Ties, read_friends

if TYPE_CHECKING:
    from groupbench.data.loading import TextTable


class AttendanceComponents(GroupRecipe):
    """The friends among those who attended one event are groups: each connected component of two or more.

    As in Yin et al. (ICDE 2019, on Yelp and Douban-Event). The same members are the same group over all
    events, in whatever order they are listed; its choice is the event, or the event's item.
    """

    name: ClassVar[str] = "attendance-components"
    source: ClassVar[str] = "Yin et al., Social Influence-Based Group Representation Learning, ICDE 2019"
    implies: ClassVar[str] = (
        "members who do not know each other may be in one group through others; a group's choice is one of "
        "each of its members as well, unless --log says otherwise"
    )

    friends: Annotated[Path | None, Flag("Input", metavar="FILE", unset="")] = None
    """Who knows whom: a CSV with the columns user and friend, in any direction."""
    events: Annotated[Path | None, Flag("Input", metavar="FILE", unset="")] = None
    """Who attended what: a CSV with the columns user and event and, where known, item and timestamp."""
    log: Annotated[Path | None, Flag("Input", metavar="FILE", unset="what is attended")] = None
    """Rows of users: a CSV with the columns user and item and, where they are known, rating and timestamp."""
    choice: Annotated[Literal["event", "item"], Flag("Groups")] = "event"
    """What a group chooses: the event, or the item that its rows name, such as the venue."""
    max_size: Annotated[int | None, Field(ge=2), Flag("Groups", unset="any")] = None
    """Members of a group, at most."""
    split: Annotated[Literal["groups", "rows", "none"], Flag("Split")] = "rows"
    """What of groups is held out: whole groups, rows, or nothing."""

    def form(self, tally: Tally) -> Formed:
        """Components of friends at each event."""
        table = tally.table("events", self.events).require("user", "event", self.choice)
        events, event_ids = codes(table, "event")
        items, item_ids = (events, event_ids) if self.choice == "event" else codes(table, "item")
        choices = _one_item_each(table, events, items, len(event_ids))
        times = times_of(table, required=False)
        users, user_ids = codes(table, "user")
        log = Log(users, items, user_ids, item_ids, times)
        if self.log is not None:
            log = read_log(tally, self.log).extended(user_ids, item_ids)
            users = known_codes(table, "user", log.user_ids)
            choices = ranks(item_ids, log.item_ids)[choices]
        ties = read_friends(tally, self.friends, log.user_ids)
        found = together(events, users, ties)
        began = _starts(events, times, len(event_ids))
        segments, members, at = found
        met = Meetings(segments, members, choices[at], None if began is None else began[at])
        met = sized(met, 2, self.max_size, tally)
        groups, rows = joint_rows(met, len(log.item_ids))
        tally.drop("further meetings of the same group for the same choice", len(met) - len(rows))
        return Formed(log, groups, rows, ties=ties)


CELLS = 2**22
"""Pairs of an attendance and a friend handled at a time."""


def together(events: IntArray, users: IntArray, ties: Ties) -> tuple[Segments, IntArray, IntArray]:
    """The components of ties among the users of each event: segments, members and ascending events.

    Each attendance is joined with those friends of its user who have as many friends or more: at most
    sqrt(2 * number of ties) each, so that large events and popular users cost no squares.

    Args:
        events: (n,) codes; who attended twice counts once.
        users: (n,) codes.
        ties: who knows whom.
    """
    keys = distinct(events.astype(np.int64) * ties.n_users + users)
    offsets, friends = _upward(ties)
    counts = np.diff(offsets)[keys % ties.n_users]
    found = [np.empty((3, 0), dtype=np.int64)]
    for start, stop in blocks(counts, CELLS):
        event, user = np.divmod(keys[start:stop], ties.n_users)
        many = counts[start:stop]
        friend = friends[ranges(offsets[user], many)]
        event, user = event.repeat(many), user.repeat(many)
        there = in_sorted(event * ties.n_users + friend, keys)
        found.append(np.stack([event[there], user[there], friend[there]]))
    event, user, friend = np.concatenate(found, axis=1)
    return component_sets(event, user, friend, ties.n_users)


def _upward(ties: Ties) -> tuple[IntArray, IntArray]:
    """Each user's friends with more friends, or as many and a higher code: offsets and codes."""
    low, high = ties.ends
    degrees = np.bincount(low, minlength=ties.n_users) + np.bincount(high, minlength=ties.n_users)
    turned = degrees[low] > degrees[high]
    first, second = np.where(turned, high, low), np.where(turned, low, high)
    order = np.argsort(first, kind="stable")
    offsets = np.concatenate([[0], np.cumsum(np.bincount(first, minlength=ties.n_users))])
    return offsets, second[order]


def _one_item_each(table: TextTable, events: IntArray, items: IntArray, n_events: int) -> IntArray:
    """The item of each event, (n_events,); a `DatasetError` if rows of one name two."""
    choices = np.full(n_events, items.max() + 1, dtype=np.int64)
    np.minimum.at(choices, events, items)
    differs = choices[events] != items
    if differs.any():
        row = int(np.argmax(differs))
        event, item = (shown(table.columns[column][row]) for column in ("event", "item"))
        raise table.error(
            row, f"event {event} has item {item} here and another one elsewhere", "name one item per event"
        )
    return choices


def _starts(events: IntArray, times: IntArray | None, n_events: int) -> IntArray | None:
    """The earliest time of each event, (n_events,)."""
    if times is None:
        return None
    starts = np.full(n_events, times.max(), dtype=np.int64)
    np.minimum.at(starts, events, times)
    return starts
