"""`groupbench report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from groupbench.cli._options import Results, require_place, with_options
from groupbench.report.options import LabelOptions, ResultFilter


@with_options
def report(
    chosen: ResultFilter,
    words: LabelOptions,
    results: Results = Path("results"),
    output: Annotated[Path, typer.Option("--output", "-o", help="HTML file to write.")] = Path("report.html"),
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
        load_records(results, chosen.dataset, protocols=chosen.protocol),
        methods=chosen.methods,
        views=chosen.views or "all",
        metrics=chosen.metrics or "all",
        k=chosen.k,
        aggregator=chosen.one("aggregator"),
        significance=significance,
        labels=words.labels,
    )
    page = make_page(found, title=title)
    page.write(output)
    jobs = sum(found["jobs"].values())
    size = len(page.text.encode()) / 1e6
    typer.echo(f"{jobs} jobs, {len(found['sections'])} views, {size:.1f} MB: open {output} in a browser")
    for note in found["hidden"]:
        typer.echo(f"{note} (--methods)")
    if found["cut"]:
        typer.echo(
            f"only rows of the aggregator {found['cut']!r}: for others give --aggregator or fewer --metrics"
        )
