"""Paired differences between rows of scores, with who was evaluated and in which repeat."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from groupbench.core.arrays import FloatArray, IntArray


@dataclass(frozen=True)
class Paired:
    """Differences of two rows' scores on the same lists; each column is a pair of rows and a metric.

    Attributes:
        differences: (n_rows, n_columns) first minus second, one row per list and repeat; NaN where one of
            the two is undefined.
        seeds: (n_rows,) repeat of each row, numbered from 0.
        entities: (n_rows,) the user or group evaluated, numbered from 0; the same one in several repeats (or
            with several lists in one repetition) has one number.
    """

    differences: FloatArray
    seeds: IntArray
    entities: IntArray

    @cached_property
    def defined(self) -> FloatArray:
        """1 where there is a difference, else 0, (n_rows, n_columns)."""
        return (~np.isnan(self.differences)).astype(np.float64)

    @cached_property
    def n_seeds(self) -> IntArray:
        """Repeats with any difference, (n_columns,)."""
        return np.asarray((self.by_seed(self.defined) > 0).sum(axis=0), dtype=np.int64)

    @cached_property
    def weights(self) -> FloatArray:
        """What each row adds to the mean over seeds of the seeds' means; columns sum to 1."""
        rows = np.maximum(self.by_seed(self.defined), 1.0)
        return np.asarray(self.defined / rows[self.seeds] / np.maximum(self.n_seeds, 1))

    @cached_property
    def difference(self) -> FloatArray:
        """Mean over seeds of the mean difference in each, (n_columns,); NaN where nothing is defined."""
        mean = (self.weights * np.nan_to_num(self.differences)).sum(axis=0)
        return np.where(self.n_seeds > 0, mean, np.nan)

    @cached_property
    def residuals(self) -> FloatArray:
        """Weighted deviations from the mean difference, (n_rows, n_columns); columns sum to 0."""
        return np.nan_to_num(self.weights * (self.differences - self.difference))

    @cached_property
    def seed_residuals(self) -> FloatArray:
        """Weighted deviations from the mean difference of their seed, (n_rows, n_columns)."""
        shift = self.by_seed(self.residuals) / np.maximum(self.by_seed(self.weights), np.finfo(float).tiny)
        return self.residuals - self.weights * shift[self.seeds]

    @cached_property
    def entity_means(self) -> FloatArray:
        """Mean difference of each entity over its rows, (n_entities, n_columns); NaN without any."""
        counts = self.by_entity(self.defined)
        sums = self.by_entity(np.nan_to_num(self.differences))
        return np.where(counts > 0, sums / np.maximum(counts, 1.0), np.nan)

    @cached_property
    def n_entities(self) -> int:
        """Number of users or groups."""
        return int(self.entities.max(initial=-1)) + 1

    def by_seed(self, values: FloatArray) -> FloatArray:
        """Sums of `values`, (n_rows, n_columns), over each repetition, (n_seeds, n_columns)."""
        return sums_by(self.seeds, int(self.seeds.max(initial=-1)) + 1, values)

    def by_entity(self, values: FloatArray) -> FloatArray:
        """Sums of `values`, (n_rows, n_columns), over each entity, (n_entities, n_columns)."""
        return sums_by(self.entities, self.n_entities, values)


def sums_by(labels: IntArray, n_labels: int, values: FloatArray) -> FloatArray:
    """Sums of the rows of `values`, (n_rows, n_columns), that share a label, (n_labels, n_columns)."""
    from scipy.sparse import csr_array

    rows = np.arange(len(labels))
    indicator: Any = csr_array((np.ones(len(labels)), (labels, rows)), shape=(n_labels, len(labels)))
    return np.asarray(indicator @ values)
