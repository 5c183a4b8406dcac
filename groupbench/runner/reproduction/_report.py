"""Comparisons in words: a line for each run or reported value, and what they come to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from groupbench.core.text import one_line
from groupbench.results.agreement import RELATIVE
from groupbench.results.environment import CLOSE

if TYPE_CHECKING:
    from groupbench.report.long import TieRule
    from groupbench.runner.reproduction._repeat import Repeat
    from groupbench.runner.reproduction._reported import Beside

TERMS = (
    f"promised: values equal to {RELATIVE:g} (relative) with the same processor, versions and threads; "
    f"elsewhere within {CLOSE:g}, because other last digits of scores can swap candidates"
)

_NAMED = 5
"""Names that a line spells out."""


def format_repeat(repeat: Repeat) -> str:
    """One line on one run."""
    record = repeat.recorded
    where = one_line(f"{record.method}  seed {record.seed}  {record.dataset}  {record.protocol}")
    if repeat.reason:
        return f"{'FAILED':12s} {where}: {repeat.reason}"
    found = repeat.agreement
    missing = (
        _missing("only in the record", found.only_first)
        + _missing("only in the repeat", found.only_second)
        + _missing("not as recorded", (*found.facts, *found.words))
        + _missing("not as in its tables", repeat.unlike)
    )
    return f"{_verdict(repeat):12s} {where}: {_comparison(repeat)}{missing}"


def format_summary(repeats: Sequence[Repeat]) -> list[str]:
    """What was promised, what is different here, and how many runs were reproduced."""
    changed = Counter(str(change) for repeat in repeats for change in repeat.changes)
    free = sorted({r.recorded.method for r in repeats if not r.reason and r.promise.tolerance is None})
    counts = Counter(_verdict(repeat) for repeat in repeats)
    held = (
        f"{counts['same'] + counts['close']} reproduced, {counts['DIFFERS']} not, {counts['FAILED']} failed"
    )
    return [
        TERMS,
        *(f"changed since  {text}  [{n} of {len(repeats)} runs]" for text, n in changed.items()),
        f"{len(repeats)} run{'s' * (len(repeats) != 1)}: {held}"
        + (f"; not promised: {', '.join(free)}" if free else ""),
    ]


def format_reported(found: Sequence[Beside]) -> list[str]:
    """A table of reported values and ours, and how many of them are reached."""
    from tabulate import tabulate

    rules: tuple[TieRule, ...] = ("expected", "worst", "best")
    heads = ["reported by", "ties there", "view", "metric", "reported", "ours", "worst", "best", "verdict"]
    rows = [
        (b.row.method, b.paper.ties, b.view, b.metric, b.reported, *map(b.ours.get, rules), b.verdict)
        for b in found
    ]
    grid: str = tabulate(rows, heads, tablefmt="simple", floatfmt=".4f")
    seeds = " and ".join(f"{n} seed{'s' * (n != 1)}" for n in sorted({b.seeds for b in found}))
    counts = Counter(b.verdict for b in found)
    verdicts = ", ".join(f"{n} {verdict}" for verdict, n in counts.items())
    return [
        grid,
        f"ours: means of {seeds}, equal scores in random order; worst and best: all against it, "
        f"all in its favor; reached: at most {found[0].tolerance:g} behind",
        f"{len(found)} value{'s' * (len(found) != 1)}: {verdicts}",
        *dict.fromkeys(f"{b.row.method}: {b.paper.provenance}" for b in found),
    ]


def _verdict(repeat: Repeat) -> str:
    if repeat.reason:
        return "FAILED"
    if repeat.false:
        return "DIFFERS"
    if repeat.promise.tolerance is None:
        return "not promised"
    if repeat.broken:
        return "DIFFERS"
    return "close" if repeat.agreement.differing or not repeat.whole else "same"


def _comparison(repeat: Repeat) -> str:
    found, promise = repeat.agreement, repeat.promise
    because = f" ({promise.reason})" if promise.reason else ""
    if not found.compared:
        return "no values, as recorded"
    if not found.differing:
        return f"{found.compared:,} values equal{because}"
    count = f"{len(found.differing):,} of {found.compared:,} values differ"
    if repeat.broken and promise.tolerance:
        count += f", {len(repeat.broken):,} by more than {promise.tolerance:g}"
    return f"{count}{because}; the most: {found.differing[0]}"


def _missing(where: str, names: Sequence[str]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"; {where}: {', '.join(names[:_NAMED])}{more}"
