"""How near the work that cannot be avoided we are: ratios below 1, of which 1 is the limit.

The peer is not a library but what the machine can do at best: a bare matrix product for scores of a factor
model, one pass over memory for the mean of members' scores. Both are shown as rates, too: operations of the
product, and bytes that have to be read and written once.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from groupbench.aggregation import MemberScores
from groupbench.baselines._surprise_scores import LinearForm
from groupbench.core.arrays import Segments
from groupbench.core.registry import aggregators


def test_scores_of_factors(versus):
    rng = np.random.default_rng(0)
    users, items = rng.normal(size=(4000, 100)), rng.normal(size=(5000, 100))
    linear = LinearForm(np.zeros(len(users)), np.zeros(len(items)), users, items)
    everybody = np.arange(len(users))

    versus(
        "4,000 x 5,000 scores from 100 factors; the limit is a bare product",
        partial(linear.scores, everybody),
        lambda: users @ items.T,
        lambda ours, product: np.testing.assert_allclose(ours, product, atol=1e-9),
        against="BLAS of NumPy",
        work=2 * 4000 * 5000 * 100 / 1e9,
        unit="FLOP",
    )


def test_mean_of_members(versus):
    rng = np.random.default_rng(0)
    scores = rng.normal(3.5, 0.7, size=(4000, 2000))
    members = MemberScores(
        scores, np.ones((1000, 2000), bool), Segments.from_sizes([4] * 1000), np.ones(4000), (1.0, 5.0)
    )
    strategy = aggregators["average"].create()
    out = np.empty((1000, 2000))

    versus(
        "mean of 1,000 groups of 4, 2,000 items; the limit is one pass over memory",
        lambda: strategy.aggregate(replace(members)),  # nothing is kept of the round before
        lambda: np.add.reduce(scores.reshape(1000, 4, 2000), axis=1, out=out) / 4,
        lambda ours, mean: np.testing.assert_allclose(ours, mean, atol=1e-9),
        against="memory bandwidth through NumPy",
        work=(scores.nbytes + out.nbytes) / 1e9,
        unit="B",
    )
