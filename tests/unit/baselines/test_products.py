"""Products of sparse rows: compiled loops give what SciPy gives, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import random_array

from groupbench.baselines._products import product
from groupbench.core.kernels import VARIABLE


@pytest.mark.parametrize("sparse", [False, True])
@given(
    seed=st.integers(0, 2**32),
    shape=st.tuples(st.integers(0, 9), st.integers(1, 30), st.sampled_from([1, 511, 513])),
)
@settings(deadline=None, max_examples=40)
def test_kernels_change_no_bit(sparse, seed, shape):
    rng = np.random.default_rng(seed)
    n, m, width = shape
    rows = random_array((n, m), density=0.5, format="csr", rng=rng)
    rows.data *= 10.0 ** rng.integers(-20, 20, rows.nnz)
    matrix = random_array((m, width), density=0.3, format="csr", rng=rng)
    if not sparse:
        matrix = matrix.toarray() - 0.5
    found = {}
    for mode in ("on", "off"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(VARIABLE, mode)
            patch.setenv("OMP_NUM_THREADS", "2")
            found[mode] = product(rows, matrix)
    assert found["on"].shape == (n, width)
    np.testing.assert_array_equal(found["on"].view(np.int64), found["off"].view(np.int64))


def test_what_is_not_of_64_bits_keeps_its_type():
    rows = random_array((3, 4), density=0.9, format="csr", dtype=np.float32, rng=np.random.default_rng(0))
    assert product(rows, np.ones((4, 2), dtype=np.float32)).dtype == np.float32
