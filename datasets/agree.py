"""CAMRa2011 and Mafengwo as text files in the layout of AGREE (Cao et al., SIGIR 2018).

Both hold out rows of users and of groups, each with 100 sampled negatives. CAMRa2011 has ratings from 0 to
100 in steps of 5, Mafengwo only visits: their value and both ends of its scale are 1.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from groupbench import Dataset, Ratings, dataset
from groupbench.core.arrays import Segments
from groupbench.core.errors import DatasetError
from groupbench.data.dataset import GivenSplit, HeldOutRows
from groupbench.data.loading import (
    IdColumn,
    indices,
    memberships,
    rating_rows,
    sorted_ids,
    without_repeats,
)

if TYPE_CHECKING:
    from groupbench.data.loading import Source, TextTable

ITEMS = "the files of ratings"


@dataset("camra2011")
def camra2011(source: Source) -> Dataset:
    """CAMRa2011: films rated by 602 users and, jointly, by their 290 households."""
    return _load(source, (0.0, 100.0), ("rater", "item", "rating"))


@dataset("mafengwo")
def mafengwo(source: Source) -> Dataset:
    """Mafengwo: 1,513 places visited by 5,275 users and by 995 groups that travelled together."""
    return _load(source, (1.0, 1.0), ("rater", "item"))


def _load(source: Source, scale: tuple[float, float], columns: tuple[str, ...]) -> Dataset:
    rows = {
        name: source.table(f"{name}.txt", columns, separator=" ", quoted=False)
        for name in ("userRatingTrain", "userRatingTest", "groupRatingTrain", "groupRatingTest")
    }
    sampled = {kind: _negatives(source, kind, rows[f"{kind}RatingTest"]) for kind in ("user", "group")}
    members = without_repeats(source, _members(source), "group", "user")
    user_ids = sorted_ids(
        chain(
            *(rows[f"userRating{part}"].frame["rater"] for part in ("Train", "Test")), members.frame["user"]
        )
    )
    item_ids = sorted_ids(chain(*(table.frame["item"] for table in (*rows.values(), *sampled.values()))))
    groups = memberships(members, "group", "user", user_ids, ITEMS)
    raters = {"user": user_ids, "group": groups.ids}

    def rated(kind: str, part: str) -> Ratings:
        of_raters = IdColumn("rater", raters[kind], "groupMember.txt")
        items, rating = IdColumn("item", item_ids, ITEMS), "rating" if "rating" in columns else None
        return rating_rows(rows[f"{kind}Rating{part}"], of_raters, items, rating, scale=scale)

    def held_out(kind: str) -> HeldOutRows:
        table = sampled[kind]
        sizes = np.bincount(table.frame.index, minlength=len(rows[f"{kind}RatingTest"]))
        negatives = indices(table, "item", item_ids, ITEMS)
        return HeldOutRows(rated(kind, "Test"), negatives, Segments.from_sizes(sizes))

    return Dataset(
        name=source.card.name,
        title=source.card.title,
        ratings=rated("user", "Train"),
        user_ids=user_ids,
        item_ids=item_ids,
        scale=scale,
        groups=groups,
        group_ratings=rated("group", "Train"),
        given=GivenSplit(users=held_out("user"), groups=held_out("group")),
    )


def _members(source: Source) -> TextTable:
    """One row per group and member, from lines such as `7 12,15,31`."""
    table = source.table("groupMember.txt", ("group", "user"), separator=" ", quoted=False)
    table.distinct(("group",))
    frame = table.frame.assign(user=table.frame["user"].str.split(",")).explode("user")
    members = replace(table, frame=frame)
    members.filled("user")
    return members


def _negatives(source: Source, kind: str, tested: TextTable) -> TextTable:
    """One row per sampled item, from lines such as `(7,31) 12 15 8`; its index is the row of `tested`.

    Raises:
        DatasetError: if a line is about another pair than that row of `tested`, or names no item.
    """
    table = source.table(f"{kind}RatingNegative.txt", ("line",), separator="\t", quoted=False)
    if len(table) != len(tested):
        raise DatasetError(
            f"{table.file}: {len(table)} rows for {len(tested)} in {tested.file}; "
            "use files of the same version"
        )
    parts = table.frame["line"].str.split()
    expected = "(" + tested.frame["rater"] + "," + tested.frame["item"] + ")"
    differs = (parts.str[0] != expected).to_numpy()
    if differs.any():
        row = int(np.argmax(differs))
        raise table.error(
            row,
            f"is about {parts[row][0]} where line {tested.line(row)} of {tested.file} has {expected[row]}",
            "use files of the same version",
        )
    lengths = parts.map(len).to_numpy()
    if lengths.min() < 2:
        raise table.error(int(lengths.argmin()), "names no item", "write the sampled items")
    return replace(table, frame=parts.str[1:].explode().to_frame("item"))
