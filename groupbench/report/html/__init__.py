"""The report page: all figures of a results folder in one file that needs nothing else."""

from __future__ import annotations

from groupbench.report.html.content import Content, page_content
from groupbench.report.html.document import Page, make_page
from groupbench.report.html.interval import CONFIDENCE, half_widths

__all__ = ["CONFIDENCE", "Content", "Page", "half_widths", "make_page", "page_content"]
