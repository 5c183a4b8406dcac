"""The view of the authors' related code: held-out rows by group, duplicates kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupbench.views._base import Lists, View, member_rows

if TYPE_CHECKING:
    from groupbench.data import Ratings
    from groupbench.groups import Groups


def _build(held_out: Ratings, groups: Groups) -> Lists:
    owners, rows = member_rows(held_out, groups)
    return Lists.gather(owners, held_out.items[rows], held_out.values[rows])


RATED_ROWS = View(
    name="rated-rows",
    definition="groups rank their members' held-out rows, an item once per row; truth is the row's rating",
    entity="group",
    tau=3.7,
    build=_build,
    without_relevant="keep",
)
