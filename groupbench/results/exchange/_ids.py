"""Ids of the files and the indices behind them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from groupbench.core.arrays import IntArray


def indices(texts: Any, ids: Sequence[str]) -> IntArray:
    """Where each of the `texts`, an Arrow array, stands among the `ids`; -1 where it does not."""
    import pyarrow as pa
    import pyarrow.compute as pc

    positions = pc.index_in(texts.cast(pa.string()), value_set=pa.array(ids, type=pa.string()))
    return np.asarray(positions.fill_null(-1).to_numpy(zero_copy_only=False), dtype=np.int64)
