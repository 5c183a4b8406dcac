"""The one shape of all comparisons: ours and a peer's on the same inputs, in one session, values first."""

from __future__ import annotations

import ctypes
import gc
import os
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from groupbench.core.stopwatch import Stopwatch
from groupbench.data.dataset import Dataset, Ratings
from groupbench.data.loading import load
from tests.benchmarks import speed

os.environ.setdefault("GROUPBENCH_KERNELS", "on")

THREADS = int(os.environ.get("OMP_NUM_THREADS", "1"))
"""Of both sides; numba, which ranx runs on, has a NUMBA_NUM_THREADS of its own."""
SHOWN = pytest.StashKey[list]()


def pytest_addoption(parser):
    parser.addoption("--ratios", type=Path, help="run the benchmarks named in this file of ratios alone")


def pytest_collection_modifyitems(config, items):
    file = config.getoption("--ratios")
    if file is not None:
        named = speed.read_ratios(file)
        chosen = [item for item in items if name_of(item) in named]
        config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
        items[:] = chosen


def name_of(item):
    return item.nodeid.rpartition("benchmarks/")[2]


def timed(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


@pytest.fixture
def versus(benchmark, compared, with_peak):
    """`versus(what, ours, peer, equal, against=...)`: compare two ways to do the same work.

    Each side first runs once: `equal(ours, peers)` asserts that values are the same, and memory is taken.
    Then both run in turns, `rounds` times, and their medians are compared, in seconds of the same clock.
    `against` is the distribution that the peer comes from, or words for what it is. A peer that is too slow
    for all of the work does a `share` of it. `bar` is the ratio that is asked for. `work`, in thousand
    millions of `unit`, shows rates.
    """

    def compare(what, ours, peer, equal, *, against, bar=None, share=1.0, rounds=5, work=None, unit=""):
        peer_seconds = []
        with threadpool_limits(THREADS):
            found, peak = with_peak(ours)
            expected, peer_peak = with_peak(peer)
            equal(found, expected)
            del found, expected
            benchmark.pedantic(ours, setup=lambda: peer_seconds.append(timed(peer)), rounds=rounds)
        if benchmark.stats is None:
            return
        compared(
            what=what,
            peer=against if " " in against else f"{against} {version(against)}",
            seconds=benchmark.stats.stats.median,
            peer_seconds=float(np.median(peer_seconds)) / share,
            peak_mb=peak,
            peer_peak_mb=peer_peak,
            share=share,
            bar=bar,
            work=work,
            unit=unit,
        )

    return compare


@pytest.fixture
def compared(benchmark, request):
    """`compared(what=..., ...)`: save and show a `Comparison` that was measured."""

    def show(**measured):
        one = speed.Comparison(name=name_of(request.node), threads=THREADS, **measured)
        benchmark.extra_info |= speed.saved(one)
        request.config.stash.setdefault(SHOWN, []).append(one)

    return show


@pytest.fixture(scope="session")
def with_peak():
    """`with_peak(work)`: what the work returns, and how far it made resident memory grow, in MiB."""

    def measured(work):
        gc.collect()
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)  # else memory that is free, but was not given back, would hide growth
        watch = Stopwatch()
        with watch.phase("work"):
            found = work()
        return found, watch.peak_mb.get("work", 0.0)

    return measured


def pytest_terminal_summary(terminalreporter, config):
    if shown := config.stash.get(SHOWN, None):
        terminalreporter.section("ours and theirs")
        terminalreporter.write_line(speed.render(shown))


@pytest.fixture(scope="session")
def movielens():
    """ML-100K where GROUPBENCH_DATA has it; else ratings of its size, with popular items and two tastes."""
    folder = Path(os.environ.get("GROUPBENCH_DATA", "."))
    return load("ml-100k", folder) if (folder / "ml-100k").is_dir() else simulated(943, 1682, 100_000)


def simulated(n_users, n_items, n_rows):
    rng = np.random.default_rng(0)
    weights = np.outer(rng.lognormal(0, 1.0, n_users), rng.lognormal(0, 1.6, n_items)).ravel()
    pairs = rng.choice(len(weights), n_rows, replace=False, p=weights / weights.sum())
    users, items = pairs // n_items, pairs % n_items
    taste = (rng.normal(size=(n_users, 2)) @ rng.normal(size=(2, n_items)))[users, items]
    values = np.clip(np.rint(3.5 + 0.7 * taste + rng.normal(0, 0.8, n_rows)), 1, 5)
    ids = [tuple(map(str, range(n))) for n in (n_users, n_items)]
    return Dataset(
        "simulated",
        "ratings like those of MovieLens 100K",
        Ratings(users, items, values, n_users, n_items),
        *ids,
        (1.0, 5.0),
    )
