from __future__ import annotations

import numpy as np
import pytest

from groupbench.core.seeding import generator, integer


def draws(*parts):
    return generator(*parts).integers(2**62, size=4).tolist()


def test_equal_parts_give_equal_streams_and_others_do_not():
    assert draws("ml", "split", 3) == draws("ml", "split", 3)
    others = [("ml", "split", 4), ("ml", "method", 3), ("itm", "split", 3), ("ml split", 3), ("ml", "split3")]
    assert all(draws(*parts) != draws("ml", "split", 3) for parts in others)


def test_parts_do_not_run_together():
    assert draws("ab", "c") != draws("a", "bc")


def test_global_state_is_left_alone():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    draws("a")
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


@pytest.mark.parametrize("seed", range(5))
def test_integer_is_a_valid_seed_of_any_library(seed):
    value = integer(generator("integer", seed))

    assert type(value) is int
    assert 0 <= value < 2**31 - 1
