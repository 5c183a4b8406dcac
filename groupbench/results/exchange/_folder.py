"""Folders that appear whole or not at all."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from groupbench.core.errors import ConfigError, ResultError


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """Give a temporary folder to fill, and put it in the place of `target` at the end, or remove it on error.

    Raises:
        ConfigError: if `target` holds something already.
        ResultError: if it cannot be written.
    """
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise ConfigError(f"{target} is there already; choose another folder, or remove it")
    temporary = target.with_name(f".{target.name}.{uuid.uuid4().hex}.tmp")
    try:
        temporary.mkdir(parents=True)
        yield temporary
        if target.exists():
            target.rmdir()
        temporary.rename(target)
    except OSError as error:
        raise ResultError(
            f"cannot write {target}: {error.strerror or error}; free space or choose another folder"
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
