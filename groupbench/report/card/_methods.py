"""What a card says of each method: where its hyperparameters come from, and what its jobs cost."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from groupbench.core import registry
from groupbench.core.digests import plain
from groupbench.core.errors import GroupbenchError
from groupbench.core.hyperparameters import Domain, search_space
from groupbench.core.text import count
from groupbench.models.group_adapter import WEIGHT, WEIGHTS
from groupbench.report.card._section import UNKNOWN, Entry, agreed, settings
from groupbench.report.long import REFERENCES, joules_of, peak_of, seconds_of, tuning_label
from groupbench.report.names import Wording
from groupbench.results.selection import CODE
from groupbench.results.store import EXTERNAL, RunRecord


def method_entries(records: Sequence[RunRecord], wording: Wording) -> Iterator[Entry]:
    """One entry for each row of a table (one data set and protocol), reference rows last."""
    rows: dict[str, list[RunRecord]] = defaultdict(list)
    for record in records:
        rows[record.method].append(record)
    for _, row in sorted(rows.items(), key=lambda row: (row[1][0].name in REFERENCES, row[0])):
        done = [record for record in row if record.status == "done"]
        parts = [_origin(row[0]), *_hyperparameters(done or row), _ended(row, done), _cost(done)]
        yield Entry(_term(row[0].method, wording), " ".join(part for part in parts if part))


def _term(label: str, wording: Wording) -> str:
    """What a method is called, with its label if one could not tell what to type."""
    shown = wording.method(label)
    return shown if shown.casefold().replace(" ", "") == label.casefold() else f"{shown} ({label})"


def _origin(record: RunRecord) -> str:
    if record.family == EXTERNAL:
        return "Rankings made elsewhere and evaluated here."
    plugins = record.config.get("plugins") or {}
    try:
        summary = registry.methods[record.name].summary
    except GroupbenchError:
        of = f", of plugin {' or '.join(map(_file, plugins))}" if plugins else ""
        return f"Not registered here{of}."
    return summary


def _file(path: str) -> str:
    return path.replace("\\", "/").rpartition("/")[2]


def _hyperparameters(row: Sequence[RunRecord]) -> Iterator[str]:
    """How the values were found and which they are, once for each search."""
    first = row[0]
    if first.name in REFERENCES:
        yield "Reference row: nothing is tuned."
        return
    if first.family == EXTERNAL:
        return
    mode = first.config.get("groups_as", "members")
    if mode != "members":
        weight = first.config.get("group_weight", 1)
        yield f"Groups are served by rows of their own ({mode}, weight {weight})."
    searches: dict[str, list[RunRecord]] = defaultdict(list)
    for record in row:
        values = json.dumps([record.tuning, record.hyperparameters], sort_keys=True, default=plain)
        searches[values].append(record)
    for alike in searches.values():
        seeds = "" if len(searches) == 1 else f"Seeds {', '.join(str(r.seed) for r in alike)}: "
        yield seeds + (_tuned(alike[0]) if alike[0].tuning else _untuned(alike[0]))


def _untuned(record: RunRecord) -> str:
    how = tuning_label(record)
    if not how:
        return "No hyperparameters."
    by = "Not tuned: defaults" if how == "default" else "Not tuned: set by hand"
    return f"{by} {settings(record.hyperparameters.items())}."


def _tuned(record: RunRecord) -> str:
    told: Mapping[str, Any] = record.tuning
    splits = count(told["repeats"], "validation split") if "repeats" in told else "validation rows"
    seed = f" of seed {told['seed']}" if "seed" in told else ""
    spent = f", {told['seconds']:,.0f} s" if "seconds" in told else ""
    by = f"{told.get('metric', UNKNOWN)} in view {told.get('view', UNKNOWN)}"
    space, current = space_of(record)
    within = "; ".join(f"{name} in {domain}" for name, domain in space.items())
    if within:
        searched = f"Searched{'' if current else ' (space of the code at hand)'}: {within}"
    else:
        searched = "Search space not known: the method is not registered here (--plugin FILE)"
    found = [(n, v) for n, v in (record.hyperparameters | _weight(record)).items() if n in space]
    fixed = [(n, v) for n, v in record.hyperparameters.items() if n not in space]
    return (
        f"Tuned: {count(told['trials'], 'trial')} ({told.get('failed', 0)} failed{spent}), chosen by {by} "
        f"on {splits} of the training rows{seed}. {searched}. "
        f"Chosen: {settings(found or fixed)}." + (f" Fixed: {settings(fixed)}." if found and fixed else "")
    )


def _weight(record: RunRecord) -> dict[str, object]:
    return {WEIGHT: record.config.get("group_weight", 1)}


def space_of(record: RunRecord) -> tuple[dict[str, Domain], bool]:
    """Where a method's hyperparameters are searched by its code, and whether the record is of that code.

    The space is empty if the method is not registered here.
    """
    try:
        entry = registry.methods[record.name]
        code = entry.source_hash[:CODE]
    except GroupbenchError:
        return {}, False
    space = search_space(entry.make, entry.presets)
    if record.config.get("groups_as") == "both":
        space[WEIGHT] = WEIGHTS
    return space, (record.config.get("code") or {}).get("method") == code


def _ended(row: Sequence[RunRecord], done: Sequence[RunRecord]) -> str:
    seeds = sorted({record.seed for record in done})
    said = [f"Seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}."] if seeds else []
    if silent := [record for record in done if not record.metrics]:
        said.append(f"Not evaluated: {agreed(silent, _refusal)}.")
    if failed := [record for record in row if record.status != "done"]:
        why = agreed(failed, lambda record: f"{record.status}: {record.reason}")
        said.append(f"{len(failed)} of {count(len(row), 'job')} did not finish ({why}).")
    return " ".join(said)


def _refusal(record: RunRecord) -> str:
    return "; ".join(
        dict.fromkeys(str(facts["reason"]) for facts in record.views.values() if facts.get("reason"))
    )


def _cost(done: Sequence[RunRecord]) -> str:
    """Means over seeds of what a whole job took."""
    seconds = [value for record in done if (value := seconds_of(record)) == value]
    if not seconds:
        return ""
    peaks = [value for record in done if (value := peak_of(record)) == value]
    joules = [value for record in done if (value := joules_of(record)) == value]
    parts = [f"{sum(seconds) / len(seconds):,.2f} s" + (" (mean over seeds)" if len(seconds) > 1 else "")]
    parts += [f"{max(peaks):,.0f} MiB"] if peaks else []
    parts += [f"{sum(joules) / len(joules):,.1f} J"] if joules else [f"energy {UNKNOWN}"]
    return f"A job took {', '.join(parts)}."
