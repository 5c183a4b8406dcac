"""Figures for papers, in one style."""

from __future__ import annotations

from groupbench.plots._style import SUFFIXES, check_suffix, figure, save
from groupbench.plots.bars import draw_bars
from groupbench.plots.cd import draw_ranks
from groupbench.plots.dmtl import draw_attention, draw_maps, draw_sweep, draw_training
from groupbench.plots.kinds import draw_kinds
from groupbench.plots.pareto import draw_pareto, on_front

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
