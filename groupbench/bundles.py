"""Views that share their candidates, so that each list is scored once for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from groupbench.arrays import IntArray, Segments
from groupbench.views import Judgement


@dataclass(frozen=True)
class Bundle:
    """Views whose lists have the same owners and the same distinct candidates.

    Attributes:
        entity: whether the lists belong to users or to groups.
        entities: (n_lists,) the owners.
        segments: which rows of `items` belong to which list.
        items: (n_rows,) the distinct candidates of each list, ascending.
        judgements: each view with the column of each of its rows within the shared list, or None
            where its rows are those of the shared lists.
    """

    entity: Literal["user", "group"]
    entities: IntArray
    segments: Segments
    items: IntArray
    judgements: list[tuple[Judgement, IntArray | None]]

    def same_lists(self, other: Bundle) -> bool:
        """Whether the lists have the same owners and candidates."""
        return self.entity == other.entity and all(
            np.array_equal(mine, theirs)
            for mine, theirs in (
                (self.entities, other.entities),
                (self.segments.offsets, other.segments.offsets),
                (self.items, other.items),
            )
        )


def bundles(judgements: Sequence[Judgement]) -> list[Bundle]:
    """Put views with the same lists together, in the order of their first view."""
    found: list[Bundle] = []
    for judgement in judgements:
        lists = judgement.lists
        segments, items, columns = _distinct(lists.segments, lists.items)
        new = Bundle(judgement.view.entity, lists.entities, segments, items, [])
        bundle = next((held for held in found if held.same_lists(new)), new)
        if bundle is new:
            found.append(new)
        bundle.judgements.append((judgement, columns))
    return found


def _distinct(segments: Segments, items: IntArray) -> tuple[Segments, IntArray, IntArray | None]:
    """Each list's distinct items, and the column of every row among them; None if all are distinct."""
    first = np.ones(len(items), dtype=bool)
    np.not_equal(items[1:], items[:-1], out=first[1:])  # the items of a list ascend
    first[segments.offsets[:-1]] = True
    if first.all():
        return segments, items, None
    distinct = Segments.from_sizes(segments.reduce("sum", first.astype(np.int64)))
    return distinct, items[first], np.cumsum(first) - 1 - distinct.offsets[:-1][segments.of_row]
