"""DMTL (Le & Abel, CSCWD 2025) and the ablations that take one of its parts away."""

from __future__ import annotations

from groupbench.dmtl import DMTL
from groupbench.registry import method

method("dmtl")(DMTL)
method("dmtl-no-profile", profile_weight=0.0)(DMTL)
method("dmtl-no-attention", attention="none")(DMTL)
method("dmtl-mean-attention", attention="mean", rescale_attention=False)(DMTL)
method("dmtl-no-shared", shared=False)(DMTL)
