"""From the scores of a factor model to the figures of 10,000 groups, against a loop over the groups."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from groupbench.core.arrays import Segments
from groupbench.core.registry import aggregators
from groupbench.core.stopwatch import Stopwatch
from groupbench.data.dataset import Ratings
from groupbench.data.groups import Groups
from groupbench.evaluation.evaluate import evaluate
from groupbench.evaluation.task import Task
from groupbench.evaluation.views import CUTOFFS, VIEWS, EvaluationCase, RowLists
from groupbench.models.recommender import Recommender, TrainingData

N_GROUPS, N_MEMBERS, N_ITEMS, N_FACTORS = 10_000, 4, 5_000, 32
N_USERS = N_GROUPS * N_MEMBERS
TAU = 3.5


class Factors(Recommender):
    """A factor model with random factors."""

    def fit(self, train, *, rng):
        self._users = rng.normal(size=(train.ratings.n_users, N_FACTORS))
        self._items = rng.normal(size=(train.ratings.n_items, N_FACTORS))
        return self

    def score(self, users):
        return self._users[users] @ self._items.T


def random_rows(rng, per_user):
    users = np.repeat(np.arange(N_USERS), per_user)
    items = rng.integers(0, N_ITEMS, len(users))
    return Ratings(users, items, rng.integers(1, 6, len(users)), N_USERS, N_ITEMS)


def rated(task):
    """The items that members rated: about 100 candidates a group."""
    return VIEWS["rated-group"].make_case(task)


def every_item(task):
    """All items of the catalogue: 5,000 candidates a group, of which 1 in 50 is relevant."""
    rng = np.random.default_rng(1)
    truth = np.where(rng.random(N_GROUPS * N_ITEMS) < 0.02, 5.0, 1.0)
    segments = Segments.from_sizes(np.full(N_GROUPS, N_ITEMS))
    lists = RowLists(np.arange(N_GROUPS), segments, np.tile(np.arange(N_ITEMS), N_GROUPS), truth)
    return EvaluationCase(VIEWS["rated-group"], TAU, lists, np.ones(N_GROUPS, dtype=bool))


@pytest.fixture(scope="module")
def fitted():
    rng = np.random.default_rng(0)
    groups = Groups.from_labels(rng.permutation(np.repeat(np.arange(N_GROUPS), N_MEMBERS)))
    task = Task(TrainingData(random_rows(rng, 5), (1.0, 5.0), groups), random_rows(rng, 25))
    return Factors().fit(task.train, rng=rng), task


ASKED = [f"{name}@{k}" for name in ("precision", "recall", "ndcg") for k in CUTOFFS]


def groupbench(method, task, case):
    """Three metrics at four cutoffs, as expected of equal scores, and the lists of the top 20."""
    chosen = {"average": aggregators["average"].create()}
    (judged,) = evaluate(method, task, [case], chosen, Stopwatch(), metrics=ASKED, ties=["expected"])
    return judged.values["expected"]


def one_by_one(method, task, case):
    """Three metrics at four cutoffs, group after group, ties in any order, and no lists."""
    lists, offsets = case.lists, case.lists.segments.offsets
    discount = 1 / np.log2(np.arange(2, 22))
    out = {name: np.empty(len(lists.entities)) for name in ASKED}
    for place, group in enumerate(lists.entities):
        rows = slice(offsets[place], offsets[place + 1])
        scores = method.score(task.train.groups[group])[:, lists.items[rows]].mean(axis=0)
        relevant = lists.truth[rows] >= case.tau
        hits = relevant[np.argsort(-scores)[:20]]
        n_relevant = relevant.sum()
        for k in CUTOFFS:
            out[f"precision@{k}"][place] = hits[:k].sum() / k
            out[f"recall@{k}"][place] = hits[:k].sum() / n_relevant if n_relevant else np.nan
            gain = hits[:k] @ discount[: len(hits[:k])]
            out[f"ndcg@{k}"][place] = gain / discount[: min(k, n_relevant)].sum() if n_relevant else np.nan
    return out


@pytest.mark.parametrize("candidates", [rated, every_item])
def test_against_a_loop_over_groups(versus, fitted, candidates):
    method, task = fitted
    case = candidates(task)

    def equal(ours, loop):
        for name, values in loop.items():
            np.testing.assert_allclose(ours[name], values, atol=1e-12, err_msg=name)

    versus(
        f"10,000 groups of 4, 5,000 items, factors to metrics, {candidates.__name__.replace('_', ' ')}",
        partial(groupbench, method, task, case),
        partial(one_by_one, method, task, case),
        equal,
        against="a loop over groups with NumPy",
        bar=2.5,
        rounds=3,
    )
