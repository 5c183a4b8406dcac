"""`groupbench table`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from groupbench.cli._options import Results, with_options
from groupbench.report.options import LayoutOptions, RowOptions, SignificanceOptions

if TYPE_CHECKING:
    from groupbench.results.store import RunRecord


Format = Annotated[
    str,
    typer.Option(
        "--format", "-f", help="plain, markdown, latex, html, csv or json.", rich_help_panel="Output"
    ),
]
By = Annotated[
    str | None,
    typer.Option(
        help="Break groups down by size, cohesion, activity or options (one metric).", rich_help_panel="Rows"
    ),
]
Marked = Annotated[
    bool,
    typer.Option(
        "--significance",
        help="Mark rows that differ from the best by paired tests; any option here does.",
        rich_help_panel="Significance",
    ),
]


@with_options
def table(
    rows: RowOptions,
    layout: LayoutOptions,
    tests: SignificanceOptions,
    results: Results = Path("results"),
    format_: Format = "plain",
    by: By = None,
    significance: Marked = False,
) -> None:
    """Show the metrics of a results folder."""
    from groupbench.api import load_records
    from groupbench.core.errors import ConfigError
    from groupbench.report.render import FRAMES, render
    from groupbench.report.significance import Significance

    format_ = format_.casefold()
    in_text = by is None and format_ not in FRAMES
    tell = (lambda note: None) if in_text else None
    records = load_records(results, rows.dataset, tell, rows.protocol)
    marked = significance or bool(tests.model_fields_set)
    if by is not None:
        if marked:
            raise ConfigError("--by shows no tests; leave out --significance, or --by")
        _show_breakdown(results, records, by, rows, layout, format_)
        return
    how = Significance(results, **tests.model_dump()) if marked else None
    color = sys.stdout.isatty() and format_ == "plain"
    options = rows.table_options(how)
    typer.echo(render(records, format=format_, color=color, layout=layout, **options))


def _show_breakdown(
    results: Path,
    records: Sequence[RunRecord],
    by: str,
    rows: RowOptions,
    layout: LayoutOptions,
    format_: str,
) -> None:
    from groupbench.core.errors import ConfigError
    from groupbench.report.breakdown import breakdown_frame, render_breakdown

    if rows.ties or rows.against:
        raise ConfigError("--by shows expected values of runs alone; leave out --ties and --against")
    frame = breakdown_frame(
        results,
        records,
        by=by,
        metric=rows.one("metrics"),
        k=rows.k,
        aggregator=rows.aggregator or "average",
        methods=rows.methods,
        views=rows.views or "all",
    )
    typer.echo(render_breakdown(frame, format=format_, layout=layout))
