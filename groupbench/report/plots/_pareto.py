"""Quality against cost, and what nothing beats in both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from groupbench.core.arrays import BoolArray, FloatArray
from groupbench.report.palette import look_of
from groupbench.report.plots._style import Drawing, figure, named, named_metric, plain


def on_front(cost: FloatArray, quality: FloatArray) -> BoolArray:
    """Which rows no other row beats in cost or quality without losing in the other.

    Args:
        cost: (n_rows,) lower is better.
        quality: (n_rows,) higher is better.

    Returns:
        (n_rows,) whether a row is on the Pareto front; rows that are equal in both are all on it.
    """
    order = np.lexsort((-quality, cost))
    sorted_cost, sorted_quality = cost[order], quality[order]
    before = np.concatenate([[-np.inf], np.maximum.accumulate(sorted_quality)[:-1]])
    front = sorted_quality > before
    first = np.maximum.accumulate(np.where(front, np.arange(len(order)), 0))
    front |= (sorted_cost == sorted_cost[first]) & (sorted_quality == sorted_quality[first])
    found = np.empty(len(order), dtype=bool)
    found[order] = front
    return found


def draw_pareto(
    names: Sequence[str],
    cost: FloatArray,
    quality: FloatArray,
    *,
    metric: str,
    unit: str,
    title: str = "",
    labels: Mapping[str, str] | None = None,
    lower_is_better: bool = False,
) -> Drawing:
    """Draw one point per row over a logarithmic cost, with the front joined, and write it.

    Args:
        names: the rows.
        cost: (n_rows,) above zero.
        quality: (n_rows,) the metric.
        metric: name of the metric.
        unit: of the cost.
        title: above the drawing.
        labels: what methods and the metric are called instead.
        lower_is_better: whether small values of the metric are the good ones.
    """
    front = on_front(cost, -quality if lower_is_better else quality)
    path = np.flatnonzero(front)[np.argsort(cost[front], kind="stable")]
    with figure(5.5, max(3.4, 0.17 * len(names))) as drawn:
        axes = drawn.add_subplot()
        axes.plot(cost[path], quality[path], color="black", linewidth=0.8, linestyle="--", zorder=1)
        for row, name in enumerate(names):
            axes.plot(
                cost[row],
                quality[row],
                linestyle="none",
                color=look_of(name).color,
                marker=look_of(name).marker,
                markeredgecolor="black" if front[row] else "none",
                markersize=7 if front[row] else 5,
                label=named(name, labels) + (" (front)" if front[row] else ""),
            )
        axes.set_xscale("log", subs=[2, 5])
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter("{x:g}")
        axes.set_xlabel(unit)
        axes.set_ylabel(named_metric(metric, labels))
        axes.set_title(plain(title))
        axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.01, 1), fontsize=7.5)
    return drawn
