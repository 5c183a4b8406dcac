"""A method that writes to its worker's socket costs its own job; what it starts does not outlive that."""

from __future__ import annotations

from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="methods look into /proc")


def test_stray_bytes_cost_their_job_alone(cli, plugins, statuses):
    names = "stray-zeros,stray-length,stray-json,leaves-a-daemon,ends-its-parent,random"
    call = ("run", "--plugin", plugins / "strays.py", "--methods", names, "--seeds", "1", "--jobs", "2")
    ended = cli(*call, "--groups", "natural", "--timeout", "500")
    assert ended.returncode == 1
    found = statuses(cli.folder / "results")
    assert {name: status for name, (status, _) in found.items()} == {
        "stray-zeros": "killed",
        "stray-length": "killed",
        "stray-json": "failed",
        "leaves-a-daemon": "done",
        "ends-its-parent": "done",
        "random": "done",
    }
    assert "something else than a message came" in found["stray-zeros"][1]
    assert "something else than a message came" in found["stray-length"][1]
    assert "there is no whole record" in found["stray-json"][1]
    lines = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(entry.read_bytes())
        except OSError:
            continue
    assert not any(b"left-by-strays" in line for line in lines)
