"""Fits that would need too much memory are refused before they begin."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from groupbench.baselines import _memory
from groupbench.baselines._memory import neighbors_kept, require_memory
from groupbench.core.errors import MethodError
from groupbench.core.registry import methods
from groupbench.core.seeding import generator
from groupbench.testing import small_training


def test_what_is_needed_is_compared_with_the_limit():
    require_memory("work", _memory.LIMIT, "rest")

    with pytest.raises(MethodError, match=r"work needs 16 GiB .* limit of 8 GiB; rest"):
        require_memory("work", 2 * _memory.LIMIT, "rest")


@pytest.mark.parametrize("k", [1, 3, 100])
def test_no_more_neighbours_are_kept_than_items_share_users(k):
    rng = np.random.default_rng(0)
    feedback = csr_array((rng.random((12, 30)) < 0.1).astype(float))
    shared = (feedback.T @ feedback).toarray() > 0
    kept = np.minimum(shared.sum(axis=1), k).sum()

    assert kept <= neighbors_kept(feedback, k) <= k * 30


@pytest.mark.parametrize(
    ("name", "parameter"), [("item-knn-cosine", "K"), ("item-knn-bm25", "K"), ("rp3beta", "topk")]
)
def test_neighbours_beyond_the_limit_are_refused(monkeypatch, name, parameter):
    monkeypatch.setattr(_memory, "LIMIT", 5000)
    train = small_training()

    methods[name].create(**{parameter: 1}).fit(train, rng=generator("memory"))
    with pytest.raises(MethodError, match=rf"24 items needs .* lower {parameter}=20, or use als"):
        methods[name].create(**{parameter: 20}).fit(train, rng=generator("memory"))
