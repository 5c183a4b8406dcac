"""What callers give, read without loss: numbers as floats, yes and no as booleans, or an error."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from groupbench.core.errors import MethodError

if TYPE_CHECKING:
    from groupbench.core.arrays import BoolArray, FloatArray

_EXACT = 2**53
"""Up to here all integers are different as floats."""


def exact_scores(scores: object, source: str) -> FloatArray:
    """The `scores` as floats of 64 bits, of which none are equal that were not.

    Args:
        scores: numbers, of any shape.
        source: what returned them, for messages.

    Raises:
        MethodError: if they are no numbers, some are masked, or floats cannot tell them apart.
    """
    array = _unmasked(scores, f"{source} scores")
    if array.dtype.kind not in "fiu":
        raise MethodError(f"{source} returned {array.dtype} scores; return floats")
    large = array.dtype.itemsize >= 8 and array.size > 0
    if array.dtype.kind in "iu" and large and max(int(array.max()), -int(array.min())) > _EXACT:
        raise MethodError(
            f"{source} returned {array.dtype} scores beyond 2**53, where floats do not tell integers apart "
            "and some would tie; return ranks, or smaller numbers"
        )
    floats = array.astype(np.float64, copy=False)
    if array.dtype.itemsize > 8 and ((floats != array) & ~np.isnan(array)).any():
        raise MethodError(
            f"{source} returned {array.dtype} scores that floats of 64 bits cannot hold, where some would "
            "tie; round them to float64, or return ranks"
        )
    return floats


def shaped_scores(scores: object, valid: BoolArray) -> FloatArray:
    """The `scores` of candidates, (n_lists, width) as `valid` is, as floats of 64 bits.

    Raises:
        MethodError: if the shapes differ, or scores would tie as floats.
    """
    floats = exact_scores(scores, "a method")
    if floats.ndim != 2 or floats.shape != valid.shape:
        raise MethodError(
            f"scores have shape {floats.shape}, the candidates {valid.shape}; "
            "a method must give one score for every candidate of every list"
        )
    return floats


def finite_scores(scores: object, valid: BoolArray) -> FloatArray:
    """The same, of which those of the candidates that are `valid` are finite.

    Raises:
        MethodError: if they are not, too.
    """
    floats = shaped_scores(scores, valid)
    broken = ~np.isfinite(floats) & valid
    if broken.any():
        row, column = np.unravel_index(int(broken.argmax()), broken.shape)
        raise MethodError(
            f"{int(broken.sum())} of {int(valid.sum())} scores are not finite, the first of them "
            f"{floats[row, column]} for candidate {column} of list {row}; "
            "a method must give every candidate a finite score"
        )
    return floats


def flags(name: str, values: object, shape: tuple[int, ...] | None = None) -> BoolArray:
    """The `values`, booleans or numbers 0 and 1, as booleans.

    Raises:
        MethodError: if they are something else, some are masked, or they are not of the `shape`.
    """
    array = _unmasked(values, name)
    if shape is not None and array.shape != shape:
        raise MethodError(f"{name} has shape {array.shape} instead of {shape}; give one value per candidate")
    if array.dtype.kind == "b":
        return array
    yes = array == 1
    if array.dtype.kind not in "fiu" or not (yes | (array == 0)).all():
        raise MethodError(
            f"{name} holds other values than 0 and 1 ({array.dtype}); relevance has no grades here, so give "
            "truth >= threshold"
        )
    return np.asarray(yes)


def _unmasked(values: object, name: str) -> np.ndarray:
    if np.ma.is_masked(values):
        raise MethodError(f"{name} are masked in part; say with `valid` which candidates there are")
    return np.asarray(values)
