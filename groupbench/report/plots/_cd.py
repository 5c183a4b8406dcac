"""The critical-difference diagram: average ranks, and bars over methods that cannot be told apart."""

from __future__ import annotations

from collections.abc import Mapping

from groupbench.core.errors import ConfigError
from groupbench.report.palette import COLORS, look_of
from groupbench.report.plots._style import Drawing, figure, named, plain
from groupbench.report.statistics import Ranks

_LEFT, _RIGHT = "{label} ({rank:.2f})", "({rank:.2f}) {label}"
"""A method's label on either side of the diagram."""


def draw_ranks(ranks: Ranks, *, title: str = "", labels: Mapping[str, str] | None = None) -> Drawing:
    """Draw the diagram of Demsar (JMLR 2006, figure 1) and write it.

    Args:
        ranks: average ranks with Nemenyi's test.
        title: what was ranked, above the diagram; gray bars join methods that cannot be told apart.
        labels: what methods are called instead.

    Raises:
        ConfigError: if two methods would be called the same.
    """
    import pandas as pd
    import scikit_posthocs

    names = [named(name, labels) for name in ranks.names]
    if len(set(names)) < len(names):
        raise ConfigError("labels: two methods would be called the same; choose other labels")
    looks = dict(zip(names, map(look_of, ranks.names), strict=True))
    dashes = {
        form.format(label=name, rank=rank): looks[name].dash
        for name, rank in zip(names, ranks.ranks, strict=True)
        for form in (_LEFT, _RIGHT)
    }
    pairs = ranks.pairs.set_axis(names, axis=0).set_axis(names, axis=1)
    with figure(7, 1.2 + 0.16 * len(names)) as drawn:
        axes = drawn.add_subplot()
        artists = scikit_posthocs.critical_difference_diagram(
            pd.Series(ranks.ranks, index=names),
            pairs,
            alpha=ranks.level,
            ax=axes,
            text_h_margin=0.05,
            label_fmt_left=_LEFT,
            label_fmt_right=_RIGHT,
            color_palette={shown: look.color for shown, look in looks.items()},
            marker_props={"marker": "o", "s": 12},
            elbow_props={"linewidth": 0.8},
            crossbar_props={"color": COLORS["quiet"], "linewidth": 2.5, "marker": ""},
        )
        for elbow, text in zip(artists["elbows"], artists["labels"], strict=True):
            elbow.set_linestyle(dashes[text.get_text()])
        axes.spines["top"].set_visible(True)
        axes.set_title(plain(title), pad=18)
    return drawn
