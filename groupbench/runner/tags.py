"""Tags: what methods have in common, by which `--methods` takes several at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from groupbench.core.registry import methods
from groupbench.models.recommender import GroupRecommender

if TYPE_CHECKING:
    from groupbench.core.entry import Entry

TOUR = ("dmtl-single", "ease", "item-knn-cosine", "svd", "member-count", "popularity", "random", "oracle")
"""Methods of many kinds that take seconds together: what `groupbench run` runs without options."""

TOUR_SEEDS = 3
TOUR_AGGREGATORS = ("average", "least-misery", "most-pleasure", "borda", "copeland")

TAGS = {
    "all": "every method",
    "tour": f"what 'groupbench run' without options runs, with {TOUR_SEEDS} seeds",
    "classic": "neighbors and matrix factorization (Surprise, implicit)",
    "linear": "linear item models and graph filters",
    "deep": "neural networks: DMTL, AGREE and what followed",
    "reference": "rows that bound the others, and what a method must beat",
    "ablations": "variants of DMTL, and others that lack a part of a method",
    "groups": "methods that score groups themselves",
}
"""By tag what its methods have in common."""

_FAMILIES = {
    "surprise": "classic",
    "implicit_knn": "classic",
    "implicit_mf": "classic",
    "linear": "linear",
    "group_linear": "linear",
    "deep_graphs": "deep",
    "deep_groups": "deep",
    "deep_masking": "deep",
    "group_codes": "deep",
    "dmtl": "deep",
    "reference": "reference",
}
"""By family of built-in methods their tag."""

_ABLATED = {"dmtl", "deep_groups"}
"""Families in which a name with parameters of its own stands for a method without a part of it."""


def tags_of(entry: Entry) -> list[str]:
    """The tags of a method, in the order of `TAGS`, but for `all`."""
    builtin = methods.is_built_in(entry.name)
    found = {_FAMILIES.get(entry.family, "")} if builtin else set()
    if isinstance(entry.make, type) and issubclass(entry.make, GroupRecommender):
        found.add("groups")
    if builtin and entry.presets and entry.family in _ABLATED:
        found.add("ablations")
    if entry.name in TOUR:
        found.add("tour")
    return [tag for tag in TAGS if tag in found]


def select(asked: Iterable[str]) -> list[str]:
    """The names of the methods that names, tags and patterns (`dmtl*`) ask for, each once, in that order.

    Names that papers print (`SVD++`) are taken, too, but none in another case than it is registered in: what
    is run is written into commands that others repeat.

    Raises:
        UnknownNameError: if one of them asks for none.
    """
    return list(dict.fromkeys(name for text in asked for name in _named(text)))


def _named(text: str) -> Sequence[str]:
    from groupbench.report.names import PRINTED_METHODS, registered_name

    if (name := registered_name(text)) in methods:
        if name != text and name.casefold() == text.casefold():
            raise methods.unknown(text, TAGS)
        return [name]
    wanted = text.casefold()
    if wanted == "all":
        return list(methods)
    if wanted == "tour":
        return TOUR
    if wanted in TAGS:
        return [name for name, entry in methods.items() if wanted in tags_of(entry)]
    found = [name for name in methods if fnmatchcase(name.casefold(), wanted)]
    if not found:
        raise methods.unknown(text, [*TAGS, *PRINTED_METHODS])
    return found
