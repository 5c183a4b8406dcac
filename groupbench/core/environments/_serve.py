"""The process in an environment: it fits a model of a library and gives scores, as its parent asks.

`python -I _serve.py DRIVER REQUESTS ANSWERS`: a file that knows the library, and descriptors of two pipes,
with one JSON object a line. Arrays come and go as NumPy files without pickles. Nothing of groupbench is
imported here: the Python may be another one (3.8 or later), and so may NumPy.
"""

from __future__ import annotations

import json
import os
import random
import select
import signal
import sys
import traceback
from contextlib import redirect_stdout
from importlib import metadata, util
from types import SimpleNamespace
from typing import Any

import numpy as np


def main(driver: str, requests: int, answers: int) -> None:
    """Answer requests until there are no more."""
    _end_with_parent(requests, answers)
    served = _Served(driver)
    with os.fdopen(requests, encoding="utf-8") as asked, os.fdopen(answers, "w", encoding="utf-8") as out:
        for line in asked:
            out.write(json.dumps(_answer(served, **json.loads(line))) + "\n")
            out.flush()


def _end_with_parent(requests, answers):
    """Fork a process that ends this one and all of its group when nobody can send requests any more."""
    if os.fork() != 0:
        return
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2, answers):
        os.dup2(nowhere, descriptor)
    closed = select.poll()
    closed.register(requests, 0)
    closed.poll()
    os.killpg(0, signal.SIGKILL)


def _answer(served, do, **arguments):
    try:
        with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):
            before = _reset_peak()
            value = getattr(served, do)(**arguments)
            return {"value": value, "peak_mb": max(0.0, _memory("VmHWM") - before)}
    except Exception as error:
        traceback.print_exc()
        kinds = [kind.__name__ for kind in type(error).__mro__]
        return {"kinds": kinds, "error": str(error)}


class _Served:
    """What can be asked for."""

    def __init__(self, driver):
        spec = util.spec_from_file_location("groupbench_driver", driver)
        self._driver = util.module_from_spec(spec)
        spec.loader.exec_module(self._driver)
        self._fitted = None

    def load(self) -> None:
        """Import the library."""
        self._driver.load()

    def describe(self) -> dict[str, Any]:
        """The version of Python, those of all packages, and the models."""
        return {
            "python": "{}.{}.{}".format(*sys.version_info[:3]),
            "packages": dict(sorted(_packages().items())),
            "models": self._driver.describe(),
        }

    def fit(self, model: str, parameters: dict[str, Any], seed: int, data: str) -> None:
        """Fit a model to the arrays in the file `data`."""
        with np.load(data, allow_pickle=False) as arrays:
            given = SimpleNamespace(**{name: arrays[name] for name in arrays.files})
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        if "torch" in sys.modules:
            sys.modules["torch"].manual_seed(seed)
        self._fitted = self._driver.fit(model, parameters, given, seed)

    def score(self, asked: str, scores: str) -> None:
        """Write what the users in the file `asked` score all items to the file `scores`."""
        users = np.load(asked, allow_pickle=False)
        self._write(scores, self._fitted.score(users))

    def score_groups(self, asked: str, scores: str) -> None:
        """The same for groups: all members, and where each group begins."""
        with np.load(asked, allow_pickle=False) as groups:
            members = np.split(groups["members"], groups["offsets"][1:-1])
        self._write(scores, self._fitted.score_groups(members))

    def _write(self, file, scores):
        np.save(file, np.ascontiguousarray(scores, dtype=np.float64), allow_pickle=False)


def _packages():
    """The version of every package by name; the one that is found first is the one that is imported."""
    found = {}
    for package in metadata.distributions():
        if package.metadata["Name"]:
            found.setdefault(package.metadata["Name"], package.version)
    return found


def _reset_peak():
    try:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
    except OSError:
        return float("inf")
    return _memory("VmRSS")


def _memory(field):
    """MiB of this process, as the kernel counts them."""
    try:
        with open("/proc/self/status") as file:
            return next(int(line.split()[1]) / 1024 for line in file if line.startswith(field))
    except (OSError, StopIteration):
        return 0.0


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
