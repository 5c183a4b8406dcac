"""What methods, metrics and data sets are called in print: `SVD++`, `NDCG@10`, `ITM-Rec`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from groupbench.metrics import METRICS, definition

_METHODS = {
    "agree": "AGREE",
    "aligngroup": "AlignGroup",
    "als": "ALS",
    "baseline-only": "Baseline (biases)",
    "bpr": "BPR-MF",
    "co-clustering": "Co-clustering",
    "consrec": "ConsRec",
    "cuberec": "CubeRec",
    "dmtl": "DMTL",
    "ease": "EASE",
    "group-gf": "Group-GF",
    "group-stack": "Group-Stack",
    "groupim": "GroupIM",
    "hhgr": "HHGR",
    "hypergroup": "HyperGroup",
    "item-knn-bm25": "ItemKNN (BM25)",
    "item-knn-cosine": "ItemKNN (cosine)",
    "item-knn-tfidf": "ItemKNN (TF-IDF)",
    "item-mean": "Item mean",
    "knn-baseline": "UserKNN (baseline)",
    "knn-baseline-item": "ItemKNN (baseline)",
    "knn-basic": "UserKNN",
    "knn-basic-item": "ItemKNN",
    "knn-means": "UserKNN (means)",
    "knn-means-item": "ItemKNN (means)",
    "knn-zscore": "UserKNN (z-score)",
    "knn-zscore-item": "ItemKNN (z-score)",
    "lmf": "LMF",
    "member-count": "Member count",
    "ncf-group": "NCF (groups)",
    "nmf": "NMF",
    "oracle": "Oracle",
    "popularity": "Popularity",
    "popularity-groups": "Popularity (groups)",
    "random": "Random",
    "rp3beta": "RP3beta",
    "slope-one": "Slope One",
    "svd": "SVD",
    "svdpp": "SVD++",
}
"""By registered name; an ablation of a method (`dmtl-single`) and a plugin's go by their own."""


def method_name(label: str) -> str:
    """A method's label (`svdpp[tuned]`) as papers print it (`SVD++ [tuned]`); any other as it is."""
    name, bracket, rest = label.partition("[")
    base, dash, variant = name.partition("-")
    printed = _METHODS.get(name) or (f"{_METHODS['dmtl']}{dash}{variant}" if base == "dmtl" else "")
    return f"{printed} {bracket}{rest}".strip() if printed else label


def metric_name(metric: str) -> str:
    """A metric as papers print it: `NDCG@10`, `min-NDCG@10`."""
    name, at, k = metric.partition("@")
    spread, dash, base = name.rpartition("-")
    found = METRICS.get(base) if definition(name) is not None else None
    return f"{spread}{dash}{found.title}{at}{k}" if found is not None else metric


def dataset_name(dataset: str) -> str:
    """A registered data set by its title; any other as it is."""
    from groupbench.core.registry import datasets
    from groupbench.data.loading import card

    base, colon, variant = dataset.partition(":")
    if base not in datasets:
        return dataset
    return f"{card(base).title} ({variant})" if colon else card(base).title


@dataclass(frozen=True)
class Wording:
    """How a table speaks: as one types it, with hints of what to type next, or as a paper prints it.

    Attributes:
        printed: whether as a paper prints it.
    """

    printed: bool = False

    @property
    def method(self) -> Callable[[str], str]:
        """Gives a label of a method the words of the table."""
        return method_name if self.printed else str

    @property
    def metric(self) -> Callable[[str], str]:
        """Gives the name of a metric the words of the table."""
        return metric_name if self.printed else str

    @property
    def dataset(self) -> Callable[[str], str]:
        """Gives the name of a data set the words of the table."""
        return dataset_name if self.printed else str

    def head(self, text: str) -> str:
        """The heading of a column."""
        return text[:1].upper() + text[1:] if self.printed else text

    def hint(self, text: str) -> str:
        """What to type, which print leaves out."""
        return "" if self.printed else text
