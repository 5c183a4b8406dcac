"""A run that is killed again and again: no finished job is lost or done twice, and the table is the same."""

from __future__ import annotations

import os
import random
import signal
import time
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from groupbench.api import table
from groupbench.results import store

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc"),
]

KILLS = int(os.environ.get("GROUPBENCH_KILLS", "100"))
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
ASKED = ("run", "--methods", "random,popularity", "--seeds", "3", "--groups", "natural", "-j", "2", "--quiet")
JOBS = 6
COSTS = ["seconds", "mib", "joules"]
FILES = {"run.json", "entities.parquet", "groups.parquet", "top.parquet"}


@pytest.fixture(scope="module")
def asked(tmp_path_factory) -> tuple[str, ...]:
    """A run of six jobs on data so small that what is killed is the harness, not a method."""
    data = tmp_path_factory.mktemp("data") / "small"
    data.mkdir()
    rated = [(u, i) for u in range(12) for i in range(10) if (u + i) % 3]
    rows = [f"u{u},i{i},{u * i % 5 + 1}\n" for u, i in rated]
    (data / "ratings.csv").write_text("user,item,rating\n" + "".join(rows))
    (data / "groups.csv").write_text("group,user\n" + "".join(f"g{u // 3},u{u}\n" for u in range(12)))
    return (*ASKED, "--dataset", str(data))


@pytest.fixture(scope="module")
def whole(tmp_path_factory, call, asked):
    """The results of a run that nobody disturbed, and its seconds."""
    folder = tmp_path_factory.mktemp("whole")
    started = time.monotonic()
    ended = call(folder, *asked)
    assert ended.returncode == 0, ended
    return folder / "results", time.monotonic() - started


def test_a_hundred_kills(whole, asked, launch, call, tmp_path):
    expected, seconds = whole
    chance, kills, rounds = random.Random(0), 0, 0
    while kills < KILLS:
        rounds += 1
        folder = tmp_path / f"round-{rounds}"
        folder.mkdir()
        done: dict[Path, tuple[int, int]] = {}
        while len(done) < JOBS:
            kills += _disturbed(partial(launch, folder, *asked), chance, seconds)
            assert _soon(lambda folder=folder: not _processes(folder)), "a worker outlived its run"
            now = _done(folder / "results")
            assert {file: now.get(file) for file in done} == done, "a finished job was lost or done again"
            done = now
        assert call(folder, *asked).returncode == 0
        assert _done(folder / "results") == done, "a run of finished jobs did one again"
        _same(folder / "results", expected)
    print(f"{kills} kills in {rounds} rounds of {JOBS} jobs, of {seconds:.1f} s each if left alone")


def _disturbed(launch, chance: random.Random, seconds: float) -> bool:
    """Run and kill the run at a random moment, or a worker and then the run; whether that came in time."""
    with launch() as process:
        until = time.monotonic() + chance.uniform(0, seconds)
        while time.monotonic() < until and process.poll() is None:
            time.sleep(0.01)
        if chance.random() < 0.25 and (workers := _children(process.pid)):
            with suppress(ProcessLookupError):
                os.kill(chance.choice(workers), signal.SIGKILL)
            time.sleep(chance.uniform(0, 1))
        in_time = process.poll() is None
        process.send_signal(chance.choice(SIGNALS))
        said = process.communicate(timeout=600)[1]
        # Before the program's first line Python itself answers Ctrl-C.
        starting = "init_import_site" in said or "from groupbench.cli import main" in said
        assert "Traceback" not in said or starting, said
        return in_time


def _done(results: Path) -> dict[Path, tuple[int, int]]:
    """The records of finished jobs, with what tells whether a file was written again; none is damaged."""
    found = {}
    for file in results.glob("runs/*/*/*/*/run.json"):
        record = store.read(file.parent)
        if record.status == "done":
            assert store.is_done(file.parent, record.tuning)
            held = file.stat()
            found[file] = held.st_ino, held.st_mtime_ns
        else:
            assert record.status == "killed"
    return found


def _same(results: Path, expected: Path) -> None:
    """Compare tables but for costs, figures and every byte of parquet; nothing else may lie there."""
    one, other = (table(folder, views="all").drop(columns=COSTS) for folder in (results, expected))
    assert one.equals(other)
    folders = [f.parent.relative_to(expected) for f in expected.glob("runs/*/*/*/*/run.json")]
    assert len(folders) == JOBS
    for folder in folders:
        assert {f.name for f in (results / folder).iterdir()} == FILES
        assert store.read(results / folder).metrics == store.read(expected / folder).metrics
        for file in FILES - {"run.json"}:
            assert (results / folder / file).read_bytes() == (expected / folder / file).read_bytes()


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _processes(folder: Path) -> list[str]:
    """Processes whose current folder is `folder`: the run, its workers and what they started."""
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdigit() and (entry / "cwd").resolve() == folder.resolve():
                found.append(entry.name)
    return found


def _soon(holds, within: float = 300.0) -> bool:
    end = time.monotonic() + within
    while not holds() and time.monotonic() < end:
        time.sleep(0.02)
    return bool(holds())
