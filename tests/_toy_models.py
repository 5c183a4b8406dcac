"""Knows the library `toy`, which tests put in an environment: its models end in all the ways there are."""

from __future__ import annotations

import os
import signal
import time

import numpy as np

LIBRARY = "toy"


def load():
    import toy  # noqa: F401


def describe():
    half = {
        "doc": "Scores the half of the items.\n\nMore words.",
        "parameters": {"k": 3, "rate": 0.5, "a-b": 1, "score": "x", "model": "y"},
    }
    group = {"doc": "", "parameters": {}, "groups": True}
    return {"Half": half, **{name: {"doc": "", "parameters": {}} for name in _ENDS}, "Group": group}


def fit(model, parameters, data, seed):
    _ENDS.get(model, lambda: None)()
    return _Fitted(int(data.n_items), **parameters)


class _Fitted:
    def __init__(self, n_items, k=0, rate=0.0):
        self.scores = np.arange(n_items) * 1.0 + k
        self.scores[::2] = np.nan

    def score(self, users):
        return np.tile(self.scores, (len(users), 1)) + users[:, None] / 1024

    def score_groups(self, groups):
        return np.stack([self.scores * len(group) for group in groups])


def _lack():
    raise ImportError("No module named 'dgl'")


def _fail():
    raise ValueError("k is too small")


def _run_out():
    raise MemoryError("no 9 GiB")


def _fill_disk():
    raise OSError(28, "No space left on device")


def _hang():
    while True:
        time.sleep(1)


_ENDS = {
    "Lacks": _lack,
    "Fails": _fail,
    "Hungry": _run_out,
    "Full": _fill_disk,
    "Leaves": lambda: os._exit(3),
    "Crashes": lambda: os.kill(os.getpid(), signal.SIGSEGV),
    "Killed": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "Hangs": _hang,
}
