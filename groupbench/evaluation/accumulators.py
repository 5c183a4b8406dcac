"""Which accumulator a view needs, and those of what the base method predicts for members."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from groupbench.core.arrays import IntArray
from groupbench.evaluation.accumulate import ListAccumulator, MemberAccumulator, MetricAccumulator
from groupbench.metrics import evaluate_predictions, evaluate_rounds, gather

if TYPE_CHECKING:
    from groupbench.evaluation.scored import Scored
    from groupbench.evaluation.views import ListBlock, View


class PredictionAccumulator(MetricAccumulator):
    """The list of a group is evaluated by what the base method predicts for each member."""

    def add(self, lists: IntArray, block: ListBlock, scored: Scored) -> None:
        """Evaluate the scores, shaped like the `block`, of the given lists."""
        assert scored.predictions is not None
        keys, columns, _ = self._rank(lists, block, scored)
        values = evaluate_predictions(keys, columns, scored.predictions, self._cutoffs, self._request, lists)
        self._put_same(lists, values)


class RoundAccumulator(MetricAccumulator):
    """The lists of a group's rounds are evaluated by what the base method predicts for each member.

    Cutoffs are numbers of rounds, so that no exposure is measured at them.
    """

    def add(self, lists: IntArray, block: ListBlock, scored: Scored) -> None:
        """Evaluate the lists of all rounds in a row."""
        assert scored.rounds is not None
        assert scored.top is not None
        keys, columns = scored.top
        if self._top.shape[1] != keys.shape[1]:
            self._top = np.full((len(self._top), keys.shape[1]), -1, dtype=self._top.dtype)
        self._top[lists] = np.where(keys < np.inf, gather(block.items, columns), -1)
        self._exposure = None
        self._put_same(lists, evaluate_rounds(scored.rounds, self._cutoffs, self._request))


_KINDS: Mapping[str, type[MetricAccumulator]] = {
    "list": ListAccumulator,
    "members": MemberAccumulator,
    "predictions": PredictionAccumulator,
    "strategies": ListAccumulator,
}


def accumulator_of(view: View) -> type[MetricAccumulator]:
    """The accumulator that a view needs, by where its truth is from."""
    if view.rounds and view.truth_from == "predictions":
        return RoundAccumulator
    return _KINDS[view.truth_from]
