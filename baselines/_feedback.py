"""Explicit ratings as implicit feedback."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from groupbench.core.errors import MethodError

if TYPE_CHECKING:
    from groupbench.models.recommender import TrainingData


def feedback(train: TrainingData, positive: float | None) -> Any:
    """The (n_users, n_items) sparse feedback matrix, float64, one entry per pair that counts.

    Args:
        train: repeated pairs count with their mean rating.
        positive: the lowest rating that counts, as a share of the rating scale, all with weight 1;
            None counts every rating above 0, weighted by its value.

    Raises:
        MethodError: if no rating counts.
    """
    matrix = train.ratings.matrix()
    low, high = train.scale
    threshold = 0.0 if positive is None else low + positive * (high - low)
    if positive is None:
        matrix.data[matrix.data < 0] = 0.0
    else:
        matrix.data = (matrix.data >= threshold).astype("float64")
    matrix.eliminate_zeros()
    if matrix.nnz == 0:
        wanted = "above 0" if positive is None else f"at or above {threshold:g} (positive={positive:g})"
        remedy = "shift the ratings" if positive is None else "lower 'positive' or set it to None"
        raise MethodError(f"none of the {len(train.ratings)} training ratings is {wanted}; {remedy}")
    return matrix
