"""The index of names counts only while nothing has changed, and nothing of it is trusted."""

from __future__ import annotations

import json
import os
import re
import time

import pytest
import typer

from groupbench.cli import _index, app
from groupbench.cli._commands import COMMANDS, OPTIONS, help_page, version_line
from groupbench.core.version import VERSION

NAMES = {"methods": {"a": "One method.", "b": "Another."}, "views": {}}


@pytest.fixture
def source(tmp_path, monkeypatch):
    """A file of which an index is made, written long ago."""
    file = tmp_path / "source.py"
    file.write_text("1")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(_index, "_SETTLED", -(10**12))
    monkeypatch.setattr(_index, "_own_files", lambda: {str(file): _index._state(str(file))})
    monkeypatch.setattr(_index, "_other_files", lambda own: {})
    return file


def kept(tmp_path):
    (file,) = (tmp_path / "cache" / "groupbench" / "names").glob("*.json")
    return file


def test_what_was_made_is_read(source):
    assert _index.read() is None
    assert _index.made(lambda: NAMES) == NAMES
    assert _index.read() == NAMES


def test_a_change_of_a_source_is_seen_though_size_and_time_are_the_same(source):
    _index.made(lambda: NAMES)
    before = source.stat()
    source.write_text("2")
    os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))

    assert source.stat().st_size == before.st_size
    assert _index.read() is None


@pytest.mark.parametrize(
    "change",
    [
        lambda patch, folder: patch.setenv("GROUPBENCH_KERNELS", "off"),
        lambda patch, folder: patch.syspath_prepend(folder / "more"),
        lambda patch, folder: patch.setattr(_index, "VERSION", "0"),
        lambda patch, folder: patch.setattr(_index, "_own_files", dict),
        lambda patch, folder: patch.setattr(_index.sys, "version", "4.0"),
    ],
)
def test_whatever_decides_the_names_counts(source, monkeypatch, tmp_path, change):
    _index.made(lambda: NAMES)
    change(monkeypatch, tmp_path)

    assert _index.read() is None


def test_what_is_installed_counts(source, monkeypatch, tmp_path):
    place = tmp_path / "installed"
    (place / "mine-1.dist-info").mkdir(parents=True)
    monkeypatch.syspath_prepend(place)
    _index.made(lambda: NAMES)
    assert _index.read() == NAMES
    (place / "mine-1.dist-info" / "entry_points.txt").write_text("[groupbench.methods]\nmine = mine\n")
    assert _index.read() is None
    _index.made(lambda: NAMES)
    (place / "other-1.dist-info").mkdir()
    assert _index.read() is None


def test_sources_that_have_just_changed_make_no_index(source, monkeypatch):
    monkeypatch.setattr(_index, "_SETTLED", 10**12)
    _index.made(lambda: NAMES)
    assert _index.read() is None


def test_sources_that_change_meanwhile_make_no_index(source):
    def make():
        source.write_text("22")
        return NAMES

    assert _index.made(make) == NAMES
    assert _index.read() is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b"[" * 100_000,
        lambda index: {**index, "sections": {"methods": {"a": 1}}},
        lambda index: {**index, "sections": []},
        lambda index: {**index, "sections": {"methods": ["a"]}},
        lambda index: {**index, "others": 3},
    ],
)
def test_a_damaged_index_counts_as_none(source, tmp_path, content):
    _index.made(lambda: NAMES)
    file = kept(tmp_path)
    if callable(content):
        content = json.dumps(content(json.loads(file.read_text()))).encode()
    file.write_bytes(content)

    assert _index.read() is None
    _index.made(lambda: NAMES)
    assert _index.read() == NAMES


def test_an_index_that_others_can_write_counts_as_none(source, tmp_path):
    _index.made(lambda: NAMES)
    kept(tmp_path).chmod(0o666)
    assert _index.read() is None


def test_an_index_is_private_whatever_files_are_by_default(source):
    before = os.umask(0o002)
    try:
        _index.made(lambda: NAMES)
    finally:
        os.umask(before)

    assert _index.read() == NAMES


def test_a_relative_cache_is_ignored(source, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", "here")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    _index.made(lambda: NAMES)

    assert not (tmp_path / "here").exists()
    assert _index.read() == NAMES


def test_a_link_is_not_followed(source, tmp_path):
    _index.made(lambda: NAMES)
    file = kept(tmp_path)
    file.rename(tmp_path / "elsewhere.json")
    file.symlink_to(tmp_path / "elsewhere.json")
    assert _index.read() is None


def test_without_a_place_to_write_names_are_made_each_time(source, tmp_path):
    (tmp_path / "cache").write_text("a file")
    assert _index.made(lambda: NAMES) == NAMES
    assert _index.read() is None


def test_few_indexes_are_kept(source, tmp_path, monkeypatch):
    for number in range(_index._KEPT + 3):
        monkeypatch.setenv("GROUPBENCH_KERNELS", str(number))
        _index.made(lambda: NAMES)
        time.sleep(0.01)

    assert _index.read() == NAMES
    assert len(list((tmp_path / "cache" / "groupbench" / "names").iterdir())) == _index._KEPT


def test_the_page_of_help_names_every_command_and_option():
    page, program = help_page(), typer.main.get_command(app)
    flags = {flag for parameter in program.params for flag in parameter.opts if flag.startswith("-")}

    assert flags | {"-h", "--help"} == {flag for flags in OPTIONS for flag in flags.split(", ")}
    assert all(re.search(rf"^  {name} ", page, re.MULTILINE) for name in (*COMMANDS, *OPTIONS))
    assert version_line() == f"groupbench {VERSION}"
