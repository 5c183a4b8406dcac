"""The command line as Python functions: `run`, `table` and `load_results` give frames."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from groupbench.core.errors import ConfigError, ResultError
from groupbench.runner.run import collect, start, start_tuning

if TYPE_CHECKING:
    import pandas as pd

    from groupbench.report.html import Page
    from groupbench.results.store import RunRecord

__all__ = [
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
    methods: str | Sequence[str] = "all",
    dataset: str | Sequence[str] = "itmrec-sim",
    *,
    results: str | Path = RESULTS,
    **options: Any,
) -> pd.DataFrame:
    """Run what is missing and return the figures of everything asked for.

    Args:
        methods: registered names, or `all`.
        dataset: registered names or folders.
        results: the results folder.
        **options: the other keys of `groupbench.runner.config.Config` (protocol, seeds, set, jobs ...).

    Returns:
        The frame of `load_results`, restricted to the jobs asked for.
    """
    from groupbench.report.long import results_frame
    from groupbench.runner.config import make_config

    config = make_config(methods=_list(methods), dataset=_list(dataset), **options)
    jobs = start(config, Path(results), lambda event, done, total: None)
    return results_frame(collect(jobs))


def tune(
    methods: str | Sequence[str] = "all",
    dataset: str = "itmrec-sim",
    *,
    results: str | Path = RESULTS,
    output: str | Path | None = None,
    **options: Any,
) -> dict[str, Any]:
    """Choose hyperparameters on validation rows, each method with the same number of trials.

    Args:
        methods: registered names, or `all`.
        dataset: a registered name or a folder.
        results: the results folder; it keeps the trials, so that a second call goes on where it stopped.
        output: a TOML file to write, for `groupbench run --config`.
        **options: keys of `groupbench.runner.tuning.Options` (trials, timeout_per_method, view, metric,
            aggregator, seed, repeats) and of `groupbench.runner.config.Config` (protocol, set, jobs ...).

    Returns:
        What `run` takes to use the values found, as in `run(**tune(...), seeds=5)`.
    """
    from groupbench.runner.config import make_config
    from groupbench.runner.tuning import Options, as_config, make_options, write

    own = {key: options.pop(key) for key in Options.model_fields.keys() & options.keys()}
    config = make_config(methods=_list(methods), dataset=_list(dataset), **options)
    found = as_config(config, start_tuning(config, make_options(**own), Path(results)))
    if output is not None:
        write(Path(output), found)
    return found


def table(
    results: str | Path = RESULTS, *, significance: bool | dict[str, Any] = False, **options: Any
) -> pd.DataFrame:
    """The table of a results folder, one row per figure.

    Args:
        results: the results folder.
        significance: whether to test which rows differ from the best; or a dict of how: test, correction,
            level and reference, as of `groupbench.report.significance.Significance`.
        **options: views, metrics, aggregator, ties and against, as of `groupbench.report.render.table_frame`.
    """
    from groupbench.report.render import table_frame
    from groupbench.report.significance import Significance

    asked = significance if isinstance(significance, dict) else {}
    how = None if significance is False else Significance(Path(results), **asked)
    return table_frame(load_records(Path(results)), significance=how, **options)


def compare(first: str, second: str, results: str | Path = RESULTS, **options: Any) -> pd.DataFrame:
    """Two rows against each other, one row per data set, protocol, view and metric.

    Args:
        first: METHOD or METHOD:AGGREGATOR.
        second: the row to subtract.
        results: the results folder.
        **options: views, metrics, aggregator and level, as of `groupbench.report.compare.compare_frame`.
    """
    from groupbench.report.compare import compare_frame

    return compare_frame(Path(results), load_records(Path(results)), first, second, **options)


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

    content = page_content(Path(results), load_records(Path(results)), **options)
    page = make_page(content, **({} if title is None else {"title": title}))
    if output is not None:
        page.write(Path(output))
    return page


def load_results(results: str | Path = RESULTS) -> pd.DataFrame:
    """Every metric value of every job in a results folder, one row each.

    Returns:
        Columns dataset, protocol, view, method, aggregator, seed, ties (`expected`), metric, value; then what
        is known of the run (`groupbench.report.long.RUN_COLUMNS`): values compare where content_hash and
        evaluation are the same.
    """
    from groupbench.report.long import results_frame

    return results_frame(load_records(Path(results)))


def load_records(results: Path) -> list[RunRecord]:
    """The newest record of every (dataset, protocol, method, seed), of runs and of what was packed.

    Args:
        results: the results folder; `leaderboard`, where there is none of this name, are the results that
            come with groupbench.

    Raises:
        ResultError: if there is none, or one cannot be read.
    """
    from groupbench.results import store
    from groupbench.results.archive import LEADERBOARD, read_archive, shipped

    if str(results) == LEADERBOARD and not results.exists():
        results = shipped()
    found = [*store.records(results), *read_archive(results)]
    for record in found:
        if isinstance(record, ResultError):
            raise record
    if not found:
        raise ResultError(f"{results} holds no results; make some with 'groupbench run'")
    return store.newest(iter(found))


def _list(names: str | Sequence[str]) -> list[str]:
    if isinstance(names, str):
        return names.split(",")
    if not all(isinstance(n, str) for n in names):
        raise ConfigError(f"names must be text, got {names!r}; register your class with @method('name')")
    return list(names)
