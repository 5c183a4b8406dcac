"""The sweep over DMTL's `profile_weight`: what the profiling task costs or brings, and what it learns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from groupbench.core.errors import ConfigError, ResultError
from groupbench.core.registry import methods
from groupbench.report.render import table_frame
from groupbench.runner.run import collect, load_dataset, start
from groupbench.studies._cache import all_measured
from groupbench.studies._measure import DISJOINT, MODEL, ROWS, Measured
from groupbench.studies._profiling import macro
from groupbench.studies._study import (
    StudyReport,
    failures,
    job_title,
    require_aggregator,
    require_metrics,
    scored_by,
)

if TYPE_CHECKING:
    from groupbench.results.store import RunRecord
    from groupbench.runner.config import Config
    from groupbench.runner.job import Job
    from groupbench.runner.pool import JobOutcome

WEIGHTS = (0.0, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
"""The weights of a sweep, if no others are asked for."""

FOLDS = 5
"""A user in so many is withheld from the profiling task where it is measured."""

_NOTES = (
    "recommendation: scores of ordinary runs; mean and std over seeds",
    f"loss and profiling: of a second fit, with the groups of one user in {FOLDS} withheld; losses are those "
    "of the epoch that validated best; without a weight no cross-entropy is learned",
    f"profiling: macro F1; {DISJOINT} is of the withheld users, {ROWS} of held-out rows of the others "
    "(an id look-up gives 1)",
)


def study_weights(
    config: Config,
    results: Path,
    weights: Sequence[float] = WEIGHTS,
    *,
    metric: str = "ndcg@10",
    aggregator: str = "average",
    report: Callable[[Job | JobOutcome, int, int], None] = lambda event, ended, total: None,
    begin: Callable[[Sequence[Job], int], None] = lambda jobs, workers: None,
    step: Callable[[str, int, int], None] = lambda name, ended, total: None,
    tell: Callable[[str], None] = lambda line: None,
) -> StudyReport:
    """Run the only method of `config` with each profile weight, and measure its losses and profiles.

    Recommendations are evaluated by ordinary jobs. Losses and profiles come from a second fit, with the
    groups of one user in five withheld. Both are stored in the results folder.

    Args:
        config: one data set and one method with a `profile_weight`.
        results: the results folder.
        weights: the weights, not negative.
        metric: what recommendations are evaluated by, in the usual views.
        aggregator: which group scores are evaluated.
        report: as of `groupbench.runner.run.start`.
        begin: likewise.
        step: as of `groupbench.studies._cache.all_measured`.
        tell: called with lines of progress.

    Returns:
        A study with the columns weight, task (recommendation, loss or profiling), metric, mean, std, seeds.

    Raises:
        ConfigError: if the method has no `profile_weight`, a weight is negative, or a name is unknown.
        ResultError: if no job finished.
    """
    import pandas as pd

    dataset = load_dataset(config)
    method = config.method_names()[0]
    require_metrics([metric])
    require_aggregator(aggregator)
    weights = _checked(weights)
    rows: list[dict[str, object]] = []
    failed: list[str] = []
    for weight in weights:
        jobs = start(weighted(config, weight), results, report, begin=begin)
        records = collect(jobs)
        failed += failures(records)
        done = {record.seed for record in records if record.status == "done"}
        if done:
            wanted = [(job, 0) for job in jobs if job.seed in done]
            measured = all_measured(wanted, dataset, FOLDS, step)
            tell(f"{method}: losses and profiles for profile_weight={weight:g}")
            found = (*_recommendation(records, metric, aggregator), *_inside(weight, measured))
            rows += [{"weight": weight, **row} for row in found]
    if not rows:
        raise ResultError(f"no job finished; {failed[0]}")
    title = f"{job_title(jobs[0])}: {method} by profile weight"
    return StudyReport(title, pd.DataFrame(rows), _NOTES, tuple(failed))


def weighted(config: Config, weight: float) -> Config:
    """The config with another profile weight of its only method.

    Raises:
        ConfigError: if the method has none.
    """
    method = config.method_names()[0]
    if "profile_weight" not in methods[method].parameters():
        raise ConfigError(f"method {method} has no profile_weight; name dmtl or a variant of it")
    own = {**config.set.get(method, {}), "profile_weight": weight}
    alone = {"methods": [method], "references": False}
    return config.model_copy(update={**alone, "set": {**config.set, method: own}})


def _checked(weights: Sequence[float]) -> list[float]:
    if not weights or not all(0 <= weight < np.inf for weight in weights):
        raise ConfigError(f"weights {', '.join(map(str, weights))}: give numbers from 0 on (0,0.1,1)")
    return sorted(set(weights))


def _recommendation(
    records: Sequence[RunRecord], metric: str, aggregator: str
) -> Iterator[dict[str, object]]:
    table = table_frame(scored_by(records, aggregator), metrics=[metric], aggregator="all")
    for row in table[table["metric"] != ""].to_dict("records"):
        scores = {name: row[name] for name in ("mean", "std", "seeds")}
        yield {"task": "recommendation", "metric": f"{row['view']} {metric}", **scores}


def _inside(weight: float, measured: Sequence[Measured]) -> Iterator[dict[str, object]]:
    found: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    for one in measured:
        for name, values in one.losses.items():
            if name != "profile_weight" and (weight > 0 or name != "cross_entropy"):
                found["loss", name].append(values[_stop(one)])
        found["profiling", f"{DISJOINT} F1"].append(macro(one.confusions[DISJOINT][MODEL])[2])
        found["profiling", f"{DISJOINT} F1 of majority"].append(
            macro(one.confusions[DISJOINT]["majority"])[2]
        )
        found["profiling", f"{ROWS} F1"].append(macro(one.confusions[ROWS][MODEL])[2])
    for (task, name), values in found.items():
        std = float(np.std(values, ddof=1)) if len(values) > 1 else np.nan
        yield {
            "task": task,
            "metric": name,
            "mean": float(np.mean(values)),
            "std": std,
            "seeds": len(values),
        }


def _stop(measured: Measured) -> int:
    """The epoch that validated best, whose weights count; the last one without validation."""
    errors = np.array(measured.losses.get("validation_rmse", []))
    return -1 if len(errors) == 0 or np.isnan(errors).all() else int(np.nanargmin(errors))
