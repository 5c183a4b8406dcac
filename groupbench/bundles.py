"""Views that share their candidates, so that each list is scored once for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from groupbench.arrays import IntArray
from groupbench.views import Judgement


@dataclass(frozen=True)
class Bundle:
    """Views whose lists have the same owners and the same distinct candidates.

    Attributes:
        judgements: the views.
    """

    judgements: list[Judgement]

    @property
    def entity(self) -> Literal["user", "group"]:
        """Whether the lists belong to users or to groups."""
        return self.judgements[0].view.entity

    @property
    def entities(self) -> IntArray:
        """The owners of the lists, (n_lists,)."""
        return self.judgements[0].lists.entities

    @property
    def sizes(self) -> IntArray:
        """Rows of each list in the view that has most, (n_lists,)."""
        return np.asarray(np.max([judgement.lists.sizes for judgement in self.judgements], axis=0))

    @property
    def cells(self) -> IntArray:
        """What it takes to lay each list out in the view that needs most, (n_lists,)."""
        return np.asarray(np.max([judgement.lists.cells for judgement in self.judgements], axis=0))

    def takes(self, judgement: Judgement) -> bool:
        """Whether the view's lists are those of this bundle."""
        first = self.judgements[0]
        return self.entity == judgement.view.entity and first.lists.same_candidates(judgement.lists)


def bundles(judgements: Sequence[Judgement]) -> list[Bundle]:
    """Put views with the same lists together, in the order of their first view."""
    found: list[Bundle] = []
    for judgement in judgements:
        bundle = next((held for held in found if held.takes(judgement)), None)
        if bundle is None:
            found.append(Bundle([judgement]))
        else:
            bundle.judgements.append(judgement)
    return found
