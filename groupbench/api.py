"""The command line as Python functions: `run`, `table` and `load_results` give frames."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from groupbench.core.errors import GroupbenchWarning, ResultError
from groupbench.core.files import expanded
from groupbench.runner.run import collect, start, start_tuning

if TYPE_CHECKING:
    import pandas as pd

    from groupbench.report.card import Card
    from groupbench.report.html import Page
    from groupbench.results.selection import Selection

__all__ = [
    "card",
    "collect",
    "compare",
    "load_records",
    "load_results",
    "report",
    "run",
    "start",
    "start_tuning",
    "table",
    "tune",
]

RESULTS = Path("results")
"""The default results folder, below the current one."""


def run(
    methods: str | Sequence[str] | None = None,
    dataset: str | Sequence[str] | None = None,
    *,
    results: str | Path = RESULTS,
    config: str | Path | None = None,
    **options: object,
) -> pd.DataFrame:
    """Run what is missing and return the metrics of everything asked for.

    Args:
        methods: registered names; by default all of them. With `references=True`, the default, random, oracle
            and popularity are run besides.
        dataset: registered names or folders; by default itmrec-sim.
        results: the results folder.
        config: a TOML file of options, as `tune` writes it; those given here win.
        **options: the other options of `groupbench.runner.config.Config` (protocol, seeds, set, jobs ...).

    Returns:
        The frame of `load_results`, restricted to the jobs asked for.

    Raises:
        ConfigError: if a name or a value is wrong, as of `groupbench run`.
    """
    from groupbench.report.long import results_frame
    from groupbench.runner.config import make_config

    resolved = make_config(config, methods=methods, dataset=dataset, **options)
    jobs = start(resolved, Path(expanded(results)), lambda event, done, total: None)
    return results_frame(collect(jobs))


def tune(
    methods: str | Sequence[str] | None = None,
    dataset: str | None = None,
    *,
    results: str | Path = RESULTS,
    output: str | Path | None = None,
    config: str | Path | None = None,
    **options: object,
) -> dict[str, Any]:
    """Choose hyperparameters on validation rows, each method with the same number of trials.

    Args:
        methods: registered names; by default all of them.
        dataset: a registered name or a folder; by default itmrec-sim.
        results: the results folder; it keeps the trials, so that a second call goes on where it stopped.
        output: a TOML file to write, for `groupbench run --config`.
        config: a TOML file of options; those given here win.
        **options: options of `groupbench.runner.tuning.TuningOptions` (trials, timeout_per_method, view,
            metric, aggregator, seed, repeats) and of `groupbench.runner.config.Config` (protocol, set ...).

    Returns:
        What `run` takes to use the values found, as in `run(**tune(...), seeds=5)`.

    Raises:
        ConfigError: if a name or a value is wrong, as of `groupbench tune`.
    """
    from groupbench.core.options import require_known
    from groupbench.runner.config import Config, make_config
    from groupbench.runner.tuning import TuningOptions, as_config, write

    require_known(options, TuningOptions.keys() | Config.keys())
    own = {key: options.pop(key) for key in TuningOptions.keys() & options.keys()}
    resolved = make_config(config, methods=methods, dataset=dataset, **options)
    found = as_config(resolved, start_tuning(resolved, TuningOptions.make(**own), Path(expanded(results))))
    if output is not None:
        write(Path(expanded(output)), found)
    return found


def table(
    results: str | Path = RESULTS, *, significance: bool | dict[str, object] = False, **options: object
) -> pd.DataFrame:
    """The table of a results folder, one row per metric value.

    Args:
        results: the results folder.
        significance: whether to test which rows differ from the best; or a dict of how, with options of
            `groupbench.report.options.SignificanceOptions`.
        **options: of `groupbench.report.options.RowOptions` (dataset, protocol, methods, view, aggregator,
            metrics, k, ties, against).

    Raises:
        ResultError: if there are no results.
        ConfigError: if a name or a value is wrong, as of `groupbench table`.
    """
    from groupbench.report.options import RowOptions, SignificanceOptions
    from groupbench.report.render import table_frame
    from groupbench.report.significance import Significance

    tests = SignificanceOptions.make(**(significance if isinstance(significance, dict) else {}))
    how = None if significance is False else Significance(Path(expanded(results)), **tests.model_dump())
    rows = RowOptions.make(**options)
    records = load_records(Path(expanded(results)), rows.dataset, protocols=rows.protocol)
    return table_frame(records, **rows.table_options(how))


def compare(first: str, second: str, results: str | Path = RESULTS, **options: Any) -> pd.DataFrame:
    """Two rows against each other, one row per data set, protocol, view and metric.

    Args:
        first: METHOD or METHOD:AGGREGATOR.
        second: the row to subtract.
        results: the results folder.
        **options: views, metrics, aggregator and level, as of `groupbench.report.compare.compare_frame`.
    """
    from groupbench.report.compare import compare_frame

    return compare_frame(
        Path(expanded(results)), load_records(Path(expanded(results))), first, second, **options
    )


def report(
    results: str | Path = RESULTS,
    output: str | Path | None = None,
    *,
    title: str | None = None,
    **options: Any,
) -> Page:
    """The report of a results folder as one page; notebooks show it in a frame.

    Args:
        results: the results folder.
        output: an HTML file to write.
        title: the heading.
        **options: views, metrics, aggregator and significance, as of `groupbench.report.html.page_content`.

    Raises:
        ResultError: if there are no results, or the file cannot be written.
    """
    from groupbench.report.html import make_page, page_content

    content = page_content(Path(expanded(results)), load_records(Path(expanded(results))), **options)
    page = make_page(content, **({} if title is None else {"title": title}))
    if output is not None:
        page.write(Path(expanded(output)))
    return page


def card(
    results: str | Path = RESULTS,
    dataset: str | Sequence[str] | None = None,
    *,
    protocol: str | Sequence[str] | None = None,
    methods: str | Sequence[str] | None = None,
) -> Card:
    """The methods section of a results folder, with a reproducibility checklist; notebooks show it.

    Args:
        results: the results folder.
        dataset: only these data sets; by default all.
        protocol: only these protocols, by name or by label; by default all.
        methods: only these methods, by name or by label; by default all.

    Returns:
        The card; `card().text("latex")` is it as text.

    Raises:
        ResultError: if there are no results.
        ConfigError: if there is none of a name.
    """
    from groupbench.report.card import make_card
    from groupbench.report.options import ResultFilter
    from groupbench.report.resolution import with_methods

    chosen = ResultFilter.make(dataset=dataset, protocol=protocol, methods=methods)
    records = load_records(
        Path(expanded(results)), chosen.dataset, lambda note: None, protocols=chosen.protocol
    )
    return make_card(with_methods(records, chosen.methods))


def load_results(results: str | Path = RESULTS) -> pd.DataFrame:
    """Every metric value of every job in a results folder, one row each.

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
    from groupbench.results.archive import LEADERBOARD, read_archive, shipped
    from groupbench.results.find import of_data, of_protocols
    from groupbench.results.selection import select

    results = Path(expanded(results))
    if str(results) == LEADERBOARD and not results.exists():
        results = shipped()
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
