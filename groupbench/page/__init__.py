"""The report page: all figures of a results folder in one file that needs nothing else."""

from __future__ import annotations

from groupbench.page.content import Content, page_content
from groupbench.page.document import Page, make_page
from groupbench.page.interval import CONFIDENCE, half_widths

__all__ = ["CONFIDENCE", "Content", "Page", "half_widths", "make_page", "page_content"]
