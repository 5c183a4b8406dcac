"""The layout of the Yelp and Douban groups of Yin et al. (ICDE 2019), which GroupSA and others read.

Lines have an id, a tab, and ids with commas between them: `user_events.dat` the items of a user,
`groupid_users.dat` the members of a group and `groupid_events.dat` its items. There is no split; friends, in
`social.dat`, are left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupbench.data.loading.layouts._build import LayoutTables, Part, Scale, build

if TYPE_CHECKING:
    from groupbench.data.dataset import Dataset
    from groupbench.data.loading._source import Source
    from groupbench.data.loading._table import TextTable

FILES = ("groupid_users.dat", "groupid_events.dat", "user_events.dat")
"""The files that every such folder has."""


def read(source: Source, scale: Scale | None = None) -> Dataset:
    """Read a folder of these files; errors as of `groupbench.data.loading.layouts.agree`."""
    members = _pairs(source, "groupid_users.dat", "group", "user")
    users = {"train": Part((_pairs(source, "user_events.dat", "user", "item"),))}
    groups = {"train": Part((_pairs(source, "groupid_events.dat", "group", "item"),))}
    if source.has("social.dat"):
        source.note("social.dat is not read")
    return build(source, LayoutTables(users, groups, members), scale)


def _pairs(source: Source, name: str, owner: str, other: str) -> TextTable:
    table = source.table(name, (owner, other), separator="\t", quoted=False)
    return table.exploded(other, ",")
