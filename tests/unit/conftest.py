"""Unit tests are quick: none starts a process of Python's; such tests stand in `tests/e2e`."""

from __future__ import annotations

import multiprocessing.util
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
RUNNING: list[str] = []
"""The unit test that runs, if one does."""


def _refuse_processes(event, arguments):
    if RUNNING and (
        event == "os.fork"
        or (event == "subprocess.Popen" and Path(str(arguments[0])).name.startswith("python"))
    ):
        pytest.fail(f"{RUNNING[-1]} starts a process; move it to tests/e2e")


sys.addaudithook(_refuse_processes)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    # pytest-xdist asks the hooks of every folder, not only those of the item's own.
    if not item.path.is_relative_to(HERE):
        return (yield)
    RUNNING.append(item.nodeid)
    try:
        return (yield)
    finally:
        RUNNING.pop()


@pytest.fixture(autouse=True, scope="session")
def _no_spawned_processes():
    """What `multiprocessing` spawns raises no audit event."""

    spawn = multiprocessing.util.spawnv_passfds

    def refused(*arguments):
        _refuse_processes("os.fork", arguments)
        return spawn(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(multiprocessing.util, "spawnv_passfds", refused)
        yield
