"""One column of a file as text, and what all of its rows are turned into at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from groupbench.data.loading._numerals import floats

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray

    from groupbench.core.arrays import BoolArray, FloatArray, IntArray


class CodedText(NamedTuple):
    """A column of text as numbers that stand for its distinct values.

    Attributes:
        codes: (n_rows,) which of `uniques` each row holds.
        uniques: (n_uniques,) the distinct values as an Arrow array, in the order of their first rows.
    """

    codes: NDArray[np.int32]
    uniques: pa.LargeStringArray


@dataclass(frozen=True, eq=False)
class TextColumn:
    """A column of text without missing values; what is made of it is made once.

    Attributes:
        text: (n_rows,) the values as Arrow's `large_string`.
    """

    text: pa.ChunkedArray

    @classmethod
    def of(cls, values: Sequence[str] | NDArray[np.object_] | pd.Series[str]) -> TextColumn:
        """The column of these values, (n_rows,)."""
        import pyarrow as pa

        return cls(pa.chunked_array([pa.array(np.asarray(values, dtype=object), pa.large_string())]))

    def __len__(self) -> int:
        return len(self.text)

    def __getitem__(self, row: int) -> str:
        value: str = self.text[row].as_py()
        return value

    @cached_property
    def coded(self) -> CodedText:
        """The column as codes of its distinct values."""
        found = self.text.dictionary_encode().combine_chunks()
        return CodedText(found.indices.to_numpy(), found.dictionary)

    @cached_property
    def numbers(self) -> FloatArray:
        """The column as floats, (n_rows,), by the rules of `groupbench.data.loading._numerals.floats`."""
        return floats(self.text)

    @cached_property
    def whole(self) -> IntArray:
        """The `numbers`, all of which must be below 2**53, without their fractions, (n_rows,)."""
        return self.numbers.astype(np.int64)

    @cached_property
    def numeric(self) -> bool:
        """Whether all values but empty ones are finite numbers."""
        return bool(np.isfinite(self.numbers).all() or (np.isfinite(self.numbers) | self.empty).all())

    @property
    def has_gaps(self) -> bool:
        """Whether a value is empty."""
        import pyarrow.compute as pc

        return bool(pc.min(pc.binary_length(self.text)).as_py() == 0)

    @property
    def empty(self) -> BoolArray:
        """Which values are empty, (n_rows,)."""
        import pyarrow.compute as pc

        return np.asarray(pc.equal(self.text, "").to_numpy())

    def take(self, rows: IntArray | BoolArray) -> TextColumn:
        """The rows of a mask, or with these numbers."""
        import pyarrow as pa

        chosen = pa.array(rows)
        return TextColumn(self.text.filter(chosen) if rows.dtype == np.bool_ else self.text.take(chosen))

    def split(self, separator: str | None = None) -> tuple[IntArray, TextColumn]:
        """The parts of all values between separators, by default blanks, one after the other.

        Returns:
            The row of each part, (n_parts,), and the parts.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        text = self.text.combine_chunks()
        parts = pc.split_pattern(text, separator) if separator else pc.utf8_split_whitespace(text)
        rows = np.asarray(pc.list_parent_indices(parts).to_numpy(), dtype=np.int64)
        return rows, TextColumn(pa.chunked_array([pc.list_flatten(parts)]))
