"""Tensors in safetensors files, with JSON beside them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from groupbench.core.errors import ResultError
from groupbench.core.files import replacing, require_regular

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torch import Tensor


def write_tensors(path: Path, tensors: Mapping[str, Tensor], about: object, kind: str) -> None:
    """Write `tensors`, and `about` as JSON, whole or not at all; `kind` names the format and its version.

    Raises:
        ResultError: if the file cannot be written.
    """
    dense = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    try:
        with replacing(path) as draft:
            save_file(dense, draft, {"format": kind, "about": json.dumps(about)})
    except (OSError, SafetensorError) as error:
        raise ResultError(f"cannot write {path}: {error}; choose another place") from error


def read_tensors(path: Path, kind: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """What `write_tensors` wrote as the same `kind`.

    Raises:
        ResultError: if the file is missing, or is of another kind.
    """
    try:
        require_regular(path)
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
        if metadata.get("format") != kind:
            raise ResultError(f"{path} is not of this version ({kind}); fit and save it again")
        about = json.loads(metadata.get("about", "null"))
        if not isinstance(about, dict):
            raise ValueError("it says nothing of its tensors")
    except (OSError, SafetensorError, ValueError, RecursionError, MemoryError) as error:
        why = " ".join(str(error).split())[:200]
        raise ResultError(f"cannot read {path}: {why}; give a file that groupbench wrote") from error
    return tensors, about


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Makes a `ResultError` of what goes wrong where tensors or facts of a file do not fit each other."""
    try:
        yield
    except (
        AttributeError,
        IndexError,
        KeyError,
        OverflowError,
        RuntimeError,
        TypeError,
        ValueError,
    ) as error:
        why = " ".join(f"{type(error).__name__} {error}".split())[:200]
        raise ResultError(f"{path} is damaged, or of another model ({why}); make it again") from error
