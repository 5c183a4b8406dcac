"""What happens inside DMTL: training curves, maps of users, attention, and sweeps of the profile weight."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from groupbench.report.palette import CYCLE
from groupbench.report.plots._style import Drawing, figure, plain, whiskers

if TYPE_CHECKING:
    import pandas as pd

    from groupbench.core.arrays import FloatArray, IntArray


def draw_training(losses: Mapping[str, Mapping[str, Sequence[float]]], *, title: str = "") -> Drawing:
    """Draw losses by epoch, a panel for each loss and a line for each run.

    Args:
        losses: by run and by name, one value per epoch; one that never moves has no panel.
        title: above the panels.
    """
    runs = list(losses.values())
    names = [name for name in runs[0] if any(_moves(run[name]) for run in runs)] or list(runs[0])
    with figure(3 * len(names), 2.6) as drawn:
        for axes, name in zip(_row(drawn, len(names)), names, strict=True):
            for color, (run, values) in zip(_colors(len(losses)), losses.items(), strict=True):
                axes.plot(np.arange(1, len(values[name]) + 1), values[name], color=color, label=plain(run))
            axes.set_title(_words(name))
            axes.set_xlabel("epoch")
        if len(losses) > 1:
            axes.legend(frameon=False, fontsize=7)
        _finish(drawn, title)
    return drawn


def draw_maps(maps: Mapping[str, tuple[FloatArray, IntArray]], *, title: str = "") -> Drawing:
    """Draw users on planes, colored by group.

    Args:
        maps: by caption, points, (n, 2), and the group of each, (n,).
        title: above the panels.
    """
    import matplotlib as mpl

    with figure(3.6 * len(maps), 3.8) as drawn:
        for axes, (caption, (points, labels)) in zip(_row(drawn, len(maps)), maps.items(), strict=True):
            kinds, codes = np.unique(labels, return_inverse=True)
            palette = mpl.colormaps["tab20" if len(kinds) <= 20 else "hsv"].resampled(max(len(kinds), 2))
            axes.scatter(*points.T, c=codes, cmap=palette, s=7, linewidths=0)
            axes.set_title(plain(caption))
            axes.set(xticks=[], yticks=[])
        _finish(drawn, title)
    return drawn


def draw_attention(
    names: Sequence[str], weights: FloatArray, units: FloatArray, *, title: str = ""
) -> Drawing:
    """Draw mean attention weights as a heat map, units in the order of their weight over all items.

    Args:
        names: (n,) features, the first standing for all items.
        weights: (n, width) mean weights times width; 1 is even.
        units: (n,) effective number of units, beside the names.
        title: above the map.
    """
    from matplotlib.colors import TwoSlopeNorm

    order = np.argsort(-weights[0], kind="stable")
    norm = TwoSlopeNorm(1.0, vmin=min(0.0, float(weights.min())), vmax=max(2.0, float(weights.max())))
    with figure(7, 1.4 + 0.17 * len(names)) as drawn:
        axes = drawn.add_subplot()
        shown = axes.imshow(
            weights[:, order], aspect="auto", cmap="RdBu_r", norm=norm, interpolation="nearest"
        )
        captions = [f"{plain(name)}  ({n:.1f})" for name, n in zip(names, units, strict=True)]
        axes.set_yticks(range(len(names)), captions, fontsize=7)
        axes.set_xticks([])
        axes.set_xlabel("units of h_i, by weight over all items")
        drawn.colorbar(shown, ax=axes, label="weight times width")
        _finish(drawn, title)
    return drawn


def draw_sweep(
    frame: pd.DataFrame,
    *,
    title: str = "",
    bounds: Mapping[str, tuple[float, float]] | None = None,
) -> Drawing:
    """Draw scores against the profile weight, one panel each: losses above, both tasks below.

    Args:
        frame: columns weight, task, metric, mean and std (error bars; NaN for none).
        title: above the panels.
        bounds: by metric its least and greatest value, where error bars end.
    """
    losses = [rows for _, rows in frame[frame["task"] == "loss"].groupby("metric", sort=False)]
    tasks = [rows for _, rows in frame[frame["task"] != "loss"].groupby("task", sort=False)]
    columns = max(len(losses), len(tasks))
    with figure(3.3 * columns, 5.4) as drawn:
        for first, panels in ((1, losses), (columns + 1, tasks)):
            for number, panel in enumerate(panels):
                _sweep_panel(drawn.add_subplot(2, columns, first + number), panel, bounds or {})
        _finish(drawn, title)
    return drawn


def _sweep_panel(axes: Any, panel: pd.DataFrame, bounds: Mapping[str, tuple[float, float]]) -> None:
    lines = {str(name): rows for name, rows in panel.groupby("metric", sort=False)}
    for color, (name, rows) in zip(_colors(len(lines)), lines.items(), strict=True):
        style = {"color": color, "marker": "o", "markersize": 3, "capsize": 2, "label": plain(name)}
        means, spread = rows["mean"].to_numpy(), rows["std"].fillna(0).to_numpy()
        bars = whiskers(means, spread, bounds.get(name, (-np.inf, np.inf)))
        axes.errorbar(rows["weight"], means, bars, **style)
    axes.set_title(_words(next(iter(lines))) if len(lines) == 1 else str(panel["task"].iloc[0]))
    axes.set_xlabel("profile weight")
    _weight_axis(axes, np.unique(panel["weight"]))
    if len(lines) > 1:
        axes.legend(frameon=False, fontsize=7)


def _weight_axis(axes: Any, weights: FloatArray) -> None:
    """A logarithmic axis with 0 on it."""
    positive = weights[weights > 0]
    if len(positive) > 1:
        axes.set_xscale("symlog", linthresh=float(positive.min()), linscale=0.5)
    axes.set_xticks(weights, [f"{weight:g}" for weight in weights], fontsize=7)
    axes.minorticks_off()


def _moves(values: Sequence[float]) -> bool:
    return len(set(np.asarray(values)[~np.isnan(values)].tolist())) > 1


def _row(drawn: Any, n: int) -> list[Any]:
    return [drawn.add_subplot(1, n, number + 1) for number in range(n)]


def _colors(n: int) -> list[str]:
    return [CYCLE[number % len(CYCLE)] for number in range(n)]


def _words(name: str) -> str:
    return plain(name.replace("_", " "))


def _finish(drawn: Drawing, title: str) -> None:
    drawn.suptitle(plain(title), x=0.02, ha="left", fontsize=9)
    drawn.tight_layout()
