"""Variants of a data set, made when it is loaded and named behind a colon: `camra2011:clean`."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from groupbench.core.errors import ConfigError, unknown
from groupbench.data.dataset import Dataset
from groupbench.data.leakage import without_leaks
from groupbench.data.loading.layouts import LAYOUTS

VARIANTS: Mapping[str, Callable[[Dataset], Dataset]] = {"clean": without_leaks}
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
