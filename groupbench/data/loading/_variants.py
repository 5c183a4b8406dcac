"""Variants of a data set, made when it is loaded and named behind a colon: `camra2011:clean`."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from groupbench.core.errors import ConfigError, unknown
from groupbench.data.dataset import Dataset
from groupbench.data.leakage import without_leaks
from groupbench.data.loading.layouts import LAYOUTS

Change = Callable[[Dataset], Dataset]

_CLEAN: dict[str, Change] = {}
"""What makes the clean variant of data sets whose faults are their own, by name."""


def clean_variant(name: str) -> Callable[[Change], Change]:
    """Decorator for what makes the clean variant of a registered data set, in place of `without_leaks`.

    Args:
        name: the name of the data set. What is made of it must have that name with `:clean` behind it.
    """

    def register(change: Change) -> Change:
        _CLEAN[name] = change
        return change

    return register


def clean(dataset: Dataset) -> Dataset:
    """The clean variant of a data set: what is registered for its name, else `without_leaks`."""
    # A folder of the user's may have the name of a registered data set.
    change = None if dataset.seeds_by_content else _CLEAN.get(dataset.name)
    return (change or without_leaks)(dataset)


VARIANTS: Mapping[str, Change] = {"clean": clean}
"""What makes each variant of a data set."""


def split_variant(name: str) -> tuple[str, str]:
    """The name or path of the data set and the variant, "" if none is named.

    Raises:
        ConfigError: if there is no such variant.
    """
    base, colon, variant = name.rpartition(":")
    if not colon or variant in LAYOUTS or os.path.isdir(name):
        return name, ""
    if variant not in VARIANTS:
        raise ConfigError(unknown(f"variant of {base}", variant, VARIANTS, f"or use {base!r} as it is"))
    return base, variant


def varied(dataset: Dataset, variant: str) -> Dataset:
    """The variant of a data set; itself if `variant` is ""."""
    return VARIANTS[variant](dataset) if variant else dataset
