"""Metrics as data: where they are registered, and what one that ranks lists adds to its definition."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from groupbench.core.errors import PluginError
from groupbench.core.registry import Registry
from groupbench.metrics._definitions import Definition
from groupbench.metrics._spreads import DERIVED

if TYPE_CHECKING:
    from groupbench.core.arrays import FloatArray
    from groupbench.metrics._ranking import Ranking


class _Metrics(Registry[Definition]):
    def require_free(self, value: Definition) -> None:
        """Refuse the names of spreads over members, and names and synonyms that other metrics go by."""
        others = [one for one in self._values.values() if one.name != value.name]
        known = DERIVED.union(*([one.name, *one.synonyms] for one in others))
        if clash := known & {value.name, *value.synonyms}:
            raise PluginError(f"metric {min(clash)!r} is already defined; choose another name")


METRICS = _Metrics("metric", "groupbench.metrics", "groupbench.metrics")
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
