"""What tables show and how they are tested; each option declared once, for commands and Python functions."""

from __future__ import annotations

from typing import Annotated

from pydantic import field_validator

from groupbench.core.errors import ConfigError
from groupbench.core.options import Flag, Names, Options


class RowOptions(Options):
    """Which rows and metrics a table shows."""

    metrics: Annotated[Names | None, Flag("Rows", names=True, unset="precision, recall, ndcg at 10")] = None
    """Metrics, or 'all'; the first one orders the rows."""
    views: Annotated[Names | None, Flag("Rows", ("--view",), names=True, unset="the usual ones")] = None
    """Views, or 'all'."""
    aggregator: Annotated[str, Flag("Rows")] = "average"
    """A name, 'best' or 'all'."""
    ties: Annotated[str | None, Flag("Rows", unset="expected")] = None
    """How equal scores are ordered: expected, best, worst, or all for expected with both bounds."""
    against: Annotated[str | None, Flag("Rows", unset="nothing")] = None
    """'reported' adds what papers print."""

    @field_validator("metrics", "views")
    @classmethod
    def _require_one(cls, names: list[str] | None) -> list[str] | None:
        if names is not None and not names:
            raise ConfigError("--view and --metrics: name at least one, or leave it out")
        return names


class SignificanceOptions(Options):
    """How differences are tested."""

    reference: Annotated[str | None, Flag("Significance", unset="the best row")] = None
    """METHOD or METHOD:AGGREGATOR that rows are tested against."""
    test: Annotated[str, Flag("Significance")] = "bootstrap"
    """bootstrap, permutation, t or wilcoxon."""
    correction: Annotated[str, Flag("Significance")] = "holm"
    """holm, bh or none, over the rows of a metric."""
    level: Annotated[float, Flag("Significance")] = 0.05
    """Corrected p-values up to this are significant."""
