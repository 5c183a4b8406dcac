"""What public metric functions are given is read without loss, or refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from groupbench.core.errors import MethodError, PluginError
from groupbench.evaluation.score_cache import checked
from groupbench.metrics import (
    METRICS,
    SPREADS,
    evaluate_rankings,
    evaluate_scores,
    exact_scores,
    rank,
    top_k,
)

SCORES = np.array([[3.0, 2.0, 1.0], [1.0, 2.0, 3.0]])
RELEVANT = np.array([[1, 0, 0], [0, 1, 0]])
VALID = np.ones((2, 3), dtype=bool)


def ndcg(scores=SCORES, relevant=RELEVANT, valid=VALID, **options):
    return evaluate_scores(scores, relevant, valid, ["ndcg@2"], **options)["ndcg@2"].tolist()


@pytest.mark.parametrize("dtype", [bool, int, np.uint8, float, np.float32])
def test_zeros_and_ones_of_any_type_are_relevance(dtype):
    plain = ndcg(relevant=RELEVANT.astype(bool))
    assert ndcg(relevant=RELEVANT.astype(dtype), valid=VALID.astype(dtype)) == plain
    recommended = np.array([[1, 1, 0], [0, 1, 1]])
    assert ndcg(recommended=recommended.astype(dtype)) == ndcg(recommended=recommended.astype(bool))
    whole = evaluate_rankings(RELEVANT.astype(dtype), np.array([1, 1]), ["hit@2"])["hit@2"]
    assert whole.tolist() == [1, 1]


@pytest.mark.parametrize(
    "grades", [2 * RELEVANT, RELEVANT - 1, RELEVANT * 0.5, RELEVANT * np.nan, RELEVANT.astype(str)]
)
def test_grades_are_refused(grades):
    for call in (
        lambda: ndcg(relevant=grades),
        lambda: ndcg(valid=grades),
        lambda: ndcg(recommended=grades),
        lambda: rank(SCORES, grades, VALID, 2),
        lambda: top_k(SCORES, grades, 2),
        lambda: evaluate_rankings(grades, np.array([1, 1]), ["ndcg@2"]),
    ):
        with pytest.raises(MethodError, match="other values than 0 and 1"):
            call()


def test_relevance_of_another_shape_is_refused():
    with pytest.raises(MethodError, match=r"relevant has shape \(2, 2\) instead of \(2, 3\)"):
        ndcg(relevant=RELEVANT[:, :2])
    with pytest.raises(MethodError, match="recommended has shape"):
        rank(SCORES, RELEVANT, VALID, 2, recommended=VALID[:1])


def test_masked_arrays_are_refused_where_something_is_masked():
    masked = np.ma.masked_equal(SCORES, 2.0)
    for call in (
        lambda: ndcg(scores=masked),
        lambda: ndcg(relevant=np.ma.masked_equal(RELEVANT, 1)),
        lambda: evaluate_rankings(np.ma.masked_equal(RELEVANT, 1), np.array([1, 1]), ["ndcg@2"]),
        lambda: top_k(masked, VALID, 2),
        lambda: checked("method", masked, (2, 3)),
    ):
        with pytest.raises(MethodError, match=r"masked in part; .*`valid`"):
            call()
    assert ndcg(scores=np.ma.array(SCORES, mask=False)) == ndcg()


@pytest.mark.parametrize(
    "scores",
    [
        np.array([[2**53 + 1, 2**53, 0]]),
        np.array([[-(2**53) - 1, -(2**53), 0]]),
        np.array([[2**64 - 1, 2**64 - 2, 0]], dtype=np.uint64),
        np.array([[np.longdouble(1) + np.finfo(np.longdouble).eps, 1, 0]], dtype=np.longdouble),
    ],
    ids=["large", "small", "unsigned", "long"],
)
def test_scores_that_would_tie_as_floats_are_refused(scores):
    if scores.dtype.itemsize == 8 and scores.dtype.kind == "f":
        pytest.skip("long doubles are doubles here")
    one, relevant = np.ones((1, 3), dtype=bool), np.eye(1, 3, dtype=bool)
    for call in (
        lambda: ndcg(scores, relevant, one),
        lambda: rank(scores, relevant, one, 2),
        lambda: top_k(scores, one, 2),
        lambda: checked("a method", scores, (1, 3)),
    ):
        with pytest.raises(MethodError, match=r"a method returned .* would tie"):
            call()


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int64, np.uint64, np.float16, np.longdouble])
def test_numbers_of_any_type_rank_by_their_value(dtype):
    assert top_k(np.array([[1, 3, 2], [5, 0, 9]], dtype=dtype), VALID, 3).tolist() == [[1, 2, 0], [2, 0, 1]]
    assert exact_scores(np.array([2**53, -(2**53)]), "a method").tolist() == [2.0**53, -(2.0**53)]


@pytest.mark.parametrize("kind", [bool, str, complex])
def test_what_is_no_number_is_no_score(kind):
    with pytest.raises(MethodError, match="return floats"):
        ndcg(scores=SCORES.astype(kind))


def test_no_plugin_replaces_a_spread_or_a_synonym():
    known = dict(METRICS)
    spreads = (f"{spread.name}-{base}" for spread in SPREADS for base in ("ndcg", "relevance"))
    for name in [*spreads, "bounded_recall"]:
        with pytest.raises(PluginError, match=f"metric '{name}' is already defined"):
            METRICS.register(replace(known["hit"], name=name))
    with pytest.raises(PluginError, match="'ndcg' is already defined"):
        METRICS.register(replace(known["hit"], name="my_own_gain", synonyms=("ndcg",)))
    assert known == METRICS
