"""Compiled loops give what the aggregators give, to the last bit and under every tie."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groupbench.aggregation import Aggregator, MemberScores, MemberTable, RowOrders, find_top, serves
from groupbench.aggregation._compiled._codes import EQUAL
from groupbench.core.arrays import Segments
from groupbench.core.registry import aggregators
from groupbench.metrics import sort_keys, top_candidates

SERVED = [name for name in sorted(aggregators) if serves(aggregators[name].create(), 20)]
LAW = settings(max_examples=settings.default.max_examples // 4, deadline=None)


@st.composite
def tables(draw):
    """Groups on candidates of their own, none for some; scores of few levels, all equal, or all different."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n_items = draw(st.sampled_from([1, 3, 30, 150]))
    sizes = rng.integers(1, draw(st.sampled_from([2, 9, 40])), size=draw(st.integers(1, 8)))
    table = rng.normal(3, 1, size=(30, n_items))
    levels = draw(st.sampled_from([0, 0, 1, 2, 5]))
    if levels:
        table = np.rint(table * levels) / levels
    table = table * draw(st.sampled_from([0.0, 1.0, 1e-300, 1e-9, 1e12]))
    scale = draw(st.sampled_from([(1.0, 5.0), (-10.0, 10.0), None]))
    rows = rng.integers(0, len(table), sizes.sum())
    lengths = rng.integers(0, n_items + 1, len(sizes))
    width = max(int(lengths.max()), 1)
    items = np.zeros((len(sizes), width), dtype=np.int64)
    for line, n in zip(items, lengths, strict=True):
        line[:n] = np.sort(rng.choice(n_items, n, replace=False))
    activity = rng.integers(1, 4, len(rows)).astype(float)
    orders = draw(st.sampled_from([None, RowOrders(table)]))
    return MemberTable(table, rows, items, lengths, Segments.from_sizes(sizes), activity, scale, orders)


def leading(keys, columns, k):
    """What takes, or ties for, the first `k` positions of each list."""
    out = []
    for of_list, where in zip(keys, columns, strict=True):
        last = min(np.sort(of_list)[:k][-1], np.finfo(float).max)
        out.append([(key, int(column)) for key, column in zip(of_list, where, strict=True) if key <= last])
    return out


def assert_same(aggregator, members, k):
    found = find_top(aggregator, members, k)
    if found is None:
        return
    scores = aggregator.aggregate(members.laid_out)
    expected = top_candidates(sort_keys(scores, members.valid), k, stable=True)
    assert leading(*found, k) == leading(*expected, k)


def test_what_is_served():
    assert set(SERVED) >= {"average", "borda", "copeland", "plurality", "round-robin", "median"}
    assert not serves(aggregators["average"].create(normalize="rank"), 20)
    assert not serves(aggregators["plurality"].create(depth=5), 20)


@pytest.mark.parametrize("name", SERVED)
@given(members=tables(), k=st.sampled_from([1, 5, 20]))
@LAW
def test_what_leads_is_what_the_aggregator_says(name, members, k):
    assert_same(aggregators[name].create(), members, k)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("p-mean", {"p": 0.0}),
        ("p-mean", {"p": 2.5}),
        ("approval", {"break_ties": False}),
        ("average-without-misery", {"threshold": 0.9}),
        ("multiplicative", {"floor": 0.5}),
        ("rrf", {"k": 0.0}),
        ("round-robin", {"depth": 40}),
    ],
)
@given(members=tables())
@LAW
def test_parameters_count(name, parameters, members):
    assert_same(aggregators[name].create(**parameters), members, 20)


@pytest.mark.parametrize("name", SERVED)
def test_a_group_of_thousands_beside_one_of_a_single_member(name):
    rng = np.random.default_rng(0)
    table = np.rint(4 * rng.normal(3, 1, size=(500, 60))) / 4
    sizes = [3000, 1]
    members = MemberTable(
        table,
        rng.integers(0, 500, 3001),
        np.broadcast_to(np.arange(60), (2, 60)),
        np.array([60, 7]),
        Segments.from_sizes(sizes),
        np.ones(3001),
        None,
    )
    assert_same(aggregators[name].create(), members, 20)


@pytest.mark.parametrize("name", SERVED)
def test_threads_change_nothing(name, monkeypatch):
    rng = np.random.default_rng(1)
    table = np.rint(3 * rng.normal(size=(40, 200)))
    sizes = rng.integers(1, 6, 100)
    members = MemberTable(
        table,
        rng.integers(0, 40, sizes.sum()),
        np.broadcast_to(np.arange(200), (100, 200)),
        np.full(100, 200),
        Segments.from_sizes(sizes),
        np.ones(sizes.sum()),
        None,
    )
    one = aggregators[name].create()
    alone = find_top(one, members, 20)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    np.testing.assert_array_equal(find_top(one, members, 20), alone)


def test_sums_beyond_all_floats_are_left_to_the_aggregator():
    scores = np.array([[1.0, 1.7e308, 2.0], [1.0, 1.7e308, 3.0]])
    valid, segments = np.ones((1, 3), dtype=bool), Segments.from_sizes([2])
    members = MemberTable.of(MemberScores(scores, valid, segments, np.ones(2), None))
    assert find_top(aggregators["additive"].create(), members, 3) is None


def test_a_subclass_is_asked_itself():
    average = type(aggregators["average"].create())

    class Reversed(average):
        def aggregate(self, members):
            return -super().aggregate(members)

    assert isinstance(Reversed(), Aggregator)
    assert not serves(Reversed(), 20)


@st.composite
def rows_of_scores(draw):
    """Rows of one width, some of which digits do not tell apart: an outlier, neighbors, zeros, subnormals."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    width = draw(st.sampled_from([1, 2, 100, 3000]))
    kinds = {
        "normal": rng.normal(size=width),
        "close": 1 + rng.integers(0, 9, width) * 2.0**-52,
        "tiny": rng.integers(-4, 5, width) * 5e-324,
        "zeros": np.where(rng.random(width) < 0.5, 0.0, -0.0),
        "wide": rng.normal(size=width) * 10.0 ** rng.integers(-300, 300, width),
    }
    values = kinds[draw(st.sampled_from(sorted(kinds)))]
    if draw(st.booleans()):
        values = np.append(values, draw(st.sampled_from([1e300, -1e300, 0.0])))
    return np.stack([values, rng.permutation(values)])


@given(table=rows_of_scores())
@settings(deadline=None)
def test_orders_descend_and_tell_what_is_equal(table):
    order = RowOrders(table).of(np.array([1, 0]))
    columns = (order & (EQUAL - 1)).astype(int)
    ordered = np.take_along_axis(table, columns, axis=1)
    np.testing.assert_array_equal(ordered, -np.sort(-table, axis=1))
    np.testing.assert_array_equal(np.sort(columns, axis=1), np.tile(np.arange(table.shape[1]), (2, 1)))
    np.testing.assert_array_equal(order[:, 1:] >= EQUAL, ordered[:, 1:] == ordered[:, :-1])
    assert (order[:, 0] < EQUAL).all()
