"""Plain values, and short hashes of them that are the same in every process."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from enum import Enum


def plain(value: object) -> object:
    """What JSON holds of a hyperparameter of another type, the same in every process."""
    if isinstance(value, set | frozenset):
        return sorted(value, key=repr)
    return value.value if isinstance(value, Enum) else str(value)


def digest(decides: Mapping[str, object]) -> str:
    """A short hash of plain values, the same in every process."""
    return hashlib.sha256(json.dumps(decides, sort_keys=True, default=plain).encode()).hexdigest()[:16]
