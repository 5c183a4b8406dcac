"""Where a user's files are kept that can be made anew at any time."""

from __future__ import annotations

import os
import stat


def user_cache() -> str | None:
    """The folder of groupbench in the user's cache, which may not be there yet; None without a home."""
    # Relative paths are to be ignored: XDG Base Directory Specification.
    given = os.environ.get("XDG_CACHE_HOME", "")
    folder = given if os.path.isabs(given) else os.path.expanduser("~/.cache")
    return os.path.join(folder, "groupbench") if os.path.isabs(folder) else None


def is_private(found: os.stat_result) -> bool:
    """Whether a file or folder is the user's own, and nobody else can write to it."""
    return found.st_uid == os.getuid() and not stat.S_IMODE(found.st_mode) & 0o022
