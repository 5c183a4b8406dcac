"""The tables of rows that findings are about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupbench.data.leakage import partitions

if TYPE_CHECKING:
    from groupbench.data.dataset import Dataset, Ratings


def tables_of(dataset: Dataset) -> list[tuple[str, bool, Ratings]]:
    """Every table of ratings: what it is called, whether its raters are groups, and its rows."""
    tables = [("ratings", False, dataset.ratings)]
    if dataset.group_ratings is not None:
        tables.append(("group ratings", True, dataset.group_ratings))
    return tables + [(f"held-out {p.label}", p.of_groups, p.held.ratings) for p in partitions(dataset)]


def rows_of(dataset: Dataset, of_groups: bool) -> list[Ratings]:
    """Every table of rows of groups, or of users."""
    return [rows for _, groups, rows in tables_of(dataset) if groups == of_groups]
