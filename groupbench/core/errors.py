"""Typed errors: each says what is wrong, where, and what to do next."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class GroupbenchError(Exception):
    """Base of every error that groupbench raises on purpose; the CLI shows it without a traceback."""

    exit_status = 2


class ConfigError(GroupbenchError):
    """An option, a configuration key or a name is wrong."""


class ArgumentError(ConfigError, TypeError):
    """A function was given an argument that it does not have, one of a wrong type, or too few of them."""


class DatasetError(GroupbenchError):
    """Data is missing, malformed or not what its checksum promises."""


class PluginError(GroupbenchError):
    """A file or entry point that should add something could not be used."""


class MethodError(GroupbenchError):
    """A method broke its contract while it was fitted or asked for scores."""

    exit_status = 1


class CrashError(MethodError):
    """A process of its own in which a method runs ended in the middle.

    Args:
        message: how it ended, in one line.
        by_method: whether the method is to blame, and not a kill from outside.
    """

    def __init__(self, message: str, *, by_method: bool = True) -> None:
        super().__init__(message)
        self.by_method = by_method


class ResultError(GroupbenchError):
    """A results folder or a record in it cannot be read or written."""


class UnreadableError(ResultError):
    """A record is there, and the system does not let it be read: what it holds is not known."""


class DamagedError(ResultError):
    """What is there is no record."""


class GroupbenchWarning(UserWarning):
    """Something worth knowing that does not stop the work."""


_LISTED = 40
"""Known names that a message shows at most."""

_SHOWN = 100
"""Characters of a value that a message shows at most."""


def shown(value: object) -> str:
    """A value of a file as a message shows it: in quotes, control characters escaped, cut if it is long."""
    text = repr(value)
    if isinstance(value, str) and len(value) > _SHOWN:
        return f"{value[:_SHOWN]!r}... ({len(value):,} characters)"
    return text if isinstance(value, str) or len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def cut(text: str) -> str:
    """As `shown`, without quotes."""
    return repr(text[:_SHOWN])[1:-1] + "..." * (len(text) > _SHOWN)


def unknown(kind: str, name: str, known: Iterable[str], remedy: str = "") -> str:
    """Say that `name` is no `kind`, and what to do, with near names: first those that begin so."""
    candidates = sorted(known)
    short = [candidate for candidate in candidates if len(candidate) <= _SHOWN]
    by_case: dict[str, list[str]] = {}
    for candidate in short:
        by_case.setdefault(candidate.casefold(), []).append(candidate)
    written = name[:_SHOWN].casefold()
    longer = [one for one in by_case if len(written) > 2 and one.startswith(written)]
    alike = dict.fromkeys([*longer, *get_close_matches(written, by_case, n=3, cutoff=0.5)])
    if near := [candidate for one in alike for candidate in by_case[one]][:3]:
        hint = "did you mean " + " or ".join(repr(n) for n in near) + "?"
    else:
        more = f" and {len(candidates) - _LISTED} more" if len(candidates) > _LISTED else ""
        hint = f"known: {', '.join(map(cut, candidates[:_LISTED]))}{more}" if candidates else "there is none"
    return f"unknown {kind} {shown(name)}; {hint}" + (f" ({remedy})" if remedy else "")
