from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from groupbench.core.arrays import (
    Segments,
    columns_set,
    distinct,
    frozen,
    in_sorted,
    numbered,
    pick,
    stable_order,
)
from groupbench.core.kernels import VARIABLE

sizes = st.lists(st.integers(1, 5), min_size=1, max_size=8)


def pieces(rows, lengths):
    return np.split(rows, np.cumsum(lengths)[:-1])


@given(sizes)
def test_rows_know_their_segment_and_place(lengths):
    segments = Segments.from_sizes(lengths)

    assert len(segments) == len(lengths)
    assert segments.sizes.tolist() == lengths
    assert segments.of_row.tolist() == [s for s, n in enumerate(lengths) for _ in range(n)]
    assert segments.position.tolist() == [p for n in lengths for p in range(n)]


@given(sizes, st.sampled_from(["sum", "min", "max"]), st.booleans())
def test_reduce_is_the_reduction_of_each_piece(lengths, how, wide):
    rows = np.random.default_rng(sum(lengths)).normal(size=(sum(lengths), 3) if wide else sum(lengths))
    segments = Segments.from_sizes(lengths)
    expected = [getattr(np, how)(piece, axis=0) for piece in pieces(rows, lengths)]

    np.testing.assert_allclose(segments.reduce(how, rows), expected)
    np.testing.assert_allclose(segments.mean(rows), [piece.mean(axis=0) for piece in pieces(rows, lengths)])


def test_booleans_are_counted_and_combined():
    segments = Segments.from_sizes([2, 3])
    rows = np.array([True, True, False, False, True])

    assert segments.reduce("sum", rows).tolist() == [2, 1]
    assert segments.reduce("max", rows).tolist() == [True, True]
    assert segments.reduce("min", rows).tolist() == [True, False]
    assert segments.reduce("any", rows).tolist() == [True, True]
    assert segments.reduce("any", np.stack([rows, ~rows], axis=1)).tolist() == [[True, False], [True, True]]


def test_no_segments_reduce_to_nothing():
    segments = Segments.from_sizes([])

    assert len(segments) == 0
    assert segments.reduce("max", np.empty((0, 4))).shape == (0, 4)
    assert segments.window(np.empty(0, dtype=int))[0].shape == (0, 0)
    assert list(segments.blocks(np.empty(0), 10)) == []


@given(sizes, st.data())
def test_window_lays_out_the_chosen_segments(lengths, data):
    segments = Segments.from_sizes(lengths)
    which = np.array(data.draw(st.lists(st.integers(0, len(lengths) - 1), min_size=1, max_size=6)))
    rows, inside = segments.window(which)
    all_rows = pieces(np.arange(sum(lengths)), lengths)

    assert inside.shape == (len(which), max(lengths[s] for s in which))
    assert [row[mask].tolist() for row, mask in zip(rows, inside, strict=True)] == [
        all_rows[s].tolist() for s in which
    ]
    assert (rows[~inside] == 0).all()
    assert np.arange(sum(lengths))[segments.rows(0, len(lengths))].tolist() == list(range(sum(lengths)))


@given(sizes, st.integers(1, 12))
def test_blocks_cover_every_segment_once_within_the_budget(lengths, budget):
    runs = list(Segments.from_sizes(lengths).blocks(np.array(lengths), budget))

    assert [s for start, stop in runs for s in range(start, stop)] == list(range(len(lengths)))
    for start, stop in runs:
        assert sum(lengths[start:stop]) <= budget or stop == start + 1


@given(sizes, st.integers(1, 12))
def test_blocks_are_as_long_as_the_budget_allows(lengths, budget):
    for start, stop in Segments.from_sizes(lengths).blocks(np.array(lengths), budget):
        assert stop == len(lengths) or sum(lengths[start : stop + 1]) > budget


@pytest.mark.parametrize("name", ["offsets", "sizes", "of_row", "position"])
def test_segments_are_read_only(name):
    with pytest.raises(ValueError, match="read-only"):
        getattr(Segments.from_sizes([2, 1]), name)[0] = 7


def test_frozen_neither_copies_nor_locks_what_the_caller_holds():
    mine = np.arange(3.0)
    held = frozen(mine, np.float64)

    assert np.shares_memory(mine, held)
    assert not held.flags.writeable
    assert mine.flags.writeable
    assert frozen([1, 2], np.float64).dtype == np.float64
    assert frozen(np.arange(6)[::2], np.int64).flags.c_contiguous


ends = st.sampled_from([20, 10**9, 2**63 - 1])
whole = ends.flatmap(
    lambda end: arrays(np.int64, st.integers(0, 30), elements=st.integers(-min(end, 5) - end // 2, end))
)


@given(whole, whole)
def test_distinct_and_among_are_what_numpy_finds(values, keys):
    assert distinct(keys).tolist() == np.unique(keys).tolist()
    assert in_sorted(values, distinct(keys)).tolist() == np.isin(values, keys).tolist()


def test_numbers_as_far_apart_as_can_be_are_different():
    assert distinct(np.array([-1, 2**63 - 1])).tolist() == [-1, 2**63 - 1]


@pytest.mark.parametrize("mode", ["on", "off"])
@given(flags=arrays(np.bool_, st.tuples(st.integers(0, 5), st.integers(1, 7))))
@settings(deadline=None)
def test_columns_are_those_that_are_set(mode, flags):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, mode)
        columns, inside = columns_set(flags)

    assert columns.shape == inside.shape == (len(flags), max(1, flags.sum(axis=1).max(initial=0)))
    for row, found, there in zip(flags, columns, inside, strict=True):
        assert found[there].tolist() == np.flatnonzero(row).tolist()


@given(st.integers(0, 2**32), st.integers(0, 6), st.integers(1, 4))
def test_a_pick_is_what_indexing_gives(seed, n_rows, n_lists):
    rng = np.random.default_rng(seed)
    table, items = rng.normal(size=(5, 9)), rng.integers(0, 9, size=(n_lists, 3))
    rows, lists = rng.integers(0, 5, size=n_rows), rng.integers(0, n_lists, size=n_rows)

    np.testing.assert_array_equal(pick(table, rows, items, lists), table[rows[:, None], items[lists]])


@pytest.mark.parametrize("n", [1, 256, 257, 65_536, 70_000])
def test_numbers_are_ordered_and_equal_ones_keep_their_order(n):
    numbers = np.random.default_rng(n).integers(0, n, size=1000)
    numbers[-1] = n - 1

    assert stable_order(numbers, n).tolist() == sorted(range(1000), key=lambda place: numbers[place])


@given(arrays(np.int64, st.integers(0, 30), elements=st.integers(0, 2**40)), st.sampled_from([0, 8, 30]))
def test_stable_order_and_numbers_of_any_range(values, shift):
    values = values >> shift
    order = stable_order(values, int(values.max(initial=0)) + 1)
    np.testing.assert_array_equal(order, np.argsort(values, kind="stable"))
    for ours, theirs in zip(numbered(values), np.unique(values, return_inverse=True), strict=True):
        np.testing.assert_array_equal(ours, theirs)
