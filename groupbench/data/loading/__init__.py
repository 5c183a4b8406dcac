"""Reading data: original files, wherever they lie, to a `Dataset`.

What is peculiar to one data set stands in its file in `datasets/`; what is odd in it, the doctor says.
"""

from groupbench.data.loading._archive import Archive
from groupbench.data.loading._card import Card, card
from groupbench.data.loading._check import DatasetCheck, DatasetInfo, FileCheck, check, counts, info
from groupbench.data.loading._features import multi_hot, one_hot, side_by_side, standardized, tfidf
from groupbench.data.loading._ids import (
    IdColumn,
    indices,
    memberships,
    rating_rows,
    sorted_ids,
    without_repeats,
)
from groupbench.data.loading._load import fetch, load
from groupbench.data.loading._names import TIMES, refuse_like_rating, time_column
from groupbench.data.loading._note import Note
from groupbench.data.loading._parquet import read_parquet
from groupbench.data.loading._source import Source
from groupbench.data.loading._table import TextTable, read_table
from groupbench.data.loading._variants import VARIANTS, clean, clean_variant, split_variant
from groupbench.data.loading.layouts import LAYOUTS
from groupbench.data.texts import joined

__all__ = [
    "LAYOUTS",
    "TIMES",
    "VARIANTS",
    "Archive",
    "Card",
    "DatasetCheck",
    "DatasetInfo",
    "FileCheck",
    "IdColumn",
    "Note",
    "Source",
    "TextTable",
    "card",
    "check",
    "clean",
    "clean_variant",
    "counts",
    "fetch",
    "indices",
    "info",
    "joined",
    "load",
    "memberships",
    "multi_hot",
    "one_hot",
    "rating_rows",
    "read_parquet",
    "read_table",
    "refuse_like_rating",
    "side_by_side",
    "sorted_ids",
    "split_variant",
    "standardized",
    "tfidf",
    "time_column",
    "without_repeats",
]
