"""Means with their intervals, one line per method."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from groupbench.core.arrays import BoolArray, FloatArray
from groupbench.report.palette import COLORS
from groupbench.report.plots._style import figure, plain, save, whiskers


def draw_bars(
    names: Sequence[str],
    means: FloatArray,
    halves: FloatArray,
    file: Path,
    *,
    metric: str,
    title: str = "",
    pale: BoolArray | None = None,
    bounds: tuple[float, float] = (-np.inf, np.inf),
) -> None:
    """Draw horizontal bars from zero in the given order, the first one on top, and write them.

    Args:
        names: the rows.
        means: (n_rows,) their means.
        halves: (n_rows,) half the width of each interval; NaN draws none.
        file: where to; the suffix decides the format.
        metric: what was measured, below the axis.
        title: above the bars.
        pale: (n_rows,) rows in gray, such as reference rows.
        bounds: least and greatest value of the metric, where intervals end.

    Raises:
        ConfigError: if the format is unknown.
        ResultError: if the file cannot be written.
    """
    faint = np.zeros(len(names), dtype=bool) if pale is None else pale
    positions = np.arange(len(names))
    with figure(5.5, 0.8 + 0.22 * len(names)) as drawn:
        axes = drawn.add_subplot()
        colors = [COLORS["gray"] if is_faint else COLORS["blue"] for is_faint in faint]
        axes.barh(positions, means, height=0.68, color=colors)
        known = ~np.isnan(halves)
        axes.errorbar(
            means[known],
            positions[known],
            xerr=whiskers(means, halves, bounds)[:, known],
            fmt="none",
            ecolor="black",
            elinewidth=1,
            capsize=2,
        )
        axes.set_yticks(positions, [plain(name) for name in names])
        axes.tick_params(axis="y", length=0)
        axes.invert_yaxis()
        axes.margins(y=0.02)
        axes.set_xlabel(plain(metric))
        axes.set_title(plain(title))
        save(drawn, file)
