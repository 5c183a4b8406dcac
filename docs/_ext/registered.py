"""What is registered by name, as Markdown: docstrings, parameters, and what stands below them in the code."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from markup import bullets, code, heading, prose, table
from sphinx.pycode import ModuleAnalyzer

from groupbench.core import registry
from groupbench.core.entry import Entry
from groupbench.core.hyperparameters import search_space
from groupbench.models.contract import on_cold_groups


def entries(held: registry.EntryRegistry) -> Iterator[str]:
    """A section for every file and a heading for every class, with its parameters."""
    found = sorted(held.values(), key=lambda entry: entry.make.__module__)
    for _, same_file in groupby(found, key=lambda entry: entry.make.__module__):
        listed = list(same_file)
        title, _, rest = (inspect.getdoc(inspect.getmodule(listed[0].make)) or "").partition("\n")
        yield heading(2, prose(title.rstrip(".")))
        yield prose(rest.strip())
        for made, same in groupby(sorted(listed, key=_where), key=lambda entry: entry.make):
            yield from _entry(made, list(same))


def _where(entry: Entry) -> tuple[int, str]:
    return inspect.getsourcelines(entry.make)[1], entry.name


def _entry(made: Any, names: list[Entry]) -> Iterator[str]:
    """One class: its names, what sets them apart if there are several, and its parameters."""
    yield heading(3, ", ".join(code(entry.name) for entry in names))
    yield prose(inspect.getdoc(made) or "")
    yield prose(on_cold_groups(made))
    if len(names) == 1:
        yield _parameters(names[0])
        return
    apart = {e.name: ", ".join(f"{k}={v!r}" for k, v in e.presets.items()) for e in names}
    yield bullets(f"{code(name)}: {code(text) if text else 'as below'}" for name, text in apart.items())
    yield _parameters(Entry("", made))


def _parameters(entry: Entry) -> str:
    described, space = attribute_docs(entry.make), search_space(entry.make, entry.presets)
    rows = [
        [code(key), code(repr(value)), prose(described.get(key, "")), str(space.get(key, ""))]
        for key, value in entry.parameters().items()
    ]
    shown = ["parameter", "default", "meaning", "tuned in"][: 4 if space else 3]
    return table(shown, [row[: len(shown)] for row in rows])


def attribute_docs(made: Any) -> dict[str, str]:
    """What stands below the fields of a class and of those it inherits from."""
    out: dict[str, str] = {}
    for base in reversed(inspect.getmro(made)):
        if base.__module__.startswith("groupbench"):
            found = ModuleAnalyzer.for_module(base.__module__).find_attr_docs()
            own = {name: lines for (owner, name), lines in found.items() if owner == base.__name__}
            out |= {name: " ".join(lines).strip() for name, lines in own.items()}
    return out
