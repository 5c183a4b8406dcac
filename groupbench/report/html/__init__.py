"""The report page: all scores of a results folder in one HTML file that loads nothing.

What the page shows is decided here; how its values are chosen and aggregated is not.
"""

from __future__ import annotations

from groupbench.report.html._content import page_content
from groupbench.report.html._document import Page, make_page
from groupbench.report.html._leaderboard import Content

__all__ = ["Content", "Page", "make_page", "page_content"]
