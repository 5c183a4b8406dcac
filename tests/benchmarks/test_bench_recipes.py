"""Data sets of ten million check-ins: seconds and peak memory of reading them and of the whole command.

Each runs in a process of its own, as peaks of memory do not go down (a child's `ru_maxrss` would be that of
its parent). The log is made by a program: 200,000 users and 500,000 venues of skewed activity, and a quarter
of the rows are two friends and a third person who check in together. Seconds are those of the processor,
which other work on the machine does not lengthen. Run it with `-m slow --benchmark-only`.
"""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

N_ROWS, N_USERS, N_VENUES, N_FRIENDS = 10_000_000, 200_000, 500_000, 1_000_000
SECONDS, GIB = 60, 2
YEARS = 2 * 365 * 86_400
CALLS = {
    "co-visit": ["--log", "checkins.csv", "--friends", "friends.csv"],
    "co-presence": ["--log", "checkins.csv"],
    "attendance-components": ["--events", "events.csv", "--friends", "friends.csv"],
}
MEASURED = """
import json, re, sys, time
from pathlib import Path
start = time.perf_counter()
if sys.argv[1] == "read":
    from groupbench.data.recipes._log import Tally, read_log
    read_log(Tally(), sys.argv[2], timed=True)
else:
    sys.argv[0] = "groupbench"
    from groupbench.cli import main
    try:
        main()
    except SystemExit as end:
        assert not end.code, end.code
peak = int(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1]) / 2**20
seconds = time.perf_counter() - start
print(json.dumps({"seconds": seconds, "cpu": time.process_time(), "gib": peak}))
"""


@pytest.fixture(scope="module")
def logs(tmp_path_factory):
    """A folder with `checkins.csv`, `events.csv` and `friends.csv`."""
    from pyarrow import csv, table

    rng = np.random.default_rng(0)
    folder = tmp_path_factory.mktemp("logs")
    first = rng.integers(0, N_USERS, N_FRIENDS)
    friend = (first + 1 + rng.zipf(1.5, N_FRIENDS) % (N_USERS - 1)) % N_USERS
    csv.write_csv(table({"user": first, "friend": friend}), folder / "friends.csv")
    n_met = N_ROWS // 12
    pair, third = rng.integers(0, N_FRIENDS, (2, n_met))
    third = np.where(rng.random(n_met) < 0.5, friend[third], friend[pair])
    alone = N_ROWS - 3 * n_met
    venue, time = skewed(rng, N_VENUES, 1.0, n_met), rng.integers(0, YEARS, n_met)
    users = np.concatenate([skewed(rng, N_USERS, 0.8, alone), first[pair], friend[pair], third])
    venues = np.concatenate([skewed(rng, N_VENUES, 1.0, alone), venue, venue, venue])
    later = [time + rng.integers(0, 1200, n_met) for _ in range(2)]
    times = np.concatenate([rng.integers(0, YEARS, alone), time, *later])
    order = rng.permutation(len(users))
    rows = {"user": users[order], "item": venues[order], "timestamp": times[order] + 1_300_000_000}
    csv.write_csv(table(rows), folder / "checkins.csv")
    csv.write_csv(table({"user": rows["user"], "event": rows["item"]}), folder / "events.csv")
    return folder


def skewed(rng, n, power, size):
    """Numbers below `n`, of which number i is drawn in proportion to (i + 10) ** -power."""
    shares = np.cumsum((np.arange(n) + 10.0) ** -power)
    return rng.permutation(n)[np.searchsorted(shares, rng.random(size) * shares[-1])]


def measured(folder, *arguments):
    ended = subprocess.run(
        [sys.executable, "-c", MEASURED, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout.splitlines()[-1])


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("recipe", CALLS)
def test_ten_million_rows(benchmark, logs, tmp_path, recipe):
    reading = measured(logs, "read", "checkins.csv")
    found = {}
    call = ["data", "build", recipe, *CALLS[recipe], "-o", str(tmp_path / "new")]
    benchmark.pedantic(lambda: found.update(measured(logs, *call)), rounds=1)
    counts = json.loads((tmp_path / "new" / "manifest.json").read_text(encoding="utf-8"))["counts"]
    benchmark.extra_info.update(reading=reading, whole=found, counts=counts)
    print(recipe, "reading", reading, "whole", found, counts)
    assert counts["groups"] > 1000
    assert found["cpu"] <= SECONDS
    assert found["gib"] <= GIB
