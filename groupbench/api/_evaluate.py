"""Evaluating one method in this process, without a results folder."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from groupbench.api._keywords import with_keywords
from groupbench.core import plugins, registry
from groupbench.core.entry import Entry
from groupbench.core.errors import ArgumentError, ConfigError
from groupbench.core.stopwatch import Stopwatch
from groupbench.data import loading
from groupbench.data.dataset import Dataset
from groupbench.evaluation import evaluate as evaluation
from groupbench.metrics import make_request
from groupbench.models.recommender import GroupRecommender, Recommender, ReferenceRow
from groupbench.runner.aggregators import make_aggregator
from groupbench.runner.config import Config, make_config
from groupbench.runner.fitting import fit_here

if TYPE_CHECKING:
    import pandas as pd

    from groupbench.metrics import Ties

AMethod = Recommender | GroupRecommender | ReferenceRow
AnyMethod = str | AMethod | type[Recommender] | type[GroupRecommender] | type[ReferenceRow]
"""A registered name, or a class or an instance of one's own; what is given is not changed."""

_OF_JOBS = (
    *(
        "methods",
        "dataset",
        "set",
        "tuned",
        "groups_as",
        "group_weight",
        "executor",
        "address",
        "jobs",
        "threads",
    ),
    *("train_workers", "memory_budget", "deterministic", "timeout"),
)
"""Options of a run that say nothing of one method in this process."""


load = with_keywords()(loading.load)


@with_keywords(Config, without=_OF_JOBS)
def evaluate(
    method: AnyMethod,
    dataset: str | Path | Dataset = "itmrec-sim",
    *,
    views: str | Sequence[str] | None = None,
    metrics: str | Sequence[str] | None = None,
    ties: str | Sequence[str] = "expected",
    **options: object,
) -> pd.DataFrame:
    """Fit a method on each seed's split and evaluate it, in this process and without a results folder.

    A registered name, or the class that it stands for, gets the values that `run` gives it.

    Args:
        method: a registered name, a class, or an instance, of which every seed fits a copy.
        dataset: a registered name, a folder, or what `load` returned.
        views: names of views; by default all of the protocol that the data and the method allow.
        metrics: names such as `ndcg@10`; by default all at the cutoffs of the view. The fewer, the faster.
        ties: tie rules: `expected`, `best`, `worst`.
        **options: `data_dir`, `protocol` and its options, `seeds`, `aggregators` and `plugins`,
            as of `run`.

    Returns:
        One row per value: dataset, protocol, view, method, aggregator, seed, ties, metric, value.

    Raises:
        ConfigError: if a name or a value is wrong, or a view does not suit the data or the method.
        MethodError: if the method cannot learn from the data, or does not give the scores that it owes.
        ArgumentError: if an argument is missing, of a wrong type, or there is none of its name.
    """
    import pandas as pd

    from groupbench.report.long import VALUE_COLUMNS

    config = make_config(None, methods=method if isinstance(method, str) else None, **options)
    plugins.load_plugins(config.plugins)
    data = loaded(dataset, config.data_dir)
    name, make = maker(method)
    protocol = config.resolved_protocol(data)
    aggregators = config.aggregator_names(protocol)
    chosen = None if metrics is None else _names(metrics)
    rules = make_request(chosen, cast("tuple[Ties, ...]", _names(ties))).ties
    asked = () if views is None else _names(views)
    rows: list[tuple[object, ...]] = []
    for seed in config.seed_list():
        task = protocol.prepare(data, seed)
        cases, unsuitable = protocol.make_cases(task, asked)
        fitted = fit_here(make(), task.train, name, (data.seed_label, "method", name, seed))
        made = {one: make_aggregator(one) for one in aggregators}
        unsuitable |= {c.view.name: why for c in cases if (why := evaluation.refusal(fitted, c.view))}
        if missing := [f"view {view}: {unsuitable[view]}" for view in asked if view in unsuitable]:
            raise ConfigError(missing[0])
        for result in evaluation.evaluate(fitted, task, cases, made, Stopwatch(), metrics=chosen, ties=rules):
            key = (data.name, protocol.label, result.case.view.name, name, result.aggregator, seed)
            rows += [(*key, rule, *pair) for rule in rules for pair in result.means(rule).items()]
    return pd.DataFrame(rows, columns=list(VALUE_COLUMNS))


def loaded(dataset: str | Path | Dataset, data_dir: str | Path | None) -> Dataset:
    """The data set itself, read if it is named."""
    if isinstance(dataset, Dataset):
        return dataset
    return loading.load(dataset, data_dir)


def maker(method: AnyMethod, **hyperparameters: object) -> tuple[str, Callable[[], AMethod]]:
    """The name of a method, and what makes a new one that is not fitted.

    Raises:
        ConfigError: if the name or a hyperparameter is unknown.
        ArgumentError: if an instance is given hyperparameters, or it is no method.
    """
    if isinstance(method, str):
        from groupbench.report.names import registered_name

        entry = registry.methods[registered_name(method)]
        return entry.name, lambda: _checked(entry.create(**hyperparameters))
    if isinstance(method, type):
        entry = _entry_of(method)
        return entry.name, lambda: _checked(entry.create(**hyperparameters))
    if hyperparameters:
        given = ", ".join(hyperparameters)
        raise ArgumentError(f"{given}: an instance has its hyperparameters; give them to its class")
    checked = _checked(method)
    return _entry_of(type(method)).name, lambda: copy.deepcopy(checked)


def _entry_of(kind: type) -> Entry:
    """The registered entry of a class with its defaults, else one under the name of the class."""
    registered = (e for e in registry.methods.values() if e.make is kind and not e.presets)
    return next(registered, Entry(kind.__name__, kind))


def _checked(made: object) -> AMethod:
    if not isinstance(made, AMethod):
        raise ArgumentError(
            f"{type(made).__name__} is no method; give a name, or a Recommender or a GroupRecommender, "
            "its class or an instance"
        )
    return made


def _names(texts: str | Sequence[str]) -> tuple[str, ...]:
    return tuple(texts.replace(",", " ").split() if isinstance(texts, str) else texts)
