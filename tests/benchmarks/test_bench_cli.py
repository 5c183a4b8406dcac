"""How soon the command line answers, in a process of its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

OURS = [sys.executable, "-c", "from groupbench.cli import main; main()"]


def answered(command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(
    ("asked", "least"), [("--help", 1 / 6), ("list methods", 1 / 9)], ids=["help", "list"]
)
def test_start_of_python(versus, asked, least):
    """Bare Python is the peer: the ratio is one over how many times as long an answer takes."""

    def equal(ours, theirs):
        assert "method" in ours
        assert theirs == ""

    call = [*OURS, *asked.split()]
    answered(call)  # What is kept between calls is there.
    versus(
        f"groupbench {asked}, against python -c pass",
        partial(answered, call),
        partial(answered, [sys.executable, "-c", "pass"]),
        equal,
        against="bare Python",
        bar=least,
        rounds=15,
    )


@pytest.mark.parametrize("asked", ["--help", "list"])
def test_start(versus, asked):
    peer = shutil.which("lenskit", path=Path(sys.executable).parent)
    if peer is None:
        pytest.skip("the command lenskit is not there; install the extra 'bench'")

    def equal(ours, theirs):
        assert "Usage" in theirs
        assert ("Usage" if asked == "--help" else "svd") in ours

    versus(
        f"groupbench {asked}, against lenskit --help",
        partial(answered, [*OURS, asked]),
        partial(answered, [peer, "--help"]),
        equal,
        against="lenskit",
        bar=11,
    )
