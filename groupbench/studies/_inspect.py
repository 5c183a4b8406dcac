"""What studies look at inside a fitted method: its losses, profiles, shared representation and attention."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol, cast

from groupbench.core.errors import ConfigError

if TYPE_CHECKING:
    from groupbench.core.arrays import FloatArray, IntArray


class Inspectable(Protocol):
    """A fitted method that profiles groups, as `dmtl` does; pairs are two arrays of indices, (n,) each."""

    history: Sequence[Any]
    """The losses of each epoch, named tuples of numbers; set by `fit`."""

    def profiles(self, users: IntArray, items: IntArray) -> FloatArray:
        """Probabilities of the groups for each pair, (n, n_groups)."""

    def representations(self, users: IntArray, items: IntArray) -> FloatArray:
        """What the profile of each pair is read from, (n, width)."""

    def attention_weights(self, users: IntArray, items: IntArray) -> FloatArray:
        """Attention weights of each pair, (n, width); each row sums to 1."""


_CALLED = {
    "profiles": "group profiles",
    "representations": "representations",
    "attention_weights": "attention weights",
}

EVERYTHING = ("profiles", "representations", "attention_weights")
"""All that can be looked at."""


def inspectable(method: object, needs: Sequence[str] = EVERYTHING) -> Inspectable:
    """The method, fitted or not, as one that can be looked into.

    Args:
        method: any method.
        needs: which of `EVERYTHING` is asked of it.

    Raises:
        ConfigError: if it lacks some of that.
    """
    if missing := [name for name in needs if not hasattr(method, name)]:
        raise ConfigError(
            f"{type(method).__name__} has no {_CALLED[missing[0]]} to look at; name dmtl or a variant"
        )
    return cast(Inspectable, method)


def losses_of(model: Inspectable) -> dict[str, list[float]]:
    """The losses by name, one value per epoch."""
    names: tuple[str, ...] = model.history[0]._fields
    return {name: [float(getattr(epoch, name)) for epoch in model.history] for name in names}
