"""What methods, metrics and data sets are called in print: `SVD++`, `NDCG@10`, `ITM-Rec`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from groupbench.core.names import matching
from groupbench.metrics import METRICS, definition

_METHODS = {
    "agree": "AGREE",
    "aligngroup": "AlignGroup",
    "als": "ALS",
    "baseline-only": "Baseline (biases)",
    "bpr": "BPR-MF",
    "c3": "C3",
    "co-clustering": "Co-clustering",
    "consrec": "ConsRec",
    "cuberec": "CubeRec",
    "dggvae": "DGGVAE",
    "dhmae": "DHMAE",
    "dmtl": "DMTL",
    "ease": "EASE",
    "elsa": "ELSA",
    "group-gf": "Group-GF",
    "group-stack": "Group-Stack",
    "groupim": "GroupIM",
    "hcr": "HCR",
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
    "known-ratings": "Known ratings",
    "lmf": "LMF",
    "member-count": "Member count",
    "ncf-group": "NCF (groups)",
    "nmf": "NMF",
    "oracle": "Oracle",
    "popularity": "Popularity",
    "popularity-groups": "Popularity (groups)",
    "popularity-liked": "Popularity (liked)",
    "random": "Random",
    "rp3beta": "RP3beta",
    "sagea": "SAGEA",
    "slope-one": "Slope One",
    "soagree": "SoAGREE",
    "svd": "SVD",
    "svdpp": "SVD++",
}
"""By registered name; an ablation of a method (`dmtl-single`) and a plugin's go by their own."""


PRINTED_METHODS = tuple(printed for name, printed in _METHODS.items() if printed.casefold() != name)
"""What papers print methods as, where that is another name."""

_REGISTERED = {printed.casefold(): name for name, printed in _METHODS.items()}


def registered_name(text: str) -> str:
    """The registered name of a method, written in any case or as papers print it (`SVD++` is `svdpp`).

    Any other text is returned as it is.
    """
    from groupbench.core.registry import methods

    return methods[text].name if text in methods else _REGISTERED.get(text.casefold(), text)


def split_label(label: str) -> tuple[str, str]:
    """A row's method, and what its label says beside: `svd` and `[tuned]`, `svd` and ` (borda)`."""
    cut = min((at for sign in ("[", " (") if (at := label.find(sign)) >= 0), default=len(label))
    return label[:cut], label[cut:]


def method_name(label: str) -> str:
    """A method's label (`svdpp[tuned]`) as papers print it (`SVD++ [tuned]`); any other as it is."""
    name, rest = split_label(label)
    base, dash, variant = name.partition("-")
    printed = _METHODS.get(name) or (f"{_METHODS['dmtl']}{dash}{variant}" if base == "dmtl" else "")
    return f"{printed} {rest.strip()}".strip() if printed else label


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


def labels_meant(labels: Mapping[str, str], names: Iterable[str], where: str) -> dict[str, str]:
    """Labels by the names that they are for, which were written in any case or as papers print them.

    Args:
        labels: what each name is to be called.
        names: methods, by label, metrics and whatever else can be called otherwise.
        where: where they stand, for messages.

    Raises:
        ConfigError: with near names, if one is for none of them.
    """
    parts = dict.fromkeys(part for name in names for part in (name, split_label(name)[0])) if labels else ()
    known = {part: (method_name(part), metric_name(part), dataset_name(part)) for part in parts}
    kind = f"name of --labels in {where}"
    meant = {written: matching(kind, [written], known) for written in labels}
    return {name: labels[written] for written, found in meant.items() for name in found}


@dataclass(frozen=True)
class Wording:
    """How a table speaks: as one types it, with hints of what to type next, or as a paper prints it.

    Attributes:
        printed: whether as a paper prints it.
        labels: what names are called instead; that of a method holds for its variants, too.
    """

    printed: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)

    def method(self, label: str) -> str:
        """What the method of that label is called."""
        name, rest = split_label(label)
        if label not in self.labels and name in self.labels:
            return f"{self.labels[name]} {rest.strip()}".strip()
        return self._called(label, method_name)

    def row(self, method: str, aggregator: str) -> str:
        """What a row is called: the method, with its aggregator if it has one."""
        name = self.method(method)
        if aggregator == "none":
            return name
        return f"{name} ({aggregator})" if self.printed else f"{name}:{aggregator}"

    def metric(self, metric: str) -> str:
        """What a metric is called."""
        return self._called(metric, metric_name)

    def dataset(self, dataset: str) -> str:
        """What a data set is called."""
        return self._called(dataset, dataset_name)

    def data(self, dataset: str, *, simulated: bool) -> str:
        """What a data set is called, and that a program made it if one did."""
        name = self.dataset(dataset)
        return f"{name} (simulated data)" if simulated and "simulated" not in name.casefold() else name

    def head(self, text: str) -> str:
        """The heading of a column."""
        return text[:1].upper() + text[1:] if self.printed else text

    def hint(self, text: str) -> str:
        """What to type, which print leaves out."""
        return "" if self.printed else text

    def _called(self, name: str, printed: Callable[[str], str]) -> str:
        return self.labels.get(name) or (printed(name) if self.printed else name)
