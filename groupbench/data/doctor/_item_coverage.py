"""Findings about catalogues that never meet, so that no user or group ever chose between their items."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from groupbench.core.arrays import distinct
from groupbench.core.errors import cut
from groupbench.data.doctor._finding import EXAMPLES, Finding
from groupbench.data.doctor._tables import rows_of

if TYPE_CHECKING:
    from groupbench.core.arrays import IntArray
    from groupbench.data.dataset import Dataset, Ratings


def catalog_findings(dataset: Dataset) -> Iterator[Finding]:
    """Blocks of items that no user, no group or no category connects."""
    edges = {"users": _edges(rows_of(dataset, of_groups=False))}
    if dataset.group_ratings is not None:
        edges["groups"] = _edges(rows_of(dataset, of_groups=True))
    if dataset.categories is not None:
        items, columns = np.nonzero(dataset.categories.values)
        edges["categories"] = (columns, items)
    for kind, (ends, items) in edges.items():
        yield _finding(dataset, kind, _blocks(ends, items, len(dataset.item_ids)))


def _edges(tables: list[Ratings]) -> tuple[IntArray, IntArray]:
    return np.concatenate([t.users for t in tables]), np.concatenate([t.items for t in tables])


def _blocks(ends: IntArray, items: IntArray, n_items: int) -> list[IntArray]:
    """The items of each component of a bipartite graph, largest first; items without edge are in none.

    Args:
        ends: (n_edges,) index of the rater or category.
        items: (n_edges,) index of the item.
        n_items: how many items there are.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    size = n_items + int(ends.max(initial=-1)) + 1
    graph = coo_array((np.ones(len(items)), (items, n_items + ends)), shape=(size, size))
    labels = connected_components(graph.tocsr(), directed=False)[1][:n_items]
    linked = distinct(items)
    order = linked[np.argsort(labels[linked], kind="stable")]
    blocks = np.split(order, np.flatnonzero(np.diff(labels[order])) + 1)
    return sorted(blocks, key=len, reverse=True)


def _finding(dataset: Dataset, kind: str, blocks: list[IntArray]) -> Finding:
    outside = sum(map(len, blocks[1:]))
    shown = blocks[:EXAMPLES] if outside else []
    return Finding(
        "catalogues-apart",
        kind,
        f"items outside the largest of {len(blocks):,} catalogues that share no {kind}",
        outside,
        sum(map(len, blocks)),
        tuple(_example(dataset, block) for block in shown),
    )


def _example(dataset: Dataset, block: IntArray) -> str:
    first = cut(dataset.item_ids[block[0]])
    return f"item {first} alone" if len(block) == 1 else f"{len(block):,} items such as {first}"
