"""Measurements kept in the results folder, so that a study goes on where it stopped."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from groupbench.core.errors import ResultError
from groupbench.core.files import read_text, replacing
from groupbench.results import store
from groupbench.results.store import digest
from groupbench.studies._measure import VERSION, Measured, measure

if TYPE_CHECKING:
    from groupbench.data.dataset import Dataset
    from groupbench.runner.job import Job


def all_measured(
    wanted: Sequence[tuple[Job, int]],
    dataset: Dataset,
    folds: int,
    step: Callable[[str, int, int], None] = lambda name, ended, total: None,
) -> list[Measured]:
    """What `measure` finds for each job and fold, read from `results/studies/` if it was measured before.

    Args:
        wanted: jobs with the number of a fold.
        dataset: their data set.
        folds: number of folds.
        step: called before each measurement that is missing, with its name, how many of these ended, and
            how many there are.

    Raises:
        ConfigError: as of `measure`.
        ResultError: if a file cannot be read or written.
    """
    missing = [(job, fold) for job, fold in wanted if not _file(job, fold, folds).exists()]
    for ended, (job, fold) in enumerate(missing):
        step(f"measuring {job.label} seed {job.seed}, fold {fold + 1} of {folds}", ended, len(missing))
        _write(_file(job, fold, folds), measure(job, dataset, fold, folds))
    return [_read(_file(job, fold, folds)) for job, fold in wanted]


def _file(job: Job, fold: int, folds: int) -> Path:
    key = digest({"job": job.key, "fold": fold, "folds": folds, "profiling": VERSION})
    place = (Path(job.results), job.dataset, job.protocol_label, job.label, key)
    return store.folder_of(*place, kind="studies") / "profile.json"


def _read(file: Path) -> Measured:
    try:
        held = json.loads(read_text(file))
        confusions = {
            split: {name: np.array(counts, dtype=np.int64) for name, counts in predictors.items()}
            for split, predictors in held["confusions"].items()
        }
        return Measured(held["losses"], confusions)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ResultError(
            f"{file} is no measurement ({error}); delete it and start the study again"
        ) from error


def _write(file: Path, found: Measured) -> None:
    confusions = {
        split: {name: counts.tolist() for name, counts in predictors.items()}
        for split, predictors in found.confusions.items()
    }
    text = json.dumps({"losses": found.losses, "confusions": confusions})
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with replacing(file) as temporary:
            temporary.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ResultError(
            f"cannot write {file}: {error.strerror or error}; choose another --results folder"
        ) from error
