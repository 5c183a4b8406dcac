"""The Python functions: what the command line does, and methods that are evaluated and asked in this process.

They choose nothing that a command would choose otherwise; what they return is made upstream.
"""

from __future__ import annotations

from groupbench.api import _plot as plot
from groupbench.api._evaluate import evaluate, load
from groupbench.api._recommend import FittedMethod, fit
from groupbench.api._results import card, compare, load_records, load_results, report_page, table
from groupbench.api._run import run, tune
from groupbench.runner.run import collect, start, start_tuning

__all__ = [
    "FittedMethod",
    "card",
    "collect",
    "compare",
    "evaluate",
    "fit",
    "load",
    "load_records",
    "load_results",
    "plot",
    "report_page",
    "run",
    "start",
    "start_tuning",
    "table",
    "tune",
]
