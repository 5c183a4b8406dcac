"""Groups of whose choices nothing is known: what a method that says it serves them owes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

import numpy as np

from groupbench.data.groups import Groups
from groupbench.models.recommender import GroupRecommender, TrainingData
from groupbench.testing._outcome import close, need
from groupbench.testing._small import COLD_ITEMS
from groupbench.testing._trial import fit

if TYPE_CHECKING:
    from groupbench.testing._trial import MethodTrial

_SCORES = "scores of a group without joint ratings"
_REMEDY = "score it by its members, or say serves_cold_groups = False"


def verify_cold_groups(trial: MethodTrial) -> None:
    """Fit the method with two cold groups that have the same members, and compare their scores.

    A method that says it does not serve cold groups owes nothing.

    Raises:
        MethodError: if the scores are not finite, all alike, or those of the id.
    """
    if not trial.fitted.serves_cold_groups:
        return
    train, twins = with_cold_twins(trial.train)
    fitted = cast("GroupRecommender", fit(trial.entry.create(), train))
    scores = fitted.score_groups(twins)
    need(bool(np.isfinite(scores).all()), f"{_SCORES} are NaN or infinite; {_REMEDY}")
    warm = np.delete(scores, COLD_ITEMS, axis=1)
    need(bool(np.ptp(warm, axis=1).all()), f"{_SCORES} are all alike; {_REMEDY}")
    need(
        close(scores[0], scores[1]),
        f"{_SCORES} differ between two groups with the same members, so they go by the id; {_REMEDY}",
    )


def with_cold_twins(train: TrainingData) -> tuple[TrainingData, Groups]:
    """What `small_training` made with two more groups, and these: the same members, and no joint ratings.

    The members are of several groups, and have rows of their own.
    """
    groups, joint = train.groups, train.group_ratings
    members = [groups[g] for g in range(len(groups))]
    twins = np.array([own[0] for own in members[:3]])
    more = Groups.from_lists([*members, twins, twins], [*groups.ids, "twin", "other twin"])
    if joint is not None:
        joint = replace(joint, n_users=len(more))
    return replace(train, groups=more, group_ratings=joint), more.take(len(groups) + np.arange(2))
