"""Which names are meant by what somebody wrote: in any case, by another name, by a pattern; or why none."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from groupbench.core.errors import ConfigError, shown, unknown

_SEARCHED = 100
"""Python files in the current folder that are searched for a name that nothing has."""

_DECORATORS = ("method", "dataset", "aggregator")
_PLUGIN = "if a file of yours registers it, add --plugin FILE"


def matching(kind: str, written: Iterable[str], known: Mapping[str, Iterable[str]]) -> list[str]:
    """The known names that are meant, each once, in the order in which they were written.

    A text means the name that it is; else those that it is but for the case; else those that go by it. With
    `*` (any characters) or `?` (any one) in it, it means all names that it fits, in any case.

    Args:
        kind: what the names are of, for messages.
        written: the texts.
        known: what else each name goes by.

    Raises:
        ConfigError: with near names, if a text means none.
    """
    meant: dict[str, None] = {}
    for text in written:
        names = _meant(text, known)
        if not names:
            raise ConfigError(unknown(kind, text, known))
        meant |= dict.fromkeys(names)
    return list(meant)


def unregistered(kind: str, name: str, known: Iterable[str], remedy: str = _PLUGIN) -> str:
    """Say that `name` is no `kind`: a file here that registers it, else near names, and what to do.

    Args:
        kind: what it should be; for `method`, `aggregator` and `data set` other things of that name are none.
        name: as it was written.
        known: names that there are.
        remedy: what to do if it is not one of them misspelled.
    """
    decorator = kind.replace(" ", "")
    opening = rf"@[\w.]*\b{decorator}\(" if decorator in _DECORATORS else r"(?:@[\w.]+\(|\bname=)"
    text = re.compile(rf"{opening}\s*[\"']{re.escape(name)}[\"']")
    for file in sorted(Path().glob("*.py"))[:_SEARCHED]:
        with suppress(OSError, UnicodeDecodeError):
            if file.is_file() and text.search(file.read_text(encoding="utf-8")):
                return f"unknown {kind} {shown(name)}; {file} registers it: add --plugin {file}"
    return unknown(kind, name, known, remedy)


def one_of(kind: str, written: str, known: Iterable[str]) -> str:
    """The one of a few known names that is meant, in any case.

    Raises:
        ConfigError: with near names, if there is none.
    """
    names = {name.casefold(): name for name in known}
    if written.casefold() not in names:
        raise ConfigError(unknown(kind, written, names.values()))
    return names[written.casefold()]


def _meant(text: str, known: Mapping[str, Iterable[str]]) -> list[str]:
    if text in known:
        return [text]
    wanted = text.casefold()
    if set("*?") & set(wanted):
        pattern = re.escape(wanted).replace(r"\*", ".*").replace(r"\?", ".")
        return [name for name in known if re.fullmatch(pattern, name.casefold())]
    same = [name for name in known if name.casefold() == wanted]
    return same or [name for name, others in known.items() if wanted in {one.casefold() for one in others}]
