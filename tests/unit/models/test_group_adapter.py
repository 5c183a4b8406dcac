"""Groups as pseudo-users: what a wrapped method is fitted on, and which of its scores are the groups'."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from groupbench.core.errors import ConfigError, MethodError
from groupbench.core.registry import methods
from groupbench.data.dataset import Ratings
from groupbench.data.loading import load
from groupbench.evaluation.evaluate import refusal
from groupbench.evaluation.views import VIEWS
from groupbench.models.group_adapter import GroupsAsUsers, stack_groups
from groupbench.models.recommender import Recommender
from groupbench.runner.config import make_config
from groupbench.runner.job import Job
from groupbench.runner.plan import plan_jobs
from groupbench.testing import small_training

RNG = np.random.default_rng(0)


@dataclass
class Recall(Recommender):
    """Scores a user's own training rows with their number."""

    predicts_ratings = True

    def fit(self, train, *, rng):
        self.train = train
        return self

    def score(self, users):
        rows = self.train.ratings
        counts = np.zeros((rows.n_users, rows.n_items))
        np.add.at(counts, (rows.users, rows.items), 1.0)
        return counts[users]


def own_counts(train):
    joint = train.group_ratings
    counts = np.zeros((len(train.groups), joint.n_items))
    np.add.at(counts, (joint.users, joint.items), 1.0)
    return counts


@pytest.mark.parametrize("mode", ["rows", "both"])
@pytest.mark.parametrize("weight", [1, 3])
def test_a_group_gets_the_scores_of_its_own_pseudo_row(mode, weight):
    train = small_training()
    fitted = GroupsAsUsers(Recall(), mode, weight).fit(train, rng=RNG)
    order = np.array([4, 0, 5])
    assert fitted.predicts_ratings
    assert np.array_equal(fitted.score_groups(train.groups), own_counts(train))
    assert np.array_equal(fitted.score_groups(train.groups.take(order)), own_counts(train)[order])


def test_both_stacks_groups_below_users_and_rows_leaves_users_out():
    train = small_training()
    n_users, n_groups = train.ratings.n_users, len(train.groups)
    both, rows = stack_groups(train, "both", 2), stack_groups(train, "rows")
    assert both.ratings.n_users == n_users + 2 * n_groups
    assert rows.ratings.n_users == n_groups
    assert np.array_equal(both.ratings.users[: len(train.ratings)], train.ratings.users)
    below = both.ratings.users[len(train.ratings) :].reshape(2, -1)
    assert np.array_equal(below[0], n_users + train.group_ratings.users)
    assert np.array_equal(below[1], n_users + n_groups + train.group_ratings.users)
    assert np.array_equal(rows.ratings.values, train.group_ratings.values)
    assert both.group_ratings is None
    assert both.groups.ids == train.groups.ids


def test_features_of_a_group_are_the_means_of_its_members():
    train = small_training()
    values = stack_groups(train, "both").user_features.values
    for g in range(len(train.groups)):
        mean = train.user_features.values[train.groups[g]].mean(axis=0)
        assert np.allclose(values[train.ratings.n_users + g], mean)


def test_groups_have_no_text_and_items_keep_theirs():
    train = replace(small_training(), user_texts=("me",) * small_training().ratings.n_users)
    both = stack_groups(train, "both", 2)
    assert both.user_texts == (*train.user_texts, *[""] * (2 * len(train.groups)))
    assert stack_groups(train, "rows").user_texts is None
    assert both.item_texts == train.item_texts


def test_times_are_kept_only_if_all_rows_have_them():
    train = small_training()
    timed = replace(train, ratings=_timed(train.ratings), group_ratings=_timed(train.group_ratings))
    assert len(stack_groups(timed, "both").ratings.timestamps) == len(train.ratings) + len(
        train.group_ratings
    )
    assert stack_groups(replace(timed, ratings=train.ratings), "both").ratings.timestamps is None


def _timed(rows):
    return Ratings(rows.users, rows.items, rows.values, rows.n_users, rows.n_items, np.arange(len(rows)))


def test_a_weight_is_that_of_a_groups_rows_in_the_gram_matrix_of_ease():
    train = small_training()
    fitted = GroupsAsUsers(methods["ease"].create(positive=None, l2=5.0), "both", 3).fit(train, rng=RNG)
    users, groups = train.ratings.matrix().toarray(), train.group_ratings.matrix().toarray()
    inverse = np.linalg.inv(users.T @ users + 3 * groups.T @ groups + 5.0 * np.eye(users.shape[1]))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0.0)
    assert np.allclose(fitted.score_groups(train.groups), groups @ weights)


def test_groups_without_rows_get_finite_scores():
    train = small_training()
    fitted = GroupsAsUsers(methods["ease"].create(), "both").fit(train, rng=RNG)
    cold = np.setdiff1d(np.arange(len(train.groups)), train.group_ratings.users)
    assert len(cold)
    assert np.isfinite(fitted.score_groups(train.groups.take(cold))).all()


def test_what_cannot_be_wrapped_is_said():
    bare = small_training(bare=True)
    assert "no rows" in GroupsAsUsers(Recall(), "both").skip(bare)
    with pytest.raises(MethodError, match="no rows of their own"):
        GroupsAsUsers(Recall(), "rows").fit(bare, rng=RNG)
    with pytest.raises(MethodError, match="did you mean 'rows'"):
        GroupsAsUsers(Recall(), "row")
    with pytest.raises(MethodError, match="group weight 0"):
        GroupsAsUsers(Recall(), "rows", 0)


def test_only_views_of_groups_judge_it():
    method = GroupsAsUsers(Recall(), "both")
    assert "users" in refusal(method, VIEWS["full-user"])
    assert refusal(method, VIEWS["full-group"]) == ""


@pytest.fixture(scope="module")
def data():
    return load("itmrec-sim", None)


def planned(data, tmp_path, **options):
    return plan_jobs(make_config(seeds=1, **options), {"itmrec-sim": data}, tmp_path)


def test_one_job_with_its_own_key_for_each_mode(data, tmp_path):
    asked = {"methods": ["ease", "popularity"], "groups_as": ["members", "rows", "both"]}
    jobs = planned(data, tmp_path, protocol={"name": "natural", "held": "rows"}, group_weight=2, **asked)
    labels = {job.label for job in jobs}
    assert labels == {"ease", "ease[rows,group_weight=2]", "ease[both,group_weight=2]", "popularity"}
    assert len({job.key for job in jobs}) == 4
    assert [Job.from_json(job.to_json()) for job in jobs] == jobs


def test_without_joint_training_rows_members_alone_serve(data, tmp_path):
    (job,) = planned(data, tmp_path, methods=["ease"], groups_as=["both", "rows"])
    (plain,) = planned(data, tmp_path, methods=["ease"])
    assert (job.label, job.key) == ("ease", plain.key)


def test_wrong_modes_are_refused():
    with pytest.raises(ConfigError, match="groups_as"):
        make_config(groups_as=["rwos"])
    with pytest.raises(ConfigError, match="name at least one"):
        make_config(groups_as=[])
