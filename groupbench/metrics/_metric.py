"""A metric at a cutoff: how it is written, read and explained."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from groupbench.errors import ConfigError, unknown
from groupbench.metrics._families import Family, families

if TYPE_CHECKING:
    from groupbench.arrays import FloatArray
    from groupbench.metrics._ranking import Ranking

_TIE_RULE = (
    "equal scores: the expected value over all their orders, in closed form (McSherry & Najork, ECIR 2008); "
    "--ties best|worst puts relevant candidates first or last instead"
)


@dataclass(frozen=True)
class Metric:
    """A metric family at a cutoff, such as ndcg@10.

    Attributes:
        family: what is computed.
        k: the number of leading positions that count.
    """

    family: Family
    k: int

    @property
    def name(self) -> str:
        """The name as `parse` reads it."""
        return f"{self.family.name}@{self.k}"

    def compute(self, ranking: Ranking) -> FloatArray:
        """The values of all lists, (n_lists,), from a ranking of depth `k` or more."""
        return self.family.compute(ranking, self.k)


def parse(name: str | Metric) -> Metric:
    """Read a metric such as `ndcg@10`; capitals do not matter.

    Raises:
        ConfigError: if the name is unknown, or the cutoff is missing or no positive integer.
    """
    if isinstance(name, Metric):
        return name
    family, _, k = name.strip().lower().partition("@")
    known = families().get(family)
    if known is None:
        raise ConfigError(unknown("metric", family, families(), "write metrics as name@K, such as ndcg@10"))
    if not re.fullmatch("[1-9][0-9]*", k):
        raise ConfigError(f"metric {name!r} needs a cutoff K of 1 or more; write it as {family}@10")
    return Metric(known, int(k))


def explain(metric: str | Metric) -> str:
    """What a metric computes, how it treats ties and undefined cases, and whose definition it is.

    Raises:
        ConfigError: if the metric is unknown or its cutoff malformed.
    """
    metric = parse(metric)
    family = metric.family
    return (
        f"{metric.name}: {family.title} with K = {metric.k}\n"
        f"  formula    {family.formula}\n"
        f"  ties       {_TIE_RULE}\n"
        f"  undefined  {family.undefined}\n"
        f"  source     {family.source}"
    )
