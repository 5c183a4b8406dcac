"""What `groupbench plot` draws of a results folder, as figures: `groupbench.plot.bars("results")`.

Each function takes the options of its command. What it returns is a figure of matplotlib: a notebook shows
it, `savefig` writes it.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from groupbench.api._keywords import taken, with_keywords
from groupbench.api._results import RESULTS, load_records
from groupbench.core.files import expanded
from groupbench.report.options import DrawingOptions, ResultFilter

if TYPE_CHECKING:
    from groupbench.report.plots import Drawing
    from groupbench.results.selection import Selection

__all__ = ["bars", "by_size", "cd", "distribution", "pareto"]


def __dir__() -> list[str]:
    return sorted(__all__)


@with_keywords(ResultFilter, DrawingOptions)
def bars(results: str | Path = RESULTS, **options: object) -> Drawing:
    """Means with the 95% interval over seeds, best first; reference rows are gray.

    Args:
        results: the results folder.
        **options: of `groupbench.report.options.ResultFilter` (dataset, protocol, methods, view, aggregator,
            metrics, k) and `DrawingOptions` (title, labels).

    Raises:
        ConfigError: if a name is unknown, or several data sets, protocols or metrics are meant.
        ResultError: if there are no results.
        ArgumentError: if an argument is missing, of a wrong type, or there is none of its name.
    """
    from groupbench.metrics import bounds
    from groupbench.report.plot_rows import plot_rows
    from groupbench.report.plots import draw_bars
    from groupbench.report.statistics import half_widths

    _, records, chosen, words = _asked(results, options)
    rows = plot_rows(records, chosen)
    drawn = draw_bars(
        *(rows.names, rows.means, half_widths(rows.std, rows.seeds)),
        metric=rows.metric,
        pale=rows.references,
        bounds=bounds(rows.metric),
        **_words(words, rows.title, [*rows.names, rows.metric]),
    )
    drawn.about = f"{len(rows.names)} rows, {rows.title}{_hidden(records, chosen)}"
    return drawn


@with_keywords(ResultFilter, DrawingOptions)
def pareto(results: str | Path = RESULTS, *, cost: str = "seconds", **options: object) -> Drawing:
    """A metric against the cost of the whole job, with the Pareto front; reference rows are left out.

    Args:
        results: the results folder.
        cost: seconds, memory or energy.
        **options: as of `bars`; so are the errors.
    """
    from groupbench.metrics import lower_is_better
    from groupbench.report.plot_rows import cost_of, plot_rows
    from groupbench.report.plots import draw_pareto

    _, records, chosen, words = _asked(results, options)
    rows, values, unit = cost_of(plot_rows(records, chosen), cost)
    drawn = draw_pareto(
        *(rows.names, values, rows.means),
        metric=rows.metric,
        unit=unit,
        lower_is_better=lower_is_better(rows.metric),
        **_words(words, rows.title, [*rows.names, rows.metric]),
    )
    drawn.about = f"{len(rows.names)} rows, {rows.title}{_hidden(records, chosen)}"
    return drawn


@with_keywords(ResultFilter, DrawingOptions)
def by_size(results: str | Path = RESULTS, *, by: str = "size", **options: object) -> Drawing:
    """A metric by what groups are like, a line per method.

    Args:
        results: the results folder.
        by: size, cohesion, activity or options.
        **options: as of `bars`; so are the errors.
    """
    from groupbench.report.plot_rows import by_kind
    from groupbench.report.plots import draw_kinds

    folder, records, chosen, words = _asked(results, options)
    rows = by_kind(folder, records, chosen, by=by)
    drawn = draw_kinds(
        *(rows.names, rows.kinds, rows.means),
        metric=rows.metric,
        by=by,
        apart=rows.apart,
        **_words(words, rows.title, [*rows.names, *rows.kinds, rows.metric]),
    )
    drawn.about = f"{len(rows.names)} rows, {rows.title}{_hidden(records, chosen)}"
    return drawn


@with_keywords(ResultFilter, DrawingOptions)
def distribution(results: str | Path = RESULTS, **options: object) -> Drawing:
    """Quantiles of a metric over all groups (or users) and seeds, best mean first.

    Args:
        results: the results folder.
        **options: as of `bars`; so are the errors.
    """
    from groupbench.report.plot_rows import value_rows
    from groupbench.report.plots import draw_quantiles

    folder, records, chosen, words = _asked(results, options)
    rows = value_rows(folder, records, chosen)
    drawn = draw_quantiles(
        *(rows.names, rows.values),
        metric=rows.metric,
        **_words(words, rows.title, [*rows.names, rows.metric]),
    )
    drawn.about = f"{len(rows.names)} rows of {len(rows.values[0])} {rows.unit}s over all seeds, {rows.title}"
    drawn.about += _hidden(records, chosen)
    return drawn


@with_keywords(ResultFilter, DrawingOptions)
def cd(
    results: str | Path = RESULTS, *, blocks: str = "views", level: float = 0.05, **options: object
) -> Drawing:
    """Average ranks with the critical difference (Friedman's and Nemenyi's tests).

    Args:
        results: the results folder.
        blocks: views (of each data set and protocol) or seeds.
        level: the level of the tests.
        **options: as of `bars`; so are the errors. Reference rows are ranked only if `methods` names them,
            group methods by their own scores of groups unless an aggregator is named.
    """
    from groupbench.report.names import Wording
    from groupbench.report.plots import draw_ranks
    from groupbench.report.ranking import rank_methods

    _, records, chosen, words = _asked(results, options)
    found = rank_methods(
        records,
        views=chosen.views,
        metric=chosen.one("metrics") or "ndcg",
        k=chosen.k,
        aggregator=chosen.one("aggregator"),
        methods=chosen.methods,
        blocks=blocks,
        level=level,
    )
    said = _words(words, found.title, found.ranks.names)
    drawn = draw_ranks(found.ranks, **said)
    wording = Wording(printed=True, labels=said["labels"])
    ranked = zip(found.ranks.names, found.ranks.ranks, strict=True)
    lines = [f"{rank:6.2f}  {wording.method(name)}" for name, rank in ranked]
    drawn.about = "\n".join([*lines, *found.title.splitlines(), *found.notes]) + _hidden(records, chosen)
    return drawn


def _asked(
    results: str | Path, options: dict[str, Any]
) -> tuple[Path, Selection, ResultFilter, DrawingOptions]:
    """The folder, its records, which of them are meant, and what the drawing says."""
    words = DrawingOptions.make(**taken(DrawingOptions, options))
    chosen, folder = ResultFilter.make(**options), Path(expanded(results))
    return folder, load_records(folder, chosen.dataset, protocols=chosen.protocol), chosen, words


def _hidden(records: Selection, chosen: ResultFilter) -> str:
    """A line on the methods that are there and were not chosen, if there are any."""
    from groupbench.report.resolution import with_methods

    notes = set(with_methods(records, chosen.methods).notes) - set(records.notes)
    return "".join(f"\n{note} (--methods)" for note in notes)


def _words(words: DrawingOptions, title: str, names: Iterable[str]) -> dict[str, Any]:
    """Title and labels as drawings take them; a label is for one of the `names`, or its method."""
    from groupbench.report.names import labels_meant

    labels = labels_meant(words.labels, names, "this drawing")
    return {"title": title if words.title is None else words.title, "labels": labels}
