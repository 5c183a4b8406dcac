"""The colors of plots and of the report page: Okabe and Ito's, which color-blind people tell apart."""

from __future__ import annotations

from typing import NamedTuple
from zlib import crc32

from groupbench.core.registry import methods
from groupbench.report.long import REFERENCES

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
HUES = 6
"""The first of them, which can be made darker and lighter."""
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<")
DASHES = ("-", "--", ":", "-.", (0, (5, 1, 1, 1, 1, 1)))


class Look(NamedTuple):
    """What tells a method from others: a color, with a marker and a dash, so that color is not all.

    Attributes:
        color: as #RRGGBB.
        marker: by matplotlib's names.
        dash: by matplotlib's names, or an offset with lengths on and off.
    """

    color: str
    marker: str
    dash: str | tuple[int, tuple[int, ...]]


def look_of(label: str) -> Look:
    """The look of a method, the same in every drawing, whatever else is drawn.

    Variants of a method (`svd`, `svd[tuned]`, `svd (borda)`) share its color, and reference rows are gray. Of
    built-in methods no two look the same; a plugin's look comes from its name alone.
    """
    name = label.partition("[")[0].partition(" (")[0]
    known = sorted(methods, key=REFERENCES.__contains__)  # references last, else in the registry's order
    number = known.index(name) if name in known else len(known) + crc32(name.encode())
    other = number if label == name else number + 1 + crc32(label.encode()) % 4
    color = COLORS["gray"] if name in REFERENCES else _color(number)
    return Look(color, MARKERS[other % len(MARKERS)], DASHES[other % len(DASHES)])


def _color(number: int) -> str:
    """One of the hues, as it is, darker or lighter."""
    hue, shade = CYCLE[number % HUES], number // HUES % 3
    parts = (int(hue[start : start + 2], 16) for start in (1, 3, 5))
    shaded = ((part, part * 0.55, 255 - (255 - part) * 0.55)[shade] for part in parts)
    return f"#{''.join(f'{round(part):02X}' for part in shaded)}"


def css_variables() -> str:
    """The colors as variables of a style sheet, `--palette-blue` and so on."""
    return f":root {{ {' '.join(f'--palette-{name}: {value};' for name, value in COLORS.items())} }}\n"
