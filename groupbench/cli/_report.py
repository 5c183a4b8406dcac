"""`groupbench report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from groupbench.cli._options import Only, Results, require_place, split_names


def report(
    results: Results = Path("results"),
    output: Annotated[Path, typer.Option("--output", "-o", help="HTML file to write.")] = Path("report.html"),
    dataset: Only = None,
    view: Annotated[list[str] | None, typer.Option(help="Only these views; default: all.")] = None,
    metrics: Annotated[list[str] | None, typer.Option(help="Only these metrics; default: all.")] = None,
    aggregator: Annotated[
        str | None, typer.Option(help="Only this one; default: all, or 'average' where that is too much.")
    ] = None,
    significance: Annotated[
        bool, typer.Option(help="Mark rows that differ from the best by paired tests.")
    ] = True,
    title: Annotated[str, typer.Option(help="The heading.")] = "Group recommenders compared",
) -> None:
    """Write everything as one HTML file that opens anywhere and loads nothing."""
    from groupbench.api import load_records
    from groupbench.core.errors import ConfigError
    from groupbench.report.html import make_page, page_content

    if output.suffix.lower() not in (".html", ".htm"):
        raise ConfigError(f"{output}: the report is an HTML file; name it .html")
    require_place(output)
    found = page_content(
        results,
        load_records(results, split_names(dataset, "dataset")),
        views=split_names(view, "view") or "all",
        metrics=split_names(metrics, "metrics") or "all",
        aggregator=aggregator,
        significance=significance,
    )
    page = make_page(found, title=title)
    page.write(output)
    jobs = sum(found["jobs"].values())
    size = len(page.text.encode()) / 1e6
    typer.echo(f"{jobs} jobs, {len(found['sections'])} views, {size:.1f} MB: open {output} in a browser")
    if found["cut"]:
        typer.echo(
            f"only rows of the aggregator {found['cut']!r}: for others give --aggregator or fewer --metrics"
        )
