"""Compiled loops over members give what the definitions give, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groupbench.core.arrays import Segments
from groupbench.core.kernels import VARIABLE
from groupbench.metrics import TIES, MemberLists, _orders, evaluate_members, make_request

LAW = settings(max_examples=settings.default.max_examples // 2, deadline=None)


@st.composite
def lists(draw):
    """Ties within, behind and across the cutoffs; some lists end early, some members like nothing."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    sizes = rng.integers(1, draw(st.sampled_from([2, 6, 12, 400])), size=draw(st.integers(1, 5)))
    n, levels = draw(st.integers(1, 14)), draw(st.sampled_from([1, 2, 6, 10**9]))
    keys = np.sort(rng.integers(0, levels, size=(len(sizes), n)).astype(float), axis=1)
    keys[np.arange(n) >= rng.integers(0, n + 1, size=(len(sizes), 1))] = np.inf
    liked = rng.random((sizes.sum(), n)) < draw(st.sampled_from([0.05, 0.5]))
    groups = Segments.from_sizes(sizes)
    there = (liked & (keys < np.inf)[groups.of_row]).sum(axis=1)
    n_relevant = there + rng.integers(0, 3, len(there))
    n_candidates = (keys < np.inf).sum(axis=1) + rng.integers(0, 3, len(sizes))
    return keys, liked, n_candidates, n_relevant, groups


def evaluated(monkeypatch, mode, given, *arguments, ties):
    monkeypatch.setenv(VARIABLE, mode)
    return evaluate_members(MemberLists(*given, depth=10), *arguments, ties=ties)


@pytest.mark.parametrize("ties", TIES)
@given(found=lists())
@LAW
def test_all_metrics_are_the_same(ties, found):
    with pytest.MonkeyPatch.context() as patch:
        expected = evaluated(patch, "off", found, (1, 3, 10), ties=ties)
        compiled = evaluated(patch, "on", found, (1, 3, 10), ties=ties)
    assert list(compiled) == list(expected)
    for name, values in expected.items():
        np.testing.assert_array_equal(compiled[name], values, err_msg=name)


@given(found=lists())
@LAW
def test_so_are_some_of_them(found):
    request = make_request(["ndcg@3", "min-ndcg@5", "dfh@3", "zrecall_all@5", "proportionality_error@3"])
    with pytest.MonkeyPatch.context() as patch:
        expected = evaluated(patch, "off", found, (3, 5), request, ties="expected")
        compiled = evaluated(patch, "on", found, (3, 5), request, ties="expected")
    assert list(compiled) == list(expected)
    for name, values in expected.items():
        np.testing.assert_array_equal(compiled[name], values, err_msg=name)


@pytest.mark.parametrize("size", [1, 7, 8, 9, 10, 128, 129, 130, 137, 300, 5000])
def test_sums_over_members_are_added_in_the_order_of_numpy(size, monkeypatch):
    rng = np.random.default_rng(size)
    keys = np.sort(rng.random((3, 10)), axis=1)
    groups = Segments.from_sizes([size] * 3)
    liked = rng.random((3 * size, 10)) < 0.3
    given = keys, liked, np.full(3, 10), liked.sum(axis=1) + rng.integers(0, 4, 3 * size), groups
    expected = evaluated(monkeypatch, "off", given, (3, 7), ties="expected")
    for name, values in evaluated(monkeypatch, "on", given, (3, 7), ties="expected").items():
        np.testing.assert_array_equal(values, expected[name], err_msg=name)


@given(found=lists(), k=st.sampled_from([1, 4, 10]), most=st.sampled_from([1, 7, 256]))
@LAW
def test_orders_of_equal_scores_are_the_same(found, k, most):
    tied = MemberLists(*found, depth=10).tied(k)
    if tied is None:
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_orders, "ORDERS", most)
        patch.setenv(VARIABLE, "off")
        expected = _orders.common_orders(tied)
        patch.setenv(VARIABLE, "on")
        compiled = _orders.common_orders(tied)
    for one, other in zip(compiled, expected, strict=True):
        np.testing.assert_array_equal(one, other)
