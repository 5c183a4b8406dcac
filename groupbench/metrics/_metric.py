"""A metric at a cutoff: how it is written, read and explained."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from groupbench.core.errors import ConfigError, unknown
from groupbench.metrics._definitions import COMMON_ORDERS, RELEVANCE, Definition
from groupbench.metrics._families import METRICS, Family, families
from groupbench.metrics._request import TIES, MetricRequest
from groupbench.metrics._spreads import SPREAD_OF, SPREADS, MemberSpread

if TYPE_CHECKING:
    from groupbench.core.arrays import FloatArray
    from groupbench.metrics._ranking import Ranking, Ties

_REMEDY = "write metrics as name@K, such as ndcg@10"


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
    known = families()
    if family not in known:
        raise ConfigError(unknown("metric", family, known, _REMEDY))
    return Metric(known[family], _cutoff(family, k))


def make_request(metrics: Iterable[str] | None, ties: Iterable[Ties] = TIES) -> MetricRequest:
    """Read which metrics, such as `ndcg@10` or `min-recall@5`, and which tie rules are wanted.

    Args:
        metrics: all that run records hold may be requested, at any K; None for all metrics.
        ties: the tie rules.

    Raises:
        ConfigError: if a metric or a tie rule is unknown, or a cutoff is missing or no positive integer.
    """
    rules = tuple(ties)
    for rule in rules:
        if rule not in TIES:
            raise ConfigError(unknown("tie rule", rule, TIES))
    return MetricRequest(None if metrics is None else frozenset(map(_recorded, metrics)), rules)


def _recorded(metric: str) -> str:
    """The name under which records hold a metric."""
    name, at, k = metric.strip().lower().partition("@")
    found = _defined(name)
    if found.cutoff:
        return f"{found.name}@{_cutoff(name, k)}"
    if at:
        raise ConfigError(f"metric {name!r} has no cutoff; leave out '@{k}'")
    return found.name


def definitions() -> dict[str, Definition]:
    """Every metric that a run record can hold, by its name without the cutoff.

    Raises:
        PluginError: if an entry point in the group `groupbench.metrics` cannot be imported.
    """
    return {**METRICS, **_spreads()}


def definition(metric: str) -> Definition | None:
    """The definition of a metric or synonym, written with or without its cutoff, or None if there is none."""
    name, by_name = metric.strip().lower().partition("@")[0], definitions()
    return by_name.get(name) or next((one for one in by_name.values() if name in one.synonyms), None)


def standard_name(metric: str) -> str:
    """The name under which records hold a metric that may be written as a synonym; else the text itself."""
    name, at, k = metric.strip().lower().partition("@")
    found = definition(name)
    return f"{found.name}{at}{k}" if found is not None and name in found.synonyms else metric


def explain(metric: str | Metric) -> str:
    """What a metric computes, how it treats ties and undefined cases, and whose definition it is.

    Raises:
        ConfigError: if the metric is unknown or its cutoff malformed.
    """
    name, at, k = (metric.name if isinstance(metric, Metric) else metric.strip().lower()).partition("@")
    found, written = _defined(name), _recorded(f"{name}{at}{k}")
    title = f"{written}: {found.title}" + f" with K = {k}" * found.cutoff
    rows = [
        *(("synonym", text) for text in found.synonyms),
        ("formula", found.formula),
        ("ties", found.ties),
        ("undefined", found.undefined),
        ("better", "lower" if found.lower_is_better else "higher"),
        ("source", found.source),
        *(("differs", text) for text in found.differs),
    ]
    return "\n".join([title, *(f"  {label:9s}  {text}" for label, text in rows)])


def _defined(name: str) -> Definition:
    found = definition(name)
    if found is None:
        raise ConfigError(unknown("metric", name, definitions(), _REMEDY))
    return found


def _cutoff(name: str, k: str) -> int:
    if not re.fullmatch("[1-9][0-9]*", k):
        given = f", not {k!r}" if k else ""
        raise ConfigError(f"metric {name!r} needs a cutoff K of 1 or more{given}; write it as {name}@10")
    return int(k)


@functools.cache
def _spreads() -> dict[str, Definition]:
    """The spreads over members (`min-ndcg`), by name."""
    bases = *(METRICS[name] for name in SPREAD_OF), RELEVANCE
    spreads = (_spread(spread, base) for base in bases for spread in SPREADS)
    return {found.name: found for found in spreads}


def _spread(spread: MemberSpread, base: Definition) -> Definition:
    return Definition(
        name=f"{spread.name}-{base.name}",
        title=f"{base.title}, {spread.name} over members",
        formula=f"{spread.formula}; x_1 ... x_n are {base.name}@K of the members who count: {base.formula}",
        source=f"{spread.source}; {base.name}: {base.source}",
        undefined="NaN where no member counts (has a relevant candidate), and where the formula says so",
        ties=COMMON_ORDERS,
        lower_is_better=spread.lower_is_better,
        normalizable=False,
    )
