"""Aggregators with parameters, written as one name that tables show: `p-mean[p=3]`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from groupbench.core import registry
from groupbench.core.errors import ConfigError, unknown
from groupbench.runner.notation import parse_label

if TYPE_CHECKING:
    from groupbench.core.entry import Entry


def labels(
    asked: Iterable[str], tables: Mapping[str, Mapping[str, object]], *, sequential: bool = False
) -> list[str]:
    """The aggregators that `asked` names, each once and in the order of the registry, as tables show them.

    Args:
        asked: names, `all`, or names with parameters.
        tables: parameters that are set, by name; others are of methods.
        sequential: whether those that look back take part.

    Raises:
        ConfigError: if a name or a parameter is unknown, or set of an aggregator that is not asked for.
    """
    every = [*registry.aggregators, *(registry.sequential_aggregators if sequential else ())]
    chosen: dict[str, list[dict[str, Any]]] = {}
    for text in asked:
        name, given = parse_label(text)
        for one in every if name == "all" else [_entry(name, sequential).name]:
            chosen.setdefault(one, []).append(given)
    for name, values in tables.items():
        if values and is_set_for(name) and _entry(name, sequential).name not in chosen:
            raise ConfigError(unknown("aggregator among those to evaluate", name, chosen, f"set {name}.*"))
    known = [name for name in every if name in chosen]
    found = [_label(name, {**tables.get(name, {}), **given}) for name in known for given in chosen[name]]
    return list(dict.fromkeys(found))


def is_set_for(name: str) -> bool:
    """Whether parameters in a table of that name are an aggregator's; methods come first."""
    known = name in registry.aggregators or name in registry.sequential_aggregators
    return known and name not in registry.methods


def entry_of(label: str) -> Entry:
    """The registered aggregator of a label; errors as of `labels`."""
    return _entry(parse_label(label)[0])


def make_aggregator(label: str) -> Any:
    """The aggregator of a label with its parameters; errors as of `labels`."""
    name, given = parse_label(label)
    return _entry(name).create(**given)


def _entry(name: str, sequential: bool = True) -> Entry:
    """The registered aggregator of that name, maybe one that looks back."""
    if name in registry.aggregators:
        return registry.aggregators[name]
    if name not in registry.sequential_aggregators:
        raise registry.aggregators.unknown(name, also=registry.sequential_aggregators if sequential else ())
    if not sequential:
        raise ConfigError(f"aggregator {name} looks back on earlier rounds; use --protocol sequential")
    return registry.sequential_aggregators[name]


def _label(name: str, given: Mapping[str, object]) -> str:
    """The name with the parameters that differ from its own."""
    if not given:
        return name
    entry = _entry(name)
    made, usual = entry.create(**given), entry.parameters()
    changed = {key: getattr(made, key) for key in sorted(given) if getattr(made, key) != usual[key]}
    for key, value in changed.items():
        if not isinstance(value, str | int | float):
            raise ConfigError(f"{name}.{key}={value!r}: its name cannot hold this; register it in a plugin")
    text = ",".join(f"{key}={_text(value)}" for key, value in changed.items())
    return f"{name}[{text}]" if text else name


def _text(value: object) -> str:
    """A value as short as it can be read again: 3 for 3.0."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
