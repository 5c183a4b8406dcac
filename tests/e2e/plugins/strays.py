"""Methods that write to the socket of their worker, or start what should outlive them."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from groupbench import Recommender, method


class Writes(Recommender):
    message = b""

    def fit(self, train, *, rng):
        self.shape = train.ratings.n_users, train.ratings.n_items
        for name in os.listdir("/proc/self/fd"):
            with suppress(OSError):
                if stat.S_ISSOCK(os.fstat(int(name)).st_mode):
                    os.write(int(name), self.message)
        return self

    def score(self, users):
        return np.zeros((len(users), self.shape[1]))


@method("stray-zeros")
@dataclass
class Zeros(Writes):
    """64 bytes that announce nothing."""

    message = bytes(64)


@method("stray-length")
@dataclass
class Length(Writes):
    """64 bytes that announce 2 GB."""

    message = b"\x7f\xff\xff\xff" + bytes(60)


@method("stray-json")
@dataclass
class Json(Writes):
    """A message that is a lie."""

    lie = b'{"status": "done", "reason": "", "by_method": false}'
    message = b"GBframe\n" + len(lie).to_bytes(8, "little") + lie


@method("leaves-a-daemon")
@dataclass
class Daemon(Writes):
    """A child in a session of its own."""

    def fit(self, train, *, rng):
        subprocess.Popen(
            [sys.executable, "-c", "import time; time.sleep(600)", "left-by-strays"], start_new_session=True
        )
        return super().fit(train, rng=rng)


@method("ends-its-parent")
@dataclass
class Orphan(Writes):
    """Ends the process that its own was forked from."""

    def fit(self, train, *, rng):
        os.kill(os.getppid(), signal.SIGKILL)
        return super().fit(train, rng=rng)
