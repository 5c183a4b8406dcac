"""Metrics against other libraries, on lists without ties, where all of them define the same thing."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from groupbench.metrics import evaluate_scores

WIDTH = 24
CUTOFFS = (1, 3, 5, 10, 20)
GOLDEN = Path(__file__).parent / "golden"
"""Values of peers that take long to start, made by `golden/make.py`."""


@pytest.fixture(scope="module")
def lists():
    """3,000 ragged lists with 1 to 24 candidates, at least one of them relevant, all scores distinct."""
    rng = np.random.default_rng(42)
    scores = rng.permuted(np.tile(np.arange(WIDTH, dtype=float), (3000, 1)), axis=1)
    valid = np.arange(WIDTH) < rng.integers(1, WIDTH + 1, (3000, 1))
    relevant = (rng.random(valid.shape) < rng.random((3000, 1))) & valid
    relevant[~relevant.any(axis=1), 0] = True
    return scores, relevant, valid


def as_dicts(scores, relevant, valid):
    qrels, run = {}, {}
    for i, (s, r, v) in enumerate(zip(scores, relevant, valid, strict=True)):
        columns = np.flatnonzero(v)
        qrels[f"q{i}"] = {f"d{c}": int(r[c]) for c in columns if r[c]}
        run[f"q{i}"] = {f"d{c}": float(s[c]) for c in columns}
    return qrels, run


def assert_equal(ours, theirs):
    for name, values in theirs.items():
        np.testing.assert_allclose(ours[name], values, rtol=0, atol=1e-9, err_msg=name)


def test_trec_eval(lists):
    pytrec_eval = pytest.importorskip("pytrec_eval")
    names = {
        "precision": "P",
        "recall": "recall",
        "ndcg": "ndcg_cut",
        "map": "map_cut",
        "hit": "success",
    }
    qrels, run = as_dicts(*lists)
    cuts = ",".join(map(str, CUTOFFS))
    measures = {f"{theirs}.{cuts}" for theirs in names.values()} | {"recip_rank", "map"}
    result = pytrec_eval.RelevanceEvaluator(qrels, measures).evaluate(run)
    theirs = {
        f"{ours}@{k}": [result[q][f"{name}_{k}"] for q in qrels]
        for ours, name in names.items()
        for k in CUTOFFS
    }
    theirs[f"mrr@{WIDTH}"] = [result[q]["recip_rank"] for q in qrels]
    theirs[f"map@{WIDTH}"] = [result[q]["map"] for q in qrels]
    assert_equal(evaluate_scores(*lists, theirs), theirs)


def stored(name):
    """Lists of the kind of `lists`, and a peer's values, from a file in `golden`."""
    held = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))
    scores, relevant = held.pop("scores"), held.pop("relevant")
    valid = np.arange(WIDTH) < np.array([len(row) for row in scores])[:, None]
    arrays = np.zeros(valid.shape), np.zeros(valid.shape, bool)
    for array, rows in zip(arrays, (scores, relevant), strict=True):
        array[valid] = np.concatenate(rows)
    held.pop("made by")
    return (*arrays, valid), held


def test_ranx():
    lists, theirs = stored("ranx")
    assert len(theirs) == 30
    assert_equal(evaluate_scores(*lists, theirs), theirs)


@pytest.mark.slow
def test_ranx_itself(lists):
    """numba compiles for two minutes."""
    ranx = pytest.importorskip("ranx")
    names = {
        "precision": "precision",
        "recall": "recall",
        "ndcg": "ndcg",
        "map": "map",
        "hit": "hit_rate",
        "mrr": "mrr",
    }
    qrels, run = as_dicts(*lists)
    wanted = {f"{ours}@{k}": f"{name}@{k}" for ours, name in names.items() for k in CUTOFFS}
    scored = ranx.Run(run)
    ranx.evaluate(ranx.Qrels(qrels), scored, list(wanted.values()), return_mean=False)
    theirs = {ours: [scored.scores[name][q] for q in qrels] for ours, name in wanted.items()}
    assert_equal(evaluate_scores(*lists, theirs), theirs)


@pytest.mark.parametrize("k", CUTOFFS)
def test_sklearn_ndcg(lists, k):
    metrics = pytest.importorskip("sklearn.metrics")
    scores, relevant, _ = lists
    everything = np.ones_like(relevant)
    ours = evaluate_scores(scores, relevant, everything, [f"ndcg@{k}"])[f"ndcg@{k}"]
    theirs = [metrics.ndcg_score(relevant[i : i + 1], scores[i : i + 1], k=k) for i in range(500)]
    np.testing.assert_allclose(ours[:500], theirs, rtol=0, atol=1e-9)
    assert np.mean(ours) == pytest.approx(metrics.ndcg_score(relevant, scores, k=k), abs=1e-9)


@pytest.mark.parametrize("k", [3, 10, 24])
def test_sklearn_dcg_with_ties(lists, k):
    """scikit-learn too averages the gain over equal scores, so here ties may stay."""
    metrics = pytest.importorskip("sklearn.metrics")
    _, relevant, _ = lists
    scores = np.random.default_rng(3).integers(0, 6, relevant.shape).astype(float)
    ours = evaluate_scores(scores, relevant, np.ones_like(relevant), [f"ndcg@{k}"])[f"ndcg@{k}"]
    assert ours.mean() == pytest.approx(metrics.ndcg_score(relevant, scores, k=k), abs=1e-9)


@pytest.mark.parametrize("k", [3, 10])
def test_implicit(lists, k):
    pytest.importorskip("implicit")
    from implicit.cpu.als import AlternatingLeastSquares
    from implicit.evaluation import ranking_metrics_at_k
    from scipy.sparse import csr_matrix

    scores, relevant, _ = lists
    # The scores become user factors; one item apart, known to all, is the training that implicit demands.
    model = AlternatingLeastSquares(factors=WIDTH)
    model.user_factors = scores.astype(np.float32)
    model.item_factors = np.vstack([np.eye(WIDTH), np.zeros(WIDTH)]).astype(np.float32)
    known = csr_matrix(np.eye(WIDTH + 1)[[WIDTH] * len(scores)], dtype=np.float32)
    held_out = csr_matrix(np.pad(relevant, ((0, 0), (0, 1))), dtype=np.float32)
    theirs = ranking_metrics_at_k(model, known, held_out, K=k, show_progress=False)
    names = f"map_capped@{k}", f"ndcg@{k}", f"precision@{k}"
    ours = evaluate_scores(scores, relevant, np.ones_like(relevant), names)
    assert ours[f"map_capped@{k}"].mean() == pytest.approx(theirs["map"], abs=1e-9)
    assert ours[f"ndcg@{k}"].mean() == pytest.approx(theirs["ndcg"], abs=1e-9)
    # implicit's precision is pooled: hits of all lists over the sum of min(K, |Rel|).
    pooled = (ours[f"precision@{k}"] * k).sum() / np.minimum(relevant.sum(axis=1), k).sum()
    assert pooled == pytest.approx(theirs["precision"], abs=1e-9)
