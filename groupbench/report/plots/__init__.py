"""Figures for papers, in one style."""

from __future__ import annotations

from groupbench.report.plots._style import SUFFIXES, check_suffix, figure, save
from groupbench.report.plots.bars import draw_bars
from groupbench.report.plots.cd import draw_ranks
from groupbench.report.plots.dmtl import draw_attention, draw_maps, draw_sweep, draw_training
from groupbench.report.plots.kinds import draw_kinds
from groupbench.report.plots.pareto import draw_pareto, on_front

__all__ = [
    "SUFFIXES",
    "check_suffix",
    "draw_attention",
    "draw_bars",
    "draw_kinds",
    "draw_maps",
    "draw_pareto",
    "draw_ranks",
    "draw_sweep",
    "draw_training",
    "figure",
    "on_front",
    "save",
]
