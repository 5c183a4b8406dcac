"""Friends who were at one place within minutes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field

from groupbench.core.options import Flag
from groupbench.data.recipes._base import Formed, GroupRecipe, joint_rows, sized
from groupbench.data.recipes._log import Tally, read_log
from groupbench.data.recipes._ties import read_friends
from groupbench.data.recipes._windows import Windows, meetings


class CoVisit(GroupRecipe):
    """Friends who checked in at one place within some minutes are a group, and the place is its choice.

    Each check-in opens a window at its place; the users in it fall into connected components of friends, and
    each component of two or more is a group. As in GroupIM (Sankar et al., SIGIR 2020, on Weeplaces) whole
    groups are held out. Windows have a fixed length: linking each check-in to the next would chain a whole
    evening into one group.
    """

    name: ClassVar[str] = "co-visit"
    source: ClassVar[str] = "Sankar et al., GroupIM, SIGIR 2020 (Weeplaces)"
    implies: ClassVar[str] = (
        "a group's choice is a check-in of each of its members, so nearly every held-out item is in the "
        "members' own rows"
    )

    friends: Annotated[Path | None, Flag("Input", metavar="FILE", unset="")] = None
    """Who knows whom: a CSV with the columns user and friend, in any direction."""
    window: Annotated[float, Field(gt=0, allow_inf_nan=False, le=100_000), Flag("Groups")] = 15.0
    """Minutes within which members check in."""
    min_size: Annotated[int, Field(ge=2), Flag("Groups")] = 2
    """Members of a group, at least."""
    max_size: Annotated[int | None, Field(ge=2), Flag("Groups", unset="any")] = None
    """Members of a group, at most."""

    def form(self, tally: Tally) -> Formed:
        """Groups of friends in windows of the log."""
        log = read_log(tally, self.log, timed=True)
        ties = read_friends(tally, self.friends, log.user_ids)
        windows = Windows.over(log, ties.members[log.users], round(60 * self.window))
        met = sized(meetings(windows, ties), self.min_size, self.max_size, tally)
        groups, rows = joint_rows(met, len(log.item_ids))
        tally.drop("further meetings of the same group at the same place", len(met) - len(rows))
        return Formed(log, groups, rows, ties=ties)
