"""The short form of a card: one paragraph for a methods section that has no room for more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

from groupbench.report.card._section import UNKNOWN, agreed, span
from groupbench.report.long import REFERENCES, tuning_label
from groupbench.results.store import EXTERNAL, RunRecord

Named = Callable[[str], str]
"""What a method's label is called in print."""

_TIES = "Metrics are expected values over all orders of equal scores, means over seeds."
_HASHED = 12
"""Digits of a hash that tell code and data apart."""


def paragraph(records: Sequence[RunRecord], named: Named) -> str:
    """What a reader has to know: methods, data, protocol, views, seeds, tuning, software; as plain text.

    Args:
        records: at least one.
        named: gives a method's label the words of the paper.
    """
    tables: dict[tuple[str, str], list[RunRecord]] = defaultdict(list)
    for record in records:
        tables[record.dataset, record.protocol].append(record)
    of_tables = (sentence for _, there in sorted(tables.items()) for sentence in _table(there, named))
    done = [record for record in records if record.status == "done"]
    return " ".join([*of_tables, *_tuning(records, named), _TIES, *_failed(records), _software(done)])


def _table(records: Sequence[RunRecord], named: Named) -> Iterator[str]:
    """What ran on a data set under a protocol, and how lists were evaluated."""
    first = records[0]
    done = [record for record in records if record.status == "done"]
    methods = _labels((r for r in records if r.name not in REFERENCES), named)
    references = _labels((r for r in records if r.name in REFERENCES), named)
    counted: dict[str, int] = next((r.config["counts"] for r in done if r.config.get("counts")), {})
    sizes = ", ".join(
        f"{counted[kind]:,} {kind}" for kind in ("users", "items", "ratings") if kind in counted
    )
    plural = "s" * (len({r.method for r in records if r.name in REFERENCES}) > 1)
    facts = [*(["simulated"] if first.simulated else []), sizes or f"sizes {UNKNOWN}"]
    content = str(first.config.get("content_hash") or UNKNOWN)[:_HASHED]
    seeds = sorted({record.seed for record in records})
    beside = f", beside the reference row{plural} {references}" if references and methods else ""
    yield (
        f"On {first.dataset} ({'; '.join(facts)}; sha256 {content}) we ran {methods or references}{beside}, "
        f"under the protocol {first.protocol} with seed{'s' * (len(seeds) > 1)} {_listed(map(str, seeds))}."
    )
    views = sorted({name for record in done for name in record.views})
    if evaluated := [text for name in views if (text := _view(name, done))]:
        yield f"Lists are evaluated in {_listed(evaluated)}."
    if made := sorted({entry.aggregator for r in done for entry in r.metrics} - {"own", "none"}):
        yield f"Members' scores are aggregated by {_listed(made)}."


def _view(name: str, records: Sequence[RunRecord]) -> str:
    facts = [found for r in records if (found := r.views.get(name, {})).get("entities")]
    if not facts:
        return ""
    entities = f"{span(found['entities'] for found in facts)} {facts[0].get('entity', 'user')}s"
    return f"{name} ({entities}, relevant from {span(f['tau'] for f in facts if f.get('tau') is not None)})"


def _tuning(records: Sequence[RunRecord], named: Named) -> Iterator[str]:
    """Which methods are tuned, by what, and which are not."""
    own = [record for record in records if record.family != EXTERNAL and tuning_label(record)]
    tuned: dict[str, list[RunRecord]] = defaultdict(list)
    for record in own:
        if record.tuning:
            by = f"{record.tuning.get('metric', UNKNOWN)} in view {record.tuning.get('view', UNKNOWN)}"
            tuned[f"{record.tuning['trials']} trials each, chosen by {by} on validation rows"].append(record)
    for how, there in tuned.items():
        yield f"Hyperparameters of {_labels(there, named)} are tuned with {how} of the training rows."
    for how, said in (("default", "at their defaults"), ("set by hand", "with hyperparameters set by hand")):
        there = [record for record in own if tuning_label(record) == how]
        if there:
            names = (
                "all methods that have hyperparameters" if len(there) == len(own) else _labels(there, named)
            )
            yield f"Not tuned, {said}: {names}."


def _failed(records: Sequence[RunRecord]) -> Iterator[str]:
    if failed := sum(record.status != "done" for record in records):
        yield f"Of {len(records):,} jobs {failed:,} did not finish."


def _software(done: Sequence[RunRecord]) -> str:
    def of(name: str) -> str:
        return agreed(done, lambda record: record.environment.get(name))

    codes = {str((r.environment.get("code") or {}).get("sha256") or UNKNOWN)[:_HASHED] for r in done}
    version = f"groupbench {of('groupbench')} (sha256 of the sources {_listed(sorted(codes)) or UNKNOWN})"
    return f"All of it is made by {version}, Python {of('python')}, on {of('cpu')}."


def _labels(records: Iterable[RunRecord], named: Named) -> str:
    return _listed(dict.fromkeys(named(label) for label in sorted({record.method for record in records})))


def _listed(names: Iterable[str]) -> str:
    """`a, b and c`."""
    *before, last = [*names] or [""]
    return f"{', '.join(before)} and {last}" if before else last
