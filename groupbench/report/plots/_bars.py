"""Means with their intervals, one line per method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from groupbench.core.arrays import BoolArray, FloatArray
from groupbench.report.palette import COLORS, look_of
from groupbench.report.plots._style import Drawing, figure, named, named_metric, plain, whiskers


def draw_bars(
    names: Sequence[str],
    means: FloatArray,
    halves: FloatArray,
    *,
    metric: str,
    title: str = "",
    labels: Mapping[str, str] | None = None,
    pale: BoolArray | None = None,
    bounds: tuple[float, float] = (-np.inf, np.inf),
) -> Drawing:
    """Draw horizontal bars from zero in the given order, the first one on top, and write them.

    Args:
        names: the rows.
        means: (n_rows,) their means.
        halves: (n_rows,) half the width of each interval; NaN draws none.
        metric: what was measured, below the axis.
        title: above the bars.
        labels: what methods and the metric are called instead.
        pale: (n_rows,) rows in gray, such as reference rows.
        bounds: least and greatest value of the metric, where intervals end.
    """
    faint = np.zeros(len(names), dtype=bool) if pale is None else pale
    positions = np.arange(len(names))
    with figure(5.5, 0.8 + 0.22 * len(names)) as drawn:
        axes = drawn.add_subplot()
        looks = [look_of(name) for name in names]
        colors = [COLORS["gray"] if gray else look.color for look, gray in zip(looks, faint, strict=True)]
        # A color that stands once needs nothing beside it.
        hatches = [
            look.hatch if colors.count(color) > 1 else "" for look, color in zip(looks, colors, strict=True)
        ]
        axes.barh(positions, means, height=0.68, color=colors, hatch=hatches, edgecolor="white", linewidth=0)
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
        axes.set_yticks(positions, [named(name, labels) for name in names])
        axes.tick_params(axis="y", length=0)
        axes.invert_yaxis()
        axes.margins(y=0.02)
        axes.set_xlabel(named_metric(metric, labels))
        axes.set_title(plain(title))
    return drawn
