"""Speed next to other libraries: the benchmarks that pytest-benchmark saved, as tables and as a figure.

python tests/benchmarks/speed.py report
python tests/benchmarks/speed.py page docs/speed.md
python tests/benchmarks/speed.py check tests/benchmarks/ratios.json
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from tabulate import tabulate

from groupbench.core.errors import ConfigError, GroupbenchError, ResultError, unknown
from groupbench.report.plots import check_suffix, figure, save

FORMATS = {"plain": "simple", "markdown": "pipe"}
"""How tables are written, and the name of it in `tabulate`."""

AXES = ("users", "items", "groups", "members")
"""What grows."""

LEAST = 0.5
"""Share of a committed ratio that a measured one may not fall below."""

T = TypeVar("T")


@dataclass(frozen=True)
class Comparison:
    """What one benchmark found of us and of a peer that do the same work in one session.

    Attributes:
        name: names the benchmark.
        what: the work.
        peer: who else does it, with the version.
        seconds: median of our rounds.
        peer_seconds: median of the peer's rounds, for the whole work.
        peak_mb: growth of resident memory while we did it once, in MiB.
        peer_peak_mb: the same of the peer, for the share of the work that it did.
        share: which share of the work the peer did; its seconds are scaled to all of it.
        bar: the ratio that is asked for, if one is.
        threads: of both sides.
        work: how much there is to do, in thousand millions of `unit`; None where nobody counts.
        unit: what is counted: bytes moved, or operations.
    """

    name: str
    what: str
    peer: str
    seconds: float
    peer_seconds: float
    peak_mb: float
    peer_peak_mb: float
    share: float
    bar: float | None
    threads: int
    work: float | None = None
    unit: str = ""

    @property
    def ratio(self) -> float:
        """How many times as long the peer takes."""
        return self.peer_seconds / self.seconds


@dataclass(frozen=True)
class Growth:
    """What one size of a growing problem takes.

    Attributes:
        axis: one of `AXES`.
        size: how many of them there are.
        seconds: median of the rounds.
        peak_mb: growth of resident memory, in MiB.
    """

    axis: str
    size: int
    seconds: float
    peak_mb: float


@dataclass(frozen=True)
class Session:
    """The benchmarks of one session.

    Attributes:
        machine: processor, cores and Python, in words.
        comparisons: in the order in which they ran.
        growth: likewise.
    """

    machine: str
    comparisons: tuple[Comparison, ...]
    growth: tuple[Growth, ...]


def saved(measured: Comparison | Growth) -> dict[str, Any]:
    """What a benchmark adds to its `extra_info`, so that `read` finds it."""
    return {type(measured).__name__.lower(): asdict(measured)}


def read(file: Path) -> Session:
    """The benchmarks in a file that `pytest --benchmark-json` wrote.

    Raises:
        ResultError: if the file cannot be read, or was not written so.
    """
    found = _json(file, "make it with 'tox -e bench'")
    try:
        machine, rows = found["machine_info"], [row["extra_info"] for row in found["benchmarks"]]
        comparisons, growth = _all(Comparison, rows), _all(Growth, rows)
        words = f"{machine['cpu']['brand_raw']}, {machine['cpu']['count']} cores"
        python = f"Python {machine['python_version']}"
    except (KeyError, TypeError) as error:
        raise ResultError(
            f"{file} holds no benchmarks of this version ({error}); make it with 'tox -e bench'"
        ) from error
    return Session(f"{words}, {python}", comparisons, growth)


def _all(kind: type[T], rows: Iterable[Mapping[str, Any]]) -> tuple[T, ...]:
    name = kind.__name__.lower()
    return tuple(kind(**row[name]) for row in rows if name in row)


def _json(file: Path, remedy: str) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ResultError(f"cannot read {file}: {error.strerror}; {remedy}") from error
    except ValueError as error:
        raise ResultError(f"{file} is no JSON file; {remedy}") from error


def render(comparisons: Sequence[Comparison], format: str = "plain") -> str:
    """Both sides of each comparison, one row each.

    Raises:
        ConfigError: if the format is unknown.
    """
    heads = ("what", "groupbench", "peer", "its time", "ratio", "bar", "MiB", "its MiB")
    return _table(heads, [_cells(one) for one in comparisons], format)


def _cells(one: Comparison) -> tuple[str, ...]:
    scaled = "" if one.share == 1 else " (scaled)"
    bar = "" if one.bar is None else f"{one.bar:g}"
    spent = (_spent(one, one.seconds), one.peer, _spent(one, one.peer_seconds) + scaled)
    return (one.what, *spent, f"{one.ratio:.3g}", bar, f"{one.peak_mb:.0f}", f"{one.peer_peak_mb:.0f}")


def _spent(one: Comparison, seconds: float) -> str:
    rate = "" if one.work is None else f" ({one.work / seconds:.3g} G{one.unit}/s)"
    return _seconds(seconds) + rate


def render_growth(growth: Sequence[Growth], format: str = "plain") -> str:
    """Seconds and memory of each size, one row each.

    Raises:
        ConfigError: if the format is unknown.
    """
    rows = [(one.axis, f"{one.size:,}", _seconds(one.seconds), f"{one.peak_mb:.0f}") for one in growth]
    return _table(("axis", "size", "time", "MiB"), rows, format)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], format: str) -> str:
    if format not in FORMATS:
        raise ConfigError(unknown("format", format, FORMATS))
    aligned = ["left" if head in ("what", "peer", "axis") else "right" for head in heads]
    written: str = tabulate(rows, heads, FORMATS[format], disable_numparse=True, colalign=aligned)
    return written


def _seconds(seconds: float) -> str:
    return f"{1e3 * seconds:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"


def draw_growth(growth: Sequence[Growth], file: Path) -> None:
    """Draw seconds and memory by how many times the first size, on logarithmic axes, and write it.

    Raises:
        ConfigError: if the format of the file is unknown.
        ResultError: if nothing was measured, or the file cannot be written.
    """
    check_suffix(file)
    if not growth:
        raise ResultError("no growth was measured; run tests/benchmarks/test_bench_growth.py too")
    with figure(8.0, 3.2) as drawn:
        time, memory = drawn.subplots(1, 2)
        for axis in dict.fromkeys(one.axis for one in growth):
            own = [one for one in growth if one.axis == axis]
            times = [one.size / own[0].size for one in own]
            label = f"{axis} (from {own[0].size:,})"
            time.plot(times, [one.seconds for one in own], marker="o", markersize=3, label=label)
            memory.plot(times, [one.peak_mb for one in own], marker="o", markersize=3)
        least = min(one.seconds for one in growth)
        linear = [1, max(one.seconds for one in growth) / least]
        time.plot(linear, [least * x for x in linear], color="grey", linestyle=":", label="linear")
        for axes, unit in ((time, "seconds"), (memory, "MiB")):
            axes.set(xscale="log", yscale="log", xlabel="times the first size", ylabel=unit)
        time.legend(frameon=False)
        save(drawn, file)


def renew(page: str, session: Session) -> str:
    """A page of documentation with what a session measured between its marks, such as `<!-- growth -->`.

    Raises:
        ResultError: if a pair of marks is not there once.
    """
    tables = {
        "machine": f"Measured on one thread of {session.machine}.",
        "comparisons": render(session.comparisons, "markdown"),
        "growth": render_growth(session.growth, "markdown"),
    }
    for name, table in tables.items():
        first, last = f"<!-- {name} -->\n", f"<!-- end of {name} -->\n"
        if page.count(first) != 1 or page.count(last) != 1:
            raise ResultError(f"the page has not one {first.strip()} and one {last.strip()}; add them")
        before, rest = page.split(first)
        page = before + first + table + "\n" + last + rest.split(last)[1]
    return page


def read_ratios(file: Path) -> dict[str, float]:
    """Committed ratios by the name of their benchmark.

    Raises:
        ResultError: if the file cannot be read, or holds something else.
    """
    remedy = "give a JSON object of names of benchmarks and their ratios"
    found = _json(file, remedy)
    if not isinstance(found, dict) or not all(isinstance(ratio, int | float) for ratio in found.values()):
        raise ResultError(f"{file} holds something else than ratios; {remedy}")
    return {name: float(ratio) for name, ratio in found.items()}


def regressions(comparisons: Iterable[Comparison], committed: Mapping[str, float]) -> list[str]:
    """A line for each committed ratio that is missing, or of which less than `LEAST` is left."""
    measured = {one.name: one.ratio for one in comparisons}
    lines = []
    for name, before in committed.items():
        if name not in measured:
            lines.append(f"{name}: was {before:.3g} times the peer's speed and was not measured")
        elif measured[name] < LEAST * before:
            lines.append(f"{name}: {measured[name]:.3g} times the peer's speed, {before:.3g} before")
    return lines


app = typer.Typer(help="Show and check saved benchmarks against other libraries.", no_args_is_help=True)

_SAVED = typer.Argument(help="JSON file that 'tox -e bench' wrote.")


@app.command("report")
def report(
    file: Annotated[Path, _SAVED] = Path(".benchmarks/latest.json"),
    format_: Annotated[str, typer.Option("--format", "-f", help="plain or markdown.")] = "plain",
    plot: Annotated[Path | None, typer.Option(help="Draw growth to an .svg, .png or .pdf file.")] = None,
) -> None:
    """Show both sides' medians, the ratio and peak memory, and how time and memory grow."""
    found = read(file)
    tables = []
    if found.comparisons:
        tables.append(render(found.comparisons, format_))
    if found.growth:
        tables.append(render_growth(found.growth, format_))
    typer.echo("\n\n".join([*tables, found.machine]))
    if plot is not None:
        draw_growth(found.growth, plot)
        typer.echo(f"drawn in {plot}")


@app.command("page")
def write_page(
    page: Annotated[Path, typer.Argument(help="Page of documentation, docs/speed.md.")],
    file: Annotated[Path, _SAVED] = Path(".benchmarks/latest.json"),
    plot: Annotated[Path | None, typer.Option(help="Draw growth to an .svg, .png or .pdf file.")] = None,
) -> None:
    """Put the tables of a session in the place of those of a page of documentation."""
    found = read(file)
    page.write_text(renew(page.read_text(encoding="utf-8"), found), encoding="utf-8")
    typer.echo(f"{len(found.comparisons)} comparisons and {len(found.growth)} sizes in {page}")
    if plot is not None:
        draw_growth(found.growth, plot)


@app.command("check")
def check(
    ratios: Annotated[Path, typer.Argument(help="JSON file of benchmarks and their ratios.")],
    file: Annotated[Path, _SAVED] = Path(".benchmarks/latest.json"),
) -> None:
    """Compare saved ratios with committed ones; fail below half of one."""
    committed = read_ratios(ratios)
    slower = regressions(read(file).comparisons, committed)
    for line in slower:
        typer.echo(line, err=True)
    typer.echo(f"{len(committed)} ratios, {len(slower)} below {LEAST:.0%} of what they were")
    if slower:
        raise typer.Exit(1)


if __name__ == "__main__":
    try:
        app()
    except GroupbenchError as error:
        sys.exit(f"speed.py: {error}")
