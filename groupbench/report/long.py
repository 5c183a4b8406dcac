"""The long results frame, one row per metric value, from which all tables, pages and drawings are made."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from groupbench.core.digests import plain
from groupbench.models.group_adapter import served_by
from groupbench.results.store import RunRecord, ViewMetrics

if TYPE_CHECKING:
    import pandas as pd

TieRule = Literal["expected", "best", "worst"]
TIE_RULES: tuple[TieRule, ...] = ("expected", "best", "worst")

REFERENCES = frozenset(
    {
        "random",
        "popularity",
        "popularity-liked",
        "popularity-groups",
        "member-count",
        "item-mean",
        "known-ratings",
        "oracle",
    }
)
"""Methods that bound the others and are not ranked with them."""

VALUE_COLUMNS = ("dataset", "protocol", "view", "method", "aggregator", "seed", "ties", "metric", "value")
"""What a value is of, and the value."""
RUN_COLUMNS = (
    "status",
    "reason",
    "simulated",
    "name",
    "parameters",
    "tuning",
    "tied",
    "seconds",
    "peak_mb",
    "joules",
    "n",
    "tau",
    "content_hash",
    "evaluation",
    "code",
    "key",
)
"""What else is known of the run, `n` being the lists that were evaluated; values compare where
`content_hash` and `evaluation` are the same."""

_PHASES = ("fit", "score", "aggregate", "metrics")
_TEXTS = [*VALUE_COLUMNS[:5], "status", "reason", "name", "parameters", "tuning", *RUN_COLUMNS[-4:]]


class ResultKey(NamedTuple):
    """Where values can be compared: one view of one protocol on one data set.

    Attributes:
        dataset: name of the data set.
        protocol: label of the protocol.
        view: name of the view.
    """

    dataset: str
    protocol: str
    view: str


def results_frame(records: Sequence[RunRecord]) -> pd.DataFrame:
    """Every expected metric value of every job, one row each, with `VALUE_COLUMNS` and `RUN_COLUMNS`.

    A job that did not finish is one row with its status and reason, an empty metric and NaN.
    """
    frame = long_frame(records, ties=("expected",)).reset_index(drop=True)
    texts = [name for name in frame if frame[name].dtype == "category"]
    return frame.astype(dict.fromkeys(texts, str))


def long_frame(
    records: Iterable[RunRecord],
    *,
    keys: Collection[ResultKey] | None = None,
    metrics: Sequence[str] | None = None,
    ties: Sequence[TieRule] = TIE_RULES,
) -> pd.DataFrame:
    """The values of `records`, one row each, with `VALUE_COLUMNS` and `RUN_COLUMNS`, texts as categories.

    The index counts the pairs of a run and one of its views with an aggregator. Where such a pair has none
    of the metrics, and for a run that did not finish, the metric is empty and the value NaN.

    Args:
        records: run records.
        keys: only of these; None for all.
        metrics: only these; None for all.
        ties: how equal scores count.
    """
    import pandas as pd

    runs = [
        (record, entry)
        for record in records
        for entry in record.metrics or (None,)
        if keys is None or (entry and ResultKey(record.dataset, record.protocol, entry.view) in keys)
    ]
    values = [_values(entry, rule, metrics) for rule in ties for _, entry in runs]
    sizes = np.fromiter(map(len, values), dtype=np.int64)
    facts = pd.DataFrame([_facts(*run) for run in runs], columns=[*VALUE_COLUMNS[:6], *RUN_COLUMNS])
    facts = facts.astype(dict.fromkeys(_TEXTS, "category"))
    frame = facts.take(np.tile(np.arange(len(runs)), len(ties)).repeat(sizes))
    rules = np.repeat(np.arange(len(ties)), len(runs)).repeat(sizes)
    frame = frame.assign(
        ties=pd.Categorical.from_codes(rules, pd.Index(ties)),
        metric=pd.Categorical(list(chain.from_iterable(values))),
        value=np.fromiter(chain.from_iterable(map(dict.values, values)), dtype=np.float64),
    )
    return frame[[*VALUE_COLUMNS, *RUN_COLUMNS]]


def _values(entry: ViewMetrics | None, rule: TieRule, metrics: Sequence[str] | None) -> dict[str, float]:
    values = {} if entry is None else entry.by_rule(rule)
    if metrics is not None:
        values = {metric: values[metric] for metric in metrics if metric in values}
    return values or {"": np.nan}


def _facts(record: RunRecord, entry: ViewMetrics | None) -> tuple[object, ...]:
    code = record.environment.get("code") or {}
    facts = record.views.get(entry.view, {}) if entry else {}
    return (
        record.dataset,
        record.protocol,
        entry.view if entry else "",
        record.method,
        entry.aggregator if entry else "",
        record.seed,
        record.status,
        with_origin(record.simulated, record.reason),
        record.simulated,
        record.name,
        json.dumps(record.hyperparameters, default=plain, sort_keys=True),
        tuning_label(record),
        entry.tied if entry else np.nan,
        seconds_of(record),
        peak_of(record),
        joules_of(record),
        _number(facts.get("entities")),
        _number(facts.get("tau")),
        str(record.config.get("content_hash", "")),
        str(record.config.get("evaluation", "")),
        str(code.get("sha256", "")),
        record.key,
    )


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else np.nan


def with_origin(simulated: bool, reason: str) -> str:
    """The reason, with a label before it where the data are simulated."""
    return "; ".join(part for part in ("simulated data" if simulated else "", reason) if part)


def seconds_of(record: RunRecord) -> float:
    """Wall-clock seconds of a job without imports; NaN where they are not recorded."""
    return _total(record.seconds)


def joules_of(record: RunRecord) -> float:
    """Energy of a job without imports, in joules; NaN where it is not recorded."""
    return _total(record.joules)


def peak_of(record: RunRecord) -> float:
    """Largest growth of resident memory in any phase but imports, in MiB; NaN where it is not recorded."""
    return max((record.peak_mb[phase] for phase in _PHASES if phase in record.peak_mb), default=np.nan)


def _total(costs: Mapping[str, float]) -> float:
    return sum(costs.get(phase, 0.0) for phase in _PHASES) if costs else np.nan


def tuning_label(record: RunRecord) -> str:
    """Where the hyperparameters come from: `tuned (20)` after so many trials, `default`, `set by hand`.

    Empty for reference rows and where there are none.
    """
    if record.tuning:
        return f"tuned ({record.tuning['trials']})"
    if record.name in REFERENCES or not record.hyperparameters:
        return ""
    return "default" if served_by(record.method) == record.name else "set by hand"


def shown_rule(ties: str | None) -> TieRule:
    """The tie rule whose values are shown; `all` shows the expected ones with the bounds."""
    return next((rule for rule in TIE_RULES if rule == ties), "expected")
