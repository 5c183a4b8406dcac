"""Tables for people: captions, columns and footnotes, without the letters of any output format."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from groupbench.report.lines import Line
from groupbench.report.select import Block, Report
from groupbench.report.wide import SATURATED, TIE_GAP, Column, WideTable
from groupbench.results.store import RunRecord

_TIE_NOTES = {
    "expected": "the expected value over a random order of equal scores",
    "best": "every tie is broken in the method's favour",
    "worst": "every tie is broken against the method",
    "all": "in brackets: every tie broken against the method and in its favour",
}


@dataclass(frozen=True)
class Table:
    """One table.

    Attributes:
        caption: what is shown, and under which conditions.
        columns: the columns, all of one length.
        notes: footnotes, one sentence each.
    """

    caption: str
    columns: tuple[Column, ...]
    notes: tuple[str, ...]


def table(report: Report, block: Block) -> Table:
    """The table of one block."""
    sheet = WideTable(report, block)
    return Table(_caption(block), tuple(sheet.columns()), tuple(_notes(sheet)))


def closing(report: Report) -> list[str]:
    """What holds for all tables of a report."""
    lines = ["seconds and MiB (growth of memory) are of the whole job: every view and aggregator"]
    if not any("tuned" in line.tuning for block in report.blocks for line in block.lines):
        lines.append("no row is tuned: methods ran at their defaults or at what was set by hand")
    if report.other_views:
        names = ", ".join(report.other_views)
        lines.append(f"also judged: {names} (show them with --view NAME or --view all)")
    return [*lines, *(f"not judged: {where}" for where in report.unjudged)]


def _caption(block: Block) -> str:
    dataset, protocol, view = block.place
    title = f"{dataset}{' (simulated data)' if block.simulated else ''}, protocol {protocol}"
    seeds = "1 seed" if block.seeds == 1 else f"{block.seeds} seeds"
    if not view:
        return f"{title}: no view was judged, {seeds}"
    facts = {"{} judged": "entities", "{} skipped": "skipped", "tau {}": "tau"}
    known = [(form, _range(block.records, view, key)) for form, key in facts.items()]
    numbers = ", ".join([*(form.format(value) for form, value in known if value), seeds])
    definition = _said(block.records, view, "definition")
    return f"{title}, view {view}: {numbers}" + (f"; {definition}" if definition else "")


def _said(records: Sequence[RunRecord], view: str, key: str) -> str:
    """The text that the records have of `key`; empty if none."""
    return next((str(text) for r in records if (text := r.views.get(view, {}).get(key))), "")


def _range(records: Sequence[RunRecord], view: str, key: str) -> str:
    """What the records say of `key`: one number, or the range over the seeds; empty if nothing."""
    said = sorted({r.views[view][key] for r in records if r.views.get(view, {}).get(key) is not None})
    return " to ".join(f"{number:g}" for number in (said[:1] + said[1:][-1:]))


def _tuning_notes(lines: Sequence[Line]) -> Iterator[str]:
    """What makes a comparison of tuned and other rows unfair."""
    trials = {line.method: line.tuning for line in lines if line.competes and "tuned" in line.tuning}
    tuned = {line.name for line in lines if line.method in trials}
    untuned = [line for line in lines if line.competes and line.tuning == "default"]
    left = [line.method for line in untuned if line.name not in tuned]
    if left:
        yield (
            f"{', '.join(dict.fromkeys(left))} ran at defaults while {', '.join(trials)} was tuned: "
            "tune them alike (groupbench tune) before saying which is better"
        )
    if len(set(trials.values())) > 1:
        yield "the tuned rows had different numbers of trials"


def _notes(sheet: WideTable) -> Iterator[str]:
    report, block = sheet.report, sheet.block
    if block.seeds == 1:
        yield "1 seed: no uncertainty"
    if not sheet.metrics and block.lines:
        yield f"none of {', '.join(report.metrics)} is measured in this view"
    if report.ties in _TIE_NOTES:
        yield f"ties: {_TIE_NOTES[report.ties]}"
    if saturated := sheet.saturated():
        yield f"saturated: random and oracle differ by at most {SATURATED:.0%} in {', '.join(saturated)}"
    if any(map(sheet.moved_by_ties, sheet.lines)):
        yield f"† ties can move a shown metric by more than {TIE_GAP}"
    if report.aggregator == "best":
        yield "each method's best aggregator was picked on the held-out rows: optimistic"
    if block.oracle is not None and (bounds := _said(block.records, block.place.view, "oracle")):
        yield f"oracle: {bounds}"
    if sheet.has_norm:
        yield f"norm is (x - random) / (oracle - random) of {sheet.headline}"
    if sheet.any_tuned:
        yield from _tuning_notes(block.lines)
    if block.tested is not None:
        yield from block.tested.notes
        if report.ties not in (None, "expected", "all"):
            yield "what is tested are expected values, whatever the rule for ties"
    if report.against and not block.reported:
        yield "no paper reports these metrics for this data set and view"
    for line in (*block.reported, *block.unfinished):
        yield f"{line.method} {line.status}: {line.reason}"
