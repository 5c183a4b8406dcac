"""The sections of a card: software, data, protocol and methods of a run, what is left out, the checklist."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from groupbench.core.errors import GroupbenchError
from groupbench.core.text import count
from groupbench.report.card._checklist import checklist
from groupbench.report.card._markup import write_sections
from groupbench.report.card._methods import method_entries
from groupbench.report.card._section import UNKNOWN, Entry, Section, agreed, short, span
from groupbench.report.card._short import paragraph
from groupbench.report.names import Wording, labels_meant
from groupbench.report.resolution import Names, with_methods
from groupbench.results.facts import is_registered
from groupbench.results.selection import Selection, select
from groupbench.results.store import RunRecord

TIES = (
    "Every metric is its expected value over all orders of candidates with equal scores, so that no order of "
    "items in the data decides; records also hold the value with every tie broken for and against the method."
)


@dataclass(frozen=True)
class Card:
    """The methods section of a run.

    Attributes:
        sections: in the order in which they are read; all text is plain.
        jobs: the number of jobs that it describes.
        paragraph: the short form, plain text.
    """

    sections: tuple[Section, ...]
    jobs: int
    paragraph: str

    def __repr__(self) -> str:
        return f"Card({self.jobs} jobs, {len(self.sections)} sections)"

    def text(self, format: str = "markdown", *, short: bool = False) -> str:
        """The card as text in one of `CARD_FORMATS`; LaTeX has subsections, and needs no package.

        Args:
            format: of `CARD_FORMATS`.
            short: whether to write one paragraph without a heading instead, as papers have room for.

        Raises:
            ConfigError: if the format is unknown.
        """
        return write_sections([Section("", self.paragraph)] if short else self.sections, format)

    def _repr_markdown_(self) -> str:
        return self.text()


def make_card(
    records: Iterable[RunRecord], *, methods: Names = None, labels: Mapping[str, str] | None = None
) -> Card:
    """Describe how results were made.

    Args:
        records: at least one; those count that stand together (`groupbench.results.selection.select`), and
            the card says what is left out.
        methods: labels or names of methods, or None for all; reference rows are always there.
        labels: what methods are called instead.

    Raises:
        ConfigError: if a method is unknown.
    """
    chosen = with_methods(select(records), methods)
    names = {record.method for record in chosen}
    wording = Wording(printed=True, labels=labels_meant(labels or {}, names, "these results"))
    tables: dict[tuple[str, str], list[RunRecord]] = defaultdict(list)
    for record in chosen:
        tables[record.dataset, record.protocol].append(record)
    data: dict[str, list[RunRecord]] = defaultdict(list)
    for record in chosen:
        data[record.dataset].append(record)
    return Card(
        (
            _software(chosen),
            Section("Data", "", tuple(_data(there) for _, there in sorted(data.items()))),
            *(section for _, there in sorted(tables.items()) for section in _table(there, wording)),
            *_left_out(chosen),
            checklist(chosen, wording),
        ),
        len(chosen),
        paragraph(chosen, wording.method),
    )


def _software(records: Sequence[RunRecord]) -> Section:
    ran = [record for record in records if record.status == "done"]

    def environment(name: str) -> str:
        return agreed(ran, lambda record: record.environment.get(name))

    names = dict.fromkeys(name for record in ran for name in record.environment.get("packages", {}))
    packages = {name: agreed(ran, _package(name)) for name in names}
    libraries = ", ".join(f"{n} {version}" for n, version in packages.items() if version != "not installed")
    commands = dict.fromkeys(str(record.environment.get("command", "")) for record in ran)
    entries = [
        Entry("groupbench", environment("groupbench")),
        Entry("code", agreed(ran, _code)),
        Entry("Python", environment("python")),
        Entry("libraries", libraries or UNKNOWN),
        Entry("platform", environment("platform")),
        Entry("processor", environment("cpu")),
        Entry("cores", environment("cores")),
        Entry("threads of a job", environment("threads")),
        Entry("energy", environment("energy")),
        *(Entry("command", command) for command in commands if command),
    ]
    ends = sorted(record.finished for record in records if record.finished)
    when = f", made between {ends[0][:10]} and {ends[-1][:10]}" if ends else ""
    failed = f"; {len(records) - len(ran)} did not finish" if len(ran) < len(records) else ""
    return Section("Software and hardware", f"{count(len(records), 'job')}{when}{failed}.", tuple(entries))


def _package(name: str) -> Callable[[RunRecord], object]:
    return lambda record: record.environment.get("packages", {}).get(name)


def _code(record: RunRecord) -> str:
    code = record.environment.get("code")
    if not code:
        return ""
    where = f"commit {code['commit']}, {code.get('state')}" if code.get("commit") else code.get("state", "")
    return f"{where}, sha256 of the sources {code.get('sha256') or UNKNOWN}"


def _data(records: Sequence[RunRecord]) -> Entry:
    first = records[0]
    origin = _published(first)
    counts = {record.protocol: record.config.get("counts") or {} for record in records}
    counted = next((found for found in counts.values() if found), {})
    sizes = [f"{counted[name]:,} {name}" for name in ("users", "items", "ratings") if name in counted]
    parts = [
        f"{', '.join(sizes)} (counted)" if sizes else origin.get("sizes", f"sizes {UNKNOWN}"),
        "simulated by a program" if first.simulated else "",
        origin.get("title", ""),
        f"source {first.config.get('source') or UNKNOWN}",
        origin.get("homepage", ""),
        f"license: {origin['license']}" if "license" in origin else "license not known",
        f"cite: {origin['citation']}" if "citation" in origin else "",
        f"sha256 of the content {first.config.get('content_hash') or UNKNOWN}",
    ]
    return Entry(first.dataset, "; ".join(part.rstrip(".") for part in parts if part) + ".")


def _published(record: RunRecord) -> dict[str, str]:
    """What is known of a registered data set without reading it; nothing of others."""
    from groupbench.data.loading import card

    try:
        found = card(record.dataset) if is_registered(record) else None
    except GroupbenchError:
        found = None
    if found is None:
        return {}
    sizes = [
        f"{found.claims[n]:,.0f} {n}" for n in ("users", "items", "ratings", "groups") if n in found.claims
    ]
    said = {"title": found.title, "homepage": found.homepage, "license": found.licence}
    said["citation"] = found.citation
    said["sizes"] = f"{', '.join(sizes)} (as published)" if sizes else ""
    return {name: text for name, text in said.items() if text}


def _table(records: Sequence[RunRecord], wording: Wording) -> Iterator[Section]:
    """The protocol of one data set, and the methods that ran under it."""
    where = f"{records[0].dataset}, protocol {records[0].protocol}"
    seeds = sorted({record.seed for record in records})
    done = [record for record in records if record.status == "done"]
    aggregators = sorted({entry.aggregator for record in done for entry in record.metrics} - {"own", "none"})
    entries = [
        *_options(records[0].config.get("protocol", {})),
        Entry("seeds", f"{', '.join(map(str, seeds))}; a seed draws the split, the groups and the fit."),
        Entry("sizes", _sizes(done)),
        *(_view(name, done) for name in sorted({name for record in done for name in record.views})),
        Entry("equal scores", f"{TIES} {_tied(done, wording)}"),
        Entry("metrics", _metrics(done)),
        Entry("aggregators", ", ".join(aggregators) or "none"),
    ]
    yield Section(f"Protocol: {where}", _protocol(records[0]), tuple(entries))
    yield Section(f"Methods: {where}", "", tuple(method_entries(records, wording)))


def _protocol(record: RunRecord) -> str:
    import inspect

    from groupbench.evaluation.protocols import PROTOCOLS

    name = record.config.get("protocol", {}).get("name")
    return (inspect.getdoc(PROTOCOLS[name]) or "") if name in PROTOCOLS else ""


def _options(options: dict[str, Any]) -> Iterator[Entry]:
    from groupbench.evaluation.protocols import PROTOCOLS

    name = options.get("name")
    known = PROTOCOLS[str(name)].model_fields if name in PROTOCOLS else {}
    for option, value in options.items():
        meaning = known[option].description if option in known else ""
        if option != "name" and not (option == "folds" and options.get("split", "kfold") != "kfold"):
            shown = "unset" if value is None else short(value)
            yield Entry(f"{option} = {shown}", " ".join((meaning or "").split()))


def _sizes(records: Sequence[RunRecord]) -> str:
    counts = [record.config["counts"] for record in records if record.config.get("counts")]
    names = [name for name in dict.fromkeys(n for found in counts for n in found) if name != "ratings"]
    return ", ".join(f"{span(c[name] for c in counts if name in c)} {name}" for name in names) or UNKNOWN


def _view(name: str, records: Sequence[RunRecord]) -> Entry:
    """Who ranks which candidates in a view, and what is relevant."""
    from groupbench.evaluation.views import VIEWS

    facts = [record.views[name] for record in records if name in record.views]
    evaluated = [found for found in facts if found.get("entities")]
    definition = agreed(records, lambda r: r.views.get(name, {}).get("definition"))
    if not evaluated:
        reason = next((str(found["reason"]) for found in facts if found.get("reason")), "no scores")
        return Entry(f"view {name}", f"{definition}; not evaluated: {reason}.")
    entity = evaluated[0].get("entity", "user")
    skipped = span(found["skipped"] for found in evaluated if found.get("skipped") is not None)
    parts = [
        definition,
        f"{span(found['entities'] for found in evaluated)} {entity}s, {skipped} left out (nothing relevant)",
        f"relevant from tau = {span(f['tau'] for f in evaluated if f.get('tau') is not None)}",
        f"K = {', '.join(map(str, VIEWS[name].cutoffs))}" if name in VIEWS else "",
    ]
    return Entry(f"view {name}", "; ".join(part for part in parts if part) + ".")


def _tied(records: Sequence[RunRecord], wording: Wording) -> str:
    shares = [(entry.tied, record.method, entry.view) for record in records for entry in record.metrics]
    known = [found for found in shares if found[0] == found[0]]
    if not known:
        return ""
    share, method, view = max(known)
    named = wording.method(method)
    return f"At most {share:.1%} of the top-10 places are decided by a tie ({named}, view {view})."


def _metrics(records: Sequence[RunRecord]) -> str:
    names = {name.partition("@")[0] for r in records for entry in r.metrics for name in entry.values}
    return f"{', '.join(sorted(names))}; 'groupbench explain NAME' prints each formula with its source."


def _left_out(records: Selection) -> Iterator[Section]:
    if records.notes:
        yield Section("Left out of this card", "", tuple(Entry("left out", note) for note in records.notes))
