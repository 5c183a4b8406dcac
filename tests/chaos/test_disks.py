"""Disks that are full, files that may not grow, folders that are read-only: one line, and no half file."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
from pathlib import Path

import pytest

from groupbench.results import store

ASKED = ("run", "--methods", "random,item-mean", "--seeds", "2", "-j", "2")

pytestmark = pytest.mark.slow


def mount(*arguments: object) -> None:
    subprocess.run(["mount", *map(str, arguments)], check=True, capture_output=True)


@pytest.fixture
def disk(tmp_path):
    """A folder on a disk of 150 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    try:
        mount("-t", "tmpfs", "-o", "size=150k", "tmpfs", folder)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("a small disk can be mounted by root only")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def records(results: Path) -> list[store.RunRecord]:
    found = list(store.records(results))
    assert all(isinstance(record, store.RunRecord) for record in found)
    assert not list(results.rglob("*.tmp"))
    return found


def one_line(ended: subprocess.CompletedProcess, said: str) -> None:
    assert ended.returncode == 2, ended
    assert ended.stderr.count("\n") == 1, ended.stderr
    assert ended.stderr.startswith("groupbench: cannot write")
    assert said in ended.stderr


def test_a_full_disk_stops_the_run_and_it_goes_on_when_there_is_room(disk, call, tmp_path):
    results = disk / "results"
    ended = call(tmp_path, *ASKED, "--results", results)
    if ended.returncode == 2:
        one_line(ended, "No space left on device; free space")
    else:
        assert (ended.returncode, ended.stderr) == (1, "")
        assert "No space left on device; free space" in ended.stdout
    kept = {record.key for record in records(results) if record.status == "done"}
    assert len(kept) < 4

    mount("-o", "remount,size=8m", disk)
    again = call(tmp_path, *ASKED, "--results", results)
    assert f"4 jobs: {4 - len(kept)} run, {len(kept)} already there, 0 failed" in again.stdout
    assert {record.status for record in records(results)} == {"done"}


def test_a_read_only_disk_is_refused_before_anything_runs(disk, call, tmp_path):
    (disk / "results" / "runs").mkdir(parents=True)
    mount("-o", "remount,ro", disk)
    one_line(call(tmp_path, *ASKED, "--results", disk / "results"), "choose another --results folder")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_refused_before_anything_runs(call, tmp_path):
    (tmp_path / "results" / "runs").mkdir(parents=True)
    (tmp_path / "results" / "runs").chmod(0o555)
    one_line(call(tmp_path, *ASKED), "choose another --results folder")


def test_something_in_the_way_of_a_job_is_named(call, tmp_path):
    place = tmp_path / "results" / "runs" / "itmrec-sim"
    place.parent.mkdir(parents=True)
    place.write_text("not a folder")
    one_line(call(tmp_path, *ASKED), str(place))


def test_files_that_may_not_grow_fail_their_jobs_and_leave_nothing_half(call, tmp_path):
    limit = (20_000, 20_000)
    ended = call(tmp_path, *ASKED, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit))
    assert ended.returncode == 1
    assert "File too large; free space" in ended.stdout
    found = records(tmp_path / "results")
    assert {record.status for record in found} == {"failed"}
    assert {f.name for f in (tmp_path / "results").rglob("*") if f.is_file()} == {"run.json"}

    assert call(tmp_path, *ASKED).returncode == 0
    assert [record.status for record in records(tmp_path / "results")] == ["done"] * 4


def test_a_folder_that_vanishes_between_two_runs_is_made_again(call, tmp_path):
    assert call(tmp_path, *ASKED).returncode == 0
    first, *_ = sorted((tmp_path / "results").glob("runs/*/*/*/*"))
    shutil.rmtree(first)
    assert "4 jobs: 1 run, 3 already there, 0 failed" in call(tmp_path, *ASKED).stdout
    assert len(records(tmp_path / "results")) == 4
