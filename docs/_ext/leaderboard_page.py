"""Sphinx extension: the report page of the leaderboard that comes with groupbench lies beside the pages."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from groupbench.api import report_page
from groupbench.results import archive

if TYPE_CHECKING:
    from sphinx.application import Sphinx

FILE = "leaderboard-report.html"


def write(app: Sphinx, error: Exception | None) -> None:
    """Write the page once the others are there; Sphinx calls it at the end."""
    if error is None and app.builder.format == "html":
        report_page(archive.shipped(), Path(app.outdir) / FILE, title="The leaderboard of groupbench")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension."""
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
