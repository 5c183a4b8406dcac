"""Which names are meant by what somebody wrote: in any case, by another name, or by a pattern."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from groupbench.core.errors import ConfigError, unknown


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
