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

_FAMILIES = ("blue", "vermilion", "green", "purple", "orange", "sky")
_LIGHT = {
    "ground": "#ffffff",
    "panel": "#f6f7f8",
    "line": "#dcdfe3",
    "text": "#1c2024",
    "quiet": COLORS["quiet"],
    "link": "#00568a",
    "dot": COLORS["blue"],
    "interval": "#9cc9e6",
    "guide": "#8a6200",
    "warn": "#8f3a00",
    "warn-ground": "#fdf1e7",
    "shade": "0, 114, 178",
    **{f"c{number}": COLORS[name] for number, name in enumerate(_FAMILIES)},
    "c6": "#55595e",
}
_DARK = {
    "ground": "#15181b",
    "panel": "#1e2226",
    "line": "#353b41",
    "text": "#e7eaed",
    "quiet": "#a5afb9",
    "link": "#7cc4f0",
    "dot": COLORS["sky"],
    "interval": "#2b5f80",
    "guide": "#e6b450",
    "warn": "#f5a66b",
    "warn-ground": "#33241a",
    "shade": "86, 180, 233",
    "c0": "#3f9fd8",
    "c1": "#f0803c",
    "c2": "#2fbf95",
    "c3": "#dc97bd",
    "c4": "#f0b640",
    "c5": "#8fd0f5",
    "c6": "#b9c0c7",
}


def css_variables() -> str:
    """The page's colors as variables of a style sheet, light and dark; `c0` to `c6` are families."""
    light, dark = _rule(_LIGHT, "light"), _rule(_DARK, "dark")
    return (
        f":root {light}\n"
        f'@media (prefers-color-scheme: dark) {{ :root:not([data-theme="light"]) {dark} }}\n'
        f':root[data-theme="dark"] {dark}\n'
    )


def _rule(colors: dict[str, str], scheme: str) -> str:
    variables = " ".join(f"--{name}: {value};" for name, value in colors.items())
    return f"{{ {variables} color-scheme: {scheme}; }}"
