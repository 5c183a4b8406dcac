"""Weeplaces as text files in the layout of GroupIM (Sankar et al., SIGIR 2020): who checked in where.

Each group belongs to one of training, validation and test; held-out rows are ranked among all places.
Rows are check-ins: their value and both ends of the scale are 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupbench import dataset
from groupbench.data.loading import layouts

if TYPE_CHECKING:
    from groupbench import Dataset
    from groupbench.data.loading import Source


@dataset("weeplaces")
def load(source: Source) -> Dataset:
    """Weeplaces: 25,081 places where 8,643 users and 22,733 groups of them checked in."""
    return layouts.groupim(source, (1.0, 1.0))
