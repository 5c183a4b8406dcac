"""Studies: who is withheld from whom, what predictions are worth, and what is kept."""

from __future__ import annotations

from collections import namedtuple
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import precision_recall_fscore_support

from groupbench.core.entry import Entry
from groupbench.core.errors import ConfigError, ResultError
from groupbench.core.registry import methods
from groupbench.data.dataset import Features, Ratings
from groupbench.data.groups import Groups
from groupbench.data.loading import load
from groupbench.models.recommender import Recommender
from groupbench.runner.config import make_config
from groupbench.runner.execution import execute
from groupbench.studies import (
    StudyReport,
    _cache,
    _representation,
    as_text,
    attention_by_feature,
    fitted,
    only_job,
    study_ablation,
    study_profiling,
    study_weights,
    task_of,
    user_map,
    weighted,
    with_ablations,
)
from groupbench.studies._measure import (
    DISJOINT,
    LOOK_UP,
    MODEL,
    ROWS,
    confusion,
    measure,
    user_folds,
    without,
)
from groupbench.studies._profiling import macro
from groupbench.studies._representation import mean_by_user, neighborhood_purity, only_group

Epoch = namedtuple("Epoch", "mse")
FITS: list[tuple[float, frozenset[int], int]] = []


@dataclass
class Memory(Recommender):
    """Knows the group of each user it was told of, and nothing else."""

    profile_weight: float = 0.5

    def fit(self, train, *, rng):
        self._labels = only_group(train.groups, train.ratings.n_users)
        self._n = train.ratings.n_items, len(train.groups)
        self.history = [Epoch(2.0), Epoch(1.0)]
        FITS.append((rng.random(), frozenset(train.groups.members.tolist()), len(train.ratings)))
        return self

    def score(self, users):
        return np.zeros((len(users), self._n[0]))

    def profiles(self, users, items):
        return (self._labels[users, None] == np.arange(self._n[1])).astype(float)

    def representations(self, users, items):
        return self.profiles(users, items)

    def attention_weights(self, users, items):
        return np.where(items[:, None] % 2 == 0, [0.75, 0.25], [0.5, 0.5])


@pytest.fixture(scope="module")
def simulated():
    return load("itmrec-sim")


@pytest.fixture
def memory(monkeypatch):
    assert methods
    monkeypatch.setitem(methods._values, "memory", Entry("memory", Memory))
    FITS.clear()
    return make_config(methods=["memory"], seeds=1, jobs=1)


labels = st.lists(st.integers(-1, 5), min_size=1, max_size=60).map(np.array)


@given(labels, st.integers(2, 6), st.integers(0, 99))
def test_folds_part_users_evenly_and_leave_every_group_a_member(groups, folds, seed):
    parts = user_folds(groups, folds, np.random.default_rng(seed))
    sizes = np.bincount(groups[groups >= 0], minlength=6)
    assert ((parts >= 0) == (groups >= 0) & (sizes[groups] > 1)).all()
    counts = np.bincount(parts[parts >= 0], minlength=folds)
    assert counts.max() - counts.min() <= 1
    for group in np.flatnonzero(sizes > 1):
        own = np.bincount(parts[groups == group], minlength=folds)
        assert own.max() - own.min() <= 1
        assert own.max() < sizes[group]


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=50))
def test_macro_figures_are_those_of_scikit_learn(pairs):
    truth, predicted = np.array(pairs).T
    expected = precision_recall_fscore_support(
        truth, predicted, labels=np.unique(truth), average="macro", zero_division=0
    )
    assert macro(confusion(truth, predicted, 5)) == pytest.approx(expected[:3])


def test_nothing_to_judge_is_not_zero():
    assert np.isnan(macro(np.zeros((3, 3), dtype=int))).all()


def test_withheld_users_leave_their_groups_and_nobody_else_does():
    groups = Groups.from_lists([[0, 1, 2], [2, 3]], ["a", "b"])
    left = without(groups, np.array([True, False, False, True]))
    assert left.ids == ("a", "b")
    assert [left[0].tolist(), left[1].tolist()] == [[1, 2], [2]]
    assert only_group(groups, 5).tolist() == [0, 0, -1, 1, -1]


def test_the_model_is_told_no_group_of_a_withheld_user_but_has_their_ratings(memory, simulated):
    job = only_job(memory, simulated)
    task = task_of(job, simulated)
    found = [measure(job, simulated, fold, 3) for fold in range(3)]
    told = [members for _, members, _ in FITS]
    everyone = set(task.train.groups.members.tolist())
    withheld = [everyone - members for members in told]
    assert all(withheld)
    assert sum(map(len, withheld)) == len(set().union(*withheld))
    assert {rows for *_, rows in FITS} == {len(task.train.ratings)}
    for fold, users in zip(found, withheld, strict=True):
        assert fold.confusions[DISJOINT][MODEL].sum() == len(users)
        assert macro(fold.confusions[ROWS][MODEL]) == macro(fold.confusions[ROWS][LOOK_UP]) == (1, 1, 1)
        f1 = {name: macro(counts)[2] for name, counts in fold.confusions[DISJOINT].items()}
        assert f1[MODEL] < 0.05, "who remembers users knows nothing of others"
        assert f1["logistic"] > 2 * f1["majority"], "groups follow from what the controls see"


def test_a_fit_for_a_study_is_that_of_the_run(memory, simulated, tmp_path):
    job = only_job(memory, simulated, tmp_path)
    fitted(job, task_of(job, simulated))
    execute(job)
    assert FITS[0] == FITS[1]


def test_only_methods_that_profile_groups_are_looked_into(simulated):
    job = only_job(make_config(methods=["popularity"]), simulated)
    with pytest.raises(ConfigError, match="Popularity has no group profiles"):
        fitted(job, task_of(job, simulated))


def test_measurements_are_kept(memory, simulated, tmp_path, monkeypatch):
    told, steps = [], []
    first = study_profiling(
        memory, tmp_path, folds=2, step=lambda *step: steps.append(step), tell=told.append
    )
    assert len(FITS) == 2
    again = study_profiling(memory, tmp_path, folds=2, step=lambda *step: steps.append(step))
    assert len(FITS) == 2
    assert steps == [(f"measuring memory seed 0, fold {1 + i} of 2", i, 2) for i in (0, 1)]
    assert told == ["memory: measured with every seed"]
    assert first.frame.equals(again.frame)
    assert list(first.frame["predictor"]) == ["memory", "majority", "1-nn", "logistic", "memory", LOOK_UP]
    assert "itmrec-sim (simulated data), protocol paper" in first.title
    (file, *_) = sorted(tmp_path.glob("studies/*/*/*/*/profile.json"))
    file.write_text("{}")
    with pytest.raises(ResultError, match=r"profile.json is no measurement .*; delete it"):
        study_profiling(memory, tmp_path, folds=2)


def test_folds_that_withhold_nobody_are_refused(memory, simulated):
    with pytest.raises(ConfigError, match="no user's group can be withheld in fold 999 of 1000"):
        measure(only_job(memory, simulated), simulated, 999, 1000)


def test_several_data_sets_are_refused(memory, tmp_path):
    with pytest.raises(ConfigError, match="2 data sets: name one at a time"):
        study_profiling(memory.model_copy(update={"dataset": ["a", "b"]}), tmp_path)


def test_another_version_of_a_measurement_is_measured_anew(memory, simulated, tmp_path, monkeypatch):
    job = only_job(memory, simulated, tmp_path)
    _cache.all_measured([(job, 0)], simulated, 2)
    monkeypatch.setattr(_cache, "VERSION", _cache.VERSION + 1)
    _cache.all_measured([(job, 0), (job, 1)], simulated, 2)
    assert len(FITS) == 3


def test_means_by_user_are_those_of_a_plain_loop(monkeypatch):
    monkeypatch.setattr(_representation, "_PAIRS", 7)
    rng = np.random.default_rng(0)
    rows = Ratings(rng.integers(0, 9, 50), rng.integers(0, 5, 50), np.ones(50), 12, 5)
    users, means = mean_by_user(rows, lambda u, i: np.column_stack([u, i, u * i]).astype(float))
    assert users.tolist() == sorted(set(rows.users.tolist()))
    for user, mean in zip(users, means, strict=True):
        items = rows.items[rows.users == user]
        assert mean == pytest.approx([user, items.mean(), user * items.mean()])


def test_purity_of_clusters_and_of_noise():
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(4), 50)
    noise = rng.normal(size=(200, 3))
    assert neighborhood_purity(noise + 100 * labels[:, None], labels) == (1.0, pytest.approx(49 / 199))
    purity, chance = neighborhood_purity(noise, labels)
    assert purity == pytest.approx(chance, abs=0.05)


def test_a_map_shows_users_of_one_group_each(memory, simulated):
    job = only_job(memory, simulated)
    task = task_of(job, simulated)
    model = fitted(job, task)
    drawn = user_map(model, task.train.ratings, task.train.groups, random_state=0)
    assert drawn.points.shape == (len(drawn.labels), 2)
    assert (drawn.silhouette, drawn.purity) == (pytest.approx(1), pytest.approx(1, abs=0.2))
    assert "silhouette +1.000" in drawn.summary
    one = Groups.from_lists([range(50)])
    with pytest.raises(ConfigError, match="of 1 groups in all; a map needs"):
        user_map(model, task.train.ratings, one, random_state=0)


def test_attention_is_averaged_over_the_rows_of_a_feature(monkeypatch):
    rows = Ratings(np.zeros(4), np.array([0, 0, 1, 3]), np.ones(4), 1, 4)
    features = Features(
        ("even=yes", "odd=yes", "never=yes", "tf:word"),
        np.array([[1, 0, 0, 0.3], [0, 1, 0, 0.0], [1, 0, 1, 0.1], [0, 1, 0, 0.2]]),
    )
    names, weights, units = attention_by_feature(Memory(), rows, features, rng=np.random.default_rng(0))
    assert names == ("all items", "even=yes", "odd=yes", "tf:word")
    assert weights == pytest.approx(np.array([[1.25, 0.75], [1.5, 0.5], [1.0, 1.0], [4 / 3, 2 / 3]]))
    assert units[1:3] == pytest.approx([4 / 3**0.75, 2.0])
    monkeypatch.setattr("groupbench.studies._representation.FEATURES", 1)
    most, *_ = attention_by_feature(Memory(), rows, features, rng=np.random.default_rng(0))
    assert most == ("all items", "tf:word")
    with pytest.raises(ConfigError, match="no item feature is there for some items alone"):
        attention_by_feature(Memory(), rows, None, rng=np.random.default_rng(0))


def test_ablations_inherit_what_is_set_but_for_what_makes_them_ablations():
    config = with_ablations(make_config(methods=["dmtl"], set={"dmtl": {"profile_weight": 0.5, "epochs": 3}}))
    assert config.methods[0] == "dmtl"
    assert {"dmtl-no-profile", "dmtl-no-attention", "dmtl-no-shared"} < set(config.methods)
    assert config.set["dmtl"] == config.set["dmtl-no-attention"] == {"profile_weight": 0.5, "epochs": 3}
    assert config.set["dmtl-no-profile"] == {"epochs": 3}
    with pytest.raises(ConfigError, match="method ease has no ablations"):
        with_ablations(make_config(methods=["ease"]))


def test_the_weight_of_a_sweep_replaces_the_one_that_was_set():
    asked = make_config(methods=["dmtl"], set={"dmtl": {"profile_weight": 0.5, "epochs": 3}})
    assert weighted(asked, 2.0).set == {"dmtl": {"profile_weight": 2.0, "epochs": 3}}
    with pytest.raises(ConfigError, match="method svd has no profile_weight"):
        weighted(make_config(methods=["svd"]), 0.1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weights": [-1.0]}, "give numbers from 0 on"),
        ({"weights": [float("nan")]}, "give numbers from 0 on"),
        ({"weights": []}, "give numbers from 0 on"),
        ({"metric": "ndgc@10"}, "did you mean 'ndcg'"),
        ({"aggregator": "averge"}, "did you mean 'average'"),
    ],
)
def test_a_sweep_refuses_nonsense_before_it_runs_anything(memory, tmp_path, options, message):
    with pytest.raises(ConfigError, match=message):
        study_weights(memory, tmp_path, **{"weights": [0.0], **options})
    assert not list(tmp_path.iterdir())


def test_an_ablation_study_refuses_nonsense_before_it_runs_anything(tmp_path):
    config = make_config(methods=["dmtl"])
    for options in ({"level": 2.0}, {"metrics": ["ndgc@10"]}, {"aggregator": "averge"}):
        with pytest.raises(ConfigError):
            study_ablation(config, tmp_path, **options)
    assert not list(tmp_path.iterdir())


def test_a_study_as_text():
    import pandas as pd

    study = StudyReport("title", pd.DataFrame({"name": ["a", "b"], "f1": [0.5, np.nan]}), ("note",))
    assert as_text(study, format="plain").splitlines() == [
        "title",
        "",
        "name        f1",
        "------  ------",
        "a       0.5000",
        "b            –",
        "note",
    ]
    assert as_text(study, format="markdown").endswith("\n\n- note")
    assert as_text(study, format="csv") == "name,f1\na,0.5\nb,"
    assert '"f1": null' in as_text(study, format="json")
    with pytest.raises(ConfigError, match="unknown format 'html'"):
        as_text(study, format="html")
