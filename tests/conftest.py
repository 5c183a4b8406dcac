"""Fixtures that every kind of test shares."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from groupbench.data.dataset import Features, Ratings
from groupbench.data.groups import Groups
from groupbench.evaluation.rounds import Rounds
from groupbench.evaluation.views import rated_by_members
from groupbench.metrics import MemberLists, gather, sort_keys, top_candidates
from groupbench.models.recommender import GroupRecommender, Recommender, TrainingData
from groupbench.results.store import RunRecord
from tests._records import make_record

PROCESSES = ("chaos", "e2e", "ray")
"""Folders of tests that start processes."""

with suppress(ModuleNotFoundError):  # Benchmarks and browser tests have none of its tests.
    from hypothesis import settings

    settings.register_profile("quick", deadline=None, max_examples=20)
    settings.register_profile("thorough", deadline=None, max_examples=200)
    settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.relative_to(Path(__file__).parent).parts[0] in PROCESSES:
            item.add_marker("process")


@dataclass
class Table(Recommender):
    """Scores of users from a matrix, as predicted ratings."""

    matrix: np.ndarray
    predicts_ratings = True

    def fit(self, train, *, rng):
        return self

    def score(self, users):
        return self.matrix[users]


class Plain(Table):
    """The same scores, not meant as ratings."""

    predicts_ratings = False


@dataclass
class GroupTable(GroupRecommender):
    """Scores of groups, by group id."""

    rows: Mapping[str, np.ndarray]

    def fit(self, train, *, rng):
        return self

    def score_groups(self, groups):
        return np.array([self.rows[i] for i in groups.ids])


@dataclass
class Both(Plain, GroupTable):
    """Scores of users and of groups."""


def with_rounds(task, n=20, depth=1):
    """The task, with rounds for its groups in which everybody stays."""
    groups = task.train.groups
    members = np.repeat(groups.members[None], n, axis=0)
    return replace(task, rounds=Rounds(groups, members, depth, np.arange(task.train.ratings.n_items)))


def with_answers(task):
    """The task, with groups that answer about what some member rated."""
    train, rows = task.train, task.train.ratings
    joint = Ratings(
        np.arange(len(train.groups)),
        np.arange(len(train.groups)),
        np.full(len(train.groups), 4.0),
        len(train.groups),
        rows.n_items,
    )
    return replace(task, joint=joint, options=rated_by_members(rows, train.groups, 0.01))


def make_training(n_users=30, n_items=20, n_rows=240, n_groups=4, seed=0, repeats=0) -> TrainingData:
    """Random training data: ratings 1-5 with structure; the last user and the last item are cold."""
    rng = np.random.default_rng(seed)
    pairs = rng.choice((n_users - 1) * (n_items - 1), size=n_rows, replace=False)
    users, items = pairs // (n_items - 1), pairs % (n_items - 1)
    users, items = np.append(users, users[:repeats]), np.append(items, items[:repeats])
    taste = rng.normal(size=(n_users, 2)) @ rng.normal(size=(2, n_items)) + rng.normal(size=n_items)
    values = np.clip(np.rint(3.3 + taste[users, items] + rng.normal(0, 0.4, len(users))), 1, 5)
    labels = rng.permutation(np.arange(n_users) % n_groups)
    return TrainingData(
        ratings=Ratings(users, items, values, n_users, n_items),
        scale=(1.0, 5.0),
        groups=Groups.from_labels(labels),
        user_features=Features(("age=young", "age=old"), np.eye(2)[rng.integers(0, 2, n_users)]),
        item_features=Features(("genre=a", "genre=b"), rng.integers(0, 2, (n_items, 2)).astype(float)),
    )


def make_member_lists(scores, relevant, valid, groups, depth, numbers=None) -> MemberLists:
    """Lists of groups, (n_groups, width) scores, with what members like, (n_members, width)."""
    keys, columns = top_candidates(sort_keys(scores, valid), depth, stable=True)
    liked = gather(relevant, columns[groups.of_row])
    return MemberLists(keys, liked, valid.sum(axis=1), relevant.sum(axis=1), groups, depth, numbers)


@pytest.fixture
def training() -> TrainingData:
    return make_training()


@pytest.fixture
def training_factory():
    return make_training


@pytest.fixture
def record() -> RunRecord:
    """A job that is done, without metric values; files of tests that need some override this."""
    return make_record(
        key="0123456789abcdef",
        dataset="data",
        simulated=False,
        family="surprise",
        config={"protocol": {"name": "paper"}, "content_hash": "c", "evaluation": 4},
        finished="2025-01-01T00:00:00.000+00:00",
    )


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with the original files, or a skip that says how to get one."""
    folder = os.environ.get("GROUPBENCH_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("GROUPBENCH_DATA does not name a folder with the original data files")
    return Path(folder).resolve()
