"""Weeplaces as text files in the layout of GroupIM (Sankar et al., SIGIR 2020): who checked in where.

Each group belongs to one of training, validation and test; held-out rows are ranked among all places.
Rows are check-ins: their value and both ends of the scale are 1.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from groupbench import Dataset, Ratings, dataset
from groupbench.data.dataset import GivenSplit, HeldOutRows
from groupbench.data.loading import indices, memberships, sorted_ids, without_repeats

if TYPE_CHECKING:
    from collections.abc import Sequence

    from groupbench.data.loading import Source, TextTable

OF_USERS = ("train_ui", "val_ui_tr", "test_ui_tr", "val_ui_te", "test_ui_te")
"""Files of users' rows: GroupIM learns from the first three, tunes on the fourth and tests on the last."""

OF_GROUPS = ("train_gi", "val_gi", "test_gi")


@dataset("weeplaces")
def load(source: Source) -> Dataset:
    """Weeplaces: 25,081 places where 8,643 users and 22,733 groups of them checked in."""
    tables = {name: source.table(f"{name}.csv").require("user", "item") for name in OF_USERS}
    tables |= {name: source.table(f"{name}.csv").require("group", "item") for name in OF_GROUPS}
    members = without_repeats(source, _members(source), "group", "user")
    user_ids = sorted_ids(chain(*(tables[name].frame["user"] for name in OF_USERS), members.frame["user"]))
    item_ids = sorted_ids(chain(*(table.frame["item"] for table in tables.values())))
    groups = memberships(members, "group", "user", user_ids, "the files of check-ins")
    raters = {"user": user_ids, "group": groups.ids}

    def visits(rater: str, *names: str) -> Ratings:
        return _visits([tables[name] for name in names], rater, raters[rater], item_ids)

    return Dataset(
        name=source.card.name,
        title=source.card.title,
        ratings=visits("user", "train_ui", "val_ui_tr", "test_ui_tr"),
        user_ids=user_ids,
        item_ids=item_ids,
        scale=(1.0, 1.0),
        groups=groups,
        group_ratings=visits("group", "train_gi"),
        given=GivenSplit(
            users=HeldOutRows(visits("user", "test_ui_te")),
            groups=HeldOutRows(visits("group", "test_gi")),
            validation_users=HeldOutRows(visits("user", "val_ui_te")),
            validation_groups=HeldOutRows(visits("group", "val_gi")),
        ),
    )


def _members(source: Source) -> TextTable:
    """The rows of group_users.csv, whose users are written as `516.0`, with users as elsewhere."""
    table = source.table("group_users.csv").require("group", "user")
    return table.assigned(user=table.frame["user"].str.removesuffix(".0"))


def _visits(tables: Sequence[TextTable], rater: str, raters: Sequence[str], items: Sequence[str]) -> Ratings:
    users = np.concatenate([indices(table, rater, raters, "group_users.csv") for table in tables])
    places = np.concatenate([indices(table, "item", items, "the files of check-ins") for table in tables])
    return Ratings(users, places, np.ones(len(users)), len(raters), len(items))
