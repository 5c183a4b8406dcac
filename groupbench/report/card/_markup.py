"""Sections of a card as Markdown and as LaTeX; whatever text says, it means itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from groupbench.core.names import one_of
from groupbench.report.card._section import Section
from groupbench.report.formats import escape

_LONG = 24
"""Characters of a word that may be broken at the end of a LaTeX line."""

_BEYOND = re.compile("[^\x00-\xff]")


def write_sections(sections: Sequence[Section], format: str) -> str:
    """All sections, without a newline at the end; an unknown format is a `ConfigError`."""
    return _WRITERS[one_of("format", format, CARD_FORMATS)](sections)


def _markdown(sections: Sequence[Section]) -> str:
    def text(plain: str) -> str:
        return escape(plain, "markdown")

    lines = []
    for section in sections:
        lines += [f"## {text(section.title)}", ""]
        lines += [text(section.text), ""] if section.text else []
        lines += [f"- **{text(term)}**: {text(said)}" for term, said in section.entries]
        lines += [""] if section.entries else []
    return "\n".join(lines).rstrip("\n")


def _latex(sections: Sequence[Section]) -> str:
    lines = ["% Made by 'groupbench card'; \\input it where the methods section is. It needs no package."]
    for section in sections:
        lines += [f"\\subsection{{{_breakable(section.title)}}}"]
        lines += [_breakable(section.text)] if section.text else []
        if section.entries:
            listed = [
                f"\\item \\textbf{{{_breakable(term)}}}: {_breakable(said)}" for term, said in section.entries
            ]
            lines += ["\\begin{itemize}\\sloppy", *listed, "\\end{itemize}"]
    return "\n".join(lines)


def _breakable(plain: str) -> str:
    """Text as LaTeX that every engine reads, with long words breakable at any of their characters' groups."""
    return " ".join(map(_word, plain.split()))


def _word(word: str) -> str:
    step = 8 if len(word) > _LONG else len(word)
    parts = [escape(word[at : at + step], "latex") for at in range(0, len(word), step)]
    return _BEYOND.sub(lambda found: f"[U+{ord(found[0]):04X}]", r"\allowbreak{}".join(parts))


_WRITERS: dict[str, Callable[[Sequence[Section]], str]] = {"markdown": _markdown, "latex": _latex}

CARD_FORMATS = tuple(_WRITERS)
"""What a card can be written as."""
