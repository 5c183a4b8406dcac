"""A data set that travelled as bytes is the same data set."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupbench.data.dataset import Dataset, Ratings
from groupbench.data.loading import load
from groupbench.runner.serialization import deserialize, serialize


def assert_same(one, other):
    """That two values are alike to the last field, type and bit, but for original tables."""
    assert type(one) is type(other)
    if is_dataclass(one):
        for field in fields(one):
            if field.name != "tables":
                assert_same(getattr(one, field.name), getattr(other, field.name))
    elif isinstance(one, np.ndarray):
        assert one.dtype == other.dtype
        assert one.shape == other.shape
        assert one.tobytes() == other.tobytes()
    else:
        assert one == other


@pytest.mark.data
@pytest.mark.parametrize("name", ["itmrec", "ml-100k", "mafengwo", "camra2011:clean"])
def test_every_part_of_a_real_data_set_survives(real_data, name):
    dataset = load(name, real_data)
    arrived = deserialize(serialize(dataset))
    assert_same(arrived, dataset)
    assert arrived.content_hash == replace(arrived).content_hash == dataset.content_hash
    assert not arrived.tables


def test_the_simulated_one_survives():
    assert_same(deserialize(serialize(load("itmrec-sim"))), load("itmrec-sim"))


@given(
    ids=st.lists(st.text(), min_size=1, max_size=5, unique=True),
    values=st.lists(st.floats(allow_nan=True, width=64), min_size=1, max_size=5),
    scale=st.tuples(st.floats(-9, 9), st.floats(-9, 9)),
    timed=st.booleans(),
)
def test_any_content_survives(ids, values, scale, timed):
    rows = np.zeros(len(values), dtype=np.int64)
    times = np.arange(len(values)) if timed else None
    ratings = Ratings(rows, rows, np.array(values), len(ids), 1, times)
    dataset = Dataset("name", "title: \U0001f9ea", ratings, tuple(ids), ("item",), scale, notes=("a note",))
    arrived = deserialize(serialize(dataset))
    assert_same(arrived, dataset)
    assert arrived.content_hash == dataset.content_hash


def test_ids_and_scales_of_numpy_arrive_as_plain_values():
    dataset = load("itmrec-sim")
    odd = replace(
        dataset,
        user_ids=tuple(np.array(dataset.user_ids)),
        scale=(np.int64(1), np.float32(5)),
    )
    arrived = deserialize(serialize(odd))
    assert arrived.content_hash == odd.content_hash == dataset.content_hash
    assert arrived.scale == (1, 5.0)


def test_arrays_lie_in_the_bytes_that_came_and_nobody_hashes_them_again(monkeypatch):
    dataset = load("itmrec-sim")
    data = serialize(dataset)
    monkeypatch.setattr(Dataset, "_parts", None)
    arrived = deserialize(data)
    assert arrived.content_hash == dataset.content_hash
    assert np.shares_memory(arrived.ratings.values, np.frombuffer(data, dtype=np.uint8))
    assert not arrived.ratings.values.flags.writeable
