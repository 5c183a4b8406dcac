"""What there is, by name: listings and explanations, made from the definitions themselves."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from groupbench.core import registry
from groupbench.core.errors import ConfigError, unknown
from groupbench.core.hyperparameters import search_space


def listing(name: str | None = None) -> str:
    """All names of every kind, of one kind, or the parameters of one name.

    Raises:
        ConfigError: if `name` is neither a kind nor a name.
    """
    if name is None:
        return "\n\n".join(_section(kind) for kind in _KINDS)
    if name in _KINDS:
        return _section(name)
    return explanation(name)


def explanation(name: str) -> str:
    """Definition, source and parameters of a method, data set, aggregator, metric or view.

    Raises:
        ConfigError: if nothing has that name.
    """
    for held in (registry.methods, registry.aggregators, registry.datasets):
        if name in held.all():
            return _entry(held.kind, held[name])
    named = [f"{name} (view): {text}" for view, text in _views().items() if view == name]
    named += [_protocol(name)] if name in _protocols() else []
    if named:
        return "\n\n".join(named)
    from groupbench import metrics

    metric = metrics.definition(name)
    if "@" in name or metric is not None:
        bare = metric is not None and metric.cutoff and "@" not in name
        return metrics.explain(f"{name}@10" if bare else name)
    raise ConfigError(unknown("name", name, [n for kind in _KINDS.values() for n in kind()]))


def _section(kind: str) -> str:
    rows = _KINDS[kind]()
    width = max(map(len, rows), default=0)
    return "\n".join([kind, *(f"  {name:{width}s}  {text}" for name, text in rows.items())])


def _registered(held: registry.Registry[Any]) -> Callable[[], Mapping[str, str]]:
    return lambda: {name: entry.summary for name, entry in sorted(held.all().items())}


def _metrics() -> dict[str, str]:
    from groupbench.metrics import definitions

    return {found.pattern: found.title for found in definitions().values()}


def _views() -> dict[str, str]:
    from groupbench.evaluation.views import VIEWS

    return {name: f"{view.definition} (tau {view.tau} of 1 to 5)" for name, view in VIEWS.items()}


def _protocols() -> dict[str, str]:
    """First lines of the protocols, read from their files: to make their pydantic models takes 0.1 s."""
    files = Path(__file__).parents[1].joinpath("evaluation/protocols").glob("[!_]*.py")
    return {file.stem: _first_line(_class_docstring(file)) for file in sorted(files)}


def _class_docstring(file: Path) -> str:
    tree = ast.parse(file.read_bytes())
    return next(ast.get_docstring(node) or "" for node in tree.body if isinstance(node, ast.ClassDef))


def _protocol(name: str) -> str:
    from groupbench.evaluation.protocols import PROTOCOLS

    protocol = PROTOCOLS[name]
    options = [
        f"  {key}={field.default}  {field.description or ''}".rstrip()
        for key, field in protocol.model_fields.items()
        if key != "name"
    ]
    parts = [f"{name} (protocol)", inspect.getdoc(protocol) or "", f"Views: {', '.join(protocol.views)}"]
    return "\n\n".join([*parts, "\n".join(["Options (--option KEY=VALUE):", *options])])


def _first_line(text: str) -> str:
    return text.partition("\n")[0]


_KINDS: dict[str, Callable[[], Mapping[str, str]]] = {
    "methods": _registered(registry.methods),
    "aggregators": _registered(registry.aggregators),
    "datasets": _registered(registry.datasets),
    "metrics": _metrics,
    "views": _views,
    "protocols": _protocols,
}


def _entry(kind: str, entry: registry.Entry[Any]) -> str:
    parts = [f"{entry.name} ({kind}, {entry.file.name})", inspect.getdoc(entry.make) or ""]
    if is_dataclass(entry.make):
        types = {f.name: str(f.type) for f in fields(entry.make) if f.init}
        space = {k: f"  (tuned in {domain})" for k, domain in search_space(entry.make, entry.presets).items()}
        rows = [f"  {k}: {types[k]} = {v!r}{space.get(k, '')}" for k, v in entry.parameters().items()]
        parts.append("\n".join(["Parameters of this name:", *rows]) if rows else "No parameters.")
    return "\n\n".join(parts)
