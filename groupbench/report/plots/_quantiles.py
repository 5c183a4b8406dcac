"""How a metric is distributed over groups or users, one line per method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from groupbench.core.arrays import FloatArray
from groupbench.report.palette import look_of
from groupbench.report.plots._style import Drawing, figure, named, named_metric, plain

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
"""The ends of the thin line, those of the thick line, and the dot between them."""


def draw_quantiles(
    names: Sequence[str],
    values: Sequence[FloatArray],
    *,
    metric: str,
    title: str = "",
    labels: Mapping[str, str] | None = None,
) -> Drawing:
    """Draw the quantiles of each row in the given order, the first one on top; a bar is at the mean.

    Args:
        names: the rows.
        values: of each row, (n,) values, at least one of which is no NaN; NaN are left out.
        metric: name of the metric.
        title: above the drawing.
        labels: what methods and the metric are called instead.
    """
    with figure(5.5, 0.9 + 0.22 * len(names)) as drawn:
        axes = drawn.add_subplot()
        for place, (name, of_row) in enumerate(zip(names, values, strict=True)):
            low, first, median, third, high = np.nanquantile(of_row, QUANTILES)
            color, _, dash, _ = look_of(name)
            axes.plot([low, high], [place, place], color=color, linestyle=dash, linewidth=1)
            axes.plot([first, third], [place, place], color=color, linewidth=5, solid_capstyle="butt")
            axes.plot(median, place, color="white", marker="o", markersize=4, markeredgecolor=color)
            axes.plot(np.nanmean(of_row), place, color="black", marker="|", markersize=9)
        axes.set_yticks(range(len(names)), [named(name, labels) for name in names])
        axes.tick_params(axis="y", length=0)
        axes.invert_yaxis()
        axes.set_xlabel(f"{named_metric(metric, labels)}: 5, 25, 50, 75, 95% quantiles; | is the mean")
        axes.set_title(plain(title))
    return drawn
