"""Where the scores come from: machines, versions, data and the commands that repeat them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence

from groupbench.report.html._leaderboard import Content
from groupbench.results.store import RunRecord


def environments(records: Sequence[RunRecord]) -> Content:
    """The distinct data sets, environments and commands of the records, with their number of jobs.

    Returns:
        `data`: data set, source, content hash; `environments`: facts by name; `commands`: command lines,
        both with `jobs`; `jobs`: by status; `finished`: when the first and the last job ended.
    """
    surroundings: Counter[str] = Counter()
    commands: Counter[str] = Counter()
    for record in records:
        facts = dict(record.environment)
        commands[str(facts.pop("command", ""))] += 1
        if facts:
            surroundings[json.dumps(_facts(facts))] += 1
    ends = sorted(record.finished for record in records if record.finished)
    return {
        "data": _data(records),
        "environments": [{"facts": json.loads(f), "jobs": n} for f, n in surroundings.most_common()],
        "commands": [{"command": text, "jobs": n} for text, n in commands.most_common() if text],
        "jobs": dict(Counter(record.status for record in records)),
        "finished": [ends[0], ends[-1]] if ends else [],
    }


def _data(records: Sequence[RunRecord]) -> list[Content]:
    found = {
        (r.dataset, r.simulated, str(r.config.get("source", "")), str(r.config.get("content_hash", "")))
        for r in records
    }
    return [
        {"dataset": name, "simulated": simulated, "source": source, "hash": digest}
        for name, simulated, source, digest in sorted(found)
    ]


def _facts(environment: Content) -> dict[str, str]:
    """Names and values as text; what is nested is written out."""
    return {name: _text(value) for name, value in environment.items()}


def _text(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_text(inner)}" for key, inner in value.items())
    return ", ".join(map(_text, value)) if isinstance(value, list) else str(value)
