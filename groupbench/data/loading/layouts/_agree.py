"""The layout of AGREE (Cao et al., SIGIR 2018), which ConsRec, AlignGroup, HyperGroup and others read too.

`groupMember.txt` has lines such as `7 12,15,31`; `userRatingTrain.txt`, `userRatingTest.txt`,
`groupRatingTrain.txt` and `groupRatingTest.txt` have rater, item and possibly rating and timestamp, with
blanks or tabs between them; line n of `userRatingNegative.txt` and `groupRatingNegative.txt` has the pair of
line n of the test file in parentheses and the items that were sampled for it. Where there is a
`userFollow.txt`, it says whom users follow.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from groupbench.core.errors import DatasetError
from groupbench.data.dataset import GivenSplit
from groupbench.data.loading._text import TextColumn
from groupbench.data.loading.layouts._build import LayoutTables, Part, Scale, build, first_line
from groupbench.data.loading.layouts._follow import with_follows, write_follows
from groupbench.data.loading.layouts._numbers import Numbers, line_of, write_lines

if TYPE_CHECKING:
    from pathlib import Path

    from groupbench.core.arrays import IntArray
    from groupbench.data.dataset import Dataset, HeldOutRows, Ratings
    from groupbench.data.loading._source import Source
    from groupbench.data.loading._table import TextTable

FILES = ("groupMember.txt", "groupRatingTrain.txt", "userRatingTrain.txt")
"""The files that every such folder has."""

_FIELDS = ("item", "rating", "timestamp")
_WHOLE_LINE = "\x1f"
"""A separator that no line holds."""


def read(source: Source, scale: Scale | None = None) -> Dataset:
    """Read a folder of AGREE's files.

    Args:
        source: the folder.
        scale: lowest and highest possible rating; None for those that occur.

    Raises:
        DatasetError: naming file and line of what is wrong.
    """
    parts = {kind: _parts(source, kind) for kind in ("user", "group")}
    made = build(source, LayoutTables(parts["user"], parts["group"], _members(source)), scale)
    return with_follows(source, made)


def write(dataset: Dataset, folder: Path, numbers: Numbers) -> None:
    """Write a data set with its split; groups and rows of groups are needed."""
    groups = dataset.groups
    assert groups is not None
    assert dataset.group_ratings is not None
    members = np.split(numbers.users[groups.members], groups.segments.offsets[1:-1])
    write_lines(
        folder / "groupMember.txt",
        (f"{group} {','.join(map(str, own))}" for group, own in zip(numbers.groups, members, strict=True)),
    )
    write_follows(dataset, folder, numbers)
    rated = dataset.scale[0] != dataset.scale[1]
    given = dataset.given or GivenSplit()
    tested = {"user": given.users, "group": given.groups}
    for kind, rows in (("user", dataset.ratings), ("group", dataset.group_ratings)):
        _write_rows(folder / f"{kind}RatingTrain.txt", rows, numbers.of(kind), numbers, rated)
        if (held := tested[kind]) is not None:
            _write_rows(folder / f"{kind}RatingTest.txt", held.ratings, numbers.of(kind), numbers, rated)
            _write_negatives(folder / f"{kind}RatingNegative.txt", held, numbers.of(kind), numbers)


def _write_rows(file: Path, rows: Ratings, raters: IntArray, numbers: Numbers, rated: bool) -> None:
    columns = [raters[rows.users], numbers.items[rows.items]]
    write_lines(file, map(line_of, zip(*columns, *([rows.values] if rated else []), strict=True)))


def _write_negatives(file: Path, held: HeldOutRows, raters: IntArray, numbers: Numbers) -> None:
    assert held.negatives is not None
    assert held.segments is not None
    rows = held.ratings
    pairs = zip(raters[rows.users].tolist(), numbers.items[rows.items].tolist(), strict=True)
    sampled = np.split(numbers.items[held.negatives], held.segments.offsets[1:-1])
    write_lines(
        file,
        (line_of((f"({rater},{item})", *own)) for (rater, item), own in zip(pairs, sampled, strict=True)),
    )


def _parts(source: Source, kind: str) -> dict[str, Part]:
    parts = {"train": Part((_rows(source, kind, "Train"),))}
    if source.has(f"{kind}RatingTest.txt"):
        tested = _rows(source, kind, "Test")
        sampled = source.has(f"{kind}RatingNegative.txt")
        parts["test"] = Part((tested,), _negatives(source, kind, tested) if sampled else None)
    return parts


def _rows(source: Source, kind: str, part: str) -> TextTable:
    name = f"{kind}Rating{part}.txt"
    line = first_line(source, name)
    separator = "\t" if "\t" in line else " "
    columns = (kind, *_FIELDS[: max(1, len(line.split(separator)) - 1)])
    return source.table(name, columns, separator=separator, quoted=False)


def _members(source: Source) -> TextTable:
    """One row per group and member, from lines such as `7 12,15,31`."""
    name = "groupMember.txt"
    separator = "\t" if "\t" in first_line(source, name) else " "
    table = source.table(name, ("group", "user"), separator=separator, quoted=False)
    table.distinct(("group",))
    return table.exploded("user", ",")


def _negatives(source: Source, kind: str, tested: TextTable) -> TextTable:
    """One row per sampled item, from lines such as `(7,31) 12 15 8`; its record is the row of `tested`.

    Raises:
        DatasetError: if a line is about another pair than that row of `tested`, or names no item.
    """
    import pyarrow.compute as pc

    table = source.table(f"{kind}RatingNegative.txt", ("line",), separator=_WHOLE_LINE, quoted=False)
    if len(table) != len(tested):
        raise DatasetError(
            f"{table.file}: {len(table)} rows for {len(tested)} in {tested.file}; "
            "use files of the same version"
        )
    rows, words = table.columns["line"].split()
    heads = np.diff(rows, prepend=-1) > 0
    pairs = words.take(heads)
    expected = _pairs(tested, kind)
    differs = ~pc.equal(pairs.text, expected.text).to_numpy()
    if differs.any():
        row = int(np.argmax(differs))
        raise table.error(
            row,
            f"is about {pairs[row]} where line {tested.line(row)} of {tested.file} has {expected[row]}",
            "use files of the same version",
        )
    lengths = np.bincount(rows)
    if lengths.min() < 2:
        raise table.error(int(lengths.argmin()), "names no item", "write the sampled items")
    return replace(table.keep(rows[~heads]), columns={"item": words.take(~heads)})


def _pairs(table: TextTable, kind: str) -> TextColumn:
    """The pair of each row as in `(7,31)`."""
    import pyarrow as pa
    import pyarrow.compute as pc

    raters, items = (table.columns[name].text for name in (kind, "item"))
    left, comma, right, nothing = (pa.scalar(mark, pa.large_string()) for mark in ("(", ",", ")", ""))
    return TextColumn(pc.binary_join_element_wise(left, raters, comma, items, right, nothing))
