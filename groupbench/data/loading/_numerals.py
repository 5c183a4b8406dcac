"""Text as numbers: what a person would write, and nothing that only a computer takes for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa

    from groupbench.core.arrays import FloatArray

LARGEST = 2.0**53
"""Numbers from here on are refused: floats do not tell whole ones apart."""

_NUMERAL = r"\A[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\z"


def floats(text: pa.Array | pa.ChunkedArray) -> FloatArray:
    """Text as the nearest floats, (len(text),); NaN where it is no decimal number, infinite beyond floats.

    `1_0`, `0x1`, `nan`, `inf` and digits of other scripts than ours are no numbers.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        values = np.asarray(pc.cast(text, pa.float64()).to_numpy(zero_copy_only=False))
        if np.isfinite(values).all():
            return values
    except pa.ArrowInvalid:
        pass
    numeral = pc.match_substring_regex(text, _NUMERAL)
    return np.asarray(pc.cast(pc.if_else(numeral, text, "nan"), pa.float64()).to_numpy(zero_copy_only=False))
