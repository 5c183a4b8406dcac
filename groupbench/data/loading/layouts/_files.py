"""Where the tables of a user's folder lie, and how they are cut."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TableFile:
    """A file of a folder in the place of one such as `ratings.csv`.

    Attributes:
        name: what it is called.
        separator: what stands between two values.
        columns: names of the columns, of which a file may lack the last; None where the first line has them.
        quoted: whether double quotes may surround a value.
        older: its encoding where it is not UTF-8.
    """

    name: str
    separator: str = ","
    columns: tuple[str, ...] | None = None
    quoted: bool = True
    older: str = "utf-8-sig"


def tab_separated(name: str) -> TableFile:
    """The file with tabs in the place of `name`, as `ratings.tsv` for `ratings.csv`."""
    return TableFile(f"{name.removesuffix('.csv')}.tsv", "\t")


def movielens(name: str) -> TableFile | None:
    """The file of MovieLens 1M or 10M in the place of `name`; None where they have none."""
    return _MOVIELENS.get(name)


def _with_colons(name: str, *columns: str) -> TableFile:
    return TableFile(name, "::", columns, quoted=False, older="latin-1")


_MOVIELENS = {
    "ratings.csv": _with_colons("ratings.dat", "user", "item", "rating", "timestamp"),
    "groups.csv": _with_colons("groups.dat", "group", "user"),
    "group_ratings.csv": _with_colons("group_ratings.dat", "group", "item", "rating", "timestamp"),
    "items.csv": _with_colons("movies.dat", "item", "title", "genres"),
}
