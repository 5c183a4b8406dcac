"""The atomic files of RecBole (Zhao et al., CIKM 2021), which it reads with `benchmark_filename`.

`NAME.inter`, or `NAME.train.inter`, `NAME.valid.inter` and `NAME.test.inter`, have tabs between columns whose
names end in a type: `user_id:token`, `item_id:token`, and where known `rating:float` and `timestamp:float`.
RecBole has no groups; ours are beside it, as `NAME.group` (`group_id:token`, `user_id:token`) and
`NAME.group-train.inter` and the like, which RecBole does not look at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupbench.core.errors import DatasetError
from groupbench.data.dataset import GivenSplit
from groupbench.data.loading.layouts._build import LayoutTables, Part, Scale, build
from groupbench.data.loading.layouts._numbers import Numbers, held_rows, line_of, write_lines

if TYPE_CHECKING:
    from pathlib import Path

    from groupbench.core.arrays import IntArray
    from groupbench.data.dataset import Dataset, Ratings
    from groupbench.data.loading._source import Source
    from groupbench.data.loading._table import TextTable

_PARTS = {"train": "train", "validation": "valid", "test": "test"}
_COLUMNS = {"user_id": "user", "group_id": "group", "item_id": "item"}


def stem(folder: Path) -> str:
    """NAME of the only `NAME.inter` or `NAME.train.inter` of a folder, or nothing."""
    whole = {
        file.name.removesuffix(".inter").removesuffix(".train").removesuffix(".group-train")
        for file in folder.glob("*.inter")
    }
    stems = {name for name in whole if name.rpartition(".")[2] not in ("valid", "test", *_of_groups())}
    return stems.pop() if len(stems) == 1 else ""


def read(source: Source, scale: Scale | None = None) -> Dataset:
    """Read a folder of atomic files; errors as of `groupbench.data.loading.layouts.agree`."""
    name = stem(source.folder)
    if not name:
        raise DatasetError(f"{source.folder}: holds no NAME.inter, or several; keep one data set in a folder")
    users = _parts(source, name, "user", "")
    if whole := source.has(f"{name}.inter"):
        users = {"train": Part((_table(source, f"{name}.inter", "user", "item"),))}
    groups = {} if whole else _parts(source, name, "group", "group-")
    if "train" not in users:
        raise DatasetError(f"{source.file(f'{name}.train.inter')}: there is no such file; add it")
    members = _table(source, f"{name}.group", "group", "user") if source.has(f"{name}.group") else None
    return build(source, LayoutTables(users, groups if members else {}, members), scale)


def write(dataset: Dataset, folder: Path, numbers: Numbers) -> None:
    """Write a data set with its split; its name is that of the files."""
    name, given, groups = dataset.name, dataset.given or GivenSplit(), dataset.groups
    users = (dataset.ratings, held_rows(given.validation_users), held_rows(given.users))
    joint = (dataset.group_ratings, held_rows(given.validation_groups), held_rows(given.groups))
    for kind, before, parts in (("user", "", users), ("group", "group-", joint)):
        for part, rows in zip(_PARTS.values(), parts, strict=True):
            if rows is not None:
                file = folder / f"{name}.{before}{part}.inter"
                _write(file, kind, rows, numbers.of(kind), numbers)
    if groups is not None:
        pairs = zip(numbers.groups[groups.segments.of_row], numbers.users[groups.members], strict=True)
        lines = (line_of(pair, "\t") for pair in pairs)
        write_lines(folder / f"{name}.group", ("group_id:token\tuser_id:token", *lines))


def _write(file: Path, kind: str, rows: Ratings, raters: IntArray, numbers: Numbers) -> None:
    columns: dict[str, list[object]] = {
        f"{kind}_id:token": raters[rows.users].tolist(),
        "item_id:token": numbers.items[rows.items].tolist(),
        "rating:float": rows.values.tolist(),
    }
    if rows.timestamps is not None:
        columns["timestamp:float"] = rows.timestamps.tolist()
    lines = (line_of(values, "\t") for values in zip(*columns.values(), strict=True))
    write_lines(file, ("\t".join(columns), *lines))


def _of_groups() -> list[str]:
    return [f"group-{part}" for part in _PARTS.values()]


def _parts(source: Source, name: str, kind: str, before: str) -> dict[str, Part]:
    files = {part: f"{name}.{before}{short}.inter" for part, short in _PARTS.items()}
    return {
        part: Part((_table(source, file, kind, "item"),)) for part, file in files.items() if source.has(file)
    }


def _table(source: Source, file: str, *needed: str) -> TextTable:
    """A file whose columns have the names of ours, without their types."""
    table = source.table(file, separator="\t", quoted=False)
    plain = {name: name.partition(":")[0] for name in table.columns}
    return table.renamed({name: _COLUMNS.get(short, short) for name, short in plain.items()}).require(*needed)
