"""A cluster of real Ray nodes on this machine, and the installed command as its users call it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests._calls import alone

PROGRAM = Path(sys.executable).with_name("groupbench")
MEMORY = 8 * 2**30


@dataclass
class Nodes:
    """A head without cores, and nodes with two cores each that know nothing of this machine's data."""

    cluster: object
    alive: list[object]

    @property
    def address(self) -> str:
        return self.cluster.address

    def add(self) -> None:
        self.alive.append(self.cluster.add_node(num_cpus=2, memory=MEMORY, object_store_memory=128 * 2**20))

    def kill(self) -> None:
        """End a node's raylet by SIGKILL, with all that runs below it."""
        self.cluster.remove_node(self.alive.pop(), allow_graceful=False)


@pytest.fixture(scope="session")
def nodes():
    pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patched.delenv("GROUPBENCH_DATA", raising=False)
        cluster = Cluster()
        cluster.add_node(num_cpus=0, object_store_memory=128 * 2**20, include_dashboard=False)
        found = Nodes(cluster, [])
        found.add()
        found.add()
    cluster.wait_for_nodes()
    yield found
    cluster.shutdown()


@pytest.fixture
def launch(tmp_path) -> Callable[..., subprocess.Popen]:
    """Starts `groupbench` in a folder of its own, as the leader of a session."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("COLUMNS", "RAY_ADDRESS"))}

    def start(*arguments: object) -> subprocess.Popen:
        return subprocess.Popen(
            [PROGRAM, *alone(arguments)],
            cwd=tmp_path,
            env={**kept, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    return start


@pytest.fixture
def call(launch) -> Callable[..., subprocess.CompletedProcess]:
    """Runs `groupbench` to its end."""

    def to_its_end(*arguments: object) -> subprocess.CompletedProcess:
        with launch(*arguments) as process:
            try:
                out, err = process.communicate(timeout=600)
            finally:
                process.kill()
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    return to_its_end


@pytest.fixture
def outcomes() -> Callable[[Path], dict[str, tuple[object, ...]]]:
    """What a results folder holds but for time and machine: each job's record and the bytes of its tables."""

    def read(results: Path) -> dict[str, tuple[object, ...]]:
        found = {}
        for file in results.glob("runs/*/*/*/*/run.json"):
            record = json.loads(file.read_text())
            for varies in ("seconds", "peak_mb", "environment", "finished"):
                del record[varies]
            tables = {table.name: table.read_bytes() for table in sorted(file.parent.glob("*.parquet"))}
            found[str(file.parent.relative_to(results))] = json.dumps(record), tables
        return found

    return read
