"""A recorded or named split, made again from its data set, protocol and seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from groupbench.core.arrays import ObjectArray
from groupbench.evaluation.protocols import Protocol, make_protocol

if TYPE_CHECKING:
    from groupbench.data.dataset import Dataset
    from groupbench.evaluation.task import Task
    from groupbench.evaluation.views import EvaluationCase


@dataclass(frozen=True)
class PreparedSplit:
    """One data set under one protocol and seed.

    Attributes:
        dataset: the data set.
        protocol: the protocol.
        seed: number of the repetition.
        task: what methods learn from and what evaluates them.
        cases: the views that apply, by name.
        reasons: why each other view of the protocol does not.
    """

    dataset: Dataset
    protocol: Protocol
    seed: int
    task: Task
    cases: dict[str, EvaluationCase]
    reasons: dict[str, str]

    @classmethod
    def make(cls, dataset: Dataset, options: dict[str, Any], seed: int) -> PreparedSplit:
        """Prepare a protocol's task and the lists of its views.

        Raises:
            ConfigError: if the protocol is unknown, or its options do not suit the data.
        """
        protocol = make_protocol(options, dataset)
        task = protocol.prepare(dataset, seed)
        cases, reasons = protocol.make_cases(task)
        return cls(dataset, protocol, seed, task, {j.view.name: j for j in cases}, reasons)

    @cached_property
    def item_ids(self) -> ObjectArray:
        """Ids of the items as an object array, (n_items,)."""
        return np.array(self.dataset.item_ids, dtype=object)

    @cached_property
    def user_ids(self) -> ObjectArray:
        """Ids of the users as an object array, (n_users,)."""
        return np.array(self.dataset.user_ids, dtype=object)

    def entity_ids(self, case: EvaluationCase) -> Sequence[str]:
        """Ids of all users or groups, whichever the view evaluates."""
        return self.dataset.user_ids if case.view.entity == "user" else self.task.train.groups.ids


def unsuited(case: EvaluationCase) -> str:
    """Why lists of items alone cannot be evaluated by the view, or nothing."""
    if case.view.truth_from == "predictions":
        return "evaluates by the base method's predictions, which lists of items do not hold"
    if case.view.estimates_only:
        return "ranks what is predicted to reach tau, which lists of items do not hold"
    return ""
