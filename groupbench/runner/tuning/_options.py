"""What tuning is asked to do, besides what a run is asked to do."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from groupbench.core.errors import ConfigError, unknown


class Options(BaseModel):
    """How hyperparameters are looked for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    trials: int = Field(20, ge=1)
    """Settings of each method that are tried; the first is the default, and failed ones count."""
    timeout_per_method: float | None = Field(None, gt=0, allow_inf_nan=False)
    """Seconds after which no new trial of a method begins, and after which a single fit is ended."""
    view: str | None = None
    """The view whose figure decides; None for the first of the protocol that the data allows."""
    metric: str = "ndcg@10"
    """The metric that decides."""
    aggregator: str = "average"
    """Aggregator of that figure; a method's own group scores need none."""
    seed: int = Field(0, ge=0)
    """The repeat whose training rows are split again; what it holds out is not looked at."""
    repeats: int = Field(3, ge=1)
    """How often they are split; a trial's value is the mean."""


def make_options(**options: Any) -> Options:
    """Options from keywords; those that are None have their default.

    Raises:
        ConfigError: if a name or a value is wrong.
    """
    from groupbench.core.registry import aggregators
    from groupbench.metrics import definition, explain

    given = {k: v for k, v in options.items() if v is not None}
    for key in given:
        if key not in Options.model_fields:
            raise ConfigError(unknown("option of tuning", key, Options.model_fields))
    try:
        made = Options(**given)
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigError(f"{first['loc'][0]}={first['input']!r}: {first['msg'].lower()}") from error
    if definition(made.metric) is None:
        raise ConfigError(f"unknown metric {made.metric!r}; 'groupbench list metrics' shows what there is")
    explain(made.metric)
    aggregators[made.aggregator]
    return made
