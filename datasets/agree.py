"""CAMRa2011, Mafengwo and Mafengwo-S as text files in the layout of AGREE (Cao et al., SIGIR 2018).

All hold out rows of users and of groups, each with 100 sampled negatives. CAMRa2011 has ratings from 0 to
100 in steps of 5, the others only visits: their value and both ends of the scale are 1. Mafengwo also says
whom users follow.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from groupbench import dataset
from groupbench.data.loading import indices, layouts

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


@dataset("mafengwos")
def mafengwos(source: Source) -> Dataset:
    """Mafengwo-S: 1,236 places visited by 11,027 users and by 1,215 groups, with the names of the places."""
    data = layouts.agree(source, (1.0, 1.0))
    names = source.table("itemSemantic.txt", ("title", "item"), quoted=False)
    names.distinct(("item",))
    of_row = indices(names, "item", data.item_ids, "the files of ratings")
    titles = np.full(len(data.item_ids), "", dtype=object)
    titles[of_row] = names.frame["title"]
    return replace(data, item_texts=tuple(titles), tables={"itemSemantic.txt": names.typed("item")})
