"""Which records stand together: one rule for tables, pages, drawings, comparisons, exports and merges.

A table (one data set and protocol by their labels) holds one content, split, version of the evaluation and
set of protocol options, and in each view and seed one tau and number of lists. A row holds one code and one
set of hyperparameters, and one record of each seed. The rest is left out, and `Selection.notes` says so.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from groupbench.core import registry
from groupbench.core.digests import plain
from groupbench.core.errors import GroupbenchError
from groupbench.results.environment import ENVIRONMENT
from groupbench.results.facts import (
    content,
    ended,
    is_of_current_evaluation,
    seed_label,
    table_of,
    text_hash,
    unversioned,
)
from groupbench.results.store import EXTERNAL, RunRecord

CODE = 16
"""Digits of the hashes of code that records hold."""
SHORT = 8
"""Digits of a content hash that name the data in messages and behind `@`."""

_TOGETHER = "run them together, or keep them in a --results folder of their own"

_NAMED = 4
"""Rows that a note names."""


class Selection(tuple[RunRecord, ...]):
    """Records that stand together, in the order in which they came.

    Attributes:
        notes: what was left out, one line for each table and reason.
    """

    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Selection({len(self)} records)"


class _LeftOut(NamedTuple):
    record: RunRecord
    why: str
    remedy: str


def select(records: Iterable[RunRecord]) -> Selection:
    """The records that stand together; a `Selection` is returned as it is.

    Where records of several versions are at hand, those of the current evaluation and code stay, as far as
    that is known of built-in methods and of plugins that are loaded; else those that ended last.
    """
    if isinstance(records, Selection):
        return records
    records = list(records)
    tables: dict[tuple[str, str], list[RunRecord]] = defaultdict(list)
    for record in _without_superseded(records):
        tables[table_of(record)].append(record)
    left = [left_out for there in tables.values() for left_out in _left_out(there)]
    out = {id(left_out.record) for left_out in left}
    standing = {id(record) for there in tables.values() for record in there} - out
    selection = Selection(record for record in records if id(record) in standing)
    selection.notes = tuple(_notes(left))
    return selection


def _without_superseded(records: Sequence[RunRecord]) -> Iterator[RunRecord]:
    """The records without those of methods that were skipped for want of a library and ran later with it.

    What is not installed has no version, so that these are rows of two labels, `cornac:BPR` and
    `cornac:BPR@2.3`.
    """
    ran: dict[tuple[str, str, str], str] = defaultdict(str)
    for record in records:
        if record.metrics and record.method.startswith(f"{record.name}@"):
            row = (*table_of(record), unversioned(record))
            ran[row] = max(ran[row], ended(record))
    for record in records:
        row = (*table_of(record), record.method)
        skipped = record.status == "done" and not record.metrics
        if not (skipped and row in ran and ended(record) <= ran[row]):
            yield record


def _left_out(table: Sequence[RunRecord]) -> Iterator[_LeftOut]:
    """What does not stand with the rest of a table."""
    done = [record for record in table if record.status == "done"]
    first = max(done or table, key=lambda record: (is_of_current_evaluation(record), ended(record)))
    alike = []
    for record in table:
        if reason := _other_table(record, first):
            yield _LeftOut(record, *reason)
        else:
            alike.append(record)
    usual = _usual_facts(alike)
    rows: dict[str, list[RunRecord]] = defaultdict(list)
    for record in alike:
        if reason := _other_facts(record, usual):
            yield _LeftOut(record, *reason)
        else:
            rows[record.method].append(record)
    for row in rows.values():
        yield from _left_out_of_row(row)


def _other_table(record: RunRecord, first: RunRecord) -> tuple[str, str] | None:
    """Why a record stands in no table with `first`, and what to do about it."""
    mine, shown = content(record), content(first)
    if mine != shown:
        digits = SHORT if mine[:SHORT] != shown[:SHORT] else None
        why = f"of other data (content {mine[:digits] or 'unknown'} instead of {shown[:digits] or 'unknown'})"
        return why, f"see them with --dataset {record.dataset}@{mine[:digits]}" if mine else "run them again"
    if seed_label(record) != seed_label(first):
        return "whose splits were drawn in another way", "run them again"
    mine, shown = (str(r.config.get("evaluation")) for r in (record, first))
    if mine != shown:
        return f"of another version of the evaluation ({mine} instead of {shown})", "run them again"
    if _text(record.config.get("protocol")) != _text(first.config.get("protocol")):
        return "under other options of the protocol that have the same label", "run them again"
    return None


Facts = dict[tuple[str, int, str], object]


def _facts(record: RunRecord) -> Facts:
    """What the record says of the views it has values in: a ranking from elsewhere may be of one view."""
    measured = {entry.view for entry in record.metrics}
    return {
        (view, record.seed, name): facts[name]
        for view, facts in record.views.items()
        if view in measured
        for name in ("tau", "entities", "skipped")
        if facts.get(name) is not None
    }


def _usual_facts(records: Sequence[RunRecord]) -> Facts:
    """Of tau and sizes in each view and seed what most records say, and of equally many the latest."""
    said: dict[tuple[str, int, str], list[object]] = defaultdict(list)
    for record in sorted(records, key=ended, reverse=True):
        for fact, value in _facts(record).items():
            said[fact].append(value)
    return {fact: Counter(values).most_common(1)[0][0] for fact, values in said.items()}


def _other_facts(record: RunRecord, usual: Facts) -> tuple[str, str] | None:
    for fact, value in _facts(record).items():
        if value != usual[fact]:
            view, _, name = fact
            return f"whose {name} in view {view} is {value} instead of {usual[fact]}", "run them again"
    return None


def _left_out_of_row(row: Sequence[RunRecord]) -> Iterator[_LeftOut]:
    """What does not stand with the rest of one method, by its label."""
    rank = _rank(row)
    latest = {record.tuning.get("seed"): record for record in sorted(row, key=rank)}
    tuned = []
    for record in row:
        if record.tuning == latest[record.tuning.get("seed")].tuning:
            tuned.append(record)
        else:
            yield _LeftOut(record, "tuned in another search", _again(record, row, latest.values()))
    first = max(tuned, key=rank)
    reasons = {id(record): _other_row(record, first) for record in tuned}
    alike = [record for record in tuned if not reasons[id(record)]]
    by_seed = {record.seed: record for record in sorted(alike, key=_extent)}
    for record in tuned:
        if why := reasons[id(record)]:
            yield _LeftOut(record, why, _again(record, row, by_seed.values()))
        elif further := _evaluated(record) - _evaluated(shown := by_seed[record.seed]):
            views = "further aggregators" if {v for v, _ in further} <= set(shown.views) else "further views"
            yield _LeftOut(record, f"of a seed that is shown, with {views}", _TOGETHER)
        elif by_seed[record.seed] is not record:
            yield _LeftOut(record, "", "")


def _extent(record: RunRecord) -> tuple[int, int, str]:
    """What is greater of the record of a seed that counts: views and aggregators, K, the time it ended.

    Of rankings from elsewhere the latest counts: they may be others than those before.
    """
    if record.family == EXTERNAL:
        return 0, 0, ended(record)
    return len(_evaluated(record)), len(record.config.get("cutoffs", ())), ended(record)


def _evaluated(record: RunRecord) -> set[tuple[str, str]]:
    """The views and aggregators that the record has values of."""
    return {(entry.view, entry.aggregator) for entry in record.metrics}


def _again(record: RunRecord, row: Sequence[RunRecord], shown: Iterable[RunRecord]) -> str:
    if record.seed in {other.seed for other in shown}:
        return "newer ones of the same seeds are shown"
    return "run those seeds again"


def _other_row(record: RunRecord, first: RunRecord) -> str:
    """Why a record stands in no row with `first`; empty if it does."""
    if record.family == first.family == EXTERNAL:
        return ""
    if not record.tuning and _parameters(record) != _parameters(first):
        return "with other hyperparameters under the same label"
    if len({text_hash(record), text_hash(first)} - {""}) > 1:
        return "of other texts"
    mine, theirs = record.config.get("code"), first.config.get("code")
    if mine is None or theirs is None:  # of a version that did not record it
        same = mine is theirs is None or _sources(record) == _sources(first)
        return "" if same and _plugins_agree(record, first) else "made by other code"
    same = all(theirs.get(name, code) == code for name, code in mine.items())
    return "" if same and mine.get(ENVIRONMENT) == theirs.get(ENVIRONMENT) else "made by other code"


def _plugins_agree(record: RunRecord, first: RunRecord) -> bool:
    mine, theirs = _plugins(record), _plugins(first)
    return all(theirs.get(name, code) == code for name, code in mine.items())


def _plugins(record: RunRecord) -> dict[str, str]:
    """The hashes of plugins by name of file; the first layout has a list of files without."""
    plugins = record.config.get("plugins", {})
    return {_name(file): "" if isinstance(plugins, list) else plugins[file] for file in plugins}


def _name(file: str) -> str:
    return file.replace("\\", "/").rpartition("/")[2]


def _sources(record: RunRecord) -> object:
    code = record.environment.get("code")
    return code.get("sha256") if isinstance(code, dict) else None


def _parameters(record: RunRecord) -> str:
    adapter = [record.config.get("groups_as", "members"), record.config.get("group_weight", 1)]
    return _text([record.hyperparameters, adapter])


def _rank(row: Sequence[RunRecord]) -> Callable[[RunRecord], tuple[bool, str]]:
    """What is greater of the record that counts: the code is current, then it ended later.

    Code is looked up only where a row has several.
    """
    codes = {_method_code(record) for record in row}
    current = _current_code(row[0].name) if len(codes) > 1 else None
    return lambda record: (current is not None and _method_code(record) == current, ended(record))


def _method_code(record: RunRecord) -> str | None:
    return (record.config.get("code") or {}).get("method")


def _current_code(name: str) -> str | None:
    """The hash of the code of a method that is registered now; None if it is not, or cannot be read."""
    try:
        return registry.methods[name].source_hash[:CODE]
    except GroupbenchError:
        return None


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True, default=plain)


def _notes(left: Iterable[_LeftOut]) -> Iterator[str]:
    """One line for each table, reason and remedy."""
    groups: dict[tuple[str, str, str, str], list[RunRecord]] = defaultdict(list)
    for record, why, remedy in left:
        if why:
            groups[record.dataset, record.protocol, why, remedy].append(record)
    for (dataset, protocol, why, remedy), records in groups.items():
        count = "1 record" if len(records) == 1 else f"{len(records)} records"
        yield f"{dataset}, protocol {protocol}: left out {count} {why} ({_named(records)}); {remedy}"


def _named(records: Sequence[RunRecord]) -> str:
    seeds: dict[str, set[int]] = defaultdict(set)
    for record in records:
        seeds[record.method].add(record.seed)
    named = [
        f"{method} seed{'s' if len(there) > 1 else ''} {', '.join(map(str, sorted(there)))}"
        for method, there in sorted(seeds.items())
    ]
    return "; ".join(named[:_NAMED]) + (f"; {len(named) - _NAMED} more rows" if len(named) > _NAMED else "")
