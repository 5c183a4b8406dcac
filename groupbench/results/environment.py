"""What differs between the surroundings of two runs, and what that leaves of the promise to agree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from groupbench.models.recommender import Deterministic
from groupbench.results.store import RunRecord

ENVIRONMENT = "method_environment"
"""By what name records hold versions, and a hash, of the environment in which a method ran, if any."""

CLOSE = 0.01
"""How far a score may move where the last digits of scores may differ, because those can swap candidates.

Measured for all methods but the deep ones on ITM-Rec, and for some on ML-100K, between processors with and
without AVX2 and AVX-512: .0008 at most.
"""


class Change(NamedTuple):
    """Something that is not what it was when the record was made.

    Attributes:
        name: what it is.
        before: in the record.
        after: here.
        moves_digits: whether it alone can move last digits of scores.
    """

    name: str
    before: str
    after: str
    moves_digits: bool = False

    def __str__(self) -> str:
        return f"{self.name}: {self.before} -> {self.after}"


@dataclass(frozen=True)
class Promise:
    """What a repetition owes.

    Attributes:
        tolerance: how far a score may move; None if nothing is promised.
        reason: why it may.
    """

    tolerance: float | None = 0.0
    reason: str = ""


def changes(recorded: RunRecord, repeated: RunRecord) -> list[Change]:
    """Versions, processor, threads and code that differ between two records."""
    before, after = (dict(_surroundings(record)) for record in (recorded, repeated))
    return [
        Change(name, before[name][0], after[name][0], _moves_digits(name))
        for name in before
        if name in after and before[name][1] != after[name][1]
    ]


def promised(deterministic: Deterministic, repeatable: bool, changed: list[Change]) -> Promise:
    """What a repetition owes.

    Args:
        deterministic: what the method says of itself.
        repeatable: whether it gives the same scores again with the recorded threads.
        changed: what differs between the surroundings of the record and those of the repetition.
    """
    if not repeatable:
        return Promise(None, f"deterministic: {deterministic}")
    moving = [change.name for change in changed if change.moves_digits]
    if not moving:
        return Promise()
    reason = f"other {', '.join(moving)}"
    if deterministic == "one-machine":
        return Promise(None, f"deterministic: {deterministic}; {reason}")
    return Promise(CLOSE, reason)


def _surroundings(record: RunRecord) -> Iterator[tuple[str, tuple[str, Any]]]:
    """Name, then text to show and value to compare, of all that a record says of its surroundings."""
    environment: Mapping[str, Any] = record.environment
    for name in ("groupbench", "python", "platform", "cpu", "threads"):
        if name in environment:
            yield name, (str(environment[name]), str(environment[name]))
    for name, version in environment.get("packages", {}).items():
        yield name, (version, version)
    for name, version in environment.get(ENVIRONMENT, {}).items():
        yield f"{name} of the method's environment", (version, version)
    if "code" in environment:
        code = {"commit": "", "state": "unknown", "sha256": "", **(environment["code"] or {})}
        text = f"{code['commit'][:12]} ({code['state']})" if code["commit"] else code["state"]
        yield "code", (f"{text} sha256 {code['sha256'][:12]}", code["sha256"])
    if "evaluation" in record.config:
        yield "evaluation", (str(record.config["evaluation"]), record.config["evaluation"])
    plugins = record.config.get("plugins")
    for file, digest in plugins.items() if isinstance(plugins, dict) else ():
        yield f"plugin {file}", (digest[:12], digest)


def _moves_digits(name: str) -> bool:
    """Whether it can change how floats are rounded; what other code changes is for the repetition to show."""
    return name not in ("groupbench", "platform", "code", "evaluation") and not name.startswith("plugin ")
