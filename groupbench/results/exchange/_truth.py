"""What is true of each list: its evaluated candidates with rating and relevance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from groupbench.core.arrays import BoolArray, FloatArray, IntArray

if TYPE_CHECKING:
    from groupbench.evaluation.views import EvaluationCase, MemberTruth
    from groupbench.results.exchange._task_split import PreparedSplit


@dataclass(frozen=True)
class Truth:
    """Candidates with a truth, one row for each list, or member of a list, and item.

    Attributes:
        lists: (n_rows,) number of the list.
        members: (n_rows,) the member whose truth it is, -1 where the list as a whole has one.
        items: (n_rows,) item index.
        ratings: (n_rows,) held_out-out rating.
        relevant: (n_rows,) whether the candidate counts as relevant.
    """

    lists: IntArray
    members: IntArray
    items: IntArray
    ratings: FloatArray
    relevant: BoolArray

    @property
    def has_duplicates(self) -> bool:
        """Whether a list holds an item more than once."""
        keys = np.stack([self.lists, self.members, self.items])
        return bool(np.unique(keys, axis=1).shape[1] < keys.shape[1])


def truth_of(split: PreparedSplit, case: EvaluationCase) -> Truth:
    """The truth of the evaluated lists; of lists that members evaluate, what each of them likes."""
    members = case.lists.members
    if members is not None:
        truth = _of_members(split, members)
    else:
        lists, items, ratings = case.lists.truths
        no_member = np.full(len(lists), -1)
        truth = Truth(lists, no_member, items, ratings, ratings >= case.tau)
    mask = case.evaluated[truth.lists]
    return Truth(
        truth.lists[mask], truth.members[mask], truth.items[mask], truth.ratings[mask], truth.relevant[mask]
    )


def _of_members(split: PreparedSplit, members: MemberTruth) -> Truth:
    rows, items = np.divmod(members.keys, members.n_items)
    users = members.users[rows]
    held_out = split.task.held_out.unique()
    index = np.searchsorted(
        held_out.users * members.n_items + held_out.items, users * members.n_items + items
    )
    return Truth(
        members.segments.of_row[rows], users, items, held_out.values[index], np.ones(len(items), dtype=bool)
    )


def list_numbers(entities: IntArray) -> IntArray:
    """Which of its entity's lists each one is, from 1, (n_lists,); `entities` are ascending."""
    return np.arange(len(entities)) - np.searchsorted(entities, entities) + 1
