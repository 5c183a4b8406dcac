"""Studies and their figures on the command line, with DMTL made small and a plugin of the same make."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest
from typer.testing import CliRunner

from groupbench.cli import app

SMALL = (
    *("--dataset", "small", "--option", "n_groups=4", "--set", "dmtl.ensemble=1"),
    *("--set", "dmtl.epochs=2", "--set", "dmtl.width=8"),
)
PLUGIN = '''
from collections import namedtuple
from dataclasses import dataclass
import numpy as np
from groupbench import Recommender, method

Epoch = namedtuple("Epoch", "mse")

@dataclass
class Toy(Recommender):
    """Item means, noisier without its part."""

    part: bool = True

    def fit(self, train, *, rng):
        rows = train.ratings
        means = np.bincount(rows.items, rows.values, rows.n_items) / np.maximum(np.bincount(rows.items), 1)
        self._scores = means + (0 if self.part else 9) * rng.normal(size=rows.n_items)
        return self

    def score(self, users):
        return np.tile(self._scores, (len(users), 1))

method("toy")(Toy)
method("toy-no-part", part=False)(Toy)
'''


@pytest.fixture
def small(cli):
    """Forty users who rated ten of fifteen items each, in the folder `small` of where commands run."""
    rng = np.random.default_rng(0)
    folder = cli.folder / "small"
    folder.mkdir()
    rows = [(u, i, rng.integers(1, 6)) for u in range(40) for i in rng.permutation(15)[:10]]
    items = [(i, "ab"[i % 2]) for i in range(15)]
    for name, header, lines in (("ratings", "user,item,rating", rows), ("items", "item,genre", items)):
        text = "\n".join([header, *(",".join(map(str, line)) for line in lines)])
        (folder / f"{name}.csv").write_text(text + "\n")


@pytest.fixture
def here(cli, monkeypatch):
    """The command in this process, which loads heavy libraries once."""
    monkeypatch.chdir(cli.folder)
    monkeypatch.setenv("GROUPBENCH_COMMAND", "")
    return lambda *arguments: CliRunner().invoke(app, arguments)


def test_an_ablation_study_tables_paired_differences(cli, here):
    (cli.folder / "toy.py").write_text(PLUGIN)
    asked = ("study", "ablation", "--method", "toy", "--plugin", "toy.py", "--seeds", "2", "-j", "1")
    ended = here(*asked)
    assert ended.exit_code == 0, ended.stderr
    assert ended.stderr.count(" done ") == 4
    assert ended.stdout.startswith("itmrec-sim (simulated data), protocol paper: toy and its ablations")
    again = here(*asked, "--view", "rated-user", "--format", "csv")
    assert (again.exit_code, again.stderr) == (0, "")
    full, ablated = csv.DictReader(io.StringIO(again.stdout))
    assert (full["method"], ablated["method"]) == ("toy", "toy-no-part")
    assert full["difference"] == ""
    assert float(ablated["difference"]) == pytest.approx(float(ablated["mean"]) - float(full["mean"]))
    assert float(ablated["high"]) < 0
    compared = here("compare", "toy-no-part", "toy", "--view", "rated-user", "-f", "json")
    assert json.loads(compared.stdout)[0]["difference"] == pytest.approx(float(ablated["difference"]))


def test_a_sweep_of_the_profile_weight_is_tabled_drawn_and_resumed(cli, here, small):
    asked = ("study", "lambda", *SMALL, "--weights", "0,1", "--seeds", "1", "-j", "1", "--format", "json")
    ended = here(*asked, "-o", "a.svg")
    assert ended.exit_code == 0, ended.stderr
    rows = json.loads(ended.stdout)
    assert {(row["weight"], row["task"]) for row in rows} == {
        (weight, task) for weight in (0, 1) for task in ("recommendation", "loss", "profiling")
    }
    entropies = [row["weight"] for row in rows if row["metric"] == "cross_entropy"]
    assert entropies == [1.0], "nothing is learned of groups without a weight"
    again = here("plot", *asked[1:], "-o", "b.svg")
    assert (again.exit_code, again.stdout) == (0, ended.stdout)
    assert "[" not in again.stderr, "nothing is run again"
    assert (cli.folder / "a.svg").read_bytes() == (cli.folder / "b.svg").read_bytes()


def test_a_study_takes_data_and_settings_from_a_config(cli, here, small):
    (cli.folder / "tuned.toml").write_text(
        'methods = ["svd", "dmtl"]\ndataset = ["small"]\nprotocol = {n_groups = 4}\nset.svd.n_factors = 2\n'
        "[set.dmtl]\nensemble = 1\nepochs = 2\nwidth = 8\n"
    )
    weights = ("study", "lambda", "--weights", "1", "--seeds", "1", "-j", "1", "-f", "json", "-o", "a.svg")
    asked = here(*weights, "--config", "tuned.toml")
    assert asked.exit_code == 0, asked.stderr
    again = here(*weights, *SMALL)
    assert again.stdout == asked.stdout
    assert "[" not in again.stderr, "nothing is run again"


def test_profiles_are_judged_for_users_whose_group_nobody_was_told(here, small):
    ended = here("study", "profiling", *SMALL, "--seeds", "1", "--folds", "2")
    assert ended.exit_code == 0, ended.stderr
    for word in ("user-disjoint  dmtl[", "majority", "1-nn", "logistic", "id look-up", "2-fold over users"):
        assert word in ended.stdout


@pytest.mark.parametrize(
    ("kind", "word"),
    [("training", "validation_rmse"), ("tsne", "profile_weight=0.0,"), ("attention", "genre=a")],
)
def test_what_happens_inside_is_drawn(cli, here, small, kind, word):
    ended = here("plot", kind, *SMALL, "-o", "figures/drawn.png")
    assert ended.exit_code == 0, ended.stderr
    assert word in ended.stdout
    assert ended.stdout.splitlines()[-1] == "drawn in figures/drawn.png"
    assert (cli.folder / "figures/drawn.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("study", "ablation", "--method", "dmlt"), "did you mean 'dmtl'"),
        (("study", "ablation", "--method", "ease"), "has no ablations"),
        (("study", "ablation", "--format", "html"), "unknown format 'html'"),
        (("study", "lambda", "--weights", "0,x"), "--weights 0,x: give numbers"),
        (("study", "lambda", "--method", "svd"), "method svd has no profile_weight"),
        (("study", "lambda", "-o", "a.gif"), "unknown file format '.gif'"),
        (("study", "profiling", "--method", "svd", "--seeds", "1"), "has no group profiles"),
        (("study", "profiling", "--dataset", "nowhere"), "nowhere"),
        (("plot", "tsne", "--method", "svd"), "method svd has no profile_weight"),
    ],
)
def test_bad_usage_is_one_line(cli, arguments, message):
    ended = cli(*arguments)
    assert ended.returncode in (1, 2)
    assert ended.stderr.count("\n") == 1, ended.stderr
    assert message in ended.stderr
    assert not (cli.folder / "results").exists()
