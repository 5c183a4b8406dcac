"""Groups as pseudo-users: any recommender of users serves groups by rows of their own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Literal, Self, get_args

import numpy as np

from groupbench.core.arrays import Segments
from groupbench.core.errors import MethodError, unknown
from groupbench.core.hyperparameters import Range
from groupbench.data.dataset import Features, Ratings
from groupbench.data.groups import Groups
from groupbench.models.contract import prepare
from groupbench.models.joint import GroupIndex
from groupbench.models.recommender import GroupRecommender, Recommender, TrainingData

if TYPE_CHECKING:
    from groupbench.core.arrays import FloatArray
    from groupbench.data.texts import Texts

GroupsAs = Literal["members", "rows", "both"]
"""How a recommender of users serves groups: by its members' scores, which are aggregated; as a pseudo-user
that is fitted on the rows of groups alone (`rows`); or as one below all users (`both`)."""

MODES: tuple[GroupsAs, ...] = get_args(GroupsAs)
"""All of them."""

WEIGHT = "group_weight"
"""What the weight of groups' rows is called among the hyperparameters of a method that is fitted on them."""

WEIGHTS = Range(1, 10, log=True, whole=True)
"""Where tuning looks for it, where rows of users stand beside them."""


def served(method: str, mode: GroupsAs) -> str:
    """What a method is called that serves groups so: `ease`, `ease[rows]` or `ease[both]`."""
    return method if mode == "members" else f"{method}[{mode}]"


def served_by(name: str) -> str:
    """The method in what `served` returned."""
    return next((name.removesuffix(f"[{mode}]") for mode in MODES if name.endswith(f"[{mode}]")), name)


class GroupsAsUsers(GroupRecommender):
    """A recommender of users that is fitted on rows of groups and scores groups as if they were users.

    Args:
        method: any recommender of users.
        mode: `rows` or `both`.
        weight: as how many equal pseudo-users each group stands. For every method that learns from users,
            that is the weight of a group's rows against a user's; it is 1 for plain stacking.

    Raises:
        MethodError: if there is no such mode, or the weight is below 1.
    """

    serves_cold_groups: ClassVar[bool] = False

    def __init__(self, method: Recommender, mode: str, weight: int = 1) -> None:
        if mode not in MODES[1:]:
            raise MethodError(unknown("way to serve groups by their rows", mode, MODES[1:]))
        if weight < 1:
            raise MethodError(
                f"group weight {weight}: a group stands as one pseudo-user or more; give 1 or 2"
            )
        self._method, self._mode, self._weight = method, mode, weight

    @property
    def predicts_ratings(self) -> bool:  # type: ignore[override]
        """Whether the method's scores are predicted ratings."""
        return self._method.predicts_ratings

    def skip(self, train: TrainingData) -> str:
        """Needs joint ratings, and whatever the method needs."""
        if train.group_ratings is None or len(train.group_ratings) == 0:
            return "groups have no rows of their own"
        return self._method.skip(stack_groups(train, self._mode, self._weight))

    def prepare(self) -> None:
        """As the method."""
        prepare(self._method)

    def fit(self, train: TrainingData, *, rng: np.random.Generator) -> Self:
        """Fit the method on users and groups, or on groups alone.

        Raises:
            MethodError: if groups have no rows.
        """
        data = stack_groups(train, self._mode, self._weight)
        self._first = data.ratings.n_users - self._weight * len(train.groups)
        self._groups = GroupIndex(self._method, train.groups)
        self._method.fit(data, rng=rng)
        self.notices = self._method.notices
        return self

    def score_groups(self, groups: Groups) -> FloatArray:
        """The method's scores for the groups' pseudo-users, (len(groups), n_items).

        Raises:
            MethodError: if a group is not in the training data.
        """
        return self._method.score(self._first + self._groups.of(groups))


def stack_groups(train: TrainingData, mode: str, weight: int = 1) -> TrainingData:
    """Training data with groups as users: `n_groups * weight` of them, behind the users if `mode` is `both`.

    Copy c of group g is user `first + c * n_groups + g`, where `first` is the number of users before.
    A group's features are the means of its members'; it has no text. Its only member is its first
    pseudo-user, and there are no joint ratings beside. Times are kept if all rows have them.

    Raises:
        MethodError: if groups have no rows.
    """
    joint = train.group_ratings
    if joint is None or len(joint) == 0:
        raise MethodError("groups have no rows of their own; let their members serve them")
    users = replace(joint.take(slice(0, 0)), n_users=0) if mode == "rows" else train.ratings
    pseudo = users.n_users + np.arange(len(train.groups))
    return replace(
        train,
        ratings=_below(users, joint, len(train.groups), weight),
        groups=Groups(train.groups.ids, Segments.from_sizes(np.ones_like(pseudo)), pseudo),
        group_ratings=None,
        user_features=_features(train, mode, weight),
        social=None if mode == "rows" else train.social,
        user_texts=_texts(train, mode, weight),
    )


def _below(users: Ratings, joint: Ratings, n_groups: int, weight: int) -> Ratings:
    copies = np.repeat(np.arange(weight) * n_groups, len(joint))
    times = None
    if users.timestamps is not None and joint.timestamps is not None:
        times = np.concatenate([users.timestamps, np.tile(joint.timestamps, weight)])
    return Ratings(
        np.concatenate([users.users, users.n_users + copies + np.tile(joint.users, weight)]),
        np.concatenate([users.items, np.tile(joint.items, weight)]),
        np.concatenate([users.values, np.tile(joint.values, weight)]),
        users.n_users + weight * n_groups,
        users.n_items,
        times,
    )


def _features(train: TrainingData, mode: str, weight: int) -> Features | None:
    features = train.user_features
    if features is None:
        return None
    means = np.tile(train.groups.segments.mean(features.values[train.groups.members]), (weight, 1))
    return Features(features.names, means if mode == "rows" else np.concatenate([features.values, means]))


def _texts(train: TrainingData, mode: str, weight: int) -> Texts:
    if train.user_texts is None or mode == "rows":
        return None
    return (*train.user_texts, *[""] * (weight * len(train.groups)))
