"""The colors of plots and of the report page: Okabe and Ito's, which color-blind people tell apart."""

from __future__ import annotations

from typing import NamedTuple
from zlib import crc32

from groupbench.core.registry import methods

COLORS = {
    "blue": "#0072B2",
    "vermilion": "#D55E00",
    "green": "#009E73",
    "purple": "#CC79A7",
    "orange": "#E69F00",
    "sky": "#56B4E9",
    "black": "#000000",
    "gray": "#A9AFB5",
    "quiet": "#5A636D",
}
CYCLE = tuple(COLORS.values())[:7]
"""For the lines of a drawing, one after the other."""
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<")
DASHES = ("-", "--", ":", "-.", (0, (5, 1, 1, 1, 1, 1)))


class Look(NamedTuple):
    """What tells a method from others: a color, with a marker and a dash, so that color is not all."""

    color: str
    marker: str
    dash: str | tuple[int, tuple[int, ...]]


def look_of(label: str) -> Look:
    """The look of a method, the same in every drawing, whatever else is drawn.

    Variants of a method (`svd`, `svd[tuned]`, `svd (borda)`) share its color. Of built-in methods no two look
    the same; a plugin's look comes from its name alone.
    """
    name = label.partition("[")[0].partition(" (")[0]
    known = list(methods)
    number = known.index(name) if name in known else len(known) + crc32(name.encode())
    other = number if label == name else number + 1 + crc32(label.encode())
    return Look(CYCLE[number % len(CYCLE)], MARKERS[other % len(MARKERS)], DASHES[other % len(DASHES)])


def css_variables() -> str:
    """The colors as variables of a style sheet, `--palette-blue` and so on."""
    return f":root {{ {' '.join(f'--palette-{name}: {value};' for name, value in COLORS.items())} }}\n"
