"""Results that travel, by the commands that the README shows."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

REFERENCE = Path(__file__).parents[2] / "results" / "reference-run"


@pytest.fixture
def one_run(finished) -> Path:
    """The folder of the run of svd, seed 0."""
    for file in sorted(finished.glob("runs/*/*/svd/*/run.json")):
        if json.loads(file.read_text())["seed"] == 0:
            return file.parent
    raise AssertionError(finished)


def test_a_run_is_reproduced_by_folder_and_by_key(cli, finished, one_run):
    for asked in ((one_run,), (one_run.name[:8], "--results", finished)):
        ended = cli("reproduce", *asked)
        assert ended.returncode == 0, ended
        first, terms, last = ended.stdout.splitlines()
        assert first.startswith("same         svd  seed 0  itmrec-sim  paper: ")
        assert first.endswith(" values equal")
        assert "1e-09 (relative)" in terms
        assert last == "1 run: 1 reproduced, 0 not, 0 failed"
    assert list(cli.folder.iterdir()) == []


def test_a_results_folder_is_reproduced_whole_and_a_changed_figure_is_found(cli, finished, one_run):
    shutil.copytree(finished, cli.folder / "results")
    file = cli.folder / "results" / one_run.relative_to(finished) / "run.json"
    record = json.loads(file.read_text())
    place = next(f for f in record["figures"] if f["aggregator"] == "average")
    place["values"]["ndcg@10"] += 0.125
    file.write_text(json.dumps(record))
    ended = cli("reproduce", "results", "--jobs", "4")
    assert ended.returncode == 1, ended
    said = ended.stdout.splitlines()
    (line,) = [line for line in said if line.startswith("DIFFERS ")]
    assert "svd  seed 0" in line
    assert "average ndcg@10" in line
    assert said[-1] == "10 runs: 9 reproduced, 1 not, 0 failed"


def test_what_cannot_be_reproduced(cli, finished, one_run):
    assert "no key in results begins so" in cli.refused("reproduce", "0123abc")
    assert "holds no run" in cli.refused("reproduce", ".")
    (cli.folder / "twins").mkdir()
    for name in ("0a1", "0a2"):
        shutil.copytree(one_run, cli.folder / "twins" / "runs" / "d" / "p" / "m" / name)
    said = cli.refused("reproduce", "0a", "--results", "twins")
    assert "2 keys begin with 0a: 0a1, 0a2; give more of the one meant" in said
    shutil.copytree(one_run, cli.folder / "run")
    file = cli.folder / "run" / "run.json"
    record = json.loads(file.read_text())
    record["config"]["content_hash"] = "0" * 64
    file.write_text(json.dumps(record))
    assert "dataset itmrec-sim is not what run" in cli.refused("reproduce", "run")
    record["config"]["plugins"] = {"lost.py": "0"}
    file.write_text(json.dumps(record))
    assert "needs the plugin lost.py, and nothing is imported because a record names it" in cli.refused(
        "reproduce", "run"
    )


def test_lists_and_truth_are_exported(cli, finished):
    call = ("export", "--results", finished, "--method", "svd,random", "--aggregator", "average")
    ended = cli(*call, "--output", "out")
    assert ended.returncode == 0, ended
    first, *more = ended.stdout.splitlines()
    assert first == "8 runs of 2 splits written to out"
    assert any(line.startswith("left out: itmrec-sim paper rated-rows: ") for line in more)
    assert more[-1].startswith("ties decide places in lists of ")
    part = cli.folder / "out" / "itmrec-sim" / "paper" / "rated-group" / "seed-1"
    assert {f.name for f in part.iterdir()} == {"qrels", "svd+average.run", "random.run"}
    assert (cli.folder / "out" / "export.json").exists()
    assert "out is there already" in cli.refused(*call, "--output", "out")
    for form in ("csv", "parquet"):
        assert cli(*call, "--format", form, "--output", form).returncode == 0
        assert {f.name for f in (cli.folder / form).iterdir()} == {
            "export.json",
            f"lists.{form}",
            f"truth.{form}",
        }


def test_exports_that_are_refused(cli, finished):
    call = ("export", "--output", "out", "--results", finished)
    assert "unknown format 'xml'" in cli.refused(*call, "--format", "xml")
    assert "unknown method in these results 'svdd'; did you mean 'svd'?" in cli.refused(
        *call, "--method", "svdd"
    )
    assert "unknown view of these results" in cli.refused(*call, "--view", "rated")
    assert "unknown dataset of these results" in cli.refused(*call, "--dataset", "x")
    said = cli.refused(*call, "--view", "rated-rows")
    assert "there is nothing to export: its lists hold an item several times" in said
    assert "holds no results" in cli.refused("export", "--output", "out")
    for file in shutil.copytree(finished, cli.folder / "light").rglob("top.parquet"):
        file.unlink()
    assert "holds no lists (top.parquet)" in cli.refused("export", "--output", "out", "--results", "light")
    assert {f.name for f in cli.folder.iterdir()} == {"light"}


def test_a_task_goes_out_and_its_answer_stands_in_the_table(cli):
    assert cli("run", "--methods", "popularity,random,oracle", "--seeds", "1").returncode == 0
    ended = cli("export-task", "--output", "task")
    assert ended.returncode == 0, ended
    assert "view rated-group\n" in ended.stdout
    train = [line.split(",")[1] for line in (cli.folder / "task" / "train.csv").read_text().splitlines()[1:]]
    rows = (cli.folder / "task" / "candidates-rated-group.csv").read_text().splitlines()[1:]
    answer = [f"{row},{train.count(row.split(',')[1])}" for row in rows]
    (cli.folder / "mine.csv").write_text("\n".join(["entity,item,score", *answer]))

    ended = cli("score", "mine.csv")
    assert ended.returncode == 0, ended
    assert ended.stdout.startswith(f"seed 0, rated-group: {len(rows)} candidates, all with a score\n")
    table = cli("table", "--view", "rated-group", "--format", "csv").stdout.splitlines()
    assert len(figures_of(table, "mine")) == 3
    assert figures_of(table, "mine") == figures_of(table, "popularity")


def figures_of(table: list[str], method: str) -> list[str]:
    """The means of a method in a table as CSV."""
    head, *rows = (line.split(",") for line in table)
    mean, name = head.index("mean"), head.index("method")
    return [row[mean] for row in rows if row[name] == method]


def test_scores_that_are_refused(cli):
    (cli.folder / "a.csv").write_text("entity,item,score\n0,3,1\n0,nothing,1\n")
    assert "a.csv:3: unknown item 'nothing'" in cli.refused("score", "a.csv")
    assert "b.csv: no such file" in cli.refused("score", "b.csv")
    assert "the name 'svd' is taken" in cli.refused("score", "a.csv", "--name", "svd")
    assert "unknown protocol" in cli.refused("score", "a.csv", "--protocol", "papers")
    assert "unknown option of the protocol" in cli.refused("score", "a.csv", "--option", "x=1")
    assert "unknown view of the protocol" in cli.refused("score", "a.csv", "--view", "x")
    assert [f.name for f in cli.folder.iterdir()] == ["a.csv"]


def test_results_of_two_machines_make_one_table(cli, finished):
    for name, methods in (("one", "svd"), ("two", "svd,item-mean")):
        assert cli("run", "--methods", methods, "--seeds", "2", "--results", name).returncode == 0
    ended = cli("merge", "one", "two", "--output", "both")
    assert ended.stdout == (
        "4 records written to both, 0 were there already, 2 of the same jobs left out\n"
    ), ended
    whole = cli("table", "--results", finished, "--format", "csv").stdout.splitlines()
    for method in ("svd", "item-mean"):
        table = cli("table", "--results", "both", "--format", "csv").stdout.splitlines()
        assert figures_of(table, method) == figures_of(whole, method)
    assert "holds no results" in cli.refused("merge", "nothing", "--output", "x")
    assert "unknown choice of --keep 'old'" in cli.refused("merge", "one", "--output", "x", "--keep", "old")
    assert not (cli.folder / "x").exists()


def test_packed_results_compare_as_the_runs_do(cli, finished):
    ended = cli("merge", finished, "--output", "kept", "--pack", "--significance", "10")
    assert ended.returncode == 0, ended
    said = [
        cli("compare", "svd", "item-mean", "--results", folder, "--view", "rated-user", "--format", "csv")
        for folder in (finished, "kept")
    ]
    assert said[0].stdout == said[1].stdout != ""
    assert cli("merge", "kept", "--output", "restored").returncode == 0
    again = cli("run", "--methods", "svd,item-mean", "--seeds", "2", "--results", "restored")
    assert "4 jobs: 0 run, 4 already there" in again.stderr + again.stdout, again
    assert "no recall@10 of single users or groups is kept" in cli.refused(
        "compare", "svd", "item-mean", "--results", "kept", "--view", "rated-user", "--metrics", "recall@10"
    )


def test_doctor_shows_the_state_of_the_code(cli):
    said = cli("doctor").stdout
    assert "code commit " in said
    assert "code state " in said
    assert "code sha256 " in said


@pytest.mark.data
@pytest.mark.parametrize("method", ["oracle", "svd", "ease", "bpr", "item-knn-bm25"])
def test_the_committed_run_is_reproduced(cli, real_data, method):
    folder = REFERENCE / "runs" / "itmrec" / "paper" / method
    ended = cli("reproduce", folder, "--data-dir", real_data)
    assert ended.returncode == 0, ended
    assert "1 run: 1 reproduced, 0 not, 0 failed" in ended.stdout


def test_options_that_contradict_the_folder_of_a_task_are_refused(cli):
    made = cli("export-task", "--protocol", "natural", "--layout", "agree", "--output", "task")
    assert made.returncode == 0
    np.save(cli.folder / "scores.npy", np.zeros((143, 70)))
    call = ("score", "scores.npy", "--view", "natural")
    for others in (("--seed", "3"), ("--protocol", "coupled"), ("--tau", "2")):
        assert "leave out the options that say others" in cli.refused(*call, "--task", "task", *others)
    assert "name the folder it was made for with --task" in cli.refused(*call)
    assert not (cli.folder / "results").exists()
    assert cli(*call, "--task", "task", "--seed", "0").returncode == 0


def test_information_on_data_that_cannot_be_read_ends_with_the_problem(cli):
    (cli.folder / "mine").mkdir()
    (cli.folder / "mine" / "ratings.csv").write_text("user,item,rating\na,b,many\nb,c,1\n")
    assert "ratings.csv:2: rating 'many' is no finite number" in cli.refused("data", "info", "mine")
