"""Lists that groups are recommended round after round: by predictions, or by members' held-out items."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from groupbench.core.errors import ConfigError
from groupbench.evaluation.views._base import VIEWS, View
from groupbench.evaluation.views._lists import Lists
from groupbench.evaluation.views.coupled import COUPLED, DECOUPLED

if TYPE_CHECKING:
    from groupbench.evaluation.rounds import Rounds
    from groupbench.evaluation.task import Task


def _build(task: Task, tau: float) -> Lists:
    """As of the view `decoupled`, with all who are a member in any round."""
    everyone = replace(task.train, groups=_rounds(task).everyone())
    return DECOUPLED.build(replace(task, train=everyone), tau)


def _build_coupled(task: Task, tau: float) -> Lists:
    if _rounds(task).changes:
        raise ConfigError(
            "view sequential-coupled: evaluates one list by the same members from its first place to its "
            "last; use churn=0"
        )
    return COUPLED.build(task, tau)


def _rounds(task: Task) -> Rounds:
    if task.rounds is None:
        raise ConfigError("this view is of rounds; use --protocol sequential")
    return task.rounds


SEQUENTIAL = replace(
    DECOUPLED,
    name="sequential",
    definition="groups are recommended items round after round, of those without a member's training row and "
    "none twice; truth is what the base method itself predicts for each member; K is a number of rounds",
    build=_build,
    rounds=True,
    headline=("sat_o", "dis_o", "dmae"),
)

SEQUENTIAL_COUPLED = replace(
    COUPLED,
    name="sequential-coupled",
    definition="the lists of all rounds in a row, of items without a member's training row; truth are the "
    "held-out items that each member rated at least tau; values are means over members, then groups",
    build=_build_coupled,
    rounds=True,
)


def cutoffs(view: View, n_rounds: int, depth: int) -> tuple[int, ...]:
    """The K of a view of rounds: every number of rounds, or the usual lengths and that of the whole list."""
    if view.truth_from == "predictions":
        return tuple(range(1, n_rounds + 1))
    return tuple(sorted({*(k for k in view.cutoffs if k <= n_rounds * depth), n_rounds * depth}))


VIEWS.register(SEQUENTIAL)
VIEWS.register(SEQUENTIAL_COUPLED)
