"""The metrics of ranked lists: what each one is called, computes, cites and does where it is undefined."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from groupbench.core.arrays import ratio
from groupbench.metrics._families import METRICS, Family
from groupbench.metrics._ranking import ideal_gain

if TYPE_CHECKING:
    pass

_NO_RELEVANT = "NaN where a list has no relevant candidate"
_AP = (
    "on the same 10,000 lists AP@10 is .091 by trec_eval (map), .106 by LensKit, RecBole and implicit "
    "(map_capped), and .179 by Elliot, which averages precision@1 to precision@K and never divides by |Rel|"
)
_RECALL = (
    "on the same 10,000 lists Recall@10 is .168 by trec_eval (recall) and .202 by LensKit, which divides by "
    "min(K, |Rel|) (recall_capped)"
)
_NEVER = "always defined; 0 where a list has no relevant candidate"

for _family in (
    Family(
        name="precision",
        title="Precision",
        formula="hits(K) / K",
        source="trec_eval P",
        undefined=_NEVER,
        compute=lambda r, k: r.hits[k] / k,
        differs=(
            "on the same 10,000 lists precision@10 is .155 by trec_eval (precision) and .201 by implicit, "
            "which divides the hits of all users by the sum of their min(K, |Rel|)",
            "LensKit divides by the length of a list that is shorter than K, as precision_capped does here",
        ),
    ),
    Family(
        name="precision_capped",
        title="Precision (capped)",
        formula="hits(K) / min(K, number of ranked candidates)",
        source="the FAQ of Surprise, where only candidates predicted above a threshold are ranked",
        undefined="NaN where a list has no ranked candidate",
        compute=lambda r, k: ratio(r.hits[k], np.minimum(r.n_candidates, k)),
    ),
    Family(
        name="recall",
        title="Recall",
        formula="hits(K) / |Rel|",
        source="trec_eval recall",
        undefined=_NO_RELEVANT,
        compute=lambda r, k: ratio(r.hits[k], r.n_relevant),
        differs=(_RECALL,),
    ),
    Family(
        name="recall_capped",
        title="Recall (capped)",
        formula="hits(K) / min(K, |Rel|)",
        source="Liang et al., Variational Autoencoders for Collaborative Filtering, WWW 2018; over members "
        "the bounded recall of Barile, Delić & Peska, tutorial on evaluating group recommenders, RecSys 2022",
        undefined=_NO_RELEVANT,
        compute=lambda r, k: ratio(r.hits[k], np.minimum(r.n_relevant, k)),
        differs=(_RECALL,),
        synonyms=("bounded_recall",),
    ),
    Family(
        name="f1",
        title="F1",
        formula="2 hits(K) / (K + |Rel|): the harmonic mean of precision and recall of the list",
        source="van Rijsbergen, Information Retrieval, 1979; trec_eval set_F, cut at K",
        undefined=_NO_RELEVANT,
        compute=lambda r, k: np.where(r.n_relevant > 0, 2 * r.hits[k] / (k + r.n_relevant), np.nan),
        synonyms=("f_score", "f-measure"),
    ),
    Family(
        name="f1_capped",
        title="F1 (capped)",
        formula="2 hits(K) / (min(K, number of ranked candidates) + |Rel|): the harmonic mean of "
        "precision_capped and recall of the list",
        source="van Rijsbergen, Information Retrieval, 1979",
        undefined=_NO_RELEVANT,
        compute=lambda r, k: np.where(
            r.n_relevant > 0,
            2 * r.hits[k] / np.maximum(np.minimum(r.n_candidates, k) + r.n_relevant, 1),
            np.nan,
        ),
    ),
    Family(
        name="ndcg",
        title="NDCG",
        formula="DCG(K) / IDCG(K), DCG(K) = sum over relevant positions p <= K of 1 / log2(p + 1), "
        "IDCG(K) = sum over p <= min(K, |Rel|) of 1 / log2(p + 1); in the decoupled view a position counts "
        "by the gain that relevance@K averages",
        source="Jarvelin & Kekalainen, ACM TOIS 20(4), 2002; discount and binary gain of trec_eval ndcg_cut",
        undefined=_NO_RELEVANT,
        compute=lambda r, k: ratio(r.gain[k], ideal_gain(r.n_relevant, k)),
    ),
    Family(
        name="hit",
        title="Hit rate",
        formula="1 if hits(K) > 0, else 0",
        source="Deshpande & Karypis, ACM TOIS 22(1), 2004; trec_eval success",
        undefined=_NEVER,
        compute=lambda r, k: 1.0 - r.miss[k],
    ),
    Family(
        name="mrr",
        title="MRR",
        formula="1 / position of the first relevant candidate if that is <= K, else 0",
        source="Voorhees, TREC-8, 1999; trec_eval recip_rank, cut at K",
        undefined=_NEVER,
        compute=lambda r, k: r.reciprocal_rank[k],
    ),
    Family(
        name="map",
        title="MAP",
        formula="(sum over relevant positions p <= K of hits(p) / p) / |Rel|",
        source="Buckley & Voorhees, SIGIR 2000; trec_eval map_cut",
        undefined=_NO_RELEVANT,
        compute=lambda r, k: ratio(r.precision_sum[k], r.n_relevant),
        differs=(_AP,),
    ),
    Family(
        name="map_capped",
        title="MAP (capped)",
        formula="(sum over relevant positions p <= K of hits(p) / p) / min(K, |Rel|)",
        source="MAP@K as LensKit, RecBole and implicit define it",
        undefined=_NO_RELEVANT,
        compute=lambda r, k: ratio(r.precision_sum[k], np.minimum(r.n_relevant, k)),
        differs=(_AP,),
    ),
    Family(
        name="tied_share",
        title="Tied share",
        formula="share of the first min(K, number of ranked candidates) positions at which relevant and "
        "other candidates have the same score, so that only the tie rule decides",
        source="groupbench; a diagnostic, not a quality",
        undefined="NaN where a list has no ranked candidate",
        ties="the same under every --ties: it counts the positions that are left to the random order of "
        "equal scores (McSherry & Najork, ECIR 2008)",
        lower_is_better=True,
        normalizable=False,
        compute=lambda r, k: ratio(r.ties[k], np.minimum(r.n_candidates, k)),
    ),
):
    METRICS.register(_family)
