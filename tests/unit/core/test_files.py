"""A file is there whole or not at all; writers to one folder take turns and tidy up after the dead."""

from __future__ import annotations

import errno
import fcntl
import os
import tempfile
import threading
from contextlib import contextmanager

import pyarrow as pa
import pytest

from groupbench.core.errors import ConfigError, ResultError, UnreadableError
from groupbench.core.files import (
    alone,
    expanded,
    is_whole_parquet,
    read_bytes,
    read_text,
    replacing,
    require_regular,
    scratch,
    write_parquet,
    writing,
)


def test_a_file_replaces_another_at_the_end(tmp_path):
    target = tmp_path / "file"
    target.write_text("old")
    with replacing(target) as temporary:
        temporary.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("error", [OSError("disk"), KeyboardInterrupt(), SystemExit(1)])
def test_what_fails_leaves_the_old_file_alone(tmp_path, error):
    target = tmp_path / "file"
    target.write_text("old")

    def fail():
        with replacing(target) as temporary:
            temporary.write_text("half")
            raise error

    with pytest.raises(type(error)):
        fail()
    assert [f.read_text() for f in tmp_path.iterdir()] == ["old"]


def test_a_disk_that_is_full_at_the_last_moment_leaves_nothing(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"), replacing(tmp_path / "file") as temporary:
        temporary.write_text("new")
    assert list(tmp_path.iterdir()) == []


def test_writers_take_turns(tmp_path):
    seen = []

    def write():
        with alone(tmp_path):
            seen.append("second")

    second = threading.Thread(target=write)
    with alone(tmp_path):
        second.start()
        second.join(0.2)
        seen.append("first")
    second.join(10)
    assert seen == ["first", "second"]


def test_what_the_dead_left_is_removed_and_nothing_else(tmp_path):
    for name in (".run.json.0123.tmp", "run.json", ".hidden", "notes.tmp"):
        (tmp_path / name).write_text("x")
    with alone(tmp_path):
        assert {f.name for f in tmp_path.iterdir()} == {"run.json", ".hidden", "notes.tmp"}


def test_without_locks_nothing_is_removed(tmp_path, monkeypatch):
    def unsupported(descriptor, operation):
        raise OSError(errno.EBADF, "Bad file descriptor")

    monkeypatch.setattr(fcntl, "flock", unsupported)
    (tmp_path / ".run.json.0123.tmp").write_text("another writer's")
    with alone(tmp_path):
        assert [f.name for f in tmp_path.iterdir()] == [".run.json.0123.tmp"]


def test_a_table_that_was_cut_off_is_told_from_a_whole_one(tmp_path):
    file = tmp_path / "table.parquet"
    assert not is_whole_parquet(file)
    write_parquet(pa.table({"x": [1, 2]}), file)
    assert is_whole_parquet(file)
    whole = file.read_bytes()
    for damaged in (whole[:-1], whole[1:], whole[:4], whole[:3], b"", b"\0" * len(whole)):
        file.write_bytes(damaged)
        assert not is_whole_parquet(file)


def test_a_scratch_folder_is_removed_after_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def interrupted():
        with scratch("groupbench-x-") as folder:
            (folder / "file").touch()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_a_scratch_folder_that_another_took_for_left_behind_is_made_again(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    make, made = tempfile.mkdtemp, []

    def taken(**options):
        made.append(make(**options))
        if len(made) == 1:
            os.rmdir(made[0])
        return made[-1]

    monkeypatch.setattr(tempfile, "mkdtemp", taken)
    with scratch("groupbench-x-") as folder:
        assert str(folder) == made[1]
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def pipe(tmp_path):
    """Makes a pipe in a place where a file should be."""

    def make(name):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        os.mkfifo(tmp_path / name)
        return tmp_path / name

    return make


@pytest.mark.timeout(20)
def test_a_pipe_is_no_file(pipe, tmp_path):
    for read in (read_bytes, read_text, require_regular):
        with pytest.raises(OSError, match="this is a pipe or a device, not a file"):
            read(pipe(f"{read.__name__}"))
        with pytest.raises(OSError, match="this is a folder, not a file"):
            read(tmp_path)
    with pytest.raises(UnreadableError, match=r"x\.parquet cannot be read: this is a pipe"):
        is_whole_parquet(pipe("x.parquet"))
    require_regular(tmp_path / "not there")
    (tmp_path / "file").write_text("é", encoding="utf-8")
    assert read_text(tmp_path / "file") == "é"


def test_no_device_is_replaced_by_a_file(pipe):
    target = pipe("device")
    with pytest.raises(OSError, match="this is a pipe or a device"), replacing(target):
        pass
    assert target.is_fifo()
    with (
        pytest.raises(ResultError, match=r"cannot write .*device: this is a pipe or a device"),
        writing(target),
    ):
        pass


@pytest.mark.timeout(20)
def test_a_lock_that_another_holds_is_not_waited_for_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr("groupbench.core.files.LOCK_SECONDS", 0.1)
    with tmp_path_lock(tmp_path), pytest.raises(OSError, match=r"locked it for 0\.1 s"), alone(tmp_path):
        pass
    with alone(tmp_path):
        pass


@contextmanager
def tmp_path_lock(folder):
    descriptor = os.open(folder, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    yield
    os.close(descriptor)


def test_a_path_in_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert expanded("~/x") == f"{tmp_path}/x"
    assert expanded("~") == str(tmp_path)
    assert expanded(tmp_path / "~") == f"{tmp_path}/~"
    assert expanded("./~/x") == "./~/x"
    with pytest.raises(ConfigError, match=r"write \./~no-such-user-at-all/x"):
        expanded("~no-such-user-at-all/x")
