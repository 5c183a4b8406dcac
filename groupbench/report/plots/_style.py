"""The style of all figures, and how they are written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from groupbench.core.arrays import FloatArray
from groupbench.core.errors import ConfigError, unknown
from groupbench.core.files import writing
from groupbench.report.names import Wording

SUFFIXES = (".svg", ".png", ".pdf")
"""The file formats that figures are written in."""

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


class Drawing(Figure):
    """A figure in the style of groupbench, however it is written; notebooks show it.

    Attributes:
        about: what is drawn, in words; empty where nobody said so.
    """

    about: str = ""

    def savefig(self, *arguments: Any, **options: Any) -> None:
        """As of matplotlib; `save` is safer, as it writes the file whole or not at all."""
        with _style():
            super().savefig(*arguments, **options)

    def _repr_png_(self) -> bytes:
        held = BytesIO()
        self.savefig(held, format="png", dpi=120)
        return held.getvalue()


def plain(text: str) -> str:
    """The text so that a dollar sign in a name starts no formula."""
    return text.replace("$", r"\$")


def named(name: str, labels: Mapping[str, str] | None) -> str:
    """What a row or a kind is called in a drawing: its label, or as papers print it."""
    return plain(Wording(printed=True, labels=labels or {}).method(name))


def named_metric(metric: str, labels: Mapping[str, str] | None) -> str:
    """What a metric is called in a drawing: its label, or as papers print it."""
    return plain(Wording(printed=True, labels=labels or {}).metric(metric))


def whiskers(means: FloatArray, halves: FloatArray, bounds: tuple[float, float]) -> FloatArray:
    """Lengths of error bars, (2, n), below and above `means`, (n,): up to `halves`, (n,), within `bounds`."""
    low, high = np.maximum(means - halves, bounds[0]), np.minimum(means + halves, bounds[1])
    # A mean that rounding put outside has no bar on that side.
    return np.maximum([means - low, high - means], 0.0)


@contextmanager
def figure(width: float, height: float) -> Iterator[Drawing]:
    """An empty figure, `width` by `height` inches; draw it inside the `with`."""
    with _style():
        yield Drawing(figsize=(width, height))


@contextmanager
def _style() -> Iterator[None]:
    with mpl.rc_context():
        mpl.rcdefaults()  # The user's own settings may ask for LaTeX, which may not be there.
        mpl.rcParams.update(_STYLE)
        yield


def check_suffix(file: Path) -> None:
    """Raise a `ConfigError` unless figures can be written in the format that the name ends in."""
    if file.suffix.lower() not in SUFFIXES:
        raise ConfigError(f"{file}: {unknown('file format', file.suffix, SUFFIXES)}")


def save(drawn: Drawing, file: Path) -> None:
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
