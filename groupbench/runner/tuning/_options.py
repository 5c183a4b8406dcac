"""What tuning is asked to do, besides what a run is asked to do; each option declared once."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator

from groupbench.core.errors import ConfigError
from groupbench.core.options import Flag, Options


class TuningOptions(Options):
    """How hyperparameters are looked for."""

    trials: Annotated[int, Flag("Tuning")] = Field(20, ge=1)
    """Hyperparameters to try for each method; the first are the defaults, and failed ones count."""
    timeout_per_method: Annotated[float | None, Flag("Tuning", unset="no limit")] = Field(
        None, gt=0, allow_inf_nan=False
    )
    """Seconds after which no trial of a method begins, and a single fit is ended."""
    view: Annotated[str | None, Flag("Tuning", unset="the first that the data allow")] = None
    """View that decides."""
    metric: Annotated[str, Flag("Tuning")] = "ndcg@10"
    """Metric that decides."""
    aggregator: Annotated[str, Flag("Tuning")] = "average"
    """Its aggregator; a method's own group scores need none."""
    seed: Annotated[int, Flag("Tuning")] = Field(0, ge=0)
    """Seed whose training rows are used; what it holds out is not looked at."""
    repeats: Annotated[int, Flag("Tuning")] = Field(3, ge=1)
    """Validation splits of these rows for each trial, whose value is the mean."""

    @field_validator("metric")
    @classmethod
    def _require_metric(cls, metric: str) -> str:
        from groupbench.metrics import definition, explain

        if definition(metric) is None:
            raise ConfigError(f"unknown metric {metric!r}; 'groupbench list metrics' shows what there is")
        explain(metric)
        return metric

    @field_validator("aggregator")
    @classmethod
    def _require_aggregator(cls, aggregator: str) -> str:
        from groupbench.runner.aggregators import labels

        return labels([aggregator], {}, sequential=True)[0]
