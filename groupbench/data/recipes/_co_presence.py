"""Companions who are found by their check-ins alone, without a list of friends."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from groupbench.core.arrays import BoolArray, IntArray
from groupbench.core.options import Flag
from groupbench.data.recipes._base import Formed, GroupRecipe, joint_rows, sized
from groupbench.data.recipes._log import Log, Tally, read_log
from groupbench.data.recipes._ties import Ties, pair_keys
from groupbench.data.recipes._windows import Windows, meetings


class CoPresence(GroupRecipe):
    """Users who keep meeting are companions; those of them who are at one place at one time are a group.

    Two users meet if one checks in at most `window` minutes after the other at the same venue; encounters of
    a pair that lie at most that far apart, at whatever venue, are one meeting. Venues with many visitors make
    nobody companions, as strangers cross there. Each check-in then opens a window at its venue, the users in
    it fall into connected components of companions, and components that are part of another one in an
    overlapping window are left out. No friends are needed. Linking check-ins one to the next would
    chain a whole evening into one group; windows of a fixed length do not.
    """

    name: ClassVar[str] = "co-presence"
    source: ClassVar[str] = "windows of co-presence over check-ins, with companions by repeated meetings"
    implies: ClassVar[str] = (
        "companions are a guess from the check-ins themselves, and a group's choice is a check-in of each of "
        "its members, so nearly every held-out item is in the members' own rows"
    )

    window: Annotated[float, Field(gt=0, allow_inf_nan=False, le=100_000), Flag("Groups")] = 60.0
    """Minutes within which members check in."""
    min_size: Annotated[int, Field(ge=2), Flag("Groups")] = 2
    """Members of a group, at least."""
    max_size: Annotated[int, Field(ge=2), Flag("Groups")] = 8
    """Members of a group, at most."""
    min_meetings: Annotated[int, Field(ge=1), Flag("Groups")] = 2
    """Times that companions have met, at least."""
    max_visitors: Annotated[int, Field(ge=2), Flag("Groups")] = 50
    """Different visitors of a venue at which two users can become companions, at most."""

    def form(self, tally: Tally) -> Formed:
        """Groups of companions in windows of the log."""
        log = read_log(tally, self.log, timed=True)
        seconds = round(60 * self.window)
        quiet = quiet_venues(log, self.max_visitors)
        tally.facts["venues with too many visitors for a tie"] = int(np.count_nonzero(~quiet))
        ties = companions(Windows.over(log, quiet[log.items], seconds), seconds, self.min_meetings, log)
        tally.facts["pairs of companions"] = len(ties.keys)
        windows = Windows.over(log, ties.members[log.users], seconds)
        met = sized(meetings(windows, ties), self.min_size, self.max_size, tally)
        groups, rows = joint_rows(met, len(log.item_ids))
        tally.drop("further meetings of the same group at the same place", len(met) - len(rows))
        return Formed(log, groups, rows)


def quiet_venues(log: Log, most: int) -> BoolArray:
    """Which venues have at most that many different visitors, (n_items,)."""
    keys = np.sort(log.items.astype(np.int64) * len(log.user_ids) + log.users)
    new = np.diff(keys, prepend=-1) > 0
    visitors = np.bincount(keys[new] // len(log.user_ids), minlength=len(log.item_ids))
    return np.asarray(visitors <= most)


def companions(windows: Windows, seconds: int, least: int, log: Log) -> Ties:
    """The pairs of users who met at least that often in the windows."""
    keys, times = _encounters(windows, len(log.user_ids))
    order = np.lexsort((times, keys))
    keys, times = keys[order], times[order]
    begins = np.ones(len(keys), dtype=np.bool_)
    begins[1:] = (np.diff(keys) > 0) | (np.diff(times) > seconds)
    pair, counts = np.unique(keys[begins], return_counts=True)
    return Ties(pair[counts >= least], len(log.user_ids))


def _encounters(windows: Windows, n_users: int) -> tuple[IntArray, IntArray]:
    """The pair and the time of each check-in after another one's in its window, each pair and time once."""
    found = [(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))]
    for first, second in windows.pairs():
        keys = pair_keys(windows.users[first], windows.users[second], n_users)
        found.append((keys, windows.times[second]))
    return tuple(np.concatenate(column) for column in zip(*found, strict=True))  # type: ignore[return-value]
