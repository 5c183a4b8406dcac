"""Recorded runs done again, from the record alone, and reported values beside ours."""

from groupbench.results.agreement import RELATIVE, Agreement, Difference, agreement
from groupbench.results.environment import CLOSE, Change, Promise
from groupbench.results.find import find_runs, found_runs, names_run, repeatable_runs
from groupbench.results.inputs import RecordedInputs, recorded
from groupbench.runner.reproduction._repeat import Repeat, available, drawn, reproduce
from groupbench.runner.reproduction._report import format_repeat, format_reported, format_summary
from groupbench.runner.reproduction._reported import TOLERANCE, Beside, beside_ours, reported_for

__all__ = [
    "CLOSE",
    "RELATIVE",
    "TOLERANCE",
    "Agreement",
    "Beside",
    "Change",
    "Difference",
    "Promise",
    "RecordedInputs",
    "Repeat",
    "agreement",
    "available",
    "beside_ours",
    "drawn",
    "find_runs",
    "format_repeat",
    "format_reported",
    "format_summary",
    "found_runs",
    "names_run",
    "recorded",
    "repeatable_runs",
    "reported_for",
    "reproduce",
]
