"""CAMRa2011 and Mafengwo as text files in the layout of AGREE (Cao et al., SIGIR 2018).

Both hold out rows of users and of groups, each with 100 sampled negatives. CAMRa2011 has ratings from 0 to
100 in steps of 5, Mafengwo only visits: their value and both ends of its scale are 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupbench import dataset
from groupbench.data.loading import layouts

if TYPE_CHECKING:
    from groupbench import Dataset
    from groupbench.data.loading import Source


@dataset("camra2011")
def camra2011(source: Source) -> Dataset:
    """CAMRa2011: films rated by 602 users and, jointly, by their 290 households."""
    return layouts.agree(source, (0.0, 100.0))


@dataset("mafengwo")
def mafengwo(source: Source) -> Dataset:
    """Mafengwo: 1,513 places visited by 5,275 users and by 995 groups that travelled together."""
    return layouts.agree(source, (1.0, 1.0))
