"""The critical-difference diagram: average ranks, and bars over methods that cannot be told apart."""

from __future__ import annotations

from pathlib import Path

from groupbench.report.palette import COLORS
from groupbench.report.plots._style import figure, plain, save
from groupbench.report.statistics import Ranks


def draw_ranks(ranks: Ranks, file: Path, *, title: str = "") -> None:
    """Draw the diagram of Demsar (JMLR 2006, figure 1) and write it.

    Args:
        ranks: average ranks with Nemenyi's test.
        file: where to; the suffix decides the format.
        title: what was ranked, above the diagram; red bars join methods that cannot be told apart.

    Raises:
        ConfigError: if the format is unknown.
        ResultError: if the file cannot be written.
    """
    import pandas as pd
    import scikit_posthocs

    names = [plain(name) for name in ranks.names]
    pairs = ranks.pairs.set_axis(names, axis=0).set_axis(names, axis=1)
    with figure(7, 1.2 + 0.16 * len(names)) as drawn:
        axes = drawn.add_subplot()
        scikit_posthocs.critical_difference_diagram(
            pd.Series(ranks.ranks, index=names),
            pairs,
            alpha=ranks.level,
            ax=axes,
            text_h_margin=0.05,
            label_fmt_left="{label} ({rank:.2f})",
            label_fmt_right="({rank:.2f}) {label}",
            color_palette=dict.fromkeys(names, "black"),
            marker_props={"marker": "o", "s": 12},
            elbow_props={"linewidth": 0.8},
            crossbar_props={"color": COLORS["vermilion"], "linewidth": 2.5, "marker": ""},
        )
        axes.spines["top"].set_visible(True)
        axes.set_title(plain(title), pad=18)
        save(drawn, file)
