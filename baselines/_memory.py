"""What a fit will need, said before it begins: a refusal with a remedy, where it would be killed."""

from __future__ import annotations

from typing import Any

import numpy as np

from groupbench.core.errors import MethodError
from groupbench.core.memory import allowed

LIMIT = 8 * 2**30
"""Bytes that the similarities of a fit may take before it is refused, without a budget for memory."""


def limit() -> float:
    """Bytes that the similarities of a fit may take: the job's budget for memory, or `LIMIT`."""
    return allowed(LIMIT)


def require_memory(work: str, needed: float, remedy: str) -> None:
    """Raise a `MethodError` that names the `remedy` if the `work` needs more bytes than `limit`."""
    if needed > limit():
        raise MethodError(
            f"{work} needs {needed / 2**30:.3g} GiB for similarities, above the limit of "
            f"{limit() / 2**30:.3g} GiB; {remedy}, or raise --memory-budget"
        )


def neighbors_kept(feedback: Any, k: int) -> float:
    """Neighbors of all items at most: `k` of each, or every pair of items that some user has both of.

    Args:
        feedback: (n_users, n_items) sparse, by rows.
        k: neighbors kept for each item.
    """
    pairs = np.square(np.diff(feedback.indptr).astype(np.float64)).sum()
    return float(min(k * feedback.shape[1], pairs))
