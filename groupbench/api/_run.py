"""Running and tuning as functions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from groupbench.api._keywords import taken, with_keywords
from groupbench.api._notebook import NotebookProgress
from groupbench.api._results import RESULTS
from groupbench.core.files import expanded
from groupbench.runner.config import Config, make_config
from groupbench.runner.run import collect, start, start_tuning
from groupbench.runner.tuning import TuningOptions, as_config, write

if TYPE_CHECKING:
    import pandas as pd


@with_keywords(Config)
def run(
    methods: str | Sequence[str] | None = None,
    dataset: str | Sequence[str] | None = None,
    *,
    results: str | Path = RESULTS,
    config: str | Path | None = None,
    **options: object,
) -> pd.DataFrame:
    """Run what is missing and return the metrics of everything asked for; notebooks show how far it is.

    Args:
        methods: registered names (register your class with `@method("name")`); by default all of them. With
            `references=True`, the default, random, oracle, popularity and popularity-liked are run besides.
        dataset: registered names or folders; by default itmrec-sim.
        results: the results folder.
        config: a TOML file of options, as `tune` writes it; those given here win.
        **options: the other options of `groupbench.runner.config.Config` (protocol, seeds, set, jobs ...).

    Returns:
        The frame of `load_results`, restricted to the jobs asked for.

    Raises:
        ConfigError: if a name or a value is wrong, as of `groupbench run`.
        ArgumentError: if an argument is missing, of a wrong type, or there is none of its name.
    """
    from groupbench.report.long import results_frame

    resolved = make_config(config, methods=methods, dataset=dataset, **options)
    return results_frame(collect(start(resolved, Path(expanded(results)), NotebookProgress().report)))


@with_keywords(TuningOptions, Config)
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
        methods: registered names (register your class with `@method("name")`); by default all of them.
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
        ArgumentError: if an argument is missing, of a wrong type, or there is none of its name.
    """
    own = taken(TuningOptions, options)
    resolved = make_config(config, methods=methods, dataset=dataset, **options)
    found = as_config(resolved, start_tuning(resolved, TuningOptions.make(**own), Path(expanded(results))))
    if output is not None:
        write(Path(expanded(output)), found)
    return found
