"""Recorded runs done again: from the record alone, compared figure by figure."""

from groupbench.reproduction._agree import RELATIVE, Agreement, Difference, agreement
from groupbench.reproduction._changes import CLOSE, Change, Promise
from groupbench.reproduction._find import find_runs, repeatable_runs
from groupbench.reproduction._inputs import Inputs, recorded
from groupbench.reproduction._repeat import Repeat, reproduce
from groupbench.reproduction._words import spoken, summary

__all__ = [
    "CLOSE",
    "RELATIVE",
    "Agreement",
    "Change",
    "Difference",
    "Inputs",
    "Promise",
    "Repeat",
    "agreement",
    "find_runs",
    "recorded",
    "repeatable_runs",
    "reproduce",
    "spoken",
    "summary",
]
