"""What methods share that learn from joint ratings of groups and know these groups by their ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from groupbench.core.errors import MethodError
from groupbench.models.recommender import GroupRecommender

if TYPE_CHECKING:
    from groupbench.core.arrays import BoolArray, IntArray
    from groupbench.data.dataset import Ratings
    from groupbench.data.groups import Groups
    from groupbench.models.recommender import TrainingData


class GroupIndex:
    """The groups of the training data, by id.

    Args:
        method: what errors name.
        groups: the groups of the training data.
    """

    def __init__(self, method: object, groups: Groups) -> None:
        self._method = type(method).__name__
        self._index = {name: index for index, name in enumerate(groups.ids)}

    def known(self, groups: Groups) -> BoolArray:
        """Which of `groups` are in the training data, (len(groups),)."""
        return np.array([name in self._index for name in groups.ids], dtype=np.bool_)

    def of(self, groups: Groups) -> IntArray:
        """The indices of `groups` in the training data, (len(groups),).

        Raises:
            MethodError: if one is not there.
        """
        unknown = next((name for name in groups.ids if name not in self._index), None)
        if unknown is not None:
            raise MethodError(
                f"{self._method}: group {unknown!r} is not in the training data; fit again with all groups "
                "that are to be scored"
            )
        return np.array([self._index[name] for name in groups.ids], dtype=np.int64)


class JointRatingsMethod(GroupRecommender):
    """Base of methods that learn from joint ratings and score the groups of the training data.

    Whoever derives from it says in `serves_cold_groups` whether it can do without a group's own.
    """

    serves_cold_groups: ClassVar[bool] = False

    def skip(self, train: TrainingData) -> str:
        """Needs joint ratings."""
        joint = train.group_ratings
        return "" if joint is not None and len(joint) else "learns from joint ratings, and there are none"

    def _joint_ratings(self, train: TrainingData) -> Ratings:
        """Note which groups there are; return their rows.

        Raises:
            MethodError: if there are none.
        """
        if reason := JointRatingsMethod.skip(self, train):
            raise MethodError(f"{type(self).__name__} {reason}; choose a data set with natural groups")
        assert train.group_ratings is not None
        self._groups = GroupIndex(self, train.groups)
        return train.group_ratings
