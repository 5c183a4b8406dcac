"""A metric by kind of group, one line per method."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from groupbench.core.arrays import FloatArray
from groupbench.report.palette import look_of
from groupbench.report.plots._style import Drawing, figure, named, named_metric, plain


def draw_kinds(
    names: Sequence[str],
    kinds: Sequence[str],
    means: FloatArray,
    *,
    metric: str,
    by: str,
    apart: Collection[str] = (),
    title: str = "",
    labels: Mapping[str, str] | None = None,
) -> Drawing:
    """Draw a line per method over the kinds in their order, told apart by color, marker and dash.

    Args:
        names: the methods.
        kinds: the kinds of groups.
        means: (n_methods, n_kinds); NaN leaves a gap.
        metric: name of the metric.
        by: the property of groups.
        apart: kinds that have no place in the order: no line leads to them.
        title: above the drawing.
        labels: what methods, kinds and the metric are called instead.
    """
    places = np.arange(len(kinds))
    alone = np.array([kind in apart for kind in kinds], dtype=bool)
    with figure(5.5, max(3.2, 0.17 * len(names))) as drawn:
        axes = drawn.add_subplot()
        for name, values in zip(names, means, strict=True):
            color, marker, dash, _ = look_of(name)
            axes.plot(places, np.where(alone, np.nan, values), color=color, linestyle=dash)
            axes.plot(places, values, color=color, marker=marker, markersize=4, linestyle="none")
            axes.plot(
                [], [], color=color, marker=marker, markersize=4, linestyle=dash, label=named(name, labels)
            )
        for place in places[alone]:
            axes.axvspan(place - 0.5, place + 0.5, color="0.95", linewidth=0, zorder=0)
        axes.set_xticks(places, [named(kind, labels) for kind in kinds])
        axes.set_xlabel(f"{by} of the group")
        axes.set_ylabel(named_metric(metric, labels))
        axes.set_title(plain(title))
        axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.01, 1), fontsize=7.5)
    return drawn
