"""Methods say when they can be repeated, and a run gives them the threads that this allows."""

from __future__ import annotations

import pytest

from groupbench.core import registry
from groupbench.core.entry import Entry
from groupbench.core.errors import ConfigError, PluginError
from groupbench.data.loading import load
from groupbench.runner.config import make_config
from groupbench.runner.determinism import needs_one_thread, promise, repeatable
from groupbench.runner.job import Job
from groupbench.runner.plan import plan_jobs

LEVELS = ("always", "one-machine", "one-thread", "never")


def entry(level):
    return Entry("a", type("A", (), {"deterministic": level}))


@pytest.fixture
def planned(tmp_path):
    data = load("itmrec-sim", None)

    def call(*methods, **options) -> list[Job]:
        config = make_config(methods=list(methods), seeds=1, **options)
        return plan_jobs(config, {"itmrec-sim": data}, tmp_path)

    return call


def test_every_built_in_method_promises_something_known():
    found = {name: promise(held) for name, held in registry.methods.items()}
    assert {name for name, level in found.items() if level == "one-thread"} == {"bpr"}
    assert {found["svd"], found["random"], found["lmf"]} == {"always"}
    assert {
        found[name] for name in found if "torch" in getattr(registry.methods[name].make, "libraries", ())
    } == {"one-machine"}


def test_another_word_is_refused():
    with pytest.raises(
        PluginError, match=r"method a: unknown value of 'deterministic' 'alway'; did you mean 'always'"
    ):
        promise(entry("alway"))


@pytest.mark.parametrize(
    ("level", "threads", "own", "again"),
    [
        ("always", 4, 4, True),
        ("one-machine", 4, 1, True),
        ("one-thread", 1, 1, True),
        ("one-thread", 2, 1, False),
        ("one-thread", 1, 2, False),
        ("never", 1, 1, False),
    ],
)
def test_what_can_be_repeated(level, threads, own, again):
    assert repeatable(entry(level), {"num_threads": own}, threads) is again
    assert repeatable(entry(level), {}, threads) is (again or own > 1)


@pytest.mark.parametrize("level", LEVELS)
def test_only_one_level_needs_one_thread(level):
    assert needs_one_thread(entry(level), {}) is (level == "one-thread")


def test_more_threads_of_its_own_are_refused_unless_allowed(planned):
    with pytest.raises(ConfigError, match=r"bpr\.num_threads=2: .*--no-deterministic"):
        planned("bpr", set={"bpr": {"num_threads": 2}})
    (job,) = planned("bpr", set={"bpr": {"num_threads": 2}}, deterministic=False)
    assert not job.one_thread
    planned("als", set={"als": {"num_threads": 2}})


def test_jobs_are_held_to_one_thread_where_that_is_needed(planned):
    held = {job.method: job.one_thread for job in planned("bpr", "svd", "random")}
    assert held == {"bpr": True, "svd": False, "random": False}
    (free,) = planned("bpr", deterministic=False)
    assert (free.one_thread, free.key) != (True, planned("bpr")[0].key)
    assert planned("svd", deterministic=False)[0].key == planned("svd")[0].key
