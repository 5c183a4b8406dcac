"""Recorded runs done again, from the record alone, and reported figures beside ours."""

from groupbench.reproduction._agree import RELATIVE, Agreement, Difference, agreement
from groupbench.reproduction._changes import CLOSE, Change, Promise
from groupbench.reproduction._find import find_runs, repeatable_runs
from groupbench.reproduction._inputs import Inputs, recorded
from groupbench.reproduction._repeat import Repeat, reproduce
from groupbench.reproduction._reported import TOLERANCE, Beside, beside_ours, reported_for
from groupbench.reproduction._words import spoken, summary, told

__all__ = [
    "CLOSE",
    "RELATIVE",
    "TOLERANCE",
    "Agreement",
    "Beside",
    "Change",
    "Difference",
    "Inputs",
    "Promise",
    "Repeat",
    "agreement",
    "beside_ours",
    "find_runs",
    "recorded",
    "repeatable_runs",
    "reported_for",
    "reproduce",
    "spoken",
    "summary",
    "told",
]
