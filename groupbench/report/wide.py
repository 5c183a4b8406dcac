"""Tables for people: captions, columns and footnotes, without the letters of any output format."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from groupbench.report.gather import Block, Report
from groupbench.report.sheet import SATURATED, TIE_GAP, Column, Sheet
from groupbench.store import RunRecord

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
    sheet = Sheet(report, block)
    return Table(_caption(block), tuple(sheet.columns()), tuple(_notes(sheet)))


def closing(report: Report) -> list[str]:
    """What holds for all tables of a report."""
    lines = ["seconds and MiB (growth of memory) are of the whole job: every view and aggregator"]
    if report.other_views:
        names = ", ".join(report.other_views)
        lines.append(f"also judged: {names} (show them with --view NAME or --view all)")
    return lines


def _caption(block: Block) -> str:
    dataset, protocol, view = block.place
    title = f"{dataset}{' (simulated data)' if block.simulated else ''}, protocol {protocol}"
    seeds = "1 seed" if block.seeds == 1 else f"{block.seeds} seeds"
    if not view:
        return f"{title}: no view was judged, {seeds}"
    facts = {"{} judged": "entities", "{} skipped": "skipped", "tau {}": "tau"}
    known = [(form, _range(block.records, view, key)) for form, key in facts.items()]
    numbers = ", ".join([*(form.format(value) for form, value in known if value), seeds])
    definition = next((str(r.views[view]["definition"]) for r in block.records if r.views.get(view)), "")
    return f"{title}, view {view}: {numbers}" + (f"; {definition}" if definition else "")


def _range(records: Sequence[RunRecord], view: str, key: str) -> str:
    """What the records say of `key`: one number, or the range over the seeds; empty if nothing."""
    said = sorted({r.views[view][key] for r in records if r.views.get(view, {}).get(key) is not None})
    return " to ".join(f"{number:g}" for number in (said[:1] + said[1:][-1:]))


def _notes(sheet: Sheet) -> Iterator[str]:
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
    if sheet.has_norm:
        yield f"norm is (x - random) / (oracle - random) of {sheet.headline}"
    if report.against and not block.reported:
        yield "no paper reports these metrics for this data set and view"
    for line in (*block.reported, *block.unfinished):
        yield f"{line.method} {line.status}: {line.reason}"
