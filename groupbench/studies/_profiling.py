"""How well DMTL tells a user's group: for users whose group it was never told, and as papers report it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from groupbench.runner.plan import plan_jobs
from groupbench.runner.run import load_dataset
from groupbench.studies._cache import all_measured
from groupbench.studies._measure import DISJOINT, MODEL, ROWS, Measured
from groupbench.studies._study import StudyReport, job_title

if TYPE_CHECKING:
    import pandas as pd

    from groupbench.core.arrays import IntArray
    from groupbench.runner.config import Config


def study_profiling(
    config: Config,
    results: Path,
    *,
    folds: int = 5,
    step: Callable[[str, int, int], None] = lambda name, ended, total: None,
    tell: Callable[[str], None] = lambda line: None,
) -> StudyReport:
    """Predict the group of every user from fits that were told the groups of the other folds alone.

    Args:
        config: one data set, one method (DMTL or a variant), and the seeds.
        results: the results folder; it keeps each measurement.
        folds: number of parts of the users, at least 2.
        step: as of `groupbench.studies._cache.all_measured`.
        tell: called with lines of progress.

    Returns:
        A study with the frame of `profiling_frame`.

    Raises:
        ConfigError: if the method is not DMTL, or no user can be withheld.
    """
    dataset = load_dataset(config)
    planned = plan_jobs(config, {config.dataset[0]: dataset}, results.resolve())
    jobs = sorted(planned, key=lambda job: job.seed)
    measured = all_measured([(job, fold) for job in jobs for fold in range(folds)], dataset, folds, step)
    by_seed = [measured[first : first + folds] for first in range(0, len(measured), folds)]
    tell(f"{jobs[0].label}: measured with every seed")
    title = f"{job_title(jobs[0])}: group profiles of {jobs[0].label}"
    return StudyReport(title, profiling_frame(by_seed, jobs[0].label), _notes(folds))


def macro(counts: IntArray) -> tuple[float, float, float]:
    """Macro-averaged precision, recall and F1 over the groups that occur; NaN without any.

    A group that is never predicted has precision 0.
    """
    occurs = counts.sum(axis=1) > 0
    if not occurs.any():
        return (np.nan,) * 3
    hits = np.diag(counts)[occurs].astype(np.float64)
    true, said = counts.sum(axis=1)[occurs], counts.sum(axis=0)[occurs]
    precision, recall = hits / np.maximum(said, 1), hits / true
    return float(precision.mean()), float(recall.mean()), float((2 * hits / (true + said)).mean())


def profiling_frame(by_seed: Sequence[Sequence[Measured]], model: str) -> pd.DataFrame:
    """One row per split and predictor, mean and std over seeds.

    Args:
        by_seed: the measurements of the folds of each seed; folds are pooled.
        model: what to call the model.

    Returns:
        Columns split, predictor, precision, recall, f1 (macro averages), f1_std, seeds, evaluated
        (predictions per seed, on average).
    """
    import pandas as pd

    rows = []
    for split, predictors in by_seed[0][0].confusions.items():
        for name in predictors:
            pooled = [np.sum([m.confusions[split][name] for m in folds], axis=0) for folds in by_seed]
            scores = np.array([macro(counts) for counts in pooled])
            spread = scores[:, 2].std(ddof=1) if len(scores) > 1 else np.nan
            evaluated = float(np.mean([counts.sum() for counts in pooled]))
            called = model if name == MODEL else name
            rows.append((split, called, *scores.mean(axis=0), spread, len(scores), round(evaluated)))
    columns = ["split", "predictor", "precision", "recall", "f1", "f1_std", "seeds", "evaluated"]
    return pd.DataFrame(rows, columns=columns)


def _notes(folds: int) -> tuple[str, ...]:
    return (
        f"{DISJOINT}: {folds}-fold over users; nobody is told the group of a withheld user, all know their "
        "training rows",
        f"{ROWS}: held-out rating rows of users whose group was told, as papers report it; an id look-up "
        "answers it without learning anything",
        "macro averages over groups; formed groups follow from training rows, those of withheld users too",
        "1-nn and logistic regression see user features and statistics of training rows, standardized",
    )
