"""A metric by kind of group, one line per method."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from groupbench.core.arrays import FloatArray
from groupbench.report.plots._style import LINES, figure, plain, save


def draw_kinds(
    names: Sequence[str],
    kinds: Sequence[str],
    means: FloatArray,
    file: Path,
    *,
    metric: str,
    by: str,
    title: str = "",
) -> None:
    """Draw a line per method over the kinds in their order, told apart by color, marker and dash.

    Args:
        names: the methods.
        kinds: the kinds of groups.
        means: (n_methods, n_kinds); NaN leaves a gap.
        file: where to; the suffix decides the format.
        metric: name of the metric.
        by: the property of groups.
        title: above the drawing.

    Raises:
        ConfigError: if the format is unknown.
        ResultError: if the file cannot be written.
    """
    places = np.arange(len(kinds))
    with figure(5.5, max(3.2, 0.17 * len(names))) as drawn:
        axes = drawn.add_subplot()
        for number, (name, values) in enumerate(zip(names, means, strict=True)):
            color, marker, dash = (LINES[part][number % len(LINES[part])] for part in LINES)
            axes.plot(
                places, values, color=color, marker=marker, linestyle=dash, markersize=4, label=plain(name)
            )
        axes.set_xticks(places, [plain(kind) for kind in kinds])
        axes.set_xlabel(f"{by} of the group")
        axes.set_ylabel(plain(metric))
        axes.set_title(plain(title))
        axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.01, 1), fontsize=7.5)
        save(drawn, file)
