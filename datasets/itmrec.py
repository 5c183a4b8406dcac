"""ITM-Rec (Zheng, LAK 2023): students rate project topics, alone and in their natural groups.

Items 1-20 are the catalogue of the class DB, items 21-70 that of the classes DA and DM. A student who took
two classes may have rated a topic in each: such rows are kept apart. The answers App, Data and Ease are given
with the rating, so they are never features.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from groupbench import Dataset, Features, dataset
from groupbench.data.loading import (
    IdColumn,
    indices,
    joined,
    memberships,
    one_hot,
    rating_rows,
    side_by_side,
    sorted_ids,
    tfidf,
    without_repeats,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from groupbench import Groups
    from groupbench.data.loading import Source, TextTable

SCALE = (1.0, 5.0)
DATABASE_ITEMS = 20
"""Items up to this number are the catalogue of the class DB."""


@dataset("itmrec")
def load(source: Source) -> Dataset:
    """ITM-Rec: 476 students, 70 project topics, 143 natural groups with joint ratings."""
    ratings = source.table("ratings.csv").require("UserID", "Item", "Rating")
    joint = source.table("group_ratings.csv").require("GroupID", "Item", "Rating")
    users = source.table("users.csv").require("UserID", "Gender", "Age", "Married")
    items = source.table("items.csv", encoding="cp1252").require("Item", "Title", "Descriptions")
    user_ids, item_ids = sorted_ids(users.uniques("UserID")), sorted_ids(items.uniques("Item"))
    groups = natural_groups(source, user_ids)
    of_users, of_groups = (
        IdColumn("UserID", user_ids, "users.csv"),
        IdColumn("GroupID", groups.ids, "group.csv"),
    )
    of_items = IdColumn("Item", item_ids, "items.csv")
    return Dataset(
        name=source.card.name,
        title=source.card.title,
        ratings=rating_rows(ratings, of_users, of_items, "Rating", scale=SCALE),
        user_ids=user_ids,
        item_ids=item_ids,
        scale=SCALE,
        groups=groups,
        group_ratings=rating_rows(joint, of_groups, of_items, "Rating", scale=SCALE),
        user_features=demographics(users, user_ids),
        item_features=tfidf(*described(items, item_ids)),
        item_texts=joined(*described(items, item_ids)),
        categories=catalogues(item_ids),
        tables={
            "ratings.csv": ratings.typed("UserID", "Item"),
            "users.csv": users.typed("UserID"),
            "items.csv": items.typed("Item"),
            "group_ratings.csv": joint.typed("GroupID", "Item"),
        },
    )


def natural_groups(source: Source, user_ids: Sequence[str]) -> Groups:
    """The groups of group.csv without its repeated rows, checked against group_size.csv.

    Raises:
        DatasetError: if a group's size is not the one that group_size.csv states.
    """
    members = source.table("group.csv").require("GroupID", "UserID")
    stated = source.table("group_size.csv").require("GroupID", "Size")
    once = without_repeats(source, members, "GroupID", "UserID")
    groups = memberships(once, "GroupID", "UserID", user_ids, "users.csv")
    sizes = groups.sizes[indices(stated, "GroupID", groups.ids, "group.csv")]
    differs = sizes != stated.numbers("Size")
    if differs.any():
        row = int(np.argmax(differs))
        raise stated.error(row, f"the group has {sizes[row]} members in group.csv", "use the original files")
    return groups


def demographics(users: TextTable, user_ids: Sequence[str]) -> Features | None:
    """Gender, age and marriage as one-hot columns; the form had both the ages `>30` and `31-100`."""
    frame = users.frame.set_index("UserID").reindex(list(user_ids))
    return side_by_side(*(one_hot(column.lower(), frame[column]) for column in ("Gender", "Age", "Married")))


def described(items: TextTable, item_ids: Sequence[str]) -> tuple[pd.Series[str], pd.Series[str]]:
    """Titles and descriptions; the topics of class DB have no description."""
    frame = items.frame.set_index("Item").reindex(list(item_ids))
    return frame["Title"], frame["Descriptions"]


def catalogues(item_ids: Sequence[str]) -> Features:
    """Which classes an item is offered in."""
    database = np.array([int(i) <= DATABASE_ITEMS for i in item_ids])
    return Features(("class=DB", "class=DA/DM"), np.column_stack([database, ~database]).astype(np.float64))
