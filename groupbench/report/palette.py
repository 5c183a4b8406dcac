"""The colors of plots and of the report page: Okabe and Ito's, which color-blind people tell apart."""

from __future__ import annotations

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


def css_variables() -> str:
    """The colors as variables of a style sheet, `--palette-blue` and so on."""
    return f":root {{ {' '.join(f'--palette-{name}: {value};' for name, value in COLORS.items())} }}\n"
