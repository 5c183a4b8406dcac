"""Whatever happens, a command ends with one line and a status; nothing is printed into what is closed."""

from __future__ import annotations

import errno
import os
import sys

import pytest

from groupbench import cli
from groupbench.cli import _app
from groupbench.core.errors import MethodError


@pytest.fixture
def ends(monkeypatch, capsys):
    """Runs `main` with a command that raises; returns its status and what it says."""

    def call(error, *arguments):
        def app(**given):
            raise error

        monkeypatch.setattr(_app, "app", app)
        monkeypatch.setattr(sys, "argv", ["groupbench", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return ended.value.code, capsys.readouterr().err

    return call


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (ZeroDivisionError("by\nzero"), 1, "unexpected ZeroDivisionError: by zero; --debug shows where"),
        (MemoryError(), 1, "memory ran out; "),
        (OSError(errno.EMFILE, "Too many open files", "x"), 1, "x: Too many open files; allow more with"),
        (OSError(errno.ENOSPC, "No space left on device"), 1, "No space left on device; free space"),
        (BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"), 1, "'ulimit -u'"),
        (
            PermissionError(errno.EACCES, "Permission denied", "f"),
            1,
            "f: Permission denied; check",
        ),
        (
            OSError(errno.ENAMETOOLONG, "File name too long", "n"),
            1,
            "n: File name too long; choose",
        ),
        (MethodError("diverged"), 1, "diverged"),
        (KeyboardInterrupt(), 130, "interrupted; the same command goes on where it stopped"),
    ],
)
def test_an_error_is_one_line(ends, error, status, said):
    found, text = ends(error)
    assert found == status
    assert text.startswith("groupbench: ")
    assert said in text
    assert text.count("\n") == 1


def test_debug_shows_where(ends):
    _, text = ends(ZeroDivisionError("by zero"), "--debug")
    assert text.startswith("Traceback")
    assert text.endswith("groupbench: unexpected ZeroDivisionError: by zero; --debug shows where\n")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_output_is_one_line(monkeypatch, capsys):
    with open("/dev/full", "w", encoding="utf-8") as full:
        monkeypatch.setattr(_app, "app", lambda **given: print("a table"))
        monkeypatch.setattr(sys, "argv", ["groupbench"])
        monkeypatch.setattr(sys, "stdout", full)
        with pytest.raises(SystemExit) as ended:
            cli.main()
    assert ended.value.code == 1
    assert capsys.readouterr().err == (
        "groupbench: No space left on device; free space, or write elsewhere\n"
    )


def test_streams_that_are_not_there_lead_nowhere(monkeypatch):
    ran = []
    monkeypatch.setattr(
        _app, "app", lambda args, **given: (print("out"), print("err", file=sys.stderr), ran.append(args))[2]
    )
    monkeypatch.setattr(sys, "argv", ["groupbench", "table", "--debug"])
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    with pytest.raises(SystemExit, match=r"^$"):
        cli.main()
    assert ran == [["table"]]


def test_a_home_folder_that_the_shell_left_is_expanded(monkeypatch, tmp_path):
    seen = []
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(_app, "app", lambda args, **given: seen.append(args))
    arguments = ["run", "--results=~/x", "~/y", "--set", "svd.x=~", "--option=a=~/z", "a~b"]
    monkeypatch.setattr(sys, "argv", ["groupbench", *arguments])
    with pytest.raises(SystemExit, match=r"^$"):
        cli.main()
    home = str(tmp_path)
    expected = ["run", f"--results={home}/x", f"{home}/y", "--set", "svd.x=~", "--option=a=~/z", "a~b"]
    assert seen == [expected]


def test_a_home_of_nobody_is_refused(ends, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["groupbench", "run", "--results=~no-such-user-at-all/x"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
