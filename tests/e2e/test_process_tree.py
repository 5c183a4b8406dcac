"""What a worker started ends with it, in whatever session, and what it shared is removed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from groupbench.runner.process_tree import MARK, end_tree

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/environ").exists(), reason="looks for processes in /proc"
)

WORKER = """
import os, subprocess, sys, time
from groupbench.runner.process_tree import adopt_orphans
adopt_orphans()
sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
children = [
    subprocess.Popen(sleep).pid,
    subprocess.Popen(sleep, start_new_session=True).pid,
    subprocess.Popen(sleep, start_new_session=True, env={}).pid,
]
# Its parent ends at once, and it knows no mark.
script = ["sh", "-c", "env -i sleep 600 & echo $!"]
shell = subprocess.Popen(script, stdout=subprocess.PIPE, start_new_session=True)
children.append(int(shell.stdout.readline()))
print(*children, flush=True)
time.sleep(600)
"""


def test_the_whole_tree_ends():
    mark = uuid.uuid4().hex
    with subprocess.Popen(
        [sys.executable, "-c", WORKER],
        env={**os.environ, MARK: mark},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as worker:
        children = [int(pid) for pid in worker.stdout.readline().split()]
        left = [Path(f"/dev/shm/sem.loky-{worker.pid}-x"), Path(f"/dev/shm/sem.loky-{worker.pid}1-x")]
        for file in left:
            file.touch()
        end_tree(worker.pid, mark)
        worker.wait(60)
    end = time.monotonic() + 60
    while any(map(_runs, children)) and time.monotonic() < end:
        time.sleep(0.05)
    assert len(children) == 4
    assert not any(map(_runs, children))
    assert [file.exists() for file in left] == [False, True]
    left[1].unlink()


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False
