"""Folders that are exported appear whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from groupbench.core.errors import ConfigError, ResultError
from groupbench.core.files import new_folder


def test_what_was_written_appears_at_the_end(tmp_path):
    with new_folder(tmp_path / "a" / "b") as folder:
        (folder / "x").write_text("1")
        assert not (tmp_path / "a" / "b").exists()
    assert [f.name for f in (tmp_path / "a").iterdir()] == ["b"]
    assert (tmp_path / "a" / "b" / "x").read_text() == "1"


def test_an_error_leaves_nothing(tmp_path):
    def interrupted():
        with new_folder(tmp_path / "a") as folder:
            (folder / "x").write_text("1")
            raise KeyError

    with pytest.raises(KeyError):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_an_empty_folder_is_taken_and_a_full_one_refused(tmp_path):
    (tmp_path / "a").mkdir()
    with new_folder(tmp_path / "a") as folder:
        (folder / "x").write_text("1")
    with pytest.raises(ConfigError, match="is there already"), new_folder(tmp_path / "a"):
        pass
    assert (tmp_path / "a" / "x").exists()


def test_a_place_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ResultError, match="cannot write"), new_folder(tmp_path / "file" / "a"):
        pass


def test_the_folder_one_is_in_is_not_replaced(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="give the new one a name"), new_folder(Path()):
        pass
