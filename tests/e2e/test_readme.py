"""What the README shows is what the commands do: each of them is run here."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PYTHON = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
LINES = re.findall(r"^    (.*\bgroupbench .*)$", README, flags=re.MULTILINE)
PARTS = [part for line in LINES for part in line.split("&&") if "groupbench " in part]
COMMANDS = [part.split("#")[0].strip() for part in PARTS]
REAL = re.compile(r"itmrec\b(?!-)|ml-100k|camra2011|scratch")
ON_REAL_DATA = [command for command in COMMANDS if REAL.search(command)]
STATISTICS = re.search(r"```text\n(\$ groupbench run .*?)```", README, flags=re.DOTALL)[1]
FEW = "svd,popularity,random,oracle"


def shown(word: str) -> str:
    """The first command of the README that has `word` in it."""
    return next(command for command in COMMANDS if word in command)


def shorter(command: str) -> list[str]:
    """What makes a run of the README short: fewer seeds and, where all are meant, fewer methods."""
    if command == "groupbench reproduce results":
        return ["--plugin", "shrunken_mean.py"]  # All commands share a folder, in which it was run.
    if not f"{command} ".startswith("groupbench run "):
        return []
    fewer = [] if "--methods" in command or "--config" in command else ["--methods", FEW]
    apart = ["--results", "of-folder"] if "path/to/folder" in command else []
    return [*fewer, *apart, "--seeds", "2"]


def without_cost(text: str) -> list[str]:
    """The lines of a table without seconds and memory, and with single blanks."""
    return [" ".join(re.sub(r" +\d+\.\d\d +\d+$", "", line).split()) for line in text.splitlines()]


def prepare(folder: Path, command: str) -> None:
    """Write the files that a command of the README takes for granted."""
    if "path/to/folder" in command:
        shutil.copytree(ROOT / "docs" / "examples" / "lunch", folder / "path" / "to" / "folder")
    if "mine.csv" in command:
        candidates = pd.read_csv(folder / "task" / "candidates-rated-group.csv")
        candidates.assign(score=candidates["item"]).to_csv(folder / "mine.csv", index=False)
    if "other/results" in command:
        shutil.copytree(folder / "results", folder / "other" / "results")


@pytest.mark.timeout(900)
def test_every_command_on_simulated_data(cli, call):
    (cli.folder / "shrunken_mean.py").write_text(PYTHON[0], encoding="utf-8")
    simulated = [command for command in COMMANDS if command not in ON_REAL_DATA]
    assert len(simulated) > 20
    for command in simulated:
        prepare(cli.folder, command)
        status, said = call(command, *shorter(command))
        assert status == 0, f"{command}\n{said}"
    for file in ("report.html", "bars.pdf"):
        assert (cli.folder / file).stat().st_size > 10_000
    assert {"lists", "task", "all"} <= {file.name for file in cli.folder.iterdir()}


def test_the_block_on_statistics_shows_what_is_printed(call):
    for part in STATISTICS.removeprefix("$ ").split("\n$ "):
        command, _, below = part.partition("\n")
        status, said = call(command)
        assert status == 0, said
        assert set(without_cost(below)) <= set(without_cost(said))


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_every_command_on_real_data(cli, call, real_data, monkeypatch):
    monkeypatch.setenv("GROUPBENCH_DATA", str(real_data))
    for command in dict.fromkeys(ON_REAL_DATA):
        one = ["--seeds", "1"] if " run " in command and "--seeds" not in command else []
        status, said = call(command, *one)
        assert status == 0, f"{command}\n{said}"


@pytest.mark.data
def test_the_doctor_of_real_data(call, real_data, monkeypatch):
    monkeypatch.setenv("GROUPBENCH_DATA", str(real_data))
    status, said = call(shown("data doctor"))
    assert status == 0
    assert "train" in said


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_the_two_commands(call):
    for command in COMMANDS[:2]:
        status, said = call(command)
        assert status == 0, said
    assert "dmtl" in said


def test_the_added_method(cli, call, statuses):
    (cli.folder / "shrunken_mean.py").write_text(PYTHON[0], encoding="utf-8")
    assert "  shrunken-mean " in call(shown("list methods"))[1]
    assert "0 failed" in call(shown("groupbench check"))[1]
    assert call(shown("shrunken-mean,svd"), "--seeds", "1")[0] == 0
    assert statuses(cli.folder / "results") == {
        "shrunken-mean[strength=5.0]": ("done", "simulated data"),
        "svd": ("done", "simulated data"),
    }


def test_the_python_example(cli):
    ended = subprocess.run(
        [sys.executable, "-c", PYTHON[1]], cwd=cli.folder, capture_output=True, text=True, check=True
    )
    for method in ("svd", "popularity", "random", "oracle"):
        assert method in ended.stdout


def test_every_listed_name_exists(cli):
    there = set(re.findall(r"^  (\S+)", cli("list").stdout, flags=re.MULTILINE))
    rows = [
        line
        for line in README.splitlines()
        if re.match(r"\| (methods|reference rows|protocols and views|data sets) ", line)
    ]
    named = {n for row in rows for n in re.findall(r"`([a-z][a-z0-9-]+)`", row)} - {"ratings"}
    assert len(named) > 35
    assert named <= there
