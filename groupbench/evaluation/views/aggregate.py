"""Groups that answer about items their members rated: their answer, and what strategies make of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from groupbench.core.arrays import IntArray, in_sorted
from groupbench.core.errors import ConfigError
from groupbench.data.leakage import pairs
from groupbench.evaluation.views._base import VIEWS, View, rated_by_members
from groupbench.evaluation.views._lists import Lists, RowLists

if TYPE_CHECKING:
    from groupbench.evaluation.task import Task


def _build(task: Task, tau: float) -> Lists:
    """The options with the group's answers."""
    return _answered(task, _options(task))


def _build_agreement(task: Task, tau: float) -> Lists:
    """The same of options that all members rated: what strategies answer takes the place of the truth."""
    complete = rated_by_members(task.train.ratings, task.train.groups, 1.0)
    options = _options(task)
    options = options[in_sorted(options, complete)]
    if not len(options):
        raise ConfigError("view agreement: no group has an item that all its members rated")
    return _answered(task, options)


def _answered(task: Task, options: IntArray) -> Lists:
    assert task.joint is not None
    joint, n_items = task.joint.unique(), task.joint.n_items
    keys, truth = pairs(joint), np.full(len(options), np.nan)
    truth[in_sorted(options, keys)] = joint.values[in_sorted(keys, options)]
    return RowLists.gather(options // n_items, options % n_items, truth)


def _options(task: Task) -> IntArray:
    if task.options is None or not len(task.options):
        raise ConfigError("this view is of items that groups chose from; use --protocol aggregate")
    return task.options


AGGREGATE = View(
    name="aggregate",
    definition="observed groups rank the items that their members rated; truth is the group's own answer",
    entity="group",
    tau=4.0,
    build=_build,
    without_relevant="keep",
    errors=True,
    agreement=True,
    cutoffs=(1, 3, 5, 10),
    headline=("first_choice", "kendall"),
)

AGREEMENT = View(
    name="agreement",
    definition="observed groups rank the items that all their members rated; truth is what the strategy in "
    "the column aggregator makes of the members' own ratings",
    entity="group",
    tau=1.0,
    build=_build_agreement,
    without_relevant="keep",
    truth_from="strategies",
    agreement=True,
    cutoffs=(),
    oracle="the groups' own answers, which bound nothing here",
    headline=("first_choice", "kendall"),
)

VIEWS.register(AGGREGATE)
VIEWS.register(AGREEMENT)
