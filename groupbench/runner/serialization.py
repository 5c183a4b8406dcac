"""A data set as bytes, for processes that cannot read its files; what comes out has the same content."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from mmap import mmap
from typing import Any, cast

import numpy as np

from groupbench.core.arrays import Array, Segments
from groupbench.data.dataset import Dataset, Features, GivenSplit, HeldOutRows, Ratings
from groupbench.data.groups import Groups
from groupbench.data.social import SocialTies

_KINDS = {
    kind.__name__: kind
    for kind in (Dataset, Features, GivenSplit, Groups, HeldOutRows, Ratings, Segments, SocialTies)
}
_LENGTH = struct.Struct("<Q")
_ALIGNED = 64
"""Arrays begin at multiples of so many bytes."""


def serialize(dataset: Dataset) -> bytes:
    """The data set as one piece of bytes, as of `pieces`."""
    return b"".join(pieces(dataset))


def pieces(dataset: Dataset) -> Iterator[bytes | memoryview]:
    """The data set as bytes one after the other: the length of a JSON text, that text, and all arrays.

    The text says what each array is, and the hash of the content, so that nobody has to find it again. The
    original tables are left out: no method or view reads them.
    """
    arrays: list[Array] = []
    tree = _taken_apart(replace(dataset, tables={}), arrays)
    types = [(array.dtype.str, array.shape) for array in arrays]
    head = {"hash": dataset.content_hash, "arrays": types, "tree": tree}
    text = json.dumps(head, default=lambda value: value.item()).encode()
    yield _LENGTH.pack(len(text))
    yield text
    yield bytes(-(_LENGTH.size + len(text)) % _ALIGNED)
    for array in arrays:
        yield np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
        yield bytes(-array.nbytes % _ALIGNED)


def deserialize(data: bytes | mmap) -> Dataset:
    """The inverse of `serialize`, but for the original tables; its arrays lie where `data` lies."""
    (length,) = _LENGTH.unpack_from(data)
    start = _LENGTH.size + length
    head = json.loads(data[_LENGTH.size : start])
    arrays = []
    for kind, shape in head["arrays"]:
        start += -start % _ALIGNED
        n = math.prod(shape)
        array = np.frombuffer(data, kind, n, start) if n else np.empty(0, kind)
        arrays.append(array.reshape(shape))
        start += array.nbytes
    dataset = cast(Dataset, _put_together(head["tree"], arrays))
    vars(dataset)["content_hash"] = head["hash"]
    return dataset


def _taken_apart(value: Any, arrays: list[Array]) -> Any:
    """`value` with its arrays moved to `arrays`, as JSON can hold it."""
    if isinstance(value, np.ndarray):
        arrays.append(value)
        return {"array": len(arrays) - 1}
    if is_dataclass(value):
        parts = {field.name: _taken_apart(getattr(value, field.name), arrays) for field in fields(value)}
        return {"kind": type(value).__name__, "parts": parts}
    return value


def _put_together(node: Any, arrays: Any) -> Any:
    if isinstance(node, list):
        return tuple(node)
    if not isinstance(node, dict) or not node:
        return node
    if "array" in node:
        return arrays[node["array"]]
    return _KINDS[node["kind"]](**{name: _put_together(part, arrays) for name, part in node["parts"].items()})
