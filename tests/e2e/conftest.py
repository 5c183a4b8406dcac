"""The installed command as users call it, and one finished run that many tests look at."""

from __future__ import annotations

import json
import os
import pty
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from groupbench.api import table
from groupbench.cli import main
from tests._calls import alone

PROGRAM = Path(sys.executable).with_name("groupbench")
METHODS = "random,item-mean,popularity,svd,oracle"
ASKED = ("run", "--methods", METHODS, "--seeds", "2")
PLUGIN_DIR = Path(__file__).parent / "plugins"


@dataclass(frozen=True)
class Command:
    """Calls `groupbench` in a folder, without what the surroundings of the tests may have set."""

    folder: Path

    def __call__(self, *arguments: object, timeout: float = 600, **environment: str):
        return subprocess.run(
            [PROGRAM, *alone(arguments)],
            cwd=self.folder,
            env=self._environment(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def on_terminal(self, *arguments: object, **environment: str) -> tuple[int, str]:
        """Exit status of a call whose output is a terminal, and all that was written to it."""
        ours, theirs = pty.openpty()
        with subprocess.Popen(
            [PROGRAM, *alone(arguments)],
            cwd=self.folder,
            env=self._environment({"TERM": "xterm-256color", "COLUMNS": "100", **environment}),
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=theirs,
        ) as process:
            os.close(theirs)
            shown = b""
            with suppress(OSError):  # The terminal is gone once its last writer is.
                while read := os.read(ours, 65536):
                    shown += read
        os.close(ours)
        return process.returncode, shown.decode()

    @contextmanager
    def running(self, *arguments: object) -> Iterator[subprocess.Popen]:
        with subprocess.Popen(
            [PROGRAM, *alone(arguments)],
            cwd=self.folder,
            env=self._environment({"PYTHONUNBUFFERED": "1"}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def refused(self, *arguments: object, status: int = 2, **environment: str) -> str:
        """The one line on standard error of a call that must be refused, without a traceback."""
        ended = self(*arguments, **environment)
        assert ended.returncode == status, ended
        assert ended.stderr.count("\n") == 1, ended.stderr
        assert ended.stderr.startswith("groupbench: ")
        return ended.stderr

    @staticmethod
    def _environment(more: dict[str, str]) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("GROUPBENCH_", "COLUMNS"))}
        return {**kept, **more}


@pytest.fixture
def cli(tmp_path) -> Command:
    return Command(tmp_path)


@pytest.fixture
def call(cli, monkeypatch, capsys) -> Callable[..., tuple[int, str]]:
    """Exit status and output of a command line with more arguments, run in this process, which is faster.

    One that loads plugins has a process of its own, as the names they add would stay.
    """
    monkeypatch.chdir(cli.folder)
    monkeypatch.setenv("GROUPBENCH_COMMAND", "")
    monkeypatch.delenv("GROUPBENCH_DATA", raising=False)

    def called(command: str, *more: str) -> tuple[int, str]:
        program, *arguments = [*shlex.split(command), *more]
        assert program == "groupbench"
        if "--plugin" in arguments:
            asks = arguments[0] == "run" and "--no-references" not in arguments
            ended = cli(*arguments, *["--references"] * asks)
            return ended.returncode, ended.stdout + ended.stderr
        monkeypatch.setattr(sys, "argv", [program, *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        return int(end.value.code or 0), "".join(capsys.readouterr())

    return called


@pytest.fixture(scope="session")
def command_in() -> type[Command]:
    """Makes the command for a folder."""
    return Command


@pytest.fixture(scope="session")
def plugins() -> Path:
    """The folder of plugin files."""
    return PLUGIN_DIR


@pytest.fixture(scope="session")
def asked() -> tuple[str, ...]:
    """The run of `finished`, to be asked for again."""
    return ASKED


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Path:
    """A results folder with ten jobs done, by four workers."""
    folder = tmp_path_factory.mktemp("finished")
    ended = Command(folder)(*ASKED, "--jobs", 4)
    assert ended.returncode == 0, ended
    return folder / "results"


@pytest.fixture(scope="session")
def outcomes() -> Callable[..., dict[tuple[str, int], tuple[object, ...]]]:
    """What a results folder holds but for time and machine: per method and seed figures and file contents."""

    def read(results: Path, *methods: str) -> dict[tuple[str, int], tuple[object, ...]]:
        found = {}
        for file in results.glob("runs/*/*/*/*/run.json"):
            record = json.loads(file.read_text())
            if not methods or record["method"] in methods:
                tables = {t.name: t.read_bytes() for t in sorted(file.parent.glob("*.parquet"))}
                held = (
                    record["key"],
                    record["status"],
                    json.dumps(record["figures"]),
                    record["views"],
                    tables,
                )
                found[record["method"], record["seed"]] = held
        return found

    return read


@pytest.fixture(scope="session")
def statuses() -> Callable[[Path], dict[str, tuple[str, str]]]:
    """Status and reason of each method in a results folder, as the table shows them."""

    def read(results: Path) -> dict[str, tuple[str, str]]:
        rows = table(results)
        return dict(zip(rows["method"], zip(rows["status"], rows["reason"], strict=True), strict=True))

    return read
