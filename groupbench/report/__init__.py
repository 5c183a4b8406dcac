"""Tables of run records: long frames for programs, captioned tables for people."""

from __future__ import annotations

from groupbench.report.long import COLUMNS, FIGURE_COLUMNS, figures_frame, long_frame
from groupbench.report.render import FORMATS, render, table_frame
from groupbench.report.significance import Significance

__all__ = [
    "COLUMNS",
    "FIGURE_COLUMNS",
    "FORMATS",
    "Significance",
    "figures_frame",
    "long_frame",
    "render",
    "table_frame",
]
