"""`groupbench submit` and `verify`: results for a leaderboard that others keep."""

from __future__ import annotations

import secrets
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from groupbench.cli._options import DataDir, Except, Plugins, Results, require_place, with_options
from groupbench.report.options import ResultFilter

if TYPE_CHECKING:
    from groupbench.results.exchange import Bundle


@with_options
def submit(
    output: Annotated[Path, typer.Option("--output", "-o", help="The bundle, a .zip file.")],
    submitter: Annotated[str, typer.Option("--as", help="Who submits, as the leaderboard is to say it.")],
    chosen: Annotated[ResultFilter, Except("views", "aggregator", "metrics", "k")],
    results: Results = Path("results"),
) -> None:
    """Bundle the records that tables show, their card and checksums; no data, lists or code are in it."""
    from groupbench.api import load_records
    from groupbench.core.errors import ConfigError
    from groupbench.report.card import make_card
    from groupbench.report.resolution import with_methods
    from groupbench.results import exchange

    if not submitter.strip() or not submitter.isprintable():
        raise ConfigError('--as: say who submits, as in --as "A. Author, My University"')
    require_place(output)
    records = load_records(results, chosen.dataset, protocols=chosen.protocol)
    records = with_methods(records, chosen.methods)
    command = shlex.join(["groupbench", *sys.argv[1:]])
    card = make_card(records).text("markdown")
    exchange.write_bundle(records, output, card=card, submitter=submitter, command=command)
    typer.echo(f"{len(records):,} records of {len({r.method for r in records})} methods written to {output}")
    typer.echo(f"check it as the keeper of a leaderboard will: groupbench verify {shlex.quote(str(output))}")


def verify(
    bundle: Annotated[
        Path, typer.Argument(help="A file that 'groupbench submit' wrote.", show_default=False)
    ],
    sample: Annotated[int, typer.Option(min=0, help="Jobs to run again.")] = 3,
    draw: Annotated[
        int | None, typer.Option(min=0, help="Number that decides which; a new one every time by default.")
    ] = None,
    longest: Annotated[
        float, typer.Option(min=0, help="Leave out jobs that took more seconds than this.")
    ] = 600.0,
    data_dir: DataDir = None,
    plugin: Plugins = None,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="Worker processes.")] = 1,
    timeout: Annotated[float, typer.Option(min=0, help="Seconds after which a job is ended.")] = 3600.0,
) -> None:
    """Check a bundle's checksums and records, and run a sample of its jobs again.

    Which jobs is decided here, so that nobody who submits can know. The data of all records are compared
    with those at hand. The exit status is 1 if a job differs, or none could be run.
    """
    from groupbench.core.text import one_line
    from groupbench.results import exchange
    from groupbench.runner import reproduction

    found = exchange.read_bundle(bundle)
    for line in _facts(found):
        typer.echo(line)
    inputs = reproduction.RecordedInputs(data_dir, None, plugin or [])
    there, missing = reproduction.available(found.records, inputs)
    for line in missing:
        typer.echo(one_line(line))
    if long := sum(sum(r.seconds.values()) > longest for r in there):
        typer.echo(f"{long} records took more than {longest:g} seconds: not run again (--longest)")
    draw = secrets.randbelow(10**6) if draw is None else draw
    chosen = reproduction.drawn(there, sample, longest, f"{found.sha256} {draw}")
    typer.echo(
        f"running {len(chosen)} of {len(found.records):,} again (--draw {draw})"
        if chosen
        else "nothing is run again: what the records say is not checked"
    )
    repeats = []
    for repeat in reproduction.reproduce(chosen, inputs, jobs=jobs, timeout=timeout):
        repeats.append(repeat)
        typer.echo(reproduction.format_repeat(repeat))
    for line in reproduction.format_summary(repeats) if repeats else []:
        typer.echo(line)
    if not all(repeat.holds for repeat in repeats) or (sample and not repeats):
        raise typer.Exit(1)


def _facts(bundle: Bundle) -> list[str]:
    """What is said of a bundle before anything is run."""
    from groupbench.core.errors import ResultError
    from groupbench.core.registry import methods
    from groupbench.core.text import one_line
    from groupbench.core.version import VERSION
    from groupbench.evaluation import evaluate
    from groupbench.results.store import EXTERNAL

    records = bundle.records
    for record in records:
        if record.family == EXTERNAL and (record.method in methods or record.name in methods):
            raise ResultError(
                f"record {record.key} is of rankings from elsewhere called {record.name}, and that is "
                "a method here; ask for another name"
            )
    lines = [
        f"{len(records):,} records by {bundle.submitter}, groupbench {bundle.version} (here {VERSION}); "
        "checksums agree"
    ]
    for dataset, protocol in sorted({(r.dataset, r.protocol) for r in records}):
        there = [r for r in records if (r.dataset, r.protocol) == (dataset, protocol)]
        seeds, rows = len({r.seed for r in there}), len({r.method for r in there})
        lines.append(one_line(f"{dataset}, protocol {protocol}: {rows} methods, {seeds} seeds"))
    other = sum(r.status == "done" and r.config.get("evaluation") != evaluate.VERSION for r in records)
    elsewhere = sum(r.family == EXTERNAL for r in records)
    notes = {
        f"{other} records are of another version of the evaluation than {evaluate.VERSION} here": other,
        f"{elsewhere} records are of rankings that were made elsewhere: they cannot be run again": elsewhere,
    }
    return lines + [note for note, count in notes.items() if count]
