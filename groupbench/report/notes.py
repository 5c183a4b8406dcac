"""What tables say beside their numbers: captions, notes, and what holds for all of a report."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from groupbench.core.text import count
from groupbench.report.aggregate import ResultRow
from groupbench.report.cells import CaptionedTable
from groupbench.report.names import Wording
from groupbench.report.resolution import filtered
from groupbench.report.select import Report, Section
from groupbench.report.wide import COSTS, SATURATED, TIE_GAP, WideTable

_TIE_NOTES = {
    "expected": "the expected value over a random order of equal scores",
    "best": "every tie is broken in the method's favor",
    "worst": "every tie is broken against the method",
    "all": "in brackets: every tie broken against the method and in its favor",
}


def captioned(table: WideTable) -> CaptionedTable:
    """A table with its caption and notes."""
    text = with_caption(table.layout.caption, caption(table))
    return CaptionedTable(text, table.columns(), tuple(section_notes(table)), label(*table.section.key))


def with_caption(own: str | None, facts: str) -> str:
    """One's own caption, and what no table may lack behind it."""
    return f"{own.strip().removesuffix('.')}. {facts}" if own and own.strip() else facts


def label(*parts: str) -> str:
    """By what a text refers to a table of these data, protocol and view."""
    return "tab:" + re.sub("[^a-z0-9]+", "-", "-".join(parts).lower()).strip("-")


def caption(table: WideTable) -> str:
    """What is shown, on which data, and over how many seeds."""
    section, wording = table.section, table.wording
    view, seeds = section.key.view, count(section.seeds, "seed")
    title = section_title(section, wording)
    if not view:
        return f"{title}: no view was evaluated, {seeds}"
    definition = "".join(f"; {text}" for text in section.facts("definition")[:1])
    return f"{title}, view {view}: {', '.join([*sizes(section), seeds])}{definition}"


def sizes(section: Section) -> list[str]:
    """How many users or groups were evaluated and skipped, and tau."""
    facts = {f"{{}} {section.unit}s": "entities", "{} skipped": "skipped", "tau {}": "tau"}
    known = [(form, _range(section.facts(name))) for form, name in facts.items()]
    return [form.format(value) for form, value in known if value]


def section_title(section: Section, wording: Wording) -> str:
    """Data set, whether it is simulated, and protocol."""
    return (
        f"{wording.data(section.key.dataset, simulated=section.simulated)}, protocol {section.key.protocol}"
    )


def section_notes(table: WideTable) -> Iterator[str]:
    """The footnotes of a table, one sentence each."""
    report, section, wording = table.report, table.section, table.wording
    if section.seeds == 1:
        yield "1 seed: no uncertainty"
    elif table.any_spread and wording.printed:
        yield "± is the standard deviation over seeds"
    if table.any_fixed:
        by_time = "split=temporal" in section.key.protocol.split("+")
        split = "one split by time" if by_time else "the split that came with the data"
        yield (
            f"± {0:.{table.layout.digits}f}: all seeds have {split}, and a method "
            f"without chance the same scores; nothing is said of spread over {section.unit}s"
            + wording.hint(" (see groupbench compare)")
        )
    yield from _lacking(table)
    if report.ties in _TIE_NOTES:
        yield f"ties: {_TIE_NOTES[report.ties]}"
    if saturated := table.saturated():
        named = ", ".join(map(wording.metric, saturated))
        yield f"saturated: random and oracle differ by at most {SATURATED:.0%} in {named}"
    yield from _fewer(table)
    yield from _unmarked(table)
    if any(map(table.moved_by_ties, table.rows)):
        yield f"† ties can move a shown metric by more than {TIE_GAP}"
    if report.aggregator == "best":
        yield "each method's best aggregator was picked on the held-out rows: optimistic"
    if section.oracle is not None and (bounds := section.facts("oracle")):
        yield f"oracle: {bounds[0]}"
    if any(column.key == "norm" for column in table.columns()):
        yield f"norm is (x - random) / (oracle - random) of {wording.metric(table.headline)}"
    yield from tuning_notes(section.rows, wording)
    yield from _noticed(section, wording)
    yield from _processors(section)
    if section.tested is not None:
        yield from section.tested.notes(wording)
        if report.ties not in (None, "expected", "all"):
            yield "what is tested are expected values, whatever the rule for ties"
    if report.against and not section.reported:
        yield "no paper reports these metrics for this data set and view"
    for row in (*section.reported, *(row for row in section.unfinished if row.status != "skipped")):
        name = row.method if row.status == "reported" else wording.method(row.method)
        yield f"{name} {row.status}: {row.reason}"
    yield from skipped(section, wording)


def _noticed(section: Section, wording: Wording) -> Iterator[str]:
    """What methods that are shown say of their fits, where they say it with every seed."""
    for method in dict.fromkeys(row.method for row in section.rows):
        runs = [r for r in section.records if r.method == method and r.status == "done"]
        said = [run.config.get("notices", []) for run in runs]
        for notice in said[0] if said else []:
            if all(notice in notices for notices in said):
                yield f"{wording.method(method)}: {notice}"


def _processors(section: Section) -> Iterator[str]:
    """That what is shown was computed by processors of several kinds, which round differently."""
    shown = {row.method for row in section.rows}
    jobs = [record for record in section.records if record.method in shown]
    kinds = {str(job.environment["cpu"]) for job in jobs if "cpu" in job.environment}
    if len(kinds) > 1:
        yield (
            f"jobs ran on {len(kinds)} kinds of processors: seconds are not those of one machine, and another"
            " kind can move scores of trained models as another seed does"
        )


_NO_COLUMN = {
    "aggregator": "no row is aggregated",
    "tuning": "no row is tuned",
    "metrics": "no metric is measured",
    "norm": "it needs a metric that rises from random to the oracle, and both rows",
}
"""Why a column that was asked for is not there."""


def _lacking(table: WideTable) -> Iterator[str]:
    """Which metrics and columns were asked for and are not there."""
    lacking = [metric for metric in table.report.metrics if metric not in table.metrics]
    if lacking and table.section.rows and (table.report.named or not table.metrics):
        names = ", ".join(map(table.wording.metric, lacking))
        yield (
            f"not measured in this view: {names}"
            if table.metrics
            else f"none of {names} is measured in this view"
        )
    there = {column.key for column in table.columns()}
    if missing := [f"{name} ({_NO_COLUMN[name]})" for name in table.asked_columns() if name not in there]:
        yield f"no column {', '.join(missing)}"


def _unmarked(table: WideTable) -> Iterator[str]:
    """Among which rows the best is marked, where it is not all of them."""
    unranked = list(dict.fromkeys(table.wording.method(row.method) for row in table.unranked()))
    if unranked:
        names = ", ".join(unranked)
        hint = table.wording.hint("; run them with the same --seeds")
        yield f"not ranked, as seeds are missing that others have: {names}{hint}"
    if table.section.hidden:
        left = filtered(table.section.hidden) + table.wording.hint(" (--methods)")
        yield f"{left}: best and second best are among those shown"


def _fewer(table: WideTable) -> Iterator[str]:
    """Which shown metrics not all who are evaluated have."""
    section = table.section
    by_metric: dict[str, set[float | str]] = defaultdict(set)
    for record in section.records:
        for metric, n in record.views.get(section.key.view, {}).get("defined", {}).items():
            by_metric[metric].add(n)
    found = [
        f"{table.wording.metric(m)} ({_range(sorted(by_metric[m]))})" for m in table.metrics if m in by_metric
    ]
    if found:
        yield f"not every {section.unit} has a value of {', '.join(found)}"


def skipped(section: Section, wording: Wording) -> Iterator[str]:
    """One line for all methods that were skipped, by reason."""
    by_reason: dict[str, list[str]] = defaultdict(list)
    for row in section.unfinished:
        if row.status == "skipped":
            by_reason[row.reason].append(wording.method(row.method))
    if by_reason:
        yield "skipped: " + "; ".join(f"{', '.join(who)}: {why}" for why, who in by_reason.items())


def legend(report: Report, columns: Sequence[str]) -> list[str]:
    """What one has to know to read any table of a report with columns of these keys."""
    lines = []
    if set(COSTS) & set(columns):
        energy = "; J is its energy, found as groupbench card says" if "joules" in columns else ""
        text = "seconds and MiB (growth of memory) are of the whole job: every view and aggregator"
        lines.append(text + energy)
    if not any("tuned" in row.tuning for row in report.rows):
        lines.append("no row is tuned: methods ran at their defaults or at what was set by hand")
    return lines


def remarks(report: Report, wording: Wording) -> list[str]:
    """What is not in the tables of a report, and why."""
    lines = []
    if report.other_views:
        names = ", ".join(report.other_views)
        lines.append(f"also evaluated: {names}" + wording.hint(" (show them with --view NAME or --view all)"))
    lines += [f"not evaluated: {where}" for where in report.not_evaluated]
    # A line on records that are left out ends with what to type.
    left_out = [line.rpartition("; ")[0] if wording.printed else line for line in report.left_out]
    return [*lines, *left_out]


def tuning_notes(rows: Sequence[ResultRow], wording: Wording) -> Iterator[str]:
    """What makes a comparison of tuned and other rows unfair."""
    trials = {row.method: row.tuning for row in rows if row.competes and "tuned" in row.tuning}
    tuned = {row.name for row in rows if row.method in trials}
    untuned = [row for row in rows if row.competes and row.tuning == "default"]
    left = [row.method for row in untuned if row.name not in tuned]
    if trials and left:
        at_defaults = ", ".join(map(wording.method, dict.fromkeys(left)))
        searched = f"{len(trials)} rows were" if len(trials) > 1 else f"{wording.method(*trials)} was"
        hint = wording.hint(" (groupbench tune)")
        yield (
            f"{at_defaults} ran at defaults while {searched} tuned: "
            f"tune them alike{hint} before saying which is better"
        )
    if len(set(trials.values())) > 1:
        yield "the tuned rows had different numbers of trials"


def _range(values: Sequence[float | str]) -> str:
    """One number, or the range over the seeds; empty for none."""
    ordered = sorted(map(float, values))
    return " to ".join(f"{number:g}" for number in (ordered[:1] + ordered[1:][-1:]))
