"""Measurements kept in the results folder, so that a study goes on where it stopped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from groupbench import store
from groupbench.atomic import replacing
from groupbench.errors import ResultError
from groupbench.runner.jobs import digest
from groupbench.studies.measure import VERSION, Measured, measure

if TYPE_CHECKING:
    from groupbench.data import Dataset
    from groupbench.runner.jobs import Job


def kept_or_measured(job: Job, dataset: Dataset, fold: int, folds: int) -> Measured:
    """What `measure` finds, read from `results/studies/` if it was measured before.

    Raises:
        ConfigError: as of `measure`.
        ResultError: if the file cannot be read or written.
    """
    key = digest({"job": job.key, "fold": fold, "folds": folds, "profiling": VERSION})
    folder = store.folder_of(
        Path(job.results), job.dataset, job.protocol_label, job.label, key, kind="studies"
    )
    file = folder / "profile.json"
    if file.exists():
        return _read(file)
    found = measure(job, dataset, fold, folds)
    _write(file, found)
    return found


def _read(file: Path) -> Measured:
    try:
        held = json.loads(file.read_text(encoding="utf-8"))
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
