"""Arrays that are used again, since new memory takes longer than what is computed in it."""

from __future__ import annotations

from torch import Tensor


class Workspace:
    """Arrays that are made once, and hold something else in each block."""

    def __init__(self) -> None:
        self._arrays: dict[tuple[str | int, ...], Tensor] = {}

    def __call__(self, name: str, like: Tensor, *shape: int) -> Tensor:
        """The array `name` in that shape, of the kind of `like`, with anything in it."""
        array = self._arrays.get((name, *shape))
        if array is None:
            array = self._arrays[name, *shape] = like.new_empty(shape)
        return array
