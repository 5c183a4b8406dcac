"""Methods that each break one promise; loaded as a plugin file, but registered under no name."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from groupbench import GroupRecommender, Recommender
from groupbench.core.errors import MethodError
from groupbench.models.recommender import ReferenceRow

LEARNED = {}


@dataclass
class Sound(Recommender):
    """Item counts plus user counts: breaks nothing."""

    def fit(self, train, *, rng):
        rows = train.ratings
        self.users = np.bincount(rows.users, minlength=rows.n_users).astype(float)
        self.items = np.bincount(rows.items, minlength=rows.n_items).astype(float)
        return self

    def score(self, users):
        return self.users[users, None] + self.items


@dataclass
class SoundGroups(GroupRecommender):
    """Sums of what the members rated: breaks nothing."""

    def fit(self, train, *, rng):
        self.rated = train.ratings.matrix().toarray()
        return self

    def score_groups(self, groups):
        return groups.segments.reduce("sum", self.rated[groups.members])


class Both(Sound, SoundGroups):
    """Scores users and groups: breaks nothing."""

    def fit(self, train, *, rng):
        SoundGroups.fit(self, train, rng=rng)
        return Sound.fit(self, train, rng=rng)


class NoWordOnCold(SoundGroups):
    """Only joint ratings count, so that cold groups have none."""

    serves_cold_groups = False

    def fit(self, train, *, rng):
        super().fit(train, rng=rng)
        self.names = {name: row for row, name in enumerate(train.groups.ids)}
        self.own = np.zeros((len(self.names), train.ratings.n_items))
        if train.group_ratings is not None:
            self.own = train.group_ratings.matrix().toarray()
        return self

    def score_groups(self, groups):
        return self.own[[self.names[name] for name in groups.ids]]


class ColdAlike(NoWordOnCold):
    """The same, but says that it serves them."""

    serves_cold_groups = True


class ColdById(NoWordOnCold):
    """Cold groups get what chance gave their id."""

    serves_cold_groups = True

    def fit(self, train, *, rng):
        super().fit(train, rng=rng)
        self.own = self.own + rng.normal(size=self.own.shape)
        return self


class WrongShape(Sound):
    """Items in rows."""

    def score(self, users):
        return super().score(users).T


class SinglePrecision(Sound):
    """float32 scores."""

    def score(self, users):
        return super().score(users).astype(np.float32)


class ReturnsNothing(Sound):
    """Forgets 'return self'."""

    def fit(self, train, *, rng):
        super().fit(train, rng=rng)


class WritesToReadOnly(Sound):
    """Centres the ratings in place."""

    def fit(self, train, *, rng):
        train.ratings.values[:] -= train.ratings.mean
        return super().fit(train, rng=rng)


class NaNs(Sound):
    """Unknown for users with few ratings."""

    def score(self, users):
        scores = super().score(users)
        few = (self.users[users] > 0) & (self.users[users] < np.median(self.users))
        scores[few] = np.nan
        return scores


class NoFallback(Sound):
    """Divides by the number of ratings of a user, which may be 0."""

    def score(self, users):
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.items / self.users[users, None]


class Unseeded(Sound):
    """Draws fresh entropy."""

    def fit(self, train, *, rng):
        super().fit(train, rng=rng)
        self.items = self.items + np.random.default_rng().random(len(self.items))
        return self


class SeedsGlobally(Sound):
    """Seeds numpy's global generator with a constant."""

    def fit(self, train, *, rng):
        np.random.seed(0)  # noqa: NPY002
        return super().fit(train, rng=rng)


class ReadsGlobalState(Sound):
    """Depends on the global state without changing it."""

    def fit(self, train, *, rng):
        super().fit(train, rng=rng)
        self.items = self.items + np.random.get_state()[1][0]  # noqa: NPY002
        return self


class MutatesInput(Sound):
    """Forces its way into the read-only ratings."""

    def fit(self, train, *, rng):
        train.ratings.values.flags.writeable = True
        train.ratings.values[:] -= 1.0
        return super().fit(train, rng=rng)


class SpoilsUsers(Sound):
    """Gives the right scores, and forgets whom it was asked for."""

    def score(self, users):
        scores = super().score(users)
        users[:] = 0
        return scores


class Chatty(Sound):
    """Prints its progress."""

    def fit(self, train, *, rng):
        print("epoch 1: loss 0.3")
        return super().fit(train, rng=rng)


class BlockMeans(Sound):
    """Centres the scores by the mean of the users asked for."""

    def score(self, users):
        scores = super().score(users)
        return scores - scores.mean()


class Remembers(Sound):
    """Adds to what an earlier fit learned."""

    def fit(self, train, *, rng):
        before = getattr(self, "items", 0.0)
        super().fit(train, rng=rng)
        self.items = self.items + before
        return self


class NeedsFeatures(Sound):
    """Takes item features for granted."""

    def fit(self, train, *, rng):
        super().fit(train, rng=rng)
        self.items = self.items + train.item_features.values.sum(axis=1)
        return self


class AsksForFeatures(NeedsFeatures):
    """Says that it needs item features: breaks nothing."""

    def fit(self, train, *, rng):
        if train.item_features is None:
            raise MethodError("needs item features; choose a data set that has them")
        return super().fit(train, rng=rng)


class KeepsLambda(Sound):
    """Holds what cannot be pickled."""

    def fit(self, train, *, rng):
        self.damp = lambda x: x
        return super().fit(train, rng=rng)


class LearnsIntoGlobal(Sound):
    """Keeps what it learned in a module variable."""

    def fit(self, train, *, rng):
        super().fit(train, rng=rng)
        LEARNED["bonus"] = 1.0
        return self

    def score(self, users):
        return super().score(users) + LEARNED.get("bonus", 0.0)


@dataclass
class Unrecordable(Sound):
    """A parameter that JSON does not know."""

    kinds: set = field(default_factory=set)


@dataclass
class Undocumented(Sound):
    size: int = 1


class FirstMember(SoundGroups):
    """Follows the member who is listed first."""

    def score_groups(self, groups):
        return self.rated[groups.members[groups.segments.offsets[:-1]]]


class RanksGroups(SoundGroups):
    """Adds each group's place in the block."""

    serves_cold_groups = False

    def score_groups(self, groups):
        return super().score_groups(groups) + np.arange(len(groups))[:, None]


@dataclass
class SpoilsTruth(ReferenceRow):
    """Negates the truth in place."""

    def score_truth(self, truth):
        truth.flags.writeable = True
        truth *= -1.0
        return truth.copy()


@dataclass
class NoMethod:
    """Keeps no contract."""
