"""DMTL (Le & Abel, CSCWD 2025) and the ablations that take one of its parts away."""

from __future__ import annotations

from groupbench.core.registry import method
from groupbench.models.dmtl.auto import AutoDMTL
from groupbench.models.dmtl.ranking.recommender import RankingDMTL
from groupbench.models.dmtl.recommender import DMTL

method("dmtl")(DMTL)
method("dmtl-no-profile", profile_weight=0.0)(DMTL)
method("dmtl-frozen-profile", freeze_profile=True)(DMTL)
method("dmtl-uncertainty", loss_weights="uncertainty")(DMTL)
method("dmtl-no-attention", attention="none")(DMTL)
method("dmtl-mean-attention", attention="mean", rescale_attention=False)(DMTL)
method("dmtl-members-attention", attention="members", group_inference="attention")(DMTL)
method("dmtl-no-shared", shared=False)(DMTL)
method("dmtl-ids-only", demographics=False, genres=False, text=False)(DMTL)
method("dmtl-features-only", ids=False, interactions=False)(DMTL)
method("dmtl-single", ensemble=1)(DMTL)
method("dmtl-ranking")(RankingDMTL)
method("dmtl-ranking-no-profile", profile_weight=0.0)(RankingDMTL)
method("dmtl-ranking-no-attention", attention="none")(RankingDMTL)
method("dmtl-ranking-mean-attention", attention="mean")(RankingDMTL)
method("dmtl-ranking-no-shared", shared=False)(RankingDMTL)
method("dmtl-ranking-ids", ids=True)(RankingDMTL)
method("dmtl-ranking-ids-only", ids=True, histories=False, features=False, members_choices=False)(RankingDMTL)
method("dmtl-both", objective="both")(RankingDMTL)
method("dmtl-auto")(AutoDMTL)
