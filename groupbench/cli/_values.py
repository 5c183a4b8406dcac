"""What the shell completes: the values that an option or argument can have, by its name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any


def _methods() -> Iterable[str]:
    from groupbench.core.registry import methods
    from groupbench.runner.tags import TAGS

    return [*methods, *TAGS]


def _datasets() -> Iterable[str]:
    from groupbench.core.registry import datasets

    return datasets


def _aggregators() -> Iterable[str]:
    from groupbench.core.registry import aggregators, sequential_aggregators

    return [*aggregators, *sequential_aggregators, "best", "all"]


def _metrics() -> Iterable[str]:
    from groupbench.metrics import definitions

    return [*(one.pattern.replace("@K", "@10") for one in definitions().values()), "all"]


def _views() -> Iterable[str]:
    from groupbench.evaluation.views import VIEWS

    return [*VIEWS, "all"]


def _protocols() -> Iterable[str]:
    from groupbench.evaluation.protocols import PROTOCOLS

    return PROTOCOLS


def _kinds_of_groups() -> Iterable[str]:
    from groupbench.data.formation import KINDS

    return [*KINDS, "kmeans", "natural"]


def _all_names() -> Iterable[str]:
    from groupbench.cli import _describe

    return [name.replace("@K", "@10") for name in _describe.names()]


def _parameters() -> Iterable[str]:
    from groupbench.core.registry import aggregators, methods

    return [f"{name}.{key}=" for kind in (methods, aggregators) for name in kind for key in _keys(kind[name])]


def _keys(entry: Any) -> Iterable[str]:
    from dataclasses import fields, is_dataclass

    return [field.name for field in fields(entry.make) if field.init] if is_dataclass(entry.make) else ()


_VALUES: dict[str, Callable[[], Iterable[str]]] = {
    **dict.fromkeys(("methods", "method", "first", "second", "reference"), _methods),
    **dict.fromkeys(("aggregators", "aggregator"), _aggregators),
    **dict.fromkeys(("metrics", "metric"), _metrics),
    **dict.fromkeys(("views", "view"), _views),
    "dataset": _datasets,
    "protocol": _protocols,
    "groups": _kinds_of_groups,
    "set": _parameters,
    "name": _all_names,
    "executor": lambda: ("local", "ray"),
    "groups_as": lambda: ("members", "rows", "both"),
    "ties": lambda: ("expected", "best", "worst", "all"),
    "test": lambda: ("bootstrap", "permutation", "t", "wilcoxon"),
    "correction": lambda: ("holm", "bh", "none"),
    "format_": lambda: ("plain", "markdown", "latex", "html", "csv", "json"),
    "by": lambda: ("size", "cohesion", "activity"),
}


def completer(parameter: str) -> Callable[[str], list[str]] | None:
    """What completes the value of a parameter, after the last comma; None if nothing can be said."""
    values = _VALUES.get(parameter)
    if values is None:
        return None

    def complete(incomplete: str) -> list[str]:
        before, comma, last = incomplete.rpartition(",")
        start = last.casefold()
        return [before + comma + value for value in values() if value.casefold().startswith(start)]

    return complete
