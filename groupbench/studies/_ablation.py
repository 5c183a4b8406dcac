"""A method beside the names that stand for the same code with a part taken away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from groupbench.core.errors import ConfigError, ResultError
from groupbench.core.registry import methods
from groupbench.report.render import table_frame
from groupbench.report.significance import Significance, require_level
from groupbench.runner.run import collect, load_dataset, start
from groupbench.studies._study import (
    StudyReport,
    failures,
    job_title,
    require_aggregator,
    require_metrics,
    scored_by,
)

if TYPE_CHECKING:
    import pandas as pd

    from groupbench.results.store import RunRecord
    from groupbench.runner.config import Config
    from groupbench.runner.job import Job
    from groupbench.runner.pool import JobOutcome

_SHOWN = ["view", "metric", "method", "aggregator", "mean", "std", "seeds"]
_TESTED = ["difference", "low", "high", "p", "p_corrected"]
_NOTES = (
    "difference: the row minus the full method, paired, with its confidence interval; p_corrected: Holm's, "
    "over the ablations",
    "without a test there are too few units or seeds; 'groupbench compare' shows two rows with every test",
)


def study_ablation(
    config: Config,
    results: Path,
    *,
    views: Sequence[str] | None = None,
    metrics: Sequence[str] = ("ndcg@10",),
    aggregator: str = "average",
    level: float = 0.05,
    report: Callable[[Job | JobOutcome, int, int], None] = lambda event, ended, total: None,
    begin: Callable[[Sequence[Job], int], None] = lambda jobs, workers: None,
) -> StudyReport:
    """Run the method of `config` and its ablations, and compare each with the full method.

    Args:
        config: one data set and one method; what is set for it is set for its ablations too, but for the
            hyperparameters that make them ablations.
        results: the results folder.
        views: names of views, or None for the usual ones.
        metrics: names of metrics.
        aggregator: which group scores are compared; views of single users have none.
        level: level of the tests.
        report: as of `groupbench.runner.run.start`.
        begin: likewise.

    Returns:
        A study with one row per view, metric and name: mean and std over seeds, and for ablations the
        difference to the full method, its confidence interval, p, p with Holm's correction, and the test;
        NaN where nothing could be tested.

    Raises:
        ConfigError: if there is no ablation, or a name is unknown.
        ResultError: if the full method failed with every seed.
    """
    load_dataset(config)
    method = config.method_names()[0]
    require_level(level)
    require_metrics(metrics)
    require_aggregator(aggregator)
    jobs = start(with_ablations(config), results, report, begin=begin)
    records = collect(jobs)
    full = next(job.label for job in jobs if job.method == method)
    failed = failures(records)
    if not any(record.method == full and record.status == "done" for record in records):
        raise ResultError(f"{full} did not finish, so there is nothing to compare with; {failed[0]}")
    frame = compared(results, scored_by(records, aggregator), full, views, metrics, level)
    title = f"{job_title(jobs[0])}: {full} and its ablations"
    return StudyReport(title, frame, _NOTES, failed)


def compared(
    results: Path,
    records: Sequence[RunRecord],
    full: str,
    views: Sequence[str] | None,
    metrics: Sequence[str],
    level: float,
) -> pd.DataFrame:
    """The frame of `study_ablation`; each method has one row per view in the records."""
    import pandas as pd

    # The full method first, then as the names were registered.
    names = list(methods)
    records = sorted(records, key=lambda r: (r.method != full, names.index(r.name)))
    table = table_frame(records, views=views, metrics=metrics, aggregator="all").query("metric != ''")
    if table.empty:
        raise ConfigError(f"no view has {', '.join(metrics)}; choose another --view or --metric")
    frames = []
    for view in table["view"].unique():
        aggregator = table.loc[table["view"] == view, "aggregator"].iloc[0]
        how = Significance(results, level=level, reference=f"{full}:{aggregator}")
        found = table_frame(records, views=[view], metrics=metrics, aggregator="all", significance=how)
        frames.append(_numbers(found[found["metric"] != ""], records))
    return pd.concat(frames, ignore_index=True)


def with_ablations(config: Config) -> Config:
    """The config with the ablations of its only method.

    Raises:
        ConfigError: if no other name stands for the same code.
    """
    method = config.method_names()[0]
    full = methods[method]
    others = {name: e for name, e in methods.items() if e.make is full.make and name != method}
    if not others:
        raise ConfigError(
            f"method {method} has no ablations: no other name stands for the same code; name dmtl"
        )
    own = config.set.get(method, {})
    inherited = {name: {k: v for k, v in own.items() if k not in e.presets} for name, e in others.items()}
    chosen = {"methods": [method, *others], "references": False}
    return config.model_copy(update={**chosen, "set": {**inherited, **config.set}})


def _numbers(frame: pd.DataFrame, records: Sequence[RunRecord]) -> pd.DataFrame:
    """The columns that are shown, in the order of the records; NaN where nothing was tested."""
    import pandas as pd

    order = {method: place for place, method in enumerate(dict.fromkeys(r.method for r in records))}
    frame = frame.assign(place=frame["method"].map(order)).sort_values(["metric", "place"], kind="stable")
    shown = frame[_SHOWN].reset_index(drop=True)
    for name in _TESTED:
        found = frame[name] if name in frame else pd.Series(np.nan, index=frame.index)
        shown[name] = pd.to_numeric(found, errors="coerce").to_numpy(dtype=float)
    shown["test"] = list(frame["test"].fillna("")) if "test" in frame else ""
    return shown
