"""All that a worker started, whatever session it is in: its descendants, and what bears its mark."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import signal
import tempfile
import time
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

MARK = "GROUPBENCH_WORKER"
"""The environment variable that tells whatever a worker starts whose it is."""

_ROUNDS = 20
"""How often to look for processes that were started meanwhile."""

_SUBREAPER = 36
"""The option of Linux by which orphans among its descendants become a process's children."""

_SHARED = re.compile(r"(?:sem\.loky-|joblib_memmapping_folder_|torch_)(\d+)[-_].*")
"""What joblib and torch leave behind where processes share memory, named after the process that made it."""


def adopt_orphans() -> None:
    """Stay the ancestor of all that this process starts, though what stands between them ends."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)


def end_tree(worker: int, mark: str) -> None:
    """Kill a worker and all that it started, at last its process group; remove what they shared.

    Args:
        worker: leader of its process group; the caller may be in it.
        mark: value of `MARK` in its environment.
    """
    ended = {worker}
    _kill(worker, signal.SIGSTOP)  # It starts nothing any more.
    for _ in range(_ROUNDS):
        if not (left := _marked_or_below(worker, mark) - {worker, os.getpid()}):
            break
        ended |= left
        for process in left:
            _kill(process, signal.SIGKILL)
        time.sleep(0.01)
    _kill(worker, signal.SIGKILL)
    _remove_shared(ended)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(worker, signal.SIGKILL)


def _kill(process: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.kill(process, number)


def _marked_or_below(worker: int, mark: str) -> set[int]:
    wanted, found = f"{MARK}={mark}".encode(), {worker}
    children = defaultdict(list)
    for name in filter(str.isdigit, _listed(Path("/proc"))):
        with suppress(OSError):
            state, parent = Path("/proc", name, "stat").read_bytes().rpartition(b")")[2].split()[:2]
            if state in b"ZX":
                continue
            children[int(parent)].append(int(name))
            if wanted in Path("/proc", name, "environ").read_bytes().split(b"\0"):
                found.add(int(name))
    queue = list(found)
    while queue:
        below = [child for child in children[queue.pop()] if child not in found]
        found.update(below)
        queue += below
    return found


def _remove_shared(processes: set[int]) -> None:
    folders = [Path("/dev/shm")]
    with suppress(OSError):
        folders.append(Path(tempfile.gettempdir()))
    for left in [folder / name for folder in folders for name in _listed(folder)]:
        match = _SHARED.fullmatch(left.name)
        if match and int(match[1]) in processes:
            with suppress(OSError):
                shutil.rmtree(left) if left.is_dir() and not left.is_symlink() else left.unlink()


def _listed(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []
