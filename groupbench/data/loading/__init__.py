"""Reading data: original files to `Dataset`."""

from groupbench.data.loading._card import Card, card
from groupbench.data.loading._check import DatasetCheck, DatasetInfo, FileCheck, check, counts, info
from groupbench.data.loading._features import multi_hot, one_hot, side_by_side, standardized, tfidf
from groupbench.data.loading._ids import indices, memberships, sorted_ids, without_repeats
from groupbench.data.loading._load import fetch, load
from groupbench.data.loading._note import Note
from groupbench.data.loading._source import Source
from groupbench.data.loading._table import TextTable, read_table
from groupbench.data.loading._variants import VARIANTS, split_variant

__all__ = [
    "VARIANTS",
    "Card",
    "DatasetCheck",
    "DatasetInfo",
    "FileCheck",
    "Note",
    "Source",
    "TextTable",
    "card",
    "check",
    "counts",
    "fetch",
    "indices",
    "info",
    "load",
    "memberships",
    "multi_hot",
    "one_hot",
    "read_table",
    "side_by_side",
    "sorted_ids",
    "split_variant",
    "standardized",
    "tfidf",
    "without_repeats",
]
