"""Tables of run records: tidy frames for programs, captioned tables for people."""

from __future__ import annotations

from groupbench.report.render import FORMATS, render, table_frame
from groupbench.report.significance import Significance
from groupbench.report.tidy import COLUMNS, FIGURE_COLUMNS, figures_frame, tidy

__all__ = [
    "COLUMNS",
    "FIGURE_COLUMNS",
    "FORMATS",
    "Significance",
    "figures_frame",
    "render",
    "table_frame",
    "tidy",
]
