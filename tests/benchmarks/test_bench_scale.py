"""A whole run on millions of ratings; its yardstick is how long pandas takes to read the same file."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

RUN = [sys.executable, "-c", "from groupbench.cli import main; main()", "run", "--quiet", "--no-references"]
USERS, ITEMS, ROWS = 200_000, 20_000, 5_000_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """5 million distinct ratings of 200,000 users, active and items popular to very different degrees."""
    rng = np.random.default_rng(7)
    activity = rng.lognormal(size=USERS)
    fame = 1 / (np.arange(ITEMS) + 20) ** 0.8
    pairs = np.empty(0, np.int64)
    while len(pairs) < ROWS:
        users = rng.choice(USERS, ROWS, p=activity / activity.sum())
        pairs = np.union1d(pairs, users * ITEMS + rng.choice(ITEMS, ROWS, p=fame / fame.sum()))
    pairs = rng.permutation(pairs)[:ROWS]
    users, items = pairs // ITEMS, pairs % ITEMS
    taste = rng.normal(0, 0.4, USERS)[users] + rng.normal(0, 0.5, ITEMS)[items]
    ratings = np.clip(np.rint(3.6 + taste + rng.normal(0, 0.9, ROWS)), 1, 5).astype(int)
    times = rng.integers(1_000_000_000, 1_500_000_000, ROWS)
    folder = tmp_path_factory.mktemp("data") / "ratings5m"
    folder.mkdir()
    frame = pd.DataFrame({"user": users, "item": items, "rating": ratings, "timestamp": times})
    frame.to_csv(folder / "ratings.csv", index=False)
    return folder


@pytest.mark.timeout(3600)
def test_popularity_on_five_million_ratings(benchmark, compared, folder, tmp_path):
    """From the file to the record, with the groups of 10,000 members that the default protocol forms."""
    start = time.perf_counter()
    frame = pd.read_csv(folder / "ratings.csv")
    reading = time.perf_counter() - start
    options = ["--methods", "popularity", "--aggregators", "average", "--seeds", "1"]
    where = ["--dataset", str(folder), "--results", str(tmp_path)]
    benchmark.pedantic(subprocess.run, ([*RUN, *options, *where],), {"check": True}, rounds=1)
    (file,) = tmp_path.rglob("run.json")
    record = json.loads(file.read_text())
    assert record["status"] == "done"
    counts = record["config"]["counts"]
    assert (counts["ratings"], counts["users"]) == (len(frame), frame["user"].nunique())
    assert counts["held-out ratings"] == len(frame) // 5
    if benchmark.stats is not None:
        compared(
            what="run --methods popularity on 5 million ratings; the yardstick is reading them",
            peer="read_csv of pandas",
            seconds=benchmark.stats.stats.median,
            peer_seconds=reading,
            peak_mb=max(record["peak_mb"].values()),
            peer_peak_mb=0.0,
            share=1.0,
            bar=None,
        )
