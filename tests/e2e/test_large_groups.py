"""Groups of ten thousand members are scored in the memory of small ones."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

SCORED = """
import json, sys
import numpy as np
from groupbench.core.memory import limited
from groupbench.core.registry import aggregators, methods
from groupbench.core.seeding import generator
from groupbench.core.stopwatch import Stopwatch
from groupbench.data.dataset import Ratings
from groupbench.data.groups import Groups
from groupbench.evaluation import scoring
from groupbench.models.recommender import TrainingData

scoring.PART = int(sys.argv[2])
rng = generator("large groups")
users, items, values = (rng.integers(0, n, 50_000) for n in (10_000, 8_000, 6))
rows = Ratings(users, items, values.astype(float), 10_000, 8_000)
train = TrainingData(rows, (1.0, 5.0), Groups.from_lists([np.arange(10_000)]))
method = methods[sys.argv[1]].create().fit(train, rng=rng)
chosen = {name: aggregators[name].create() for name in ("average", "least-misery")}
candidates = np.arange(0, 8_000, 2)[None]
watch = Stopwatch()
with limited(0.5), watch.phase("all"):
    source = scoring.ScoreSource(method, train, chosen, Stopwatch())
    every = np.ones(candidates.shape, dtype=bool)
    found = list(source.score("group", np.array([0]), candidates, every, predictions=False))
print(json.dumps([watch.peak_mb["all"], [[name, one.scores.tolist()] for name, one in found]]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("method", ["popularity", "item-mean"])
def test_large_groups_keep_to_the_budget(method):
    """40 million member scores are 305 MiB and more beside them; parts take less than half of that.

    `popularity` scores the candidates of each part alone, `item-mean` all items for every part again.
    """
    in_parts, whole = (scored(method, part) for part in (1_000_000, 10**9))
    assert in_parts[1] == whole[1]
    assert in_parts[0] < 150
    assert whole[0] > 300


def scored(method, part):
    """MiB by which scoring grows a process of its own, and the group scores by aggregator."""
    done = subprocess.run(
        [sys.executable, "-c", SCORED, method, str(part)], check=True, capture_output=True, text=True
    )
    return json.loads(done.stdout)
