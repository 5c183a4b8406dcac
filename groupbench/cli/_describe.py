"""What there is, by name: listings and explanations, made from the definitions themselves."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from functools import partial

from groupbench.cli._columns import sections
from groupbench.cli._glossary import ALIASES, FORMATION, WORDS
from groupbench.core import registry
from groupbench.core.entry import Entry
from groupbench.core.errors import ConfigError, unknown
from groupbench.core.hyperparameters import search_space
from groupbench.core.names import unregistered
from groupbench.models.contract import on_cold_groups, serves_cold_groups

_AGGREGATORS = registry.aggregators, registry.sequential_aggregators


def listing(name: str | None = None) -> str:
    """All names of every kind, of one kind, or the parameters of one name.

    Raises:
        ConfigError: if `name` is neither a kind nor a name.
    """
    if name is None:
        return sections(every_name())
    kind = name.casefold()
    return sections({kind: KINDS[kind]()}) if kind in KINDS else explanation(name)


def every_name() -> dict[str, dict[str, str]]:
    """By kind all names, with what is said of each."""
    return {kind: dict(rows()) for kind, rows in KINDS.items()}


def explanation(name: str) -> str:
    """Definition, source and parameters of whatever tables, listings and options call by that name.

    Raises:
        ConfigError: if nothing has that name.
    """
    from groupbench import metrics

    plain, parts = name.strip(), []
    for part in dict.fromkeys([plain, *_parts(plain)]):
        found = _meanings(part)
        if ":" in plain and part != plain and not found:
            raise _unknown(plain if plain.startswith(f"{part}:") else part)
        parts += found
        if parts and part == plain:
            break
    if parts:
        return "\n\n".join(parts)
    metric = metrics.definition(plain)
    if "@" in plain or metric is not None:
        bare = metric is not None and metric.cutoff and "@" not in plain
        return metrics.explain(f"{plain}@10" if bare else plain)
    raise _unknown(plain)


def _unknown(name: str) -> ConfigError:
    known = [*names(), *registry.methods.in_namespaces(name)]
    return ConfigError(unregistered("name", name, known))


def names() -> list[str]:
    """All names that `explanation` knows, metrics as `ndcg@K`."""
    listed = [name for kind in KINDS.values() for name in kind()]
    from groupbench.report.names import PRINTED_METHODS

    variants = [f"{name}:clean" for name in registry.datasets]
    return list(dict.fromkeys([*listed, *variants, *WORDS, *ALIASES, *PRINTED_METHODS]))


def _parts(name: str) -> list[str]:
    """The names in a label of a table: `svd[tuned]`, `(ref)`, `camra2011:clean`, `svd:average`."""
    return [part for part in re.split(r"[\[\](),:+†]", name) if part and "=" not in part]


def _meanings(name: str) -> list[str]:
    """All that a name stands for; a metric is left to others."""
    from groupbench.evaluation.protocols import PROTOCOLS
    from groupbench.evaluation.views import VIEWS
    from groupbench.report.names import registered_name

    kinds = (registry.methods, *_AGGREGATORS, registry.datasets, registry.text_encoders)
    found = [_entry(entries.kind, entries[name]) for entries in kinds if name in entries]
    if not found and (method := registered_name(name)) != name:
        found = [_entry(registry.methods.kind, registry.methods[method])]
    if name in VIEWS:
        view = VIEWS[name].name
        found.append(f"{view} (view): {_views()[view]}")
    if name in PROTOCOLS:
        found.append(_protocol(str(PROTOCOLS[name].model_fields["name"].default)))
    key = name.casefold()
    found += [f"{key} (groups): {FORMATION[key]}"] if key in FORMATION else []
    word = ALIASES.get(key, key)
    found += [f"{word}: {WORDS[word]}"] if word in WORDS else []
    return found + ([_tag(key)] if key in _tags() else [])


def _tag(tag: str) -> str:
    from groupbench.runner.tags import TAGS, select

    return f"{tag} (tag): {TAGS[tag]}: {', '.join(select([tag]))}"


def models_of(library: str) -> str:
    """The methods that are models of another library, by the names to ask for them by.

    Raises:
        ConfigError: if no such library is known, or it is not installed.
    """
    known = registry.methods.namespaces
    if library not in known:
        raise ConfigError(unknown("library", library, known))
    found = [f"{library}:{name}" for name in known[library].names()]
    if not found:
        raise ConfigError(known[library].absence)
    return sections({f"methods of {library}": {name: registry.methods[name].summary for name in found}})


def _methods() -> dict[str, str]:
    from groupbench.runner.tags import tags_of

    said = {
        name: (entry.summary, [*tags_of(entry), *["no cold groups"] * (not serves_cold_groups(entry.make))])
        for name, entry in sorted(registry.methods.items())
    }
    return {name: f"{text} ({', '.join(marks)})" if marks else text for name, (text, marks) in said.items()}


def _tags() -> Mapping[str, str]:
    from groupbench.runner.tags import TAGS

    return TAGS


def _summaries(*held: registry.EntryRegistry) -> dict[str, str]:
    found = {name: entry.summary for entries in held for name, entry in entries.items()}
    return dict(sorted(found.items()))


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


KINDS: dict[str, Callable[[], Mapping[str, str]]] = {
    "methods": _methods,
    "tags": _tags,
    "aggregators": partial(_summaries, *_AGGREGATORS),
    "datasets": partial(_summaries, registry.datasets),
    "encoders": partial(_summaries, registry.text_encoders),
    "metrics": _metrics,
    "views": _views,
    "protocols": _protocols,
    "groups": lambda: FORMATION,
}
"""By kind of names what makes the rows of its listing."""


def _entry(kind: str, entry: Entry) -> str:
    parts = [f"{entry.name} ({kind}, {entry.file.name})", inspect.getdoc(entry.make) or ""]
    parts += [said] if (said := on_cold_groups(entry.make)) else []
    if is_dataclass(entry.make):
        types = {f.name: _type(f.type) for f in fields(entry.make) if f.init}
        space = {k: f"  (tuned in {domain})" for k, domain in search_space(entry.make, entry.presets).items()}
        rows = [f"  {k}: {types[k]} = {v!r}{space.get(k, '')}" for k, v in entry.parameters().items()]
        parts.append("\n".join(["Parameters of this name:", *rows]) if rows else "No parameters.")
    return "\n\n".join(parts)


def _type(annotation: object) -> str:
    """The type of a field as it is written, where annotations are evaluated too."""
    return annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
