"""Views that share their candidates, so that each list is scored once for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from groupbench.core.arrays import IntArray
from groupbench.evaluation.views import EvaluationCase


@dataclass(frozen=True)
class SharedCandidates:
    """Views whose lists have the same owners and the same distinct candidates.

    Attributes:
        cases: the views.
    """

    cases: list[EvaluationCase]

    @property
    def entity(self) -> Literal["user", "group"]:
        """Whether the lists belong to users or to groups."""
        return self.cases[0].view.entity

    @property
    def rounds(self) -> bool:
        """Whether lists are made in rounds."""
        return self.cases[0].view.rounds

    @property
    def entities(self) -> IntArray:
        """The owners of the lists, (n_lists,)."""
        return self.cases[0].lists.entities

    @property
    def sizes(self) -> IntArray:
        """Rows of each list in the view that has most, (n_lists,)."""
        return np.asarray(np.max([case.lists.sizes for case in self.cases], axis=0))

    @property
    def cells(self) -> IntArray:
        """What it takes to lay each list out in the view that needs most, (n_lists,)."""
        return np.asarray(np.max([case.lists.cells for case in self.cases], axis=0))

    def takes(self, case: EvaluationCase) -> bool:
        """Whether the view's lists are these."""
        first = self.cases[0]
        alike = self.entity == case.view.entity and self.rounds == case.view.rounds
        return alike and first.lists.same_candidates(case.lists)


def share_candidates(cases: Sequence[EvaluationCase]) -> list[SharedCandidates]:
    """Put views with the same lists together, in the order of their first view."""
    shared: list[SharedCandidates] = []
    for case in cases:
        same = next((candidates for candidates in shared if candidates.takes(case)), None)
        if same is None:
            shared.append(SharedCandidates([case]))
        else:
            same.cases.append(case)
    return shared
