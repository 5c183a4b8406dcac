"""What a results folder holds: its records, its table, two rows against each other, its report."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from groupbench.api._keywords import taken, with_keywords
from groupbench.core.errors import GroupbenchWarning, ResultError
from groupbench.core.files import expanded
from groupbench.report.options import (
    LabelOptions,
    LayoutOptions,
    ResultFilter,
    RowOptions,
    SignificanceOptions,
)

if TYPE_CHECKING:
    import pandas as pd

    from groupbench.report.card import Card
    from groupbench.report.html import Page
    from groupbench.report.result_table import ResultTable
    from groupbench.results.selection import Selection

RESULTS = Path("results")
"""The default results folder, below the current one."""


@with_keywords(RowOptions, LayoutOptions, SignificanceOptions)
def table(
    results: str | Path = RESULTS, *, significance: bool | dict[str, object] = False, **options: object
) -> ResultTable:
    """The table of a results folder, one row per metric value; a notebook shows it as papers print it.

    What is returned is a frame whose `to_latex()` and `to_markdown()` write what `groupbench table` does.

    Args:
        results: the results folder.
        significance: whether to test which rows differ from the best; or a dict of how, with options of
            `groupbench.report.options.SignificanceOptions`.
        **options: of `groupbench.report.options.RowOptions` (dataset, protocol, methods, view, aggregator,
            metrics, k, ties, against), how rows are tested, of `SignificanceOptions` (reference, test,
            correction, level; any of them tests), and how the whole is shown, of `LayoutOptions` (layout,
            columns, labels, digits, std, cost, caption).

    Raises:
        ResultError: if there are no results.
        ConfigError: if a name or a value is wrong, as of `groupbench table`.
        ArgumentError: if an argument is missing, of a wrong type, or there is none of its name.
    """
    from groupbench.report.result_table import ResultTable
    from groupbench.report.significance import Significance

    given = taken(SignificanceOptions, options)
    tests = SignificanceOptions.make(**(significance if isinstance(significance, dict) else {}), **given)
    tested = significance is not False or bool(tests.model_fields_set)
    how = Significance(Path(expanded(results)), **tests.model_dump()) if tested else None
    layout = LayoutOptions.make(**taken(LayoutOptions, options))
    rows = RowOptions.make(**options)
    records = load_records(Path(expanded(results)), rows.dataset, protocols=rows.protocol)
    return ResultTable.of(records, layout, **rows.table_options(how))


@with_keywords(ResultFilter, without=("methods",))
def compare(
    first: str, second: str, results: str | Path = RESULTS, *, level: float = 0.05, **options: object
) -> pd.DataFrame:
    """Two rows against each other, one row per data set, protocol, view and metric.

    Args:
        first: METHOD:AGGREGATOR, or METHOD: its own scores of groups, else the averaged ones.
        second: the row to subtract.
        results: the results folder.
        level: the level of the tests; 1 - level is the confidence of the intervals.
        **options: of `groupbench.report.options.ResultFilter` (dataset, protocol, view, aggregator,
            metrics, k).

    Returns:
        The columns of `groupbench.report.compare.compare_frame`.

    Raises:
        ConfigError: if a name is unknown, or both rows are the same or nowhere together.
        ResultError: if there are no results, or files of runs cannot be read or paired.
        ArgumentError: if an argument is missing, of a wrong type, or there is none of its name.
    """
    from groupbench.report.compare import compare_frame

    chosen, folder = ResultFilter.make(**options), Path(expanded(results))
    return compare_frame(
        *(folder, load_records(folder, chosen.dataset, protocols=chosen.protocol), first, second),
        views=chosen.views,
        metrics=chosen.metrics,
        k=chosen.k,
        aggregator=chosen.one("aggregator"),
        level=level,
    )


@with_keywords(ResultFilter, LabelOptions)
def report_page(
    results: str | Path = RESULTS,
    output: str | Path | None = None,
    *,
    title: str | None = None,
    significance: bool = True,
    **options: object,
) -> Page:
    """The report of a results folder as one page; notebooks show it in a frame.

    Args:
        results: the results folder.
        output: an HTML file to write.
        title: the heading.
        significance: whether to test which rows differ from the best.
        **options: of `groupbench.report.options.ResultFilter` (dataset, protocol, methods, view, aggregator,
            metrics, k), by default the page holds all of them, and of `LabelOptions` (labels).

    Raises:
        ResultError: if there are no results, or the file cannot be written.
        ConfigError: if a name is unknown.
        ArgumentError: if an argument is missing, of a wrong type, or there is none of its name.
    """
    from groupbench.report.html import make_page, page_content

    words = LabelOptions.make(**taken(LabelOptions, options))
    chosen, folder = ResultFilter.make(**options), Path(expanded(results))
    content = page_content(
        *(folder, load_records(folder, chosen.dataset, protocols=chosen.protocol)),
        methods=chosen.methods,
        views=chosen.views or "all",
        metrics=chosen.metrics or "all",
        k=chosen.k,
        aggregator=chosen.one("aggregator"),
        significance=significance,
        labels=words.labels,
    )
    page = make_page(content, **({} if title is None else {"title": title}))
    if output is not None:
        page.write(Path(expanded(output)))
    return page


@with_keywords()
def card(
    results: str | Path = RESULTS,
    dataset: str | Sequence[str] | None = None,
    *,
    protocol: str | Sequence[str] | None = None,
    methods: str | Sequence[str] | None = None,
    labels: Mapping[str, str] | str | None = None,
) -> Card:
    """The methods section of a results folder, with a reproducibility checklist; notebooks show it.

    Args:
        results: the results folder.
        dataset: only these data sets; by default all.
        protocol: only these protocols, by name or by label; by default all.
        methods: only these methods, by name or by label; by default all.
        labels: what methods are called instead, by name or by label.

    Returns:
        The card; `card().text("latex")` is it as text.

    Raises:
        ResultError: if there are no results.
        ConfigError: if there is none of a name.
    """
    from groupbench.report.card import make_card

    words = LabelOptions.make(labels=labels)
    chosen = ResultFilter.make(dataset=dataset, protocol=protocol, methods=methods)
    records = load_records(
        Path(expanded(results)), chosen.dataset, lambda note: None, protocols=chosen.protocol
    )
    return make_card(records, methods=chosen.methods, labels=words.labels)


@with_keywords()
def load_results(results: str | Path = RESULTS) -> pd.DataFrame:
    """Every metric value of every job in a results folder, one row each.

    Args:
        results: the results folder.

    Returns:
        Columns dataset, protocol, view, method, aggregator, seed, ties (`expected`), metric, value; then what
        is known of the run (`groupbench.report.long.RUN_COLUMNS`): values compare where content_hash and
        evaluation are the same.
    """
    from groupbench.report.long import results_frame

    return results_frame(load_records(Path(expanded(results))))


def load_records(
    results: Path,
    datasets: Sequence[str] | None = None,
    tell: Callable[[str], None] | None = None,
    protocols: Sequence[str] | None = None,
) -> Selection:
    """The records that stand together, of runs and of what was packed; the rest is left out.

    Of every (dataset, protocol, method, seed) there is one record; `groupbench.results.selection` says which.

    Args:
        results: the results folder; `leaderboard`, where there is none of this name, are the results that
            come with groupbench.
        datasets: only these; by default all. Of data of several contents under one name the latest are shown;
            `NAME@HASH` means those with a content hash that begins so.
        tell: called with a line on each kind of records that are left out; by default Python warns of them.
        protocols: only under these, by label or name; by default all.

    Raises:
        ResultError: if there is none, or one cannot be read.
        ConfigError: if there is none of one of `datasets` or `protocols`.
    """
    from groupbench.results import store
    from groupbench.results.archive import located, read_archive
    from groupbench.results.find import of_data, of_protocols
    from groupbench.results.selection import select

    results = located(Path(expanded(results)))
    records = []
    for record in (*store.records(results), *read_archive(results)):
        if isinstance(record, ResultError):
            raise record
        records.append(record)
    if not records:
        raise ResultError(f"{results} holds no results; make some with 'groupbench run'")
    records = records if datasets is None else of_data(records, datasets)
    selection = select(records if protocols is None else of_protocols(records, protocols))
    for note in selection.notes:
        if tell is None:
            warnings.warn(note, GroupbenchWarning, stacklevel=3)
        else:
            tell(note)
    return selection
