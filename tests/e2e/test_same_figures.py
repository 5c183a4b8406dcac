"""Figures depend on what is asked for alone: not on workers, order, neighbours, kills or company."""

from __future__ import annotations

import os
import re
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest

FINISHED_LINE = re.compile(r"\[ *\d+/\d+] done")


def _descendants(root: int) -> set[int]:
    """Processes below `root`, from /proc."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if fields[0] != "Z":
                parents[int(entry.name)] = int(fields[1])
    found, more = {root}, True
    while more:
        below = {pid for pid, parent in parents.items() if parent in found} - found
        found, more = found | below, bool(below)
    return found - {root}


def _alive(pids: set[int]) -> set[int]:
    left = set()
    for pid in pids:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if state not in "ZX":
            left.add(pid)
    return left


def _gone(pids: set[int], within: float = 300.0) -> bool:
    end = time.monotonic() + within
    while _alive(pids) and time.monotonic() < end:
        time.sleep(0.05)
    return not _alive(pids)


def _stop_after(process, ended: int, sign: signal.Signals) -> set[int]:
    """Send `sign`, as a terminal does, once `ended` jobs are done; return the workers of that moment."""
    while ended and (line := process.stdout.readline()):
        ended -= bool(FINISHED_LINE.match(line))
    assert not ended
    end = time.monotonic() + 300
    # Held still while its workers are looked for, so that it cannot end before it is stopped.
    os.killpg(process.pid, signal.SIGSTOP)
    while not (workers := _descendants(process.pid)) and time.monotonic() < end:
        os.killpg(process.pid, signal.SIGCONT)
        time.sleep(0.02)
        os.killpg(process.pid, signal.SIGSTOP)
    os.killpg(process.pid, sign)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGCONT)
    process.wait(300)
    return workers


def test_number_of_workers_and_order_of_methods_and_seeds(cli, asked, finished, outcomes):
    backwards = ",".join(reversed(asked[2].split(",")))
    assert cli("run", "--methods", backwards, "--seeds", "1,0", "--jobs", 1).returncode == 0
    assert outcomes(cli.folder / "results") == outcomes(finished)


def test_a_method_alone(cli, finished, outcomes):
    assert cli("run", "--methods", "svd", "--seeds", "2", "--jobs", "1").returncode == 0
    assert outcomes(cli.folder / "results") == outcomes(finished, "svd")


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")
@pytest.mark.parametrize(
    ("ended", "sign", "status"),
    [
        (0, signal.SIGKILL, -9),
        (3, signal.SIGKILL, -9),
        (1, signal.SIGTERM, -15),
        (2, signal.SIGINT, 130),
    ],
)
def test_a_stopped_run_leaves_no_process_and_goes_on_where_it_stopped(
    cli, asked, finished, outcomes, ended, sign, status
):
    results = cli.folder / "results"
    # Where tests are run in the background this signal is ignored, and what they start would ignore it too.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with cli.running(*asked, "--jobs", "2") as process:
            workers = _stop_after(process, ended, sign)
            said = process.stderr.read()
    finally:
        signal.signal(signal.SIGINT, before)
    assert workers
    assert _gone(workers)
    assert process.returncode == status
    assert said == (
        "groupbench: interrupted; the same command goes on where it stopped\n" if status == 130 else ""
    )

    before = {file: file.stat().st_mtime_ns for file in results.glob("runs/*/*/*/*/run.json")}
    assert ended <= len(before) < 10
    again = cli(*asked, "--jobs", "2")
    assert again.stdout.splitlines()[-2] == (
        f"10 jobs: {10 - len(before)} run, {len(before)} already there, 0 failed"
    )
    assert {file: file.stat().st_mtime_ns for file in before} == before
    assert outcomes(results) == outcomes(finished)


def test_two_runs_share_a_results_folder(cli, asked, finished, outcomes):
    with cli.running(*asked, "-j", "2") as one, cli.running(*asked, "-j", "2") as other:
        said = [process.communicate(timeout=600) for process in (one, other)]
    assert [one.returncode, other.returncode] == [0, 0], said
    assert [errors for _, errors in said] == ["", ""]
    assert outcomes(cli.folder / "results") == outcomes(finished)
    left = [f.name for f in (cli.folder / "results").rglob("*") if f.is_file()]
    assert set(left) == {"run.json", "entities.parquet", "groups.parquet", "top.parquet"}


def test_half_written_files_do_not_count(cli, finished, asked, outcomes):
    results = cli.folder / "results"
    assert cli("run", "--methods", "svd", "--seeds", "2").returncode == 0
    first, second = sorted(results.glob("runs/*/*/*/*/run.json"))
    (first.parent / ".run.json.0123.tmp").write_bytes(first.read_bytes()[:100])
    first.unlink()
    second.write_bytes(second.read_bytes()[:1000])

    assert str(second.relative_to(cli.folder)) in cli.refused("table")
    again = cli("run", "--methods", "svd", "--seeds", "2")
    assert again.stdout.splitlines()[-2] == "2 jobs: 2 run, 0 already there, 0 failed"
    assert outcomes(results) == outcomes(finished, "svd")
