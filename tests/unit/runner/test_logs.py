"""A log keeps its two ends, and says what it lost."""

from __future__ import annotations

import os

from groupbench.runner import logs


def test_a_long_log_is_cut_while_it_grows_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(logs, "MAX_BYTES", 1000)
    log = tmp_path / "log.txt"
    with log.open("ab", buffering=0) as printed:
        printed.write(b"begin" + b"a" * 1900)
        logs.cut(tmp_path)
        assert log.stat().st_size == 1905
        printed.write(b"b" * 1000)
        logs.cut(tmp_path)
        assert log.stat().st_size == 1000
        printed.write(b"c" * 500 + b"end")
    logs.finish(tmp_path)
    text = log.read_bytes()
    assert len(text) == 1000
    assert text.startswith(b"begin")
    assert text.endswith(b"c" * 497 + b"end")
    assert b"\n[... cut here: " in text
    logs.finish(tmp_path)
    assert text.endswith(b"end")


def test_a_short_log_stays_and_none_is_made(tmp_path):
    logs.cut(tmp_path)
    logs.finish(tmp_path)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "log.txt").write_text("all of it\n")
    logs.finish(tmp_path)
    assert (tmp_path / "log.txt").read_text() == "all of it\n"


def test_no_link_is_followed(tmp_path, monkeypatch):
    monkeypatch.setattr(logs, "MAX_BYTES", 10)
    (tmp_path / "other").write_text("x" * 100)
    os.symlink(tmp_path / "other", tmp_path / "log.txt")
    logs.cut(tmp_path)
    logs.finish(tmp_path)
    assert (tmp_path / "other").read_text() == "x" * 100
