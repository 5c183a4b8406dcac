"""Reading data: original files to `Dataset`."""

from groupbench.loading._card import Card, card
from groupbench.loading._check import Check, FileCheck, Info, check, counts, info
from groupbench.loading._features import multi_hot, one_hot, side_by_side, standardised, words
from groupbench.loading._ids import indices, memberships, sorted_ids, without_repeats
from groupbench.loading._load import fetch, load
from groupbench.loading._note import Note
from groupbench.loading._source import Source
from groupbench.loading._table import Table, read_table
from groupbench.loading._variants import VARIANTS, split_variant

__all__ = [
    "VARIANTS",
    "Card",
    "Check",
    "FileCheck",
    "Info",
    "Note",
    "Source",
    "Table",
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
    "standardised",
    "without_repeats",
    "words",
]
