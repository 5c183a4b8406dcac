"""Exact Pearson correlations over co-rated items, for the rows asked for, by sparse products."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from groupbench.core.arrays import FloatArray, IntArray, Segments

if TYPE_CHECKING:
    from scipy.sparse import csr_array

CO_RATINGS_AT_ONCE = 1_000_000
"""Co-ratings that one block of rows may have: about 150 MB of work space."""

FLAT = 1e-12
"""A variance below this share of the squared range of ratings is rounding: the ratings are all equal."""

Pairs = tuple[IntArray, IntArray, FloatArray]


class Correlations:
    """Pearson correlations between the rows of a rating matrix, each over the columns that both fill.

    Nothing of size (n_rows, n_rows) is held: `pairs` works through the rows asked for in blocks, and
    the work is proportional to their co-ratings.

    Args:
        matrix: (n_rows, n_columns) ratings.
        min_corated: columns that two rows share at least, else they have no correlation.
    """

    def __init__(self, matrix: csr_array, *, min_corated: int) -> None:
        """Prepare the (n_rows, n_columns) `matrix`; rows that share fewer columns have no correlation."""
        ones, values = _unit(matrix)
        self._rows = tuple(_filled(matrix, data) for data in (ones, values, values**2 + 1j * ones))
        self._columns = tuple(
            _filled(matrix, data.astype(np.complex128)).T.tocsr()
            for data in (values + 1j * values**2, values + 1j * ones, ones)
        )
        self._work = self._rows[0] @ np.diff(self._columns[0].indptr)
        self._min_corated = min_corated

    def pairs(self, rows: IntArray) -> Iterator[Pairs]:
        """Correlate `rows`, (n,), with all rows, block by block.

        Yields:
            Positions in `rows`, rows of the matrix and their correlations, (n_pairs,) each. A pair
            with too few columns in common, or equal values in all of them, is left out; a row
            correlates with itself by 1.
        """
        for start, stop in self._blocks(rows):
            positions, others, correlations = self._block(
                [power[rows[start:stop]] for power in self._rows], 0
            )
            yield positions + start, others, correlations

    def each_pair(self) -> Iterator[Pairs]:
        """Correlate each row with those after it, block by block: half the work of `pairs` of all rows.

        Yields:
            Two rows, the lower one first, and their correlation, (n_pairs,) each; pairs without one are
            left out.
        """
        for start, stop in self._blocks(np.arange(len(self._work))):
            first, second, correlations = self._block([power[start:stop] for power in self._rows], start)
            later = first + start < second
            yield first[later] + start, second[later], correlations[later]

    def _blocks(self, rows: IntArray) -> Iterator[tuple[int, int]]:
        each = Segments.from_sizes(np.ones(len(rows), dtype=np.int64))
        return each.blocks(self._work[rows], CO_RATINGS_AT_ONCE)

    def _block(self, powers: list[csr_array], start: int) -> Pairs:
        """Correlate rows, of which `powers` are given, with all rows from `start` on."""
        columns = self._columns
        if start and powers[0].nnz:
            low, high = int(powers[0].indices.min()), int(powers[0].indices.max()) + 1
            powers = [_shifted(power, low, high) for power in powers]
            columns = tuple(column[low:high, start:] for column in columns)
        # Each product gives two sums over the shared columns at once, as real and imaginary parts.
        moments = [power @ column for power, column in zip(powers, columns, strict=True)]
        shared = moments[2].data.imag
        enough = shared >= self._min_corated
        n = shared[enough]
        (sum_y, sum_yy), (sum_xy, sum_x), (sum_xx, _) = (_parts(moment.data[enough]) for moment in moments)
        spread_x, spread_y = n * sum_xx - sum_x**2, n * sum_yy - sum_y**2
        varied = np.minimum(spread_x, spread_y) > FLAT * n**2
        covariance = (n * sum_xy - sum_x * sum_y)[varied]
        correlations = covariance / np.sqrt(spread_x[varied] * spread_y[varied])
        places = np.flatnonzero(enough)[varied]
        positions = np.searchsorted(moments[2].indptr, places, side="right") - 1
        others = moments[2].indices[places].astype(np.int64) + (start if columns is not self._columns else 0)
        return positions.astype(np.int64), others, np.clip(correlations, -1.0, 1.0)


def _shifted(matrix: csr_array, low: int, high: int) -> csr_array:
    """The columns `low` to `high` of a matrix that has nothing in others."""
    from scipy.sparse import csr_array

    parts = (matrix.data, matrix.indices - low, matrix.indptr)
    return csr_array(parts, shape=(matrix.shape[0], high - low))


def _parts(sums: NDArray[np.complex128]) -> tuple[FloatArray, FloatArray]:
    return sums.real, sums.imag


def _unit(matrix: csr_array) -> tuple[FloatArray, FloatArray]:
    """Ones and the values of `matrix`, shifted and scaled into [1, 2], which no correlation notices.

    The scale is a power of two, so star ratings stay exact; and as no sum of them is 0, all products
    have one pattern.
    """
    low, high = matrix.data.min(initial=np.inf), matrix.data.max(initial=-np.inf)
    scale = 2.0 ** np.frexp(high - low)[1] if high > low else 1.0
    return np.ones(matrix.nnz), 1.0 + (matrix.data - low) / scale


def _filled(matrix: csr_array, data: FloatArray) -> csr_array:
    """Other data in the places of `matrix`."""
    from scipy.sparse import csr_array

    return csr_array((data, matrix.indices, matrix.indptr), shape=matrix.shape)
