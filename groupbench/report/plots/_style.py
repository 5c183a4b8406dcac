"""The style of all figures, and how they are written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from groupbench.core.arrays import FloatArray
from groupbench.core.errors import ConfigError, unknown
from groupbench.core.files import writing
from groupbench.report.palette import CYCLE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SUFFIXES = (".svg", ".png", ".pdf")
"""The file formats that figures are written in."""

LINES: dict[str, tuple[str, ...]] = {
    "color": CYCLE,
    "marker": ("o", "s", "^", "D", "v", "P", "X", "<"),
    "dash": ("-", "--", ":", "-.", "-"),
}
"""Of the lines of a drawing; the lengths share no factor, so that no two of 280 lines are the same."""

_STYLE: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "savefig.bbox": "tight",
    "savefig.dpi": 200,
    # Text stays text, and the same figure is the same file.
    "svg.fonttype": "none",
    "svg.hashsalt": "groupbench",
    "pdf.fonttype": 42,
}


def plain(text: str) -> str:
    """The text so that a dollar sign in a name starts no formula."""
    return text.replace("$", r"\$")


def whiskers(means: FloatArray, halves: FloatArray, bounds: tuple[float, float]) -> FloatArray:
    """Lengths of error bars, (2, n), below and above `means`, (n,): up to `halves`, (n,), within `bounds`."""
    low, high = np.maximum(means - halves, bounds[0]), np.minimum(means + halves, bounds[1])
    # A mean that rounding put outside has no bar on that side.
    return np.maximum([means - low, high - means], 0.0)


@contextmanager
def figure(width: float, height: float) -> Iterator[Figure]:
    """An empty figure, `width` by `height` inches; draw and save it inside the `with`."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context():
        mpl.rcdefaults()  # The user's own settings may ask for LaTeX, which may not be there.
        mpl.rcParams.update(_STYLE)
        yield Figure(figsize=(width, height))


def check_suffix(file: Path) -> None:
    """Raise a `ConfigError` unless figures can be written in the format that the name ends in."""
    if file.suffix.lower() not in SUFFIXES:
        raise ConfigError(f"{file}: {unknown('file format', file.suffix, SUFFIXES)}")


def save(drawn: Figure, file: Path) -> None:
    """Write a figure in the format that the name ends in, whole or not at all; folders are made.

    Raises:
        ConfigError: if the format is unknown.
        ResultError: if the file cannot be written.
    """
    check_suffix(file)
    # Without a date the same figure is the same file.
    dated = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
    suffix = file.suffix.lower()
    with writing(file) as temporary:
        drawn.savefig(temporary, format=suffix[1:], metadata=dated.get(suffix))
