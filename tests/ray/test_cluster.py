"""A run on a cluster is the local run: same jobs, records and figures, whatever happens to nodes."""

from __future__ import annotations

import os
import re
import signal
import tempfile
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

CLASSICAL = "random,oracle,item-mean,popularity,svd,slope-one,als,ease"

SLOW = '''
import time
from dataclasses import dataclass

from groupbench import Recommender, method


@method("sleeper")
@dataclass
class Sleeper(Recommender):
    """Sleeps, then knows its random numbers."""

    seconds: float = 3.0
    relative_cost = 1000.0

    def fit(self, train, *, rng):
        print("asleep")
        time.sleep(self.seconds)
        self.scores = rng.random((train.ratings.n_users, train.ratings.n_items))
        return self

    def score(self, users):
        return self.scores[users]
'''

CRASHES = '''
import ctypes
import time
from dataclasses import dataclass

from groupbench import Recommender, method


@dataclass
class Fails(Recommender):
    """Never gets to scores."""

    relative_cost = 1000.0

    def score(self, users):
        raise AssertionError


@method("segfaults")
class Segfaults(Fails):
    """Reads what is nobody's."""

    def fit(self, train, *, rng):
        return ctypes.string_at(0)


@method("hangs")
class Hangs(Fails):
    """Takes its time."""

    def fit(self, train, *, rng):
        time.sleep(1000)


@method("raises")
class Raises(Fails):
    """Says why."""

    def fit(self, train, *, rng):
        raise ValueError("no such luck")
'''


@pytest.fixture
def plugin(tmp_path):
    """Writes a plugin, and returns its path."""

    def write(text: str) -> Path:
        file = tmp_path / "plugin.py"
        file.write_text(text)
        return file

    return write


def on(nodes):
    return "--executor", "ray", "--address", nodes.address


def assert_all_done(ended, n):
    assert ended.returncode == 0, ended
    assert ended.stderr == ""
    assert f"{n} jobs: {n} run, 0 already there, 0 failed" in ended.stdout


@pytest.mark.data
def test_figures_are_those_of_a_local_run_though_nodes_have_no_data(
    nodes, call, tmp_path, outcomes, real_data
):
    asked = ("run", "--dataset", "itmrec,itmrec-sim", "--data-dir", real_data, "--methods", CLASSICAL)
    asked = (*asked, "--seeds", 2)
    assert_all_done(call(*asked, *on(nodes), "--results", "cluster"), 32)
    assert_all_done(call(*asked, "--results", "local"), 32)
    assert outcomes(tmp_path / "cluster") == outcomes(tmp_path / "local")
    again = call(*asked, *on(nodes), "--results", "local")
    assert "32 jobs: 0 run, 32 already there, 0 failed" in again.stdout


def test_a_node_that_is_killed_costs_no_job_and_no_figure(nodes, launch, call, plugin, tmp_path, outcomes):
    asked = ("run", "--plugin", plugin(SLOW), "--methods", "sleeper,item-mean", "--seeds", 6)
    with launch(*asked, *on(nodes), "--results", "cluster") as process:
        assert re.match(r"\[ *1/12] done", process.stdout.readline())
        nodes.kill()
        out, _ = process.communicate(timeout=600)
    nodes.add()
    assert process.returncode == 0, out
    assert "12 jobs: 12 run, 0 already there, 0 failed" in out
    assert_all_done(call(*asked, "--results", "local"), 12)
    assert outcomes(tmp_path / "cluster") == outcomes(tmp_path / "local")
    logs = sorted((tmp_path / "cluster").rglob("log.txt"))
    assert [log.read_text() for log in logs] == ["asleep\n"] * 6


def test_an_interrupted_run_goes_on_where_it_stopped(nodes, launch, call, plugin, tmp_path):
    asked = ("run", "--plugin", plugin(SLOW), "--methods", "sleeper", "--seeds", 6, *on(nodes), "-j", 2)
    with launch(*asked) as process:
        assert re.match(r"\[1/6] done", process.stdout.readline())
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=600)
    assert process.returncode == 130
    assert err == "groupbench: interrupted; the same command goes on where it stopped\n"
    done = len(list((tmp_path / "results").rglob("run.json")))
    assert 1 <= done < 6
    again = call(*asked)
    assert f"6 jobs: {6 - done} run, {done} already there, 0 failed" in again.stdout


def test_a_job_that_fails_is_a_row_and_takes_nobody_along(nodes, call, plugin):
    asked = (
        "run",
        "--plugin",
        plugin(CRASHES),
        "--methods",
        "segfaults,hangs,raises,item-mean",
        "--seeds",
        1,
    )
    ended = call(*asked, *on(nodes), "--timeout", 40)
    assert ended.returncode == 1
    lines = {line.split()[5]: line for line in ended.stdout.splitlines()[:4]}
    assert "killed" in lines["segfaults"]
    assert "SIGSEGV (a crash in compiled code)" in lines["segfaults"]
    assert "no result after 40 s; raise --timeout" in lines["hangs"]
    assert "ValueError: no such luck" in lines["raises"]
    assert " done " in lines["item-mean"]


def scratch():
    """Folders of jobs that nodes work on, or did not remove."""
    return set(Path(tempfile.gettempdir()).glob("groupbench-node-*"))


def test_nothing_of_a_job_is_left_on_its_node(nodes, call):
    before = scratch()
    assert_all_done(call("run", "--methods", "random", "--seeds", 2, *on(nodes)), 2)
    end = time.monotonic() + 300
    while scratch() - before and time.monotonic() < end:
        time.sleep(0.1)
    assert scratch() <= before


def test_tuning_finds_the_same_values(nodes, call, tmp_path):
    asked = ("tune", "--methods", "ease,als", "--trials", 3, "--repeats", 1)
    for place, where in (("cluster", on(nodes)), ("local", ())):
        ended = call(*asked, *where, "--results", place, "--output", f"{place}.toml")
        assert ended.returncode == 0, ended
    values = [
        re.sub(r"(?m)^seconds = .*$", "", (tmp_path / f"{place}.toml").read_text())
        for place in ("cluster", "local")
    ]
    assert values[0] == values[1]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("--threads", 64), "needs 64 CPU, 1.0 GiB of memory, which no node of the cluster has"),
        (
            ("--address", "127.0.0.1:1"),
            "no Ray cluster answers at 127.0.0.1:1: [Errno 111] Connection refused",
        ),
        (("--address", "nowhere"), "no Ray cluster answers at nowhere: Invalid address format"),
    ],
)
def test_what_the_cluster_cannot_do_is_said_in_a_line(nodes, call, asked, said):
    ended = call("run", "--methods", "random", "--seeds", 1, *on(nodes), *asked)
    assert ended.returncode == 2
    assert ended.stderr.startswith("groupbench: ")
    assert ended.stderr.count("\n") == 1
    assert said in ended.stderr
