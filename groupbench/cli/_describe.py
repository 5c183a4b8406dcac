"""What there is, by name: listings and explanations, made from the definitions themselves."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from functools import partial

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
    """Definition, source and parameters of a method, data set, aggregator, metric, view or protocol.

    Raises:
        ConfigError: if nothing has that name.
    """
    for entries in (registry.methods, registry.aggregators, registry.datasets):
        if name in entries:
            return _entry(entries.kind, entries[name])
    from groupbench import metrics
    from groupbench.evaluation.protocols import PROTOCOLS
    from groupbench.evaluation.views import VIEWS

    named = [f"{name} (view): {_views()[name]}"] if name in VIEWS else []
    named += [_protocol(name)] if name in PROTOCOLS else []
    if named:
        return "\n\n".join(named)
    metric = metrics.definition(name)
    if "@" in name or metric is not None:
        bare = metric is not None and metric.cutoff and "@" not in name
        return metrics.explain(f"{name}@10" if bare else name)
    raise ConfigError(unknown("name", name, [n for kind in _KINDS.values() for n in kind()]))


def _section(kind: str) -> str:
    rows = _KINDS[kind]()
    width = max(map(len, rows), default=0)
    return "\n".join([kind, *(f"  {name:{width}s}  {text}" for name, text in rows.items())])


def _summaries(entries: registry.EntryRegistry) -> dict[str, str]:
    return {name: entry.summary for name, entry in sorted(entries.items())}


def _metrics() -> dict[str, str]:
    from groupbench.metrics import definitions

    return {found.pattern: found.title for found in definitions().values()}


def _views() -> dict[str, str]:
    from groupbench.evaluation.views import VIEWS

    return {name: f"{view.definition} (tau {view.tau} of 1 to 5)" for name, view in VIEWS.items()}


def _protocols() -> dict[str, str]:
    from groupbench.evaluation.protocols import PROTOCOLS

    return {name: (inspect.getdoc(kind) or "").partition("\n")[0] for name, kind in PROTOCOLS.items()}


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


_KINDS: dict[str, Callable[[], Mapping[str, str]]] = {
    "methods": partial(_summaries, registry.methods),
    "aggregators": partial(_summaries, registry.aggregators),
    "datasets": partial(_summaries, registry.datasets),
    "metrics": _metrics,
    "views": _views,
    "protocols": _protocols,
}


def _entry(kind: str, entry: registry.Entry) -> str:
    parts = [f"{entry.name} ({kind}, {entry.file.name})", inspect.getdoc(entry.make) or ""]
    if is_dataclass(entry.make):
        types = {f.name: str(f.type) for f in fields(entry.make) if f.init}
        space = {k: f"  (tuned in {domain})" for k, domain in search_space(entry.make, entry.presets).items()}
        rows = [f"  {k}: {types[k]} = {v!r}{space.get(k, '')}" for k, v in entry.parameters().items()]
        parts.append("\n".join(["Parameters of this name:", *rows]) if rows else "No parameters.")
    return "\n\n".join(parts)
