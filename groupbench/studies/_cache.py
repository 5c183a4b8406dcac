"""Measurements kept in the results folder, so that a study goes on where it stopped."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from groupbench.core.digests import digest
from groupbench.core.errors import ResultError
from groupbench.core.files import read_text, replacing
from groupbench.results import store
from groupbench.results.schema import finite, parsed
from groupbench.studies._measure import VERSION, Measured, measure

if TYPE_CHECKING:
    from pydantic import TypeAdapter

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
        held = _types().validate_python(parsed(read_text(file)))
        confusions = {
            split: {name: np.array(counts, dtype=np.int64) for name, counts in predictors.items()}
            for split, predictors in held.confusions.items()
        }
        for counts in (counts for predictors in confusions.values() for counts in predictors.values()):
            if counts.ndim != 2 or counts.shape[0] != counts.shape[1]:
                raise ValueError("counts are no square")
        return Measured(
            {name: list(map(_number, values)) for name, values in held.losses.items()}, confusions
        )
    except (OSError, ValueError, OverflowError) as error:
        why = " ".join(str(error).split())[:200]
        raise ResultError(f"{file} is no measurement ({why}); delete it and start the study again") from error


def _number(value: float | None) -> float:
    return float("nan") if value is None else value


@cache
def _types() -> TypeAdapter[Any]:
    from pydantic import BaseModel, TypeAdapter

    from groupbench.results.schema import Count, Number

    class Held(BaseModel, strict=True):
        losses: dict[str, list[Number]]
        confusions: dict[str, dict[str, list[list[Count]]]]

    return TypeAdapter(Held)


def _write(file: Path, found: Measured) -> None:
    confusions = {
        split: {name: counts.tolist() for name, counts in predictors.items()}
        for split, predictors in found.confusions.items()
    }
    text = json.dumps(finite({"losses": found.losses, "confusions": confusions}), allow_nan=False)
    try:
        store.make_own(file.parent)
        with replacing(file) as temporary:
            temporary.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ResultError(
            f"cannot write {file}: {error.strerror or error}; choose another --results folder"
        ) from error
