"""DMTL: group profiling and rating prediction learnt together over a shared, attentive representation."""

from __future__ import annotations

from groupbench.models.dmtl.recommender import DMTL

__all__ = ["DMTL"]
