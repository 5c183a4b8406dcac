"""Fits of a job's model in this process, with the data and random numbers of the job itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from groupbench.core.registry import methods
from groupbench.runner.fitting import fit_here
from groupbench.runner.job import Job
from groupbench.runner.plan import plan_jobs
from groupbench.studies._inspect import EVERYTHING, Inspectable, inspectable

if TYPE_CHECKING:
    from groupbench.data.dataset import Dataset
    from groupbench.data.groups import Groups
    from groupbench.evaluation.task import Task
    from groupbench.runner.config import Config


def only_job(config: Config, dataset: Dataset, results: Path = Path()) -> Job:
    """The first job of `config`: that of its first method and seed."""
    asked = config.model_copy(update={"methods": config.methods[:1], "seeds": config.seed_list()[:1]})
    return plan_jobs(asked, {config.dataset[0]: dataset}, results.resolve())[0]


def task_of(job: Job, dataset: Dataset) -> Task:
    """What the job learns from and is evaluated by."""
    from groupbench.evaluation.protocols import make_protocol

    return make_protocol(job.protocol).prepare(dataset, job.seed)


def fitted(
    job: Job, task: Task, groups: Groups | None = None, needs: Sequence[str] = EVERYTHING
) -> Inspectable:
    """Fit the model of `job` as a run does, on one thread, and open it.

    Args:
        job: names method, hyperparameters and seed.
        task: what `task_of` made.
        groups: other groups than those of `task` to learn from.
        needs: what is looked at.

    Raises:
        ConfigError: if the method has none of that.
        MethodError: if it cannot be fitted.
    """
    train = task.train if groups is None else replace(task.train, groups=groups)
    method = methods[job.method].create(**job.overrides)
    model = inspectable(method, needs)
    fit_here(method, train, job.method, (job.seed_label, "method", job.method, job.seed))
    return model
