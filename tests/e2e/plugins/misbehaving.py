"""Methods that break the contract, or the process they run in, each in its own way."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import subprocess
import sys
import time
from dataclasses import dataclass

import numpy as np

from groupbench import GroupRecommender, Recommender, method


@dataclass
class ByNumber(Recommender):
    """Items by their number: what is left when a method only misbehaves on the side."""

    relative_cost = 1000.0

    def fit(self, train, *, rng):
        self.train = train
        self.misbehave()
        return self

    def misbehave(self):
        """Nothing yet."""

    def score(self, users):
        return np.tile(np.arange(self.train.ratings.n_items, dtype=float), (len(users), 1))


@method("raises")
@dataclass
class Raises(ByNumber):
    def misbehave(self):
        raise RuntimeError("first line\n\x1b[31msecond line " + "x" * 5000)


@method("unspeakable")
@dataclass
class Unspeakable(ByNumber):
    def misbehave(self):
        class Wordless(Exception):
            def __str__(self):
                raise RuntimeError

        raise Wordless


@method("leaves")
@dataclass
class Leaves(ByNumber):
    def misbehave(self):
        sys.exit(0)


@method("interrupts")
@dataclass
class Interrupts(ByNumber):
    def misbehave(self):
        raise KeyboardInterrupt


@method("exits")
@dataclass
class Exits(ByNumber):
    def misbehave(self):
        os._exit(3)


@method("exits-but-forked")
@dataclass
class ExitsButForked(ByNumber):
    def misbehave(self):
        if os.fork() == 0:
            time.sleep(600)
        os._exit(3)


@method("segfaults")
@dataclass
class Segfaults(ByNumber):
    def misbehave(self):
        ctypes.string_at(0)


@method("killed")
@dataclass
class Killed(ByNumber):
    def misbehave(self):
        os.kill(os.getpid(), signal.SIGKILL)


@method("killed-strangely")
@dataclass
class KilledStrangely(ByNumber):
    def misbehave(self):
        os.kill(os.getpid(), signal.SIGRTMIN + 1)


@method("hangs-up")
@dataclass
class HangsUp(ByNumber):
    def misbehave(self):
        os.closerange(3, 256)


@method("hungry")
@dataclass
class Hungry(ByNumber):
    def misbehave(self):
        resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
        self.held = np.ones((16 << 30) // 8)


@method("nan")
@dataclass
class NotANumber(ByNumber):
    def score(self, users):
        return np.where(super().score(users) == 3, np.nan, 1.0)


@method("infinite")
@dataclass
class Infinite(ByNumber):
    def score(self, users):
        return np.full((len(users), self.train.ratings.n_items), -np.inf)


@method("transposed")
@dataclass
class Transposed(ByNumber):
    def score(self, users):
        return super().score(users).T


@method("objects")
@dataclass
class Objects(ByNumber):
    def score(self, users):
        return super().score(users).astype(object)


@method("nothing")
@dataclass
class Nothing(ByNumber):
    def score(self, users):
        return None


@method("ragged")
@dataclass
class Ragged(ByNumber):
    def score(self, users):
        return [[1.0] * (i % 2) for i in range(len(users))]


@method("bad-groups")
@dataclass
class BadGroups(GroupRecommender):
    def fit(self, train, *, rng):
        return self

    def score_groups(self, groups):
        return np.zeros(len(groups))


@method("no-method")
def no_method():
    return 3


@method("writes-input")
@dataclass
class WritesInput(ByNumber):
    def misbehave(self):
        self.train.ratings.values[:] = 1.0


@method("forces-input")
@dataclass
class ForcesInput(ByNumber):
    """Does what a careless library does through a raw pointer."""

    def misbehave(self):
        ratings = self.train.ratings
        for array in (ratings.values, ratings.users, ratings.items, self.train.groups.members):
            ctypes.memset(array.ctypes.data, 0, array.nbytes)


@method("ints")
@dataclass
class Ints(ByNumber):
    def score(self, users):
        return super().score(users).astype(np.int32)


@method("prints")
@dataclass
class Prints(ByNumber):
    def misbehave(self):
        print("out\n" * 500_000)
        os.write(2, b"err\n" * 500_000)


@method("closes-output")
@dataclass
class ClosesOutput(ByNumber):
    def misbehave(self):
        sys.stdout.close()
        sys.stderr = None


@method("forks")
@dataclass
class Forks(ByNumber):
    def misbehave(self):
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", "left-by-forks"])


@method("meddles")
@dataclass
class Meddles(ByNumber):
    def misbehave(self):
        os.chdir("/")
        os.environ.clear()
        np.random.seed = np.random.default_rng = None


@method("waits")
@dataclass
class Waits(ByNumber):
    def misbehave(self):
        time.sleep(600)


@method("computes-for-ever")
@dataclass
class ComputesForEver(ByNumber):
    """Holds the interpreter's lock, as compiled code may, and has a process of its own."""

    def misbehave(self):
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", "left-by-forks"])
        sum(range(10**13))
