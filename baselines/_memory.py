"""What a fit will need, said before it begins: a refusal with a remedy, where it would be killed."""

from __future__ import annotations

from typing import Any

import numpy as np

from groupbench.errors import MethodError

LIMIT = 8 * 2**30
"""Bytes that the similarities of a fit may take before it is refused."""


def require_memory(work: str, needed: float, remedy: str) -> None:
    """Raise a `MethodError` that names the `remedy` if the `work` needs more than `LIMIT` bytes."""
    if needed > LIMIT:
        raise MethodError(
            f"{work} needs {needed / 2**30:.1f} GiB for similarities, above the limit of "
            f"{LIMIT / 2**30:.0f} GiB; {remedy}"
        )


def neighbours_kept(feedback: Any, k: int) -> float:
    """Neighbours of all items at most: `k` of each, or every pair of items that some user has both of.

    Args:
        feedback: (n_users, n_items) sparse, by rows.
        k: neighbours kept for each item.
    """
    pairs = np.square(np.diff(feedback.indptr).astype(np.float64)).sum()
    return float(min(k * feedback.shape[1], pairs))
