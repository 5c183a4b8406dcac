"""Figures for papers, in one style."""

from __future__ import annotations

from groupbench.plots._style import SUFFIXES, check_suffix, figure, save
from groupbench.plots.cd import draw_ranks

__all__ = ["SUFFIXES", "check_suffix", "draw_ranks", "figure", "save"]
