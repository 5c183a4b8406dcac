"""`userFollow.txt` of AGREE's layout: lines such as `7:12 15 31`, a user and those whom it follows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from groupbench.data.loading._ids import positions
from groupbench.data.loading.layouts._numbers import Numbers, write_lines
from groupbench.data.social import SocialTies

if TYPE_CHECKING:
    from pathlib import Path

    from groupbench.data.dataset import Dataset
    from groupbench.data.loading._source import Source

NAME = "userFollow.txt"
"""The file; not every such folder has one."""


def with_follows(source: Source, dataset: Dataset) -> Dataset:
    """The data set with the ties of the file, where there is one.

    Whoever has no rows and is in no group is no user of the data: ties with them, and of users with
    themselves, are left out, which is noted at `source`.

    Raises:
        DatasetError: naming file and line, if a line is no user with those whom it follows.
    """
    if not source.has(NAME):
        return dataset
    table = source.table(NAME, ("user", "friend"), separator=":", quoted=False)
    table.distinct(("user",))
    table.filled("user")
    table = table.keep(~table.columns["friend"].empty)
    rows, friends = table.columns["friend"].split()
    listed = replace(table.keep(rows), columns={"user": table.columns["user"].take(rows), "friend": friends})
    first, second = (positions(listed, name, dataset.user_ids) for name in ("user", "friend"))
    known = (first >= 0) & (second >= 0)
    ties = SocialTies.of(first[known], second[known], directed=True)
    strangers, alone = int((~known).sum()), int((first == second)[known].sum())
    source.note(
        f"{NAME}: {len(ties):,} ties from {len(listed):,} that are listed; {strangers:,} are with users "
        f"without rows or groups, {alone:,} of users with themselves, the rest repeats another"
    )
    return replace(dataset, social=ties)


def write_follows(dataset: Dataset, folder: Path, numbers: Numbers) -> None:
    """Write the ties of a data set, where it has some; those without direction from both sides."""
    ties = dataset.social
    if ties is None or not len(ties):
        return
    links = ties.matrix(dataset.ratings.n_users)
    sizes = np.diff(links.indptr)
    friends = np.split(numbers.users[links.indices], links.indptr[1:-1])
    write_lines(
        folder / NAME,
        (f"{numbers.users[user]}:{' '.join(map(str, friends[user]))}" for user in np.flatnonzero(sizes)),
    )
