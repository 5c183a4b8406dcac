"""Figures for papers, in one style, written whole or not at all.

Each function draws the numbers that it is given and returns the figure, which `save` writes; where they
come from is not known here.
"""

from __future__ import annotations

from groupbench.report.plots._bars import draw_bars
from groupbench.report.plots._cd import draw_ranks
from groupbench.report.plots._dmtl import draw_attention, draw_maps, draw_sweep, draw_training
from groupbench.report.plots._kinds import draw_kinds
from groupbench.report.plots._pareto import draw_pareto, on_front
from groupbench.report.plots._quantiles import QUANTILES, draw_quantiles
from groupbench.report.plots._style import SUFFIXES, Drawing, check_suffix, figure, save

__all__ = [
    "QUANTILES",
    "SUFFIXES",
    "Drawing",
    "check_suffix",
    "draw_attention",
    "draw_bars",
    "draw_kinds",
    "draw_maps",
    "draw_pareto",
    "draw_quantiles",
    "draw_ranks",
    "draw_sweep",
    "draw_training",
    "figure",
    "on_front",
    "save",
]
