"""A budget for memory refuses fits that need more and keeps fewer scores, but changes no figure."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from groupbench.core.errors import ConfigError, MethodError
from groupbench.core.memory import allowed, limited
from groupbench.core.registry import methods
from groupbench.core.seeding import generator
from groupbench.core.stopwatch import Stopwatch
from groupbench.data.loading import load
from groupbench.evaluation import score_cache
from groupbench.evaluation.scoring import ScoreSource
from groupbench.results import store
from groupbench.runner.config import make_config
from groupbench.runner.execution import execute
from groupbench.runner.job import Job
from groupbench.runner.plan import plan_jobs
from groupbench.testing import small_training


def test_a_budget_holds_while_it_is_set():
    with limited(2):
        assert allowed(5.0) == 2 * 2**30
        assert allowed(5.0, share=0.25) == 2**29
        with limited(None):
            assert allowed(5.0) == 5.0
        assert allowed(5.0) == 2 * 2**30
    assert allowed(5.0, share=0.25) == 5.0


@pytest.mark.parametrize(
    "name", ["ease", "item-knn-cosine", "rp3beta", "knn-basic", "knn-means-item", "slope-one"]
)
def test_fits_are_held_to_the_budget(name):
    train = small_training()
    with limited(1.0):
        methods[name].create().fit(train, rng=generator("memory"))
    with (
        limited(1e-6),
        pytest.raises(MethodError, match=r"above the limit of .* GiB; .*, or raise --memory-budget"),
    ):
        methods[name].create().fit(train, rng=generator("memory"))


@pytest.mark.parametrize(("gib", "times"), [(None, 1), (1.0, 1), (1e-6, 2)])
def test_scores_that_fit_are_kept(monkeypatch, gib, times):
    """The second look at the same users asks the method again only if nothing was kept."""
    train = small_training()
    method = methods["item-mean"].create().fit(train, rng=generator("memory"))
    asked = []
    monkeypatch.setattr(
        type(method), "score", lambda self, users: asked.append(users) or np.zeros((len(users), 24))
    )
    users = np.arange(4)
    items = np.zeros((4, 1), dtype=np.int64)
    with limited(gib):
        source = ScoreSource(method, train, {}, Stopwatch(), again=True)
        for _ in range(2):
            list(source.score("user", users, items, np.ones((4, 1), dtype=np.bool_)))
    assert len(asked) == times


def test_a_budget_changes_neither_keys_nor_figures(tmp_path):
    loaded = {"itmrec-sim": load("itmrec-sim", None)}
    found = []
    for budget in (None, 2e-4):
        (job,) = plan_jobs(_config(memory_budget=budget), loaded, tmp_path / str(budget))
        assert job.memory_budget == budget
        assert Job.from_json(job.to_json()) == job
        execute(job)
        found.append((job.key, json.loads(store.read(job.folder).to_json())["figures"]))
    assert repr(found[0]) == repr(found[1])


def test_a_job_that_needs_more_is_refused(tmp_path):
    (job,) = plan_jobs(_config(), {"itmrec-sim": load("itmrec-sim", None)}, tmp_path)
    with pytest.raises(MethodError, match="ease on 70 items needs"):
        execute(replace(job, memory_budget=1e-6))
    assert score_cache.allowed(1.0) == 1.0


@pytest.mark.parametrize("budget", [0, -1, float("nan"), float("inf"), "much"])
def test_a_budget_is_a_positive_number(budget):
    with pytest.raises(ConfigError, match="memory_budget"):
        make_config(memory_budget=budget)


def _config(**options):
    return make_config(methods=["ease"], dataset=["itmrec-sim"], seeds=1, **options)
