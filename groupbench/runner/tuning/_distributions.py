"""Where a hyperparameter may lie, in Optuna's words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from groupbench.core.hyperparameters import Choice, Domain, Range

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution


def distribution(domain: Domain) -> BaseDistribution:
    """What Optuna calls a domain."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(domain, Choice):
        return CategoricalDistribution(domain.values)
    if domain.whole:
        return IntDistribution(int(domain.low), int(domain.high), log=domain.log)
    return FloatDistribution(domain.low, domain.high, log=domain.log)


def rounded(value: Any, domain: Domain) -> Any:
    """Four significant digits are enough, and can be read."""
    if not isinstance(domain, Range) or domain.whole or value == 0:
        return value
    short = round(value, 3 - math.floor(math.log10(abs(value))))
    return min(max(short, domain.low), domain.high)
