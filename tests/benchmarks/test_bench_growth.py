"""How time and memory grow with users, items, groups and members, each alone, on simulated sparse data.

A factor model's scores become groups' figures on the items that members rated. The work is said to grow
linearly and to stay within `BUDGET`: all users' scores of all items are kept up to 512 MB, and made block by
block of those who are needed beyond; what remains of each group are its figures.
"""

from __future__ import annotations

import numpy as np
import pytest

from groupbench.core.arrays import Segments
from groupbench.core.registry import aggregators
from groupbench.core.stopwatch import Stopwatch
from groupbench.data.dataset import Ratings
from groupbench.data.groups import Groups
from groupbench.evaluation.evaluate import evaluate
from groupbench.evaluation.task import Task
from groupbench.evaluation.views import VIEWS
from groupbench.models.recommender import Recommender, TrainingData
from tests.benchmarks.speed import AXES, Growth, saved

START = {"users": 8000, "items": 2000, "groups": 2000, "members": 4}
END = {"users": 1_000_000, "items": 100_000, "groups": 1_000_000, "members": 128}
BUDGET = 2048
"""MiB that evaluation may take on top of the data and the model."""


class Factors(Recommender):
    """A factor model with random factors."""

    def fit(self, train, *, rng):
        self._users = rng.normal(size=(train.ratings.n_users, 16))
        self._items = rng.normal(size=(train.ratings.n_items, 16))
        return self

    def score(self, users):
        return self._users[users] @ self._items.T


def simulated(users, items, groups, members):
    """Five held-out rows a user, and groups that may share members."""
    rng = np.random.default_rng(0)

    def rows(each):
        owners = np.repeat(np.arange(users), each)
        values = rng.integers(1, 6, len(owners))
        return Ratings(owners, rng.integers(0, items, len(owners)), values, users, items)

    # Steps that are coprime to each other keep the members of a group apart.
    first = rng.integers(0, users, groups)[:, None]
    chosen = np.sort((first + np.arange(members) * 37) % users, axis=1)
    ids = tuple(map(str, range(groups)))
    together = Groups(ids, Segments.from_sizes(np.full(groups, members)), chosen.ravel())
    return Task(TrainingData(rows(2), (1.0, 5.0), together), rows(5))


def doubled(axis):
    """Twice as many each time, and at last as many as are asked for."""
    steps = int(np.ceil(np.log2(END[axis] / START[axis])))
    return [START[axis] * 2**step for step in range(steps)] + [END[axis]]


@pytest.mark.parametrize(("axis", "size"), [(axis, size) for axis in AXES for size in doubled(axis)])
def test_growth(benchmark, with_peak, axis, size):
    task = simulated(**{**START, axis: size})
    method = Factors().fit(task.train, rng=np.random.default_rng(0))

    def judged():
        chosen = {"average": aggregators["average"].create()}
        return evaluate(method, task, [VIEWS["rated-group"].make_case(task)], chosen, Stopwatch())

    (found,), peak = benchmark.pedantic(with_peak, (judged,), rounds=1)
    if benchmark.stats is not None:
        benchmark.extra_info |= saved(Growth(axis, size, benchmark.stats.stats.median, peak))
    assert len(found.case.lists.entities) == task.train.groups.sizes.size
    assert 0 < found.means("expected")["ndcg@10"] < 1
    assert peak < BUDGET
