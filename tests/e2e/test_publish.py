"""Results for a leaderboard: bundled, checked, run again."""

from __future__ import annotations

import json

METHODS = ("--methods", "item-mean,oracle", "--seeds", "1", "--no-references")


def test_a_bundle_is_checked_and_run_again(cli):
    cli("run", *METHODS)
    made = cli("submit", "-o", "ours.zip", "--as", "A. Author, My University")
    assert "2 records of 2 methods written to ours.zip" in made.stdout
    found = cli("verify", "ours.zip", "--sample", "9", "--draw", "1")
    assert found.returncode == 0
    assert "2 records by A. Author, My University" in found.stdout
    assert "2 runs: 2 reproduced, 0 not, 0 failed" in found.stdout
    assert cli("merge", "ours.zip", "-o", "all").returncode == 0
    assert "item-mean" in cli("table", "--results", "all").stdout


def test_a_better_figure_than_the_own_one_is_found_out(cli):
    cli("run", *METHODS)
    (file,) = (cli.folder / "results").glob("runs/*/*/item-mean/*/run.json")
    record = json.loads(file.read_text())
    for figures in record["figures"]:
        figures["values"] = dict.fromkeys(figures["values"], 0.9)
    file.write_text(json.dumps(record))
    cli("submit", "-o", "ours.zip", "--as", "A. Author")
    found = cli("verify", "ours.zip", "--sample", "9")
    assert found.returncode == 1
    assert "DIFFERS" in found.stdout


def test_nobody_submits_for_nobody(cli):
    cli("run", *METHODS)
    assert "--as: say who submits" in cli.refused("submit", "-o", "ours.zip", "--as", " ")
    assert not (cli.folder / "ours.zip").exists()
    assert "no bundle" in cli.refused("verify", "results/runs")


def test_what_is_not_here_is_said_and_the_rest_is_run(cli):
    (cli.folder / "mine").mkdir()
    rows = [f"u{u},i{i},{(u + i) % 5 + 1}" for u in range(12) for i in range(u % 3, 12, 2)]
    (cli.folder / "mine" / "ratings.csv").write_text("\n".join(["user,item,rating", *rows]) + "\n")
    (cli.folder / "mine" / "dataset.toml").write_text("scale = [1, 5]\n")
    cli("run", *METHODS, "--dataset", "mine,itmrec-sim", "--option", "n_groups=2")
    cli("submit", "-o", "ours.zip", "--as", "A. Author")
    with (cli.folder / "mine" / "ratings.csv").open("a") as file:
        file.write("u0,i1,3\n")
    found = cli("verify", "ours.zip", "--sample", "9")
    assert found.returncode == 0
    assert "2 records cannot be run again here: dataset mine is not what run" in found.stdout
    assert "2 runs: 2 reproduced" in found.stdout


def test_a_bundle_of_which_nothing_can_be_run_again_does_not_pass(cli):
    cli("run", *METHODS)
    cli("submit", "-o", "ours.zip", "--as", "A. Author")
    found = cli("verify", "ours.zip", "--longest", "0")
    assert found.returncode == 1
    assert "2 records took more than 0 seconds: not run again (--longest)" in found.stdout
    assert "nothing is run again: what the records say is not checked" in found.stdout
    assert cli("verify", "ours.zip", "--sample", "0").returncode == 0
