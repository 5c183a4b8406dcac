"""Agreement with a truth that is an answer itself, against every order and against SciPy."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kendalltau

from groupbench.metrics import bounds, first_choice, first_is_tied, kendall


@st.composite
def answers(draw):
    """Scores and truths of a few lists, with ties, gaps and lists of different lengths."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = draw(st.integers(1, 5)), draw(st.integers(1, 7))
    scores, truth = (rng.integers(0, 4, shape).astype(float) for _ in range(2))
    truth[rng.random(shape) < draw(st.sampled_from([0.0, 0.3]))] = np.nan
    lengths = rng.integers(1, shape[1] + 1, shape[0])
    return scores, truth, np.arange(shape[1]) < lengths[:, None]


def firsts(values, ok):
    return [c for c in np.flatnonzero(ok) if values[c] == values[ok].max()]


@given(answers())
def test_agreement_is_the_chance_over_all_pairs_of_first_ones(found):
    scores, truth, valid = found
    values = {ties: first_choice(*found, ties) for ties in ("expected", "best", "worst")}
    for row in range(len(scores)):
        rated = valid[row] & ~np.isnan(truth[row])
        if not rated.any():
            assert all(np.isnan(one[row]) for one in values.values())
            continue
        pairs = [a == b for a, b in product(firsts(scores[row], valid[row]), firsts(truth[row], rated))]
        assert values["expected"][row] == pytest.approx(np.mean(pairs))
        assert values["best"][row] == max(pairs)
        assert values["worst"][row] == min(pairs)
        assert first_is_tied(*found)[row] == (len(pairs) > 1)


@given(answers())
def test_kendall_is_that_of_scipy(found):
    scores, truth, valid = found
    values = kendall(*found)
    for row in range(len(scores)):
        rated = valid[row] & ~np.isnan(truth[row])
        x, y = scores[row, rated], truth[row, rated]
        if len(set(y.tolist())) < 2:
            assert np.isnan(values[row])
        elif len(set(x.tolist())) < 2:
            assert values[row] == 0
        else:
            assert values[row] == pytest.approx(kendalltau(x, y).statistic, abs=1e-12)


@given(answers(), st.permutations(range(7)))
def test_the_order_of_candidates_does_not_matter(found, order):
    scores = found[0]
    columns = [c for c in order if c < scores.shape[1]]
    other = [one[:, columns] for one in found]
    for rule in ("expected", "best", "worst"):
        np.testing.assert_allclose(first_choice(*other, rule), first_choice(*found, rule))
    np.testing.assert_allclose(kendall(*other), kendall(*found), atol=1e-12)


@given(answers())
def test_a_list_agrees_with_itself_and_not_with_its_reverse(found):
    scores, _, valid = found
    assert (first_choice(scores, scores, valid, "best") == 1).all()
    values = kendall(scores, scores, valid)
    np.testing.assert_allclose(values[~np.isnan(values)], 1)
    reverse = kendall(-scores, scores, valid)
    np.testing.assert_allclose(reverse[~np.isnan(reverse)], -1)


def test_kendall_reaches_below_zero():
    assert bounds("kendall") == (-1.0, 1.0)
    assert bounds("first_choice") == (0.0, 1.0)
