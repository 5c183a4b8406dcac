"""Search spaces: a hyperparameter says beside its default where tuning may look for a better value."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Annotated, TypeVar

from annotated_types import Ge, Gt, Le

T = TypeVar("T")
Value = str | float | bool | None

Count = Annotated[int, Ge(1)]
Whole = Annotated[int, Ge(0)]
Above0 = Annotated[float, Gt(0)]
AtLeast0 = Annotated[float, Ge(0)]
Share = Annotated[float, Ge(0), Le(1)]

_KEY = "groupbench.tunable"


@dataclass(frozen=True)
class Range:
    """All numbers between two bounds, both included.

    Attributes:
        low: lower bound.
        high: upper bound.
        log: whether equal ratios are equally likely, instead of equal differences.
        whole: whether the numbers are whole.
    """

    low: float
    high: float
    log: bool = False
    whole: bool = False

    def __contains__(self, value: object) -> bool:
        return isinstance(value, int if self.whole else float) and self.low <= value <= self.high

    def __str__(self) -> str:
        return f"{self.low:g} to {self.high:g}" + (", log" if self.log else "")


@dataclass(frozen=True)
class Choice:
    """One of several values without an order.

    Attributes:
        values: texts, numbers, truth values or None.
    """

    values: tuple[Value, ...]

    def __contains__(self, value: object) -> bool:
        return value in self.values

    def __str__(self) -> str:
        return " | ".join(map(str, self.values))


Domain = Range | Choice


def tunable(
    default: T,
    *,
    low: float | None = None,
    high: float | None = None,
    log: bool = False,
    choices: Collection[Value] = (),
) -> T:
    """A dataclass field with a default that tuning may change: within bounds, or to one of several choices.

    `n_factors: int = tunable(100, low=10, high=400, log=True)`,
    `similarity: str = tunable("msd", choices=("msd", "cosine"))`.

    Args:
        default: the value without tuning, and the first that tuning tries.
        low: lower bound; if the default is a whole number, so are all values.
        high: upper bound.
        log: whether to search on the logarithmic scale.
        choices: the values instead of bounds; None can only be one if it is the default, because a
            TOML file cannot hold it.

    Raises:
        ValueError: if there are neither bounds nor choices or both, or the default is none of them.
    """
    domain = _domain(low, high, log, isinstance(default, int), tuple(choices))
    if default not in domain:
        raise ValueError(f"the default {default!r} is not in its own search space ({domain}); widen it")
    if isinstance(domain, Choice) and default is not None and None in domain:
        raise ValueError(f"None among the choices ({domain}) is not the default; a file cannot hold it")
    return field(default=default, metadata={_KEY: domain})


def search_space(make: Callable[..., object], fixed: Collection[str] = ()) -> dict[str, Domain]:
    """Where each tunable field of the dataclass `make` may lie, by name, without the `fixed` ones."""
    if not is_dataclass(make):
        return {}
    return {f.name: f.metadata[_KEY] for f in fields(make) if _KEY in f.metadata and f.name not in fixed}


def _domain(
    low: float | None, high: float | None, log: bool, whole: bool, choices: tuple[Value, ...]
) -> Domain:
    if choices and low is None and high is None and not log:
        if len(set(choices)) < max(2, len(choices)):
            raise ValueError(f"the choices {choices!r} repeat or are fewer than two; give several values")
        return Choice(choices)
    if choices or low is None or high is None:
        raise ValueError("a tunable field needs low and high, or choices, and not both")
    if not (low < high and (low > 0 or not log)):
        raise ValueError(f"bounds {low} to {high}: low must be below high, and above 0 on the log scale")
    return Range(low, high, log, whole)
