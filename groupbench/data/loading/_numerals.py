"""Text as numbers: what a person would write, and nothing that only a computer takes for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa

    from groupbench.core.arrays import FloatArray

LARGEST = 2.0**53
"""Numbers from here on are refused: floats do not tell whole ones apart."""

NUMERAL = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
"""A decimal number, as a regular expression of Python and of Arrow."""


def floats(text: pa.ChunkedArray) -> FloatArray:
    """Text as the nearest floats, (len(text),); NaN where it is no decimal number, infinite beyond floats.

    `1_0`, `0x1`, `nan`, `inf` and digits of other scripts than ours are no numbers.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        values = _as_array(pc.cast(text, pa.float64()))
        if np.isfinite(values).all():
            return values
    except pa.ArrowInvalid:
        pass
    numeral = pc.match_substring_regex(text, rf"\A(?:{NUMERAL})\z")
    return _as_array(pc.cast(pc.if_else(numeral, text, "nan"), pa.float64()))


def _as_array(values: pa.ChunkedArray) -> FloatArray:
    return np.asarray(values.combine_chunks().to_numpy(zero_copy_only=False))
