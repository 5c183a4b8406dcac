"""Sections of a card as Markdown and as LaTeX; whatever text says, it means itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from groupbench.core.names import one_of
from groupbench.report.card._section import Section
from groupbench.report.formats import escape

_LONG = 16
"""Characters of a word that LaTeX may break: behind what joins its parts, else anywhere, without a hyphen."""

_PART = re.compile(r"[^/_=.,:+@-]*[/_=.,:+@-]+|[^/_=.,:+@-]+")

_RUN = 8
"""Characters of a part that stay together where the part is long itself, as a hash is."""

_UNHYPHENATED = r"\sloppy\hyphenpenalty=10000 "
"""A hyphen at the end of a line would be taken for one of the name or hash that it breaks."""

_BEYOND = re.compile("[^\x00-\xff]")


def write_sections(sections: Sequence[Section], format: str) -> str:
    """All sections, without a newline at the end; an unknown format is a `ConfigError`."""
    return _WRITERS[one_of("format", format, CARD_FORMATS)](sections)


def _markdown(sections: Sequence[Section]) -> str:
    def text(plain: str) -> str:
        return escape(plain, "markdown")

    lines = []
    for section in sections:
        lines += [f"## {text(section.title)}", ""] if section.title else []
        lines += [text(section.text), ""] if section.text else []
        lines += [f"- **{text(term)}**: {text(said)}" for term, said in section.entries]
        lines += [""] if section.entries else []
    return "\n".join(lines).rstrip("\n")


def _latex(sections: Sequence[Section]) -> str:
    lines = ["% Made by 'groupbench card'; \\input it where the methods section is. It needs no package."]
    for section in sections:
        lines += [f"\\subsection{{{_breakable(section.title)}}}"] if section.title else []
        lines += [f"{{{_UNHYPHENATED}{_breakable(section.text)}\\par}}"] if section.text else []
        if section.entries:
            listed = [
                f"\\item \\textbf{{{_breakable(term)}}}: {_breakable(said)}" for term, said in section.entries
            ]
            lines += [f"\\begin{{itemize}}{_UNHYPHENATED}", *listed, "\\end{itemize}"]
    return "\n".join(lines)


def _breakable(plain: str) -> str:
    """Text as LaTeX that every engine reads, in which long words can be broken, without a hyphen."""
    return " ".join(map(_word, plain.split()))


def _word(word: str) -> str:
    written = r"\allowbreak{}".join(escape(part, "latex") for part in _parts(word))
    return _BEYOND.sub(lambda found: f"[U+{ord(found[0]):04X}]", written)


def _parts(word: str) -> list[str]:
    """What of a word stays on one line; marks at its end are no part of their own."""
    bare = word.rstrip(",.;:!?)") if len(word) > _LONG else ""
    if not bare:
        return [word]
    parts = [
        part[at : at + _RUN] if len(part) > _LONG else part
        for part in _PART.findall(bare)
        for at in range(0, len(part) if len(part) > _LONG else 1, _RUN)
    ]
    return [*parts[:-1], parts[-1] + word[len(bare) :]]


_WRITERS: dict[str, Callable[[Sequence[Section]], str]] = {"markdown": _markdown, "latex": _latex}

CARD_FORMATS = tuple(_WRITERS)
"""What a card can be written as."""
