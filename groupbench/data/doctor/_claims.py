"""Findings about counts that were published with the data and do not hold of its files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from groupbench.data.doctor._finding import EXAMPLES, Finding
from groupbench.data.doctor._tables import rows_of

if TYPE_CHECKING:
    from groupbench.data.dataset import Dataset


def facts(dataset: Dataset) -> dict[str, int]:
    """What a publication may claim of a data set, counted.

    Returns:
        `users`, `items`, `groups`, `memberships`, `ratings` and `group ratings` (for training and held out
        together), `ratings of V` and `group ratings of V` for every value V, `groups of N` for every size N.
    """
    counted = {"users": len(dataset.user_ids), "items": len(dataset.item_ids)}
    for name, of_groups in (("ratings", False), ("group ratings", True)):
        tables = rows_of(dataset, of_groups)
        values = np.concatenate([np.empty(0), *(table.values for table in tables)])
        counted[name] = len(values)
        stars, counts = np.unique(values, return_counts=True)
        counted |= {f"{name} of {v:g}": int(n) for v, n in zip(stars, counts, strict=True)}
    sizes = np.empty(0) if dataset.groups is None else dataset.groups.sizes
    counted |= {"groups": len(sizes), "memberships": int(sizes.sum())}
    levels, counts = np.unique(sizes, return_counts=True)
    return counted | {f"groups of {n:.0f}": int(c) for n, c in zip(levels, counts, strict=True)}


def claims_finding(dataset: Dataset, claims: Mapping[str, float], source: str = "") -> Finding:
    """The claims, made in `source`, that the files do not keep, with what they hold instead."""
    counted = facts(dataset)
    broken = [name for name, value in claims.items() if counted.get(name, 0) != value]
    examples = [f"{n}: {claims[n]:,g} published, {counted.get(n, 0):,} found" for n in broken[:EXAMPLES]]
    title = f"published counts{f' ({source})' * bool(source)} that the files do not hold"
    return Finding("claims-differ", "documentation", title, len(broken), len(claims), tuple(examples))
