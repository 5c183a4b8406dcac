"""A data set as bytes, for processes that cannot read its files; what comes out has the same content."""

from __future__ import annotations

import io
import json
from dataclasses import fields, is_dataclass, replace
from mmap import mmap
from typing import Any, cast

import numpy as np

from groupbench.core.arrays import Segments
from groupbench.data.dataset import Dataset, Features, GivenSplit, HeldOutRows, Ratings
from groupbench.data.groups import Groups
from groupbench.data.social import SocialTies

_KINDS = {
    kind.__name__: kind
    for kind in (Dataset, Features, GivenSplit, Groups, HeldOutRows, Ratings, Segments, SocialTies)
}
_TREE = "tree"


def serialize(dataset: Dataset) -> bytes:
    """The data set as a NumPy archive: its arrays, and beside them JSON that says what each is.

    The original tables are left out: no method or view reads them.
    """
    arrays: dict[str, Any] = {}
    tree = json.dumps(_taken_apart(replace(dataset, tables={}), arrays), default=lambda value: value.item())
    arrays[_TREE] = np.frombuffer(tree.encode(), dtype=np.uint8)
    archive = io.BytesIO()
    np.savez(archive, **arrays)
    return archive.getvalue()


def deserialize(data: bytes | mmap) -> Dataset:
    """The inverse of `serialize`, but for the original tables."""
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        return cast(Dataset, _put_together(json.loads(archive[_TREE].tobytes()), archive))


def _taken_apart(value: Any, arrays: dict[str, Any]) -> Any:
    """`value` with its arrays moved to `arrays`, as JSON can hold it."""
    if isinstance(value, np.ndarray):
        name = str(len(arrays))
        arrays[name] = value
        return {"array": name}
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
