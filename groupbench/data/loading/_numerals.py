"""Text as numbers: what a person would write, and nothing that only Python takes for one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

    from groupbench.core.arrays import FloatArray

LARGEST = 2.0**53
"""Numbers from here on are refused: floats do not tell whole ones apart."""

_NUMERAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?", re.ASCII)

_DIGITS = frozenset("0123456789.+-")


def floats(values: pd.Series[str]) -> FloatArray:
    """Text as the nearest floats, (len(values),); NaN where it is no decimal number, infinite beyond floats.

    `1_0`, `0x1`, `nan`, `inf` and digits of other scripts than ours are no numbers.
    """
    text = values.to_numpy(dtype=object)
    if _DIGITS.issuperset("".join(text)):
        try:
            return text.astype(np.float64)
        except ValueError:
            pass
    return np.array([float(cell) if _NUMERAL.fullmatch(cell) else np.nan for cell in text])
