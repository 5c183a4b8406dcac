from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from groupbench.aggregation import Aggregator
from groupbench.core.errors import MethodError
from groupbench.core.registry import aggregators
from groupbench.core.stopwatch import Stopwatch
from groupbench.data.dataset import Ratings
from groupbench.data.groups import Groups
from groupbench.evaluation import score_cache, scoring
from groupbench.evaluation.scoring import ScoreSource
from groupbench.models.recommender import GroupRecommender, Recommender, TrainingData

N_USERS, N_ITEMS = 7, 5
MATRIX = np.arange(N_USERS * N_ITEMS, dtype=float).reshape(N_USERS, N_ITEMS) % 11


@dataclass
class Recorder(Recommender):
    """Gives fixed scores and remembers who was asked for."""

    change: object = staticmethod(lambda scores: scores)
    asked: list = field(default_factory=list)

    def fit(self, train, *, rng):
        return self

    def score(self, users):
        self.asked.append(users.tolist())
        return self.change(MATRIX[users])


class Irregular(Recorder):
    """Scores whose sums depend on the order in which they are added."""

    def score(self, users):
        return np.random.default_rng(1).normal(size=MATRIX.shape)[users]


@dataclass
class OfGroups(GroupRecommender):
    """Group g scores 100 g plus the number of the item."""

    change: object = staticmethod(lambda scores: scores)

    def fit(self, train, *, rng):
        return self

    def score_groups(self, groups):
        return self.change(np.array([[100.0 * int(i) + c for c in range(N_ITEMS)] for i in groups.ids]))


@dataclass
class Broken(Aggregator):
    """Returns whatever it is told to make of the right scores."""

    change: object

    def aggregate(self, members):
        return self.change(members.segments.mean(members.scores))


@pytest.fixture
def train():
    ratings = Ratings(
        np.array([0, 0, 1, 2]), np.array([0, 1, 1, 4]), np.array([5.0, 4, 2, 3]), N_USERS, N_ITEMS
    )
    return TrainingData(ratings, (1.0, 5.0), Groups.from_lists([[0, 1], [4, 2, 1], [5]]))


def source(method, train, chosen=("average",), **options):
    made = {n: aggregators[n].create() for n in chosen} if isinstance(chosen, tuple) else chosen
    return ScoreSource(method, train, made, Stopwatch(), **options)


def ask(made, entity, entities, items, valid=None):
    items = np.array(items)
    mask = np.ones(items.shape, dtype=bool) if valid is None else np.array(valid)
    return {name: found.scores for name, found in made.score(entity, np.array(entities), items, mask)}


def test_users_get_the_scores_of_their_candidates(train):
    found = ask(source(Recorder(), train), "user", [6, 0], [[4, 0, 0], [1, 2, 3]])

    assert found.keys() == {"none"}
    np.testing.assert_array_equal(found["none"], [MATRIX[6, [4, 0, 0]], MATRIX[0, [1, 2, 3]]])


def test_groups_get_the_scores_of_their_members_aggregated(train):
    found = ask(source(Recorder(), train, ("average", "most-pleasure")), "group", [1, 0], [[4, 0], [1, 2]])

    rows = [MATRIX[[4, 2, 1]][:, [4, 0]], MATRIX[[0, 1]][:, [1, 2]]]
    np.testing.assert_allclose(found["average"], [r.mean(axis=0) for r in rows])
    np.testing.assert_array_equal(found["most-pleasure"], [r.max(axis=0) for r in rows])


def test_columns_without_a_candidate_are_zero(train):
    found = ask(source(Recorder(), train), "group", [2, 0], [[4, 0], [1, 2]], [[True, False], [True, True]])

    assert found["average"][0].tolist() == [MATRIX[5, 4], 0]


def test_aggregators_see_activity_and_the_scale_of_predicted_ratings(train):
    seen = []

    class Curious(Aggregator):
        def aggregate(self, members):
            seen.append((members.activity.tolist(), members.scale))
            return members.segments.mean(members.scores)

    class Predicts(Recorder):
        predicts_ratings = True

    for method in (Recorder(), Predicts()):
        ask(source(method, train, {"curious": Curious()}), "group", [1, 0], [[4], [1]])

    assert seen == [([0, 1, 1, 2, 1], None), ([0, 1, 1, 2, 1], (1.0, 5.0))]


def test_whom_lists_need_is_scored_once_where_memory_allows(train, monkeypatch):
    monkeypatch.setattr(score_cache, "CHUNK", 2 * N_ITEMS)
    method = Recorder()
    made = source(method, train)
    for _ in range(2):
        ask(made, "user", [6, 0], [[4], [1]])
        ask(made, "group", [0, 1], [[4], [1]])

    assert method.asked == [[0, 6], [1, 2], [4]]


@pytest.mark.parametrize(("kept", "again"), [(0, True), (10**6, False)])
def test_otherwise_each_block_scores_whom_it_needs_once(train, monkeypatch, kept, again):
    monkeypatch.setattr(score_cache, "MAX_CACHED", kept)
    monkeypatch.setattr(score_cache, "CHUNK", 2 * N_ITEMS)
    method = Recorder()
    found = ask(source(method, train, again=again), "group", [1, 0], [[4, 0], [1, 2]])

    assert method.asked == [[0, 1], [2, 4]]
    np.testing.assert_allclose(found["average"][0], MATRIX[[4, 2, 1]][:, [4, 0]].mean(axis=0))
    np.testing.assert_allclose(found["average"][1], MATRIX[[0, 1]][:, [1, 2]].mean(axis=0))


@pytest.mark.parametrize("kept", [0, 10**6])
@pytest.mark.parametrize("part", [1, 7, 64])
def test_parts_of_large_groups_give_what_the_whole_gives(train, monkeypatch, kept, part):
    separable = ("additive", "average", "least-misery", "median", "most-pleasure", "most-respected")
    chosen = {name: aggregators[name].create() for name in (*separable, "borda")}
    chosen["minmax"] = aggregators["average"].create(normalize="minmax")
    assert {name for name, one in chosen.items() if one.by_candidate} == set(separable)

    groups, items = np.array([1, 0, 2]), np.array([[4, 0, 2], [1, 2, 3], [0, 1, 2]])
    valid = np.array([[True, True, True], [True, True, True], [True, False, False]])
    monkeypatch.setattr(score_cache, "MAX_CACHED", kept)
    monkeypatch.setattr(scoring, "_MEMORY", 8 * part)
    found = {}
    for size in (part, 10**6):
        monkeypatch.setattr(scoring, "PART", size)
        made = source(Irregular(), train, chosen)
        found[size] = list(made.score("group", groups, items, valid, predictions=False))
    for (name, parts), (same, whole) in zip(*found.values(), strict=True):
        assert (name, parts.ratings) == (same, whole.ratings)
        np.testing.assert_array_equal(parts.scores, whole.scores)


@pytest.mark.parametrize("kept", [0, 10**6])
def test_a_method_may_use_the_same_buffer_for_every_call(train, monkeypatch, kept):
    monkeypatch.setattr(score_cache, "MAX_CACHED", kept)
    monkeypatch.setattr(score_cache, "CHUNK", 2 * N_ITEMS)
    buffer = np.empty((2, N_ITEMS))

    def reuse(scores):
        buffer[: len(scores)] = scores
        return buffer[: len(scores)]

    found = ask(source(Recorder(reuse), train), "user", [6, 0, 3, 1], [[4], [1], [2], [0]])

    assert found["none"].ravel().tolist() == [MATRIX[6, 4], MATRIX[0, 1], MATRIX[3, 2], MATRIX[1, 0]]


def test_scores_may_be_of_any_real_type(train):
    found = ask(source(Recorder(lambda s: s.astype(np.float32)), train), "user", [1], [[2]])

    assert found["none"].dtype == np.float64
    assert (
        ask(source(Recorder(lambda s: s.astype(int).tolist()), train), "user", [1], [[2]])["none"]
        == MATRIX[1, 2]
    )


def test_group_methods_serve_users_through_their_first_group(train):
    found = ask(source(OfGroups(), train), "user", [1, 5, 2, 6, 3], [[3, 0]] * 5)

    assert found.keys() == {"own"}
    assert found["own"].tolist() == [[3, 0], [203, 200], [103, 100], [3.5, 3.5], [3.5, 3.5]]


def test_methods_that_are_both_give_their_own_and_aggregated_scores(train):
    class Both(Recorder, OfGroups):
        pass

    made = source(Both(), train)

    assert ask(made, "group", [1], [[2]]).keys() == {"own", "average"}
    assert ask(made, "user", [1], [[2]]).keys() == {"none"}


WRONG = {
    "a missing row": (lambda s: s[1:], r"shape \(\d, \d\) instead of"),
    "one row for all": (lambda s: s[0], "instead of"),
    "a column too many": (lambda s: np.hstack([s, s[:, :1]]), "instead of"),
    "NaN": (lambda s: np.where(s == s.flat[0], np.nan, s), r"\d+ scores that are NaN or infinite"),
    "infinity": (lambda s: np.where(s == s.flat[0], -np.inf, s), "NaN or infinite"),
    "text": (lambda s: s.astype(str), "<U32 scores; return floats"),
    "nothing": (lambda s: None, "instead of"),
}


@pytest.mark.parametrize("kept", [0, 10**6])
@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("make", [Recorder, OfGroups])
def test_scores_that_break_the_contract_name_the_method(train, monkeypatch, make, wrong, kept):
    monkeypatch.setattr(score_cache, "MAX_CACHED", kept)
    change, says = WRONG[wrong]
    with pytest.raises(MethodError, match=f"{make.__name__} returned .*{says}"):
        ask(source(make(change), train), "group", [1, 0], [[2, 1], [0, 3]])


@pytest.mark.parametrize("wrong", WRONG)
def test_aggregators_that_break_the_contract_are_named(train, wrong):
    change, says = WRONG[wrong]
    with pytest.raises(MethodError, match=f"aggregator mine returned .*{says}"):
        ask(source(Recorder(), train, {"mine": Broken(change)}), "group", [1, 0], [[2, 1], [0, 3]])


def test_aggregators_may_leave_anything_where_there_is_no_candidate(train):
    def spoiled(scores):
        scores[0, 1] = np.nan
        return scores

    found = ask(
        source(Recorder(), train, {"mine": Broken(spoiled)}),
        "group",
        [1, 0],
        [[2, 0], [0, 3]],
        [[True, False], [True, True]],
    )

    assert np.isfinite(found["mine"]).all()
    assert found["mine"][0, 1] == 0


@dataclass
class WritesIntoUsers(Recorder):
    """Gives the right scores, and forgets whom it was asked for."""

    def score(self, users):
        scores = MATRIX[users]
        users[:] = 0
        return scores


def test_a_method_that_writes_into_the_users_it_is_given_is_named(train):
    users = np.array([3, 1])
    source = ScoreSource(WritesIntoUsers(), train, {}, Stopwatch())
    with pytest.raises(
        MethodError, match="WritesIntoUsers changes the users that it is asked for; work on a"
    ):
        list(source.score("user", users, np.array([[0, 1], [2, 3]]), np.ones((2, 2), bool)))
    assert users.tolist() == [3, 1]
