"""GroupFM's study of restaurants (Szubartowicz, ICIS 2021): ratings of people and of groups of them.

The files also say how daytime, weather and occasion would change each rating; those answers came with the
ratings, so they stay in the tables and are never features.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupbench import Dataset, Ratings, dataset
from groupbench.data.loading import (
    IdColumn,
    Note,
    indices,
    memberships,
    rating_rows,
    sorted_ids,
    without_repeats,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from groupbench.data.loading import Source, TextTable

SCALE = (1.0, 5.0)


@dataset("groupfm")
def load(source: Source) -> Dataset:
    """GroupFM: 188 people rate 20 restaurants, and 44 groups of them rate 15 jointly."""
    ratings = source.table("user_ratings.csv").require("user_id", "restaurant_id", "rating")
    joint = source.table("group_ratings.csv").require("group_id", "restaurant_id", "rating")
    types = source.table("group_types.csv").require("group_id", "random")
    assigned = source.table("group_assignments.csv").require("group_id", "user_id")
    members = without_repeats(source, assigned, "group_id", "user_id")
    user_ids = sorted_ids(ratings.uniques("user_id"))
    item_ids = sorted_ids(ratings.uniques("restaurant_id"))
    groups = memberships(members, "group_id", "user_id", user_ids, "user_ratings.csv")
    indices(types, "group_id", groups.ids, "group_assignments.csv")
    source.note(
        f"{(types.frame['random'] == 'true').sum()} of the {len(types)} groups were put together at random"
    )
    return Dataset(
        name=source.card.name,
        title=source.card.title,
        ratings=_rated(source, ratings, "user_id", user_ids, item_ids),
        user_ids=user_ids,
        item_ids=item_ids,
        scale=SCALE,
        groups=groups,
        group_ratings=_rated(source, joint, "group_id", groups.ids, item_ids),
        tables={
            "user_ratings.csv": ratings.typed("user_id", "restaurant_id"),
            "group_ratings.csv": joint.typed("group_id", "restaurant_id"),
            "group_types.csv": types.typed("group_id"),
        },
    )


def _rated(
    source: Source, table: TextTable, rater: str, raters: Sequence[str], items: Sequence[str]
) -> Ratings:
    """The rows that hold a rating; the others, restaurants that someone left unrated, are noted."""
    blank = (table.frame["rating"] == "").to_numpy()
    if blank.any():
        name = table.file.rpartition("/")[2]
        text = f"{name} has no rating in {blank.sum()} of its {len(table)} rows; they are left out"
        empty = table.frame.loc[blank, [rater, "restaurant_id"]].head(3)
        examples = [f"{rater} {who}, restaurant_id {what}" for who, what in empty.itertuples(index=False)]
        source.note(Note(text, "blank-ratings", int(blank.sum()), len(table), tuple(examples)))
    rows = table.keep(~blank)
    of_raters = IdColumn(rater, raters, "group_assignments.csv")
    return rating_rows(rows, of_raters, IdColumn("restaurant_id", items, "user_ratings.csv"), scale=SCALE)
