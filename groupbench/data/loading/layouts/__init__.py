"""Folders as the official code of papers, other libraries or other people have them, named by `--layout`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from groupbench.data.loading.layouts import _agree, _groupim, _inter, _split, _yin
from groupbench.data.loading.layouts._build import Scale
from groupbench.data.loading.layouts._files import TableFile, movielens, tab_separated
from groupbench.data.loading.layouts._numbers import Numbers, write_lines

if TYPE_CHECKING:
    from groupbench.data.dataset import Dataset
    from groupbench.data.loading._source import Source


@dataclass(frozen=True)
class Layout:
    """How the files of a folder are called and what stands in them.

    Attributes:
        name: the name to ask for it by.
        read: makes a data set of a folder; the scale is that of its ratings, or None for that of the values.
            None where the tables are those of a user's folder, in other files.
        files: those that every such folder has.
        write: writes a data set with its split, or None where nobody needs that.
        number: the numbers that stand for ids in what is written.
        needs_groups: whether rows of groups for training and for test are needed to write it.
        needs_negatives: whether each held-out row comes with sampled items.
        needs_validation: whether the code that reads it expects validation rows.
        place: the file in the place of one such as `ratings.csv`, where `read` is None.
        unread: files that may be there and are not read, which a note tells.
    """

    name: str
    read: Callable[[Source, Scale | None], Dataset] | None = None
    files: tuple[str, ...] = ()
    write: Callable[[Dataset, Path, Numbers], None] | None = None
    number: Callable[[Dataset], Numbers] = Numbers.as_they_are
    needs_groups: bool = True
    needs_negatives: bool = False
    needs_validation: bool = False
    place: Callable[[str], TableFile | None] | None = None
    unread: tuple[str, ...] = ()

    def fits(self, folder: Path) -> bool:
        """Whether a folder has the files."""
        if not self.files:
            return bool(_inter.stem(folder))
        return all((folder / name).exists() for name in self.files)


_RECBOLE = Layout("inter", _inter.read, (), _inter.write, needs_groups=False, needs_validation=True)

LAYOUTS: Mapping[str, Layout] = {
    "agree": Layout(
        *("agree", _agree.read, _agree.FILES, _agree.write),
        number=Numbers.trained_last,
        needs_negatives=True,
    ),
    "groupim": Layout(
        *("groupim", _groupim.read, _groupim.FILES, _groupim.write),
        number=Numbers.by_part,
        needs_validation=True,
    ),
    "inter": _RECBOLE,
    "movielens": Layout(
        "movielens", files=("ratings.dat",), place=movielens, unread=("users.dat", "tags.dat")
    ),
    "recbole": _RECBOLE,
    "split": Layout("split", _split.read, _split.FILES),
    "tsv": Layout("tsv", files=("ratings.tsv",), place=tab_separated),
    "yin": Layout("yin", _yin.read, _yin.FILES),
}
"""The layouts by name."""

WRITABLE = tuple(name for name, layout in LAYOUTS.items() if layout.write is not None)
"""Those that can be written."""

agree = _agree.read
groupim = _groupim.read
write_split = _split.write
CHOICES = _split.CHOICES

__all__ = [
    "CHOICES",
    "LAYOUTS",
    "WRITABLE",
    "Layout",
    "Numbers",
    "Scale",
    "TableFile",
    "agree",
    "groupim",
    "split_layout",
    "write_lines",
    "write_split",
]


def split_layout(name: str) -> tuple[str, str]:
    """The folder and the layout in `folder:agree`; the layout is "" if none is named."""
    base, colon, layout = name.rpartition(":")
    return (base, layout) if colon and layout in LAYOUTS else (name, "")
