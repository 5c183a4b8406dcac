"""Compiled loops over ranked lists give what `Ranking` gives, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groupbench.core.errors import MethodError
from groupbench.core.kernels import VARIABLE
from groupbench.metrics import TIES, evaluate_rankings, evaluate_scores, families

ALL = [f"{name}@{k}" for name in families() for k in (9, 1, 3, 20)]
LAW = settings(max_examples=settings.default.max_examples // 2, deadline=None)


@st.composite
def lists(draw):
    """Narrow and wide ones, short ones, with few or many that are relevant, equal or not recommended."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    shape = draw(st.integers(1, 4)), draw(st.sampled_from([1, 5, 64, 130, 700]))
    scores = rng.integers(-2, draw(st.sampled_from([-1, 2, 50, 10**9])), size=shape) / 4
    scores[rng.random(shape) < 0.1] *= -0.0
    relevant, recommended = rng.random((2, *shape)) < draw(st.sampled_from([0.01, 0.3, 0.9]))
    valid = rng.random(shape) < draw(st.sampled_from([0.3, 1.0]))
    scores = np.where(valid, scores, draw(st.sampled_from([np.nan, np.inf])))
    return scores, relevant, valid, draw(st.sampled_from([None, recommended]))


def both(work):
    found = []
    for mode in ("off", "on"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(VARIABLE, mode)
            found.append(work())
    return found


def assert_equal(expected, compiled):
    assert list(compiled) == list(expected)
    for name, values in expected.items():
        np.testing.assert_array_equal(compiled[name], values, err_msg=name)


@pytest.mark.parametrize("ties", TIES)
@given(found=lists())
@LAW
def test_metrics_of_scores_are_the_same(ties, found):
    *given, recommended = found
    assert_equal(*both(lambda: evaluate_scores(*given, ALL, ties=ties, recommended=recommended)))


@given(found=lists())
@LAW
def test_so_are_those_of_rankings(found):
    relevant = found[1]
    n_relevant = relevant.sum(axis=1) + np.arange(len(relevant))
    assert_equal(*both(lambda: evaluate_rankings(relevant, n_relevant, ALL)))


@pytest.mark.parametrize("ties", TIES)
def test_so_is_what_follows_equal_candidates_whose_shares_add_up_to_no_whole_number(ties):
    scores, relevant = np.array([[1.0] * 9 + [0.5]]), np.arange(10)[None] >= 7
    assert sum([2 / 9] * 9) > 2.0
    assert_equal(*both(lambda: evaluate_scores(scores, relevant, np.ones_like(relevant), ALL, ties=ties)))


def test_scores_that_are_not_finite_are_refused_in_the_same_words(monkeypatch):
    monkeypatch.setenv(VARIABLE, "on")
    scores, every = np.array([[1.0, np.nan]]), np.ones((1, 2), dtype=bool)
    with pytest.raises(MethodError, match="1 of 2 scores are not finite, the first of them nan"):
        evaluate_scores(scores, every, every, ["ndcg@1"])
