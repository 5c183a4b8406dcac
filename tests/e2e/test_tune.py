"""Tune, run what was found, show it: whatever happens in between, on validation rows alone."""

from __future__ import annotations

import csv
import fcntl
import io
import subprocess
import sys
import time
import tomllib

import numpy as np
import pytest

import groupbench
from groupbench.core import plugins
from groupbench.data.loading import load
from groupbench.evaluation.protocols import make_protocol

ASKED = ("tune", "--methods", "ease,item-mean,slope-one,random", "--trials", "8", "--repeats", "2")

TRICKY = """
import os, time
from dataclasses import dataclass
import numpy as np
from groupbench import Recommender, method, tunable

@method("tricky")
@dataclass
class Tricky(Recommender):
    level: int = tunable(1, choices=(1, 2, 3, 4))

    def fit(self, train, *, rng):
        if self.level == 2:
            os._exit(3)
        if self.level == 3:
            time.sleep(60)
        rows = train.ratings
        counts = np.bincount(rows.items, minlength=rows.n_items) + 1.0
        means = np.bincount(rows.items, weights=rows.values, minlength=rows.n_items) / counts
        self.scores = means if self.level == 4 else -means
        return self

    def score(self, users):
        return np.tile(self.scores, (len(users), 1))
"""


def found_in(file):
    """What a file of tuning says, but for how long it took."""
    held = tomllib.loads(file.read_text())
    for table in held["tuned"].values():
        assert table.pop("seconds") > 0
    return held


@pytest.fixture(scope="module")
def tuned(tmp_path_factory, command_in):
    """A folder in which four methods were tuned by two workers, and what the command said."""
    folder = tmp_path_factory.mktemp("tuned")
    ended = command_in(folder)(*ASKED, "--jobs", 2)
    assert ended.returncode == 0, ended
    return folder, ended


def test_what_it_says_and_writes(tuned):
    folder, ended = tuned
    lines = ended.stdout.splitlines()
    assert {line.split()[0] for line in lines[:4]} == {"ease", "item-mean", "slope-one", "random"}
    assert sum("8 trials" in line and "ndcg@10 0." in line for line in lines) == 2
    assert sum(line.endswith("not tuned: has no hyperparameter to tune") for line in lines) == 2
    assert lines[-2:] == [
        "2 of 4 methods tuned, 0 failed",
        "run them with: groupbench run --config tuned.toml",
    ]
    held = found_in(folder / "tuned.toml")
    assert held["set"].keys() == held["tuned"].keys() == {"ease", "item-mean"}
    assert held["set"]["ease"].keys() == {"l2", "positive"}
    assert {table["trials"] for table in held["tuned"].values()} == {8}
    assert not list(folder.glob("results/runs/*"))


def test_the_second_time_nothing_is_tried_and_more_trials_add(tuned, command_in):
    folder, ended = tuned
    command, logs = command_in(folder), sorted(folder.glob("results/studies/*/*/*.log"))
    before = [log.read_bytes() for log in logs]
    again = command(*ASKED, "-o", "again.toml")
    assert sorted(again.stdout.splitlines()[:4]) == sorted(ended.stdout.splitlines()[:4])
    assert [log.read_bytes() for log in logs] == before
    assert (folder / "again.toml").read_text() == (folder / "tuned.toml").read_text()
    more = command("tune", "--methods", "ease", "--trials", "10", "--repeats", "2", "-o", "more.toml")
    assert more.returncode == 0, more
    (log,) = [log for log in logs if log.stem == "ease"]
    assert log.read_bytes().startswith(before[logs.index(log)])
    assert log.read_bytes().count(b"\n") == before[logs.index(log)].count(b"\n") + 2
    assert found_in(folder / "more.toml")["tuned"]["ease"]["trials"] == 10


def test_another_number_of_workers_and_a_kill_change_nothing(tuned, cli):
    folder, _ = tuned
    log = cli.folder / "results" / "studies" / "itmrec-sim" / "paper" / "ease.log"
    with cli.running(*ASKED, "--jobs", 1) as process:
        end = time.monotonic() + 300
        while not (log.exists() and log.read_bytes().count(b"\n") >= 4) and time.monotonic() < end:
            time.sleep(0.01)
        process.kill()
        process.wait()
    assert 3 <= log.read_bytes().count(b"\n") < 9
    assert not (cli.folder / "tuned.toml").exists()
    ended = cli(*ASKED, "--jobs", 1)
    assert ended.returncode == 0, ended
    assert found_in(cli.folder / "tuned.toml") == found_in(folder / "tuned.toml")


def test_tuned_and_default_rows_stand_beside_each_other(tuned, command_in):
    command = command_in(tuned[0])
    for call in (("--config", "tuned.toml"), ("--methods", "ease")):
        assert command("run", *call, "--seeds", "1", "--results", "shown").returncode == 0
    changed = command(
        "run", "--config", "tuned.toml", "--methods", "ease", "--set", "ease.l2=3", "--seeds", "1",
        "--results", "shown",
    )  # fmt: skip
    assert "ease: other hyperparameters than those that were tuned" in changed.stdout
    text = command("table", "--results", "shown", "-f", "csv").stdout
    names = {row["method"] for row in csv.DictReader(io.StringIO(text))}
    (by_hand,) = names - {"ease", "ease[tuned]", "item-mean[tuned]", "random", "slope-one"}
    assert by_hand.startswith("ease[l2=3.0")
    assert len(names) == 6


WITHHELD = """
from groupbench import Dataset, dataset
from groupbench.data.loading import IdColumn, rating_rows, sorted_ids

@dataset("withheld")
def load(source):
    'Ratings of a file.'
    table = source.table("ratings.csv").require("user", "item", "rating")
    users, items = sorted_ids(table.frame["user"]), sorted_ids(table.frame["item"])
    columns = IdColumn("user", users, "ratings.csv"), IdColumn("item", items, "ratings.csv")
    ratings = rating_rows(table, *columns, "rating", scale=(1.0, 5.0))
    return Dataset(
        name="withheld", title="", ratings=ratings, user_ids=users, item_ids=items, scale=(1.0, 5.0)
    )
"""
"""A registered data set: its seeds go by its name, so that other held-out values leave the split as it is."""


def test_what_is_held_out_is_not_looked_at(tmp_path):
    plugin = tmp_path / "withheld.py"
    plugin.write_text(WITHHELD)

    def written(parent, values):
        folder = tmp_path / parent / "withheld"
        folder.mkdir(parents=True)
        rows = [f"{u},{i},{v}" for u, i, v in zip(users, items, values, strict=True)]
        (folder / "ratings.csv").write_text("\n".join(["user,item,rating", *rows]))
        return folder.parent

    def tuned(folder):
        return groupbench.tune(
            "ease,item-mean",
            "withheld",
            results=folder / "results",
            trials=6,
            repeats=2,
            protocol={"n_groups": 4},
            plugins=[str(plugin)],
            data_dir=str(folder),
            jobs=1,
        )

    rng = np.random.default_rng(0)
    users, items = np.divmod(rng.choice(40 * 25, 600, replace=False), 25)
    values = rng.integers(1, 6, 600)
    first = written("a", values)
    plugins.load_plugin(plugin)
    data = load("withheld", first)
    held = make_protocol({"n_groups": 4}).prepare(data, 0).held_out
    hidden = np.isin(
        users * 100 + items,
        np.array(data.user_ids, int)[held.users] * 100 + np.array(data.item_ids, int)[held.items],
    )
    assert hidden.sum() > 100
    results = [tuned(first), tuned(written("b", np.where(hidden, 6 - values, values)))]
    for result in results:
        result.pop("data_dir", None)
        for table in result["tuned"].values():
            table.pop("seconds")
    assert results[0] == results[1]


def test_crashes_and_hangs_are_trials_and_take_nothing_along(cli):
    (cli.folder / "tricky.py").write_text(TRICKY)
    call = ("tune", "--plugin", "tricky.py", "--methods", "tricky,item-mean", "--repeats", "1")
    ended = cli(*call, "--trials", 4, "--timeout", 20, "--jobs", 2)
    assert ended.returncode == 0, ended
    held = tomllib.loads((cli.folder / "tuned.toml").read_text())
    assert held["plugins"] == ["tricky.py"]
    assert held["set"]["tricky"] == {"level": 4}
    assert held["tuned"]["tricky"].items() >= {"trials": 4, "failed": 2}.items()
    assert held["tuned"]["item-mean"]["failed"] == 0
    assert cli("run", "--config", "tuned.toml", "--seeds", "1").returncode == 0


def test_a_method_of_which_no_trial_succeeds_stays_untuned(cli):
    (cli.folder / "tricky.py").write_text(
        TRICKY.replace("tunable(1,", "tunable(2,").replace("if self", "if 1 or self", 1)
    )
    ended = cli("tune", "--plugin", "tricky.py", "--methods", "tricky", "--trials", "2")
    assert ended.returncode == 1
    assert "none succeeded: the process left with exit status 3" in ended.stdout
    assert "tuned" not in tomllib.loads((cli.folder / "tuned.toml").read_text())


def test_python_passes_on_what_it_found(tmp_path):
    found = groupbench.tune(
        "item-mean",
        trials=2,
        repeats=1,
        results=tmp_path,
        output=tmp_path / "t.toml",
        jobs=1,
        view="rated-user",
    )
    assert found_in(tmp_path / "t.toml")["set"] == found["set"]
    frame = groupbench.run(**found, seeds=1, results=tmp_path, jobs=1, references=False)
    assert set(frame["method"]) == {"item-mean[tuned]"}


def test_two_at_a_time_are_refused(cli):
    log = cli.folder / "results" / "studies" / "itmrec-sim" / "paper" / "ease.log"
    log.parent.mkdir(parents=True)
    with log.open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert "ease.log is in use by another 'groupbench tune'" in cli.refused(*ASKED)
    assert log.read_bytes() == b""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--methods", "svdd"], "did you mean 'svd'"),
        (["--dataset", "itmrec-sym"], "itmrec-sim"),
        (["--metric", "ndgc@10"], "groupbench list metrics"),
        (["--view", "coupled"], "unknown view of the protocol paper"),
        (["--aggregator", "averag"], "did you mean 'average'"),
        (["--trials", "0"], "trials=0"),
        (["--timeout-per-method", "-1"], "timeout_per_method=-1.0"),
        (["--protocol", "given"], "came without a split"),
        (["--option", "ratio"], "KEY=VALUE"),
        (["--set", "svd.n_factor=3"], "did you mean 'n_factors'"),
        (["-o", "nowhere/tuned.toml"], "no folder to write to"),
        (["-o", "mine.toml"], "was not written by 'groupbench tune'"),
        (["--config", "found.toml"], "[tuned] is what tuning finds"),
        (["--config", "two.toml"], "name one at a time"),
    ],
)
def test_wrong_usage_is_one_line_and_leaves_nothing(cli, tuned, arguments, said):
    (cli.folder / "mine.toml").write_text("methods = ['svd']\n")
    (cli.folder / "two.toml").write_text("dataset = ['itmrec-sim', 'itmrec']\n")
    (cli.folder / "found.toml").write_text((tuned[0] / "tuned.toml").read_text())
    methods = [] if "--methods" in arguments else ["--methods", "svd,ease,item-mean,slope-one,random"]
    assert said in cli.refused("tune", *methods, *arguments)
    assert not list(cli.folder.glob("results/studies/*"))


def test_a_tuned_file_elsewhere_is_refused(cli, tuned):
    call = ("run", "--config", tuned[0] / "tuned.toml")
    assert "tune there, or remove [tuned.ease]" in cli.refused(*call, "--ratio", "0.7")


def test_help_imports_nothing_heavy():
    program = "import sys\nfrom groupbench.cli import main\nsys.argv = ['groupbench', 'tune', '--help']\n"
    program += "try:\n    main()\nfinally:\n    print({'optuna', 'pandas'} & {*sys.modules}, file=sys.stderr)"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "set()\n")
    assert "tuned.toml" in ended.stdout
