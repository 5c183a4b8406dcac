"""What members rated together: loops give what sorting all their rows gives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupbench.core.kernels import VARIABLE
from groupbench.data.dataset import Ratings
from groupbench.data.groups import Groups
from groupbench.evaluation.views._joint import joint_lists


@given(seed=st.integers(0, 2**32), n_rows=st.sampled_from([1, 30, 600]), n_items=st.sampled_from([4, 300]))
def test_loops_change_nothing(seed, n_rows, n_items):
    rng = np.random.default_rng(seed)
    users, items = rng.integers(0, 9, n_rows), rng.integers(0, n_items, n_rows)
    ratings = Ratings(users, items, rng.normal(size=n_rows), 9, n_items)
    groups = Groups.from_lists([rng.choice(9, size, replace=False) for size in rng.integers(1, 9, 6)])
    found = []
    for mode in ("off", "on"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(VARIABLE, mode)
            found.append(joint_lists(ratings, groups))
    sorted_rows, looped = found
    for name in ("entities", "items", "truth"):
        np.testing.assert_array_equal(getattr(looped, name), getattr(sorted_rows, name), err_msg=name)
    np.testing.assert_array_equal(looped.segments.offsets, sorted_rows.segments.offsets)
