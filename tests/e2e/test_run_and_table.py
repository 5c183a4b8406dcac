"""Run, look at the table, run again: on the command line, on a terminal and from Python."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys

import pytest

import groupbench
from groupbench.results import store


@pytest.fixture
def figures(finished):
    """Per method the figures of seed 0, by view and aggregator."""

    def of(method):
        record = store.read(_only(finished, method, 0).parent)
        return {(figures.view, figures.aggregator): figures for figures in record.metrics}

    return of


def _only(results, method, seed):
    files = results.glob(f"runs/*/*/{method}/*/run.json")
    (file,) = [f for f in files if json.loads(f.read_text())["seed"] == seed]
    return file


def test_a_job_leaves_its_record_and_its_tables_and_nothing_else(finished):
    folder = _only(finished, "svd", 0).parent
    record = json.loads((folder / "run.json").read_text())
    assert {f.name for f in folder.iterdir()} == {
        "run.json",
        "entities.parquet",
        "groups.parquet",
        "top.parquet",
    }
    assert record["status"] == "done"
    assert record["hyperparameters"]["n_factors"] == 100
    assert record["environment"]["command"].startswith("groupbench run --methods random,")
    assert set(record["seconds"]) == {"fit", "score", "aggregate", "metrics"}


def test_one_plain_line_per_job_and_a_second_call_runs_nothing(cli):
    call = ("run", "--methods", "random,item-mean", "--seeds", "2", "-j", "2")
    first, second = cli(*call), cli(*call)
    lines = first.stdout.splitlines()
    assert [line[:5] for line in lines[:4]] == ["[1/4]", "[2/4]", "[3/4]", "[4/4]"]
    assert lines[4] == "4 jobs: 4 run, 0 already there, 0 failed"
    assert "\x1b" not in first.stdout
    assert second.stdout.splitlines()[0] == "4 jobs: 0 run, 4 already there, 0 failed"
    assert (first.returncode, second.returncode, first.stderr, second.stderr) == (0, 0, "", "")


def test_json_and_quiet(cli, finished, asked):
    ended = json.loads(cli(*asked, "--results", finished, "--json").stdout)
    assert (ended["ran"], len(ended["jobs"])) == (0, 10)
    assert {job["status"] for job in ended["jobs"]} == {"done"}
    quiet = cli(*asked, "--results", finished, "--quiet")
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("format_", "token"),
    [
        ("plain", "---"),
        ("markdown", "| SVD"),
        ("latex", r"\begin{tabular}"),
        ("html", "<table>"),
        ("csv", "dataset,protocol,view,method"),
        ("json", '"method": "svd"'),
    ],
)
def test_every_format_shows_every_method(cli, finished, format_, token):
    ended = cli("table", "--results", finished, "--format", format_, "--view", "all")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert token in ended.stdout
    shown = ended.stdout.lower().replace("item mean", "item-mean")
    assert all(name in shown for name in ("random", "item-mean", "popularity", "svd", "oracle"))


def test_the_table_shows_the_means_of_the_records(cli, finished):
    text = cli(
        "table", "--results", finished, "-f", "csv", "--metrics", "ndcg@5", "--view", "rated-user"
    ).stdout
    row = next(r for r in csv.DictReader(io.StringIO(text)) if r["method"] == "svd")
    values = []
    for seed in (0, 1):
        record = json.loads(_only(finished, "svd", seed).read_text())
        values += [f["values"]["ndcg@5"] for f in record["figures"] if f["view"] == "rated-user"]
    assert float(row["mean"]) == pytest.approx(sum(values) / 2, abs=1e-12)
    assert row["seeds"] == "2"


def test_figures_are_within_their_bounds_and_the_oracle_is_best(figures):
    oracle = {view: held.values["ndcg@10"] for (view, _), held in figures("oracle").items()}
    for (view, _), held in figures("item-mean").items():
        assert held.values["ndcg@10"] <= oracle[view] + 1e-12
        for name in ("precision@10", "recall@10", "ndcg@10", "hit@5", "mrr@20", "map@3"):
            assert held.worst[name] - 1e-12 <= held.values[name] <= held.best[name] + 1e-12


def test_a_table_can_be_cut_off_by_its_reader(finished, cli):
    shown = subprocess.run(
        f"{sys.executable} -c 'from groupbench.cli import main; main()' table --results {finished} | head -1",
        shell=True,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "itmrec-sim" in shown.stdout
    assert "Traceback" not in shown.stderr


def test_output_that_cannot_hold_a_name_is_escaped(cli, plugins):
    call = ("run", "--plugin", plugins / "accented.py", "--methods", "modèle", "--seeds", "1")
    ended = cli(*call, PYTHONIOENCODING="ascii")
    assert ended.returncode == 0, ended.stderr
    assert "mod\\xe8le" in ended.stdout


def test_python_agrees_with_the_command_line(cli, finished, asked):
    rows = json.loads(cli("table", "--results", finished, "--format", "json").stdout)
    frame = groupbench.table(finished)
    assert list(frame["method"]) == [row["method"] for row in rows]
    assert frame["mean"].tolist() == pytest.approx([row["mean"] for row in rows], nan_ok=True)

    again = groupbench.run(methods=asked[2], results=finished, seeds=2, references=False)
    held = groupbench.load_results(finished)
    order = ["view", "method", "aggregator", "metric", "seed"]
    both = [f.sort_values(order).reset_index(drop=True) for f in (again, held)]
    assert both[0].equals(both[1])
    assert set(held["method"]) == set(asked[2].split(","))


def test_a_script_needs_no_main_guard(cli, outcomes, finished):
    script = cli.folder / "study.py"
    script.write_text(
        "from groupbench import run\n"
        "frame = run('item-mean,svd', seeds=2, jobs=2, results='mine', references=False)\n"
        "print(sorted(set(frame['method'])))\n"
    )
    ended = subprocess.run(
        [sys.executable, script], cwd=cli.folder, capture_output=True, text=True, timeout=600, check=False
    )
    assert (ended.stdout, ended.stderr) == ("['item-mean', 'svd']\n", "")
    assert outcomes(cli.folder / "mine") == outcomes(finished, "item-mean", "svd")


def test_a_method_defined_in_the_running_program_is_refused(cli):
    script = cli.folder / "study.py"
    script.write_text(
        "from dataclasses import dataclass\nfrom groupbench import Recommender, method, run\n"
        "@method('mine')\n@dataclass\nclass Mine(Recommender):\n"
        "    fit = lambda self, train, *, rng: self\n    score = fit\n"
        "run('mine')\n"
    )
    ended = subprocess.run(
        [sys.executable, script], cwd=cli.folder, capture_output=True, text=True, check=False
    )
    assert "PluginError: method mine is defined in the running program" in ended.stderr
    assert not (cli.folder / "results").exists()
