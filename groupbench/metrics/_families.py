"""Metrics as data: where they are registered, and what one that ranks lists adds to its definition."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING

from groupbench.core.registry import Registry
from groupbench.metrics._definitions import Definition
from groupbench.metrics._spreads import DERIVED

if TYPE_CHECKING:
    from groupbench.core.arrays import FloatArray
    from groupbench.metrics._ranking import Ranking

METRICS: Registry[Definition] = Registry(
    "metric",
    "groupbench.metrics",
    "groupbench.metrics",
    synonyms_of=attrgetter("synonyms"),
    reserved=DERIVED,
)
"""All metrics by name, those without a `Family` too, but not the spreads over members (`min-ndcg`)."""


@dataclass(frozen=True)
class Family(Definition):
    """A metric of ranked lists with its cutoff left open: a `Definition` and how it is computed.

    Attributes:
        compute: the values of all lists, (n_lists,), from a `Ranking` of depth K or more, and K.
    """

    compute: Callable[[Ranking, int], FloatArray]


def families() -> dict[str, Family]:
    """The metrics of ranked lists by name: the built-in ones, then those of entry points and plugins.

    Raises:
        PluginError: if an entry point in the group `groupbench.metrics` cannot be imported.
    """
    return {name: found for name, found in METRICS.items() if isinstance(found, Family)}
