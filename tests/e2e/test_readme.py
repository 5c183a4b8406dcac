"""What the README shows is what the commands do."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
PYTHON = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
SHELL = [line.split("#")[0].strip() for line in README.splitlines() if line.startswith("    groupbench ")]


def shown(word: str) -> list[str]:
    """The one command of the README that has `word` in it, as arguments."""
    (line,) = [line for line in SHELL if word in line]
    return shlex.split(line)[1:]


def test_the_added_method(cli, statuses):
    (cli.folder / "shrunken_mean.py").write_text(PYTHON[0], encoding="utf-8")

    assert "  shrunken-mean " in cli(*shown("list methods")).stdout
    checked = cli(*shown("groupbench check"))
    assert checked.returncode == 0, checked
    assert "0 failed" in checked.stdout
    ran = cli(*shown("shrunken-mean,svd"), "--seeds", 1)
    assert ran.returncode == 0, ran

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


def test_tables_take_the_options_shown(cli, finished):
    ended = cli(*shown("--format latex"), "--results", finished)
    assert ended.returncode == 0, ended
    assert r"\begin{tabular}" in ended.stdout


@pytest.mark.parametrize("word", ["groupbench list ", "groupbench explain ndcg"])
def test_what_is_said_of_names(cli, word):
    lines = [line for line in SHELL if f"{line} ".startswith(word)]
    ended = cli(*shlex.split(lines[0])[1:])
    assert ended.returncode == 0
    assert "DCG" in ended.stdout


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


def test_the_page_and_a_figure(cli, finished):
    for word, file in (("groupbench report", "report.html"), ("plot bars", "bars.pdf")):
        ended = cli(*shown(word), "--results", finished)
        assert ended.returncode == 0, ended
        assert (cli.folder / file).stat().st_size > 10_000
