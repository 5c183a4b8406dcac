"""Command lines of nonsense: whatever a command is given, it ends soon, without a traceback, in one line."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from itertools import islice

import numpy as np
import pytest

from groupbench.cli import load_all, main

VALUES = (
    "", " ", ",", "=", ".", "-", "--", "-1", "0", "1.5", "nan", "inf", "1e309", "9" * 30, "true", "null",
    "nowhere", "../..", "a\nb", "\x1b[31m", "\U0001f3ac", "\udcff", "{}", "[[", "%s", "a.b=c", "=c", "a=",
    "'", "afile", "folder", "torn.toml", "torn.py", "twice.csv", "/proc/self/mem/x",
)  # fmt: skip
"""What stands in place of the value of an option or an argument."""

CALLS = {
    "run": "--methods random --dataset data --option n_groups=2 --seeds 1 --jobs 1 --results kept",
    "tune": "--methods random --dataset data --option n_groups=2 --trials 1 --repeats 1 --jobs 1",
    "table": "--results kept",
    "report": "--results kept -o report.html",
    "compare": "random item-mean --results kept",
    "list": "methods",
    "explain": "ndcg@10",
    "check": "nothing",
    "card": "--results kept",
    "doctor": "--results kept",
    "export": "-o out --results kept",
    "export-task": "-o out --dataset data --option n_groups=2",
    "score": "twice.csv --dataset data --option n_groups=2",
    "merge": "kept -o out",
    "reproduce": "nothing --results kept",
    "submit": "--results kept -o bundle.zip --as me",
    "verify": "twice.csv",
    "env make": "nothing",
    "env list": "",
    "env remove": "nothing",
    "new method": "something",
    "new aggregator": "something",
    "new metric": "something",
    "new dataset": "something",
    "new view": "something",
    "data fetch": "data",
    "data check": "data",
    "data info": "data",
    "data doctor": "data",
    "data build attendance-components": "--events data/ratings.csv --friends friends.csv -o new",
    "data build co-visit": "--log data/ratings.csv --friends friends.csv -o new",
    "data build co-presence": "--log data/ratings.csv -o new",
    "data build all-rated": "--log data/ratings.csv --n-groups 4 --min-items 1 -o new",
    "data build all-rated-liked": "--log data/ratings.csv --n-groups 4 --min-items 1 -o new",
    "data build similar-by-embedding": "--log data/ratings.csv --dimensions 2 --n-groups 4 -o new",
    "data build subset": "--log data -o new",
    "plot bars": "--results kept -o bars.svg",
    "plot pareto": "--results kept -o pareto.svg",
    "plot by-size": "--results kept -o size.svg",
    "plot cd": "--results kept -o cd.svg",
    "plot distribution": "--results kept -o distribution.svg",
    "plot training": "--method random --dataset data",
    "plot tsne": "--method random --dataset data",
    "plot attention": "--method random --dataset data",
    "plot lambda": "--method random --dataset data",
    "study ablation": "--method random --dataset data",
    "study lambda": "--method random --dataset data",
    "study profiling": "--method random --dataset data",
}
"""A call of every command that is soon over."""

EACH = 8
"""Lines of nonsense per command."""


@pytest.fixture(scope="module")
def place(tmp_path_factory, call):
    """A folder with data, results of three methods, and files that hold nothing of use."""
    folder = tmp_path_factory.mktemp("place")
    rows = [f"u{u},i{i},{(u + i) % 5 + 1}" for u in range(12) for i in range(u % 3, 12, 2)]
    (folder / "data").mkdir()
    (folder / "data" / "ratings.csv").write_text("\n".join(["user,item,rating", *rows]) + "\n")
    (folder / "folder").mkdir()
    for name, text in (("afile", "x"), ("torn.toml", "["), ("torn.py", "def (")):
        (folder / name).write_text(text)
    (folder / "friends.csv").write_text("user,friend\nu1,u2\n")
    (folder / "twice.csv").write_text("entity,item,score\nu1,i1,1\nu1,i1,2\n")
    methods = CALLS["run"].replace("random", "random,item-mean,oracle")
    assert call(folder, "run", *methods.split()).returncode == 0
    return folder


def commands(group: object, before: tuple[str, ...] = ()) -> Iterator[tuple[str, object]]:
    """Every command below a group, by its words."""
    for name, command in group.commands.items():
        words = (*before, name)
        if hasattr(command, "commands"):
            yield from commands(command, words)
        else:
            yield " ".join(words), command


KNOWN = dict(commands(load_all()))


def nonsense(name: str) -> Iterator[list[str]]:
    """Calls of a command in which one, two or three of its values are nonsense."""
    rng = np.random.default_rng([*name.encode()])
    options = [p for p in KNOWN[name].params if p.param_type_name == "option" and p.name != "help"]
    while True:
        line = [*name.split(), *CALLS[name].split()]
        for _ in range(rng.integers(1, 4)):
            value = VALUES[rng.integers(len(VALUES))]
            kind = rng.integers(6)
            if kind == 0 or not options:
                line.insert(int(rng.integers(len(name.split()), len(line) + 1)), value)
                continue
            option = options[rng.integers(len(options))]
            line += [option.opts[0]] if option.is_flag else [option.opts[0], value]
        yield line


def test_every_command_is_called():
    assert CALLS.keys() == KNOWN.keys()
    assert EACH * len(CALLS) >= 200


@pytest.mark.timeout(240)
@pytest.mark.parametrize("name", CALLS)
def test_nonsense_is_refused_in_one_line(name, place, tmp_path, monkeypatch, capfd):
    work = tmp_path / "work"
    shutil.copytree(place, work)
    monkeypatch.chdir(work)
    monkeypatch.setenv("GROUPBENCH_COMMAND", "")
    monkeypatch.delenv("GROUPBENCH_DATA", raising=False)
    for line in islice(nonsense(name), EACH):
        monkeypatch.setattr(sys, "argv", ["groupbench", *line])
        with pytest.raises(SystemExit) as end:
            main()
        said = capfd.readouterr()
        assert end.value.code in (None, 0, 1, 2), (line, said)
        assert "Traceback" not in said.out + said.err, line
        if end.value.code == 2:
            refusals = [text for text in said.err.splitlines() if text.startswith("groupbench: ")]
            assert len(refusals) == 1 or said.out, (line, said.err)
