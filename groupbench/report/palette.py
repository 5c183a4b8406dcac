"""The colors of plots and of the report page: Okabe and Ito's, which color-blind people tell apart."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple
from zlib import crc32

from groupbench.core.registry import methods
from groupbench.report.long import REFERENCES
from groupbench.report.names import split_label

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


HATCHES = ("", "///", "...", "xxx")

_LOOKS = HUES * 3 * len(MARKERS) * len(DASHES) // 2
"""How many looks there are: color, marker and dash repeat after 18, 8 and 5 numbers."""


class Look(NamedTuple):
    """What tells a method from others: a color, with a marker and a dash, so that color is not all.

    Attributes:
        color: as #RRGGBB.
        marker: by matplotlib's names.
        dash: by matplotlib's names, or an offset with lengths on and off.
        hatch: of an area, by how often the colors were used up before.
    """

    color: str
    marker: str
    dash: str | tuple[int, tuple[int, ...]]
    hatch: str


def look_of(label: str) -> Look:
    """The look of a method, the same in every drawing, whatever else is drawn or registered.

    Variants of a method (`svd`, `svd[tuned]`, `svd (borda)`) share its color, and reference rows are gray. Of
    built-in methods no two look the same, and none looks like a plugin's, whose look comes from its name.
    """
    name, variant = split_label(label)
    known = _built_in()
    number = known.get(name, len(known) + crc32(name.encode()) % (_LOOKS - len(known)))
    other = number + 1 + crc32(label.encode()) % 4 if variant else number
    color = COLORS["gray"] if name in REFERENCES else _color(number)
    hatch = "" if name in REFERENCES else HATCHES[number // (HUES * 3) % len(HATCHES)]
    return Look(color, MARKERS[other % len(MARKERS)], DASHES[other % len(DASHES)], hatch)


@cache
def _built_in() -> dict[str, int]:
    """The numbers of built-in methods, in the order of the registry with reference rows last."""
    names = sorted(filter(methods.is_built_in, methods), key=REFERENCES.__contains__)
    return {name: number for number, name in enumerate(names)}


def _color(number: int) -> str:
    """One of the hues, as it is, darker or lighter."""
    hue, shade = CYCLE[number % HUES], number // HUES % 3
    parts = (int(hue[start : start + 2], 16) for start in (1, 3, 5))
    shaded = ((part, part * 0.55, 255 - (255 - part) * 0.55)[shade] for part in parts)
    return f"#{''.join(f'{round(part):02X}' for part in shaded)}"


def css_variables() -> str:
    """The colors as variables of a style sheet, `--palette-blue` and so on."""
    return f":root {{ {' '.join(f'--palette-{name}: {value};' for name, value in COLORS.items())} }}\n"
