"""Spreads over members on real groups: what ties make of them, against orders shuffled here."""

from __future__ import annotations

import numpy as np
import pytest

from groupbench.core.registry import methods
from groupbench.core.stopwatch import Stopwatch
from groupbench.data.loading import load
from groupbench.evaluation.evaluate import evaluate
from groupbench.evaluation.protocols import make_protocol
from groupbench.evaluation.views import VIEWS
from groupbench.metrics import TIES, definition

N_GROUPS, N_ORDERS, K = 300, 100, 10
NAMES = ("min-ndcg@10", "jain-ndcg@10", "gini-ndcg@10")


def shuffled(case, rng):
    """Lowest NDCG@10 and the Jain and Gini index of every group, averaged over orders shuffled here."""
    truth, sizes, found = case.lists.members, case.lists.sizes, []
    discount = 1 / np.log2(np.arange(2, K + 2))
    for g, size in enumerate(sizes):
        rows = range(truth.segments.offsets[g], truth.segments.offsets[g + 1])
        n_liked = [n for n in truth.n_relevant[list(rows)] if n]
        items = [truth.keys[truth.keys // truth.n_items == row] % truth.n_items for row in rows]
        known = np.unique(np.concatenate(items))
        top = np.argsort(rng.random((N_ORDERS, size)), axis=1)[:, :K]
        # The liked items are the first candidates here: in a random order nobody can tell.
        values = np.array(
            [
                (np.isin(top, np.searchsorted(known, liked)) * discount).sum(axis=1)
                / discount[: len(liked)].sum()
                for liked in items
                if len(liked)
            ]
        )
        n, total = len(values), values.sum(axis=0)
        assert n == len(n_liked)
        gaps = np.abs(values[:, None] - values[None]).sum(axis=(0, 1))
        served = total > 0
        safe = np.where(served, total, 1)
        jain = np.where(served, total**2 / (n * np.where(served, (values**2).sum(axis=0), 1)), 1 / n)
        gini = np.where(served, gaps / (2 * n * safe), (n - 1) / n)
        found.append([values.min(axis=0).mean(), jain.mean(), gini.mean()])
    return np.array(found)


@pytest.mark.data
def test_random_serves_members_of_movielens_as_unequally_as_shuffled_lists(real_data):
    dataset = load("ml-100k", data_dir=real_data)
    task = make_protocol({"name": "coupled", "n_groups": N_GROUPS}).prepare(dataset, 0)
    case = VIEWS["coupled"].make_case(task)
    (found,) = evaluate(methods["random"].create(), task, [case], {}, Stopwatch(), metrics=NAMES)
    expected = shuffled(case, np.random.default_rng(0))

    for name, values in zip(NAMES, expected.T, strict=True):
        drawn = found.values["expected"][name]
        noise = (drawn - values).std() / np.sqrt(N_GROUPS)
        assert abs(drawn.mean() - values.mean()) < 4 * noise, name
        assert all(np.array_equal(found.values[ties][name], drawn) for ties in TIES)
        assert not definition(name).normalizable
    lowest, jain, gini = (found.means("expected")[name] for name in NAMES)
    assert lowest < 0.001
    assert 0.25 < jain < 0.32
    assert 0.68 < gini < 0.75
