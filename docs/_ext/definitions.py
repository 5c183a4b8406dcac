"""Sphinx extension: pages are filled from the definitions that the code itself works with.

A line `<!-- definitions: KIND -->` of a page is replaced by Markdown made of the registry, the metrics, views
and protocols, or the command line. So a page cannot fall behind the code.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from markup import bullets, code, heading, prose, summary, table
from registered import attribute_docs, entries

from groupbench.core import registry

if TYPE_CHECKING:
    from sphinx.application import Sphinx

MARK = re.compile(r"^<!-- definitions: (\w+) -->$", flags=re.MULTILINE)

DOCS = Path(__file__).parents[1]
FINDINGS = ("leaderboard", "reproduction", "group-models", "speed")
"""Pages of studies, in the order of the table of contents."""

WITHOUT_RELEVANT = {
    "skip": "left out and counted",
    "keep": "kept where a metric is defined",
    "zero": "count as 0",
}


def metrics() -> Iterator[str]:
    """Every metric with formula, ties, undefined cases and source; spreads over members once each."""
    from groupbench.metrics import SPREADS, definitions

    known = definitions()
    spreads = {f"{spread.name}-{name}" for spread in SPREADS for name in known}
    for name, found in known.items():
        if name not in spreads:
            yield heading(2, f"{code(found.pattern)}: {found.title}")
            yield bullets(_metric(found))
    yield heading(2, "Spreads over members")
    bases = [name for name in known if f"{SPREADS[0].name}-{name}" in known]
    yield (
        f"Where members judge a list, the spread of {', '.join(map(code, bases))} over them is reported too: "
        f"{code(f'{SPREADS[0].name}-{bases[0]}@10')} and so on. x_1 ... x_n are the values of the n members."
    )
    better = {True: "lower", False: "higher"}
    yield f"Ties: {prose(known[f'{SPREADS[0].name}-{bases[0]}'].ties)}."
    yield (
        "A group in which nobody is served counts with the worst value of `minmax`, `jain` and `gini`, which "
        "are means over all groups in which some member has a relevant candidate. Random and the oracle "
        "bound no spread, so there is no `norm`."
    )
    rows = [[code(s.name), prose(s.formula), better[s.lower_is_better], prose(s.source)] for s in SPREADS]
    yield table(["spread", "formula", "better", "source"], rows)


def _metric(found: Any) -> Iterator[str]:
    yield f"Formula: {code(found.formula)}"
    yield f"Ties: {prose(found.ties)}"
    yield f"Undefined: {prose(found.undefined)}"
    yield f"Better: {'lower' if found.lower_is_better else 'higher'}"
    yield f"Source: {prose(found.source)}"
    yield from (f"Elsewhere: {prose(text)}" for text in found.differs)
    if found.synonyms:
        yield f"Also called {', '.join(map(code, found.synonyms))}"


def methods() -> Iterator[str]:
    """Every method with its hyperparameters, by the file that defines it."""
    return entries(registry.methods)


def aggregators() -> Iterator[str]:
    """Every aggregator with its parameters, by the file that defines it; last those that look back."""
    yield from entries(registry.aggregators)
    yield from entries(registry.sequential_aggregators)


def datasets() -> Iterator[str]:
    """Every registered data set with licence, citation and origin."""
    from groupbench.data.loading import card

    for name in sorted(registry.datasets):
        known = card(name)
        yield heading(2, f"{code(name)}: {known.title}")
        yield prose(inspect.getdoc(registry.datasets[name].make) or "")
        texts = {"Licence": known.licence, "Citation": known.citation, "Home": known.homepage}
        yield bullets(f"{label}: {prose(text)}" for label, text in texts.items() if text)


def views() -> Iterator[str]:
    """Every view: who is judged, on what, against which truth."""
    from groupbench.evaluation.views import VIEWS

    for view in VIEWS.values():
        yield heading(2, code(view.name))
        yield prose(f"{view.definition[0].upper()}{view.definition[1:]}.")
        yield bullets(
            [
                f"Judged: {view.entity}s",
                f"Relevant: from {view.tau:g} on, on a scale of 1 to 5",
                f"Lists without a relevant item: {WITHOUT_RELEVANT[view.without_relevant]}",
                f"K: {', '.join(map(str, view.cutoffs))}",
                f"Protocol: {', '.join(_protocols_with(view.name))}",
            ]
        )


def protocols() -> Iterator[str]:
    """Every protocol with its views and options."""
    from groupbench.evaluation.protocols import PROTOCOLS

    for name, protocol in PROTOCOLS.items():
        yield heading(2, code(name))
        yield prose(inspect.getdoc(protocol) or "")
        yield f"Views: {', '.join(map(code, protocol.views))}"
        yield _options(protocol)


def words() -> Iterator[str]:
    """The words of tables and options."""
    from groupbench.cli._glossary import WORDS

    for word in sorted(WORDS, key=str.casefold):
        yield f"{code(word)}\n: {prose(WORDS[word])}"


def formation() -> Iterator[str]:
    """Every kind of group, and how it is made in detail."""
    from groupbench.cli._glossary import FORMATION
    from groupbench.data.formation import form, kmeans

    for kind, meaning in FORMATION.items():
        yield heading(3, code(kind))
        yield prose(meaning)
    yield heading(3, "In detail")
    yield from (prose(inspect.getdoc(made) or "") for made in (kmeans, form))


def config() -> Iterator[str]:
    """The keys of a run."""
    from groupbench.runner.config import Config

    described = attribute_docs(Config)
    rows = [[code(name), prose(described.get(name, ""))] for name in Config.model_fields]
    yield table(["key", "meaning"], rows)


def commands() -> Iterator[str]:
    """Every command with its arguments and options."""
    from groupbench.cli import load_all

    return _commands("groupbench", load_all())


def api() -> Iterator[str]:
    """Directives for every public name of the package."""
    import groupbench

    found = [(getattr(groupbench, name), f"groupbench.{name}") for name in groupbench.__all__]
    yield from _directives("Functions", "autofunction", [n for made, n in found if inspect.isfunction(made)])
    registering = [n for made, n in found if inspect.ismethod(made)]
    yield from _directives("Registering names", "autofunction", registering)
    yield from _directives("Classes", "autoclass", [n for made, n in found if inspect.isclass(made)])


def errors() -> Iterator[str]:
    """The typed errors with the exit status of each."""
    from groupbench.core import errors as module

    made = [e for _, e in inspect.getmembers(module, inspect.isclass) if hasattr(e, "exit_status")]
    yield table(
        ["error", "meaning", "exit status"],
        [[code(error.__name__), summary(error), str(error.exit_status)] for error in made],
    )


def findings() -> Iterator[str]:
    """The table of contents of what studies found, as far as their pages are there."""
    pages = [name for name in FINDINGS if (DOCS / f"{name}.md").is_file()]
    if pages:
        yield "\n".join(["```{toctree}", ":caption: Findings", ":maxdepth: 1", "", *pages, "```"])


def _options(protocol: Any) -> str:
    rows = [
        [code(key), code(str(field.default)), _choices(field.annotation), prose(field.description or "")]
        for key, field in protocol.model_fields.items()
        if key != "name"
    ]
    return table(["option", "default", "values", "meaning"], rows)


def _choices(annotation: Any) -> str:
    """The values of an option that has only a few."""
    return ", ".join(map(code, get_args(annotation))) if get_origin(annotation) is Literal else ""


def _protocols_with(view: str) -> Iterator[str]:
    from groupbench.evaluation.protocols import PROTOCOLS

    return (code(name) for name, protocol in PROTOCOLS.items() if view in protocol.views)


def _commands(path: str, command: Any) -> Iterator[str]:
    if hasattr(command, "commands"):
        for name, below in command.commands.items():
            yield from _commands(f"{path} {name}", below)
        return
    yield heading(2, code(path))
    yield prose(command.help or "")
    parameters = [parameter for parameter in command.params if parameter.name != "help"]
    rows = [[", ".join(map(code, _written(p))), prose(p.help or "")] for p in parameters]
    yield table(["argument or option", "meaning"], rows)


def _written(parameter: Any) -> list[str]:
    if parameter.param_type_name == "argument":
        return [str(parameter.name).upper()]
    return [*parameter.opts, *parameter.secondary_opts]


def _directives(title: str, directive: str, names: Iterable[str]) -> Iterator[str]:
    yield heading(2, title)
    for name in names:
        yield f"```{{eval-rst}}\n.. {directive}:: {name}\n```"


KINDS: dict[str, Callable[[], Iterator[str]]] = {
    "aggregators": aggregators,
    "api": api,
    "commands": commands,
    "config": config,
    "datasets": datasets,
    "errors": errors,
    "findings": findings,
    "formation": formation,
    "methods": methods,
    "metrics": metrics,
    "protocols": protocols,
    "views": views,
    "words": words,
}


def fill(app: Sphinx, page: str, source: list[str]) -> None:
    """Replace the marks of a page; Sphinx calls it with each text it reads."""
    source[0] = MARK.sub(lambda mark: "\n\n".join(filter(None, KINDS[mark[1]]())), source[0])


def keep_colons(app: Sphinx, what: str, name: str, made: object, options: object, lines: list[str]) -> None:
    """Undo that napoleon takes what precedes a colon in the text of an attribute for its type."""
    taken = [line for line in lines if line.startswith(":type: ")]
    if what in ("attribute", "property") and taken:
        kept = [line for line in lines if line not in taken]
        lines[:] = [f"{taken[0].removeprefix(':type: ')}: {kept[0]}", *kept[1:]]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension."""
    app.connect("source-read", fill)
    app.connect("autodoc-process-docstring", keep_colons, priority=600)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
