"""What `groupbench list` shows, kept in the user's cache: to find it, every method has to be imported.

An index counts only as long as all that it was made of is as it was: each file of groupbench and each module
of others that was imported for it (by size, inode and the times of its last changes, to the nanosecond), the
folders of those modules, the packages that are installed with their entry points, `sys.path`, the versions of
Python and groupbench, and the variables of groupbench. It is read as text of names, and never run.
"""

from __future__ import annotations

import json
import os
import sys
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from importlib.machinery import PathFinder
from importlib.util import find_spec
from typing import Any

from groupbench.core.user_cache import is_private, user_cache
from groupbench.core.version import VERSION

Sections = dict[str, dict[str, str]]
"""By kind the names, and what is said of each."""

_FORMAT = 1
_MOST_BYTES = 2**24
_KEPT = 8
"""Indexes that are kept: of several environments, or ways to call the program."""

_SETTLED = 2 * 10**9
"""Nanoseconds for which files must have been left alone: a clock of a file system may be as coarse."""

_State = list[int] | None


def read() -> Sections | None:
    """What is kept, if nothing has changed since it was made; else None."""
    with suppress(Exception):  # Whatever is wrong with it, it is made anew.
        surroundings = _surroundings()
        descriptor = os.open(_file(surroundings), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:
            found = os.fstat(descriptor)
            if not is_private(found) or found.st_size > _MOST_BYTES:
                return None
            kept = json.loads(file.read(_MOST_BYTES))
        current = kept["surroundings"] == surroundings and kept["own"] == _own_files()
        if current and all(_state(path) == state for path, state in kept["others"].items()):
            return _checked(kept["sections"])
    return None


def made(make: Callable[[], Sections]) -> Sections:
    """What is made, and kept for the next time if it can be."""
    start = time.time_ns()
    before = _now()
    sections = make()
    with suppress(OSError, ValueError, TypeError):
        if before is not None and before == _now():
            _keep(sections, start, *before)
    return sections


def _now() -> tuple[list[Any], dict[str, _State]] | None:
    try:
        return _surroundings(), _own_files()
    except OSError:
        return None


def _keep(sections: Sections, start: int, surroundings: list[Any], own: dict[str, _State]) -> None:
    from pathlib import Path

    from groupbench.core.files import replacing

    others = _other_files(own)
    states = [state for state in (*own.values(), *others.values()) if state is not None]
    if max(time for state in states for time in state[:2]) > start - _SETTLED:
        return
    kept = {"surroundings": surroundings, "own": own, "others": others, "sections": _checked(sections)}
    target = Path(_file(surroundings))
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not is_private(target.parent.stat()):
        return
    with replacing(target) as temporary:
        temporary.write_text(json.dumps(kept), encoding="ascii")
        temporary.chmod(0o600)
    for old in sorted(target.parent.glob("*.json"), key=lambda file: file.stat().st_mtime_ns)[:-_KEPT]:
        old.unlink(missing_ok=True)


def _checked(sections: Any) -> Sections:
    """The sections, if they are such; else a `ValueError`."""
    for kind, rows in sections.items():
        if not all(isinstance(text, str) for text in (kind, *rows.keys(), *rows.values())):
            raise ValueError("this is no index of names")
    return dict(sections)


def _file(surroundings: Sequence[Any]) -> str:
    cache = user_cache()
    if cache is None:
        raise FileNotFoundError("there is no home folder")
    name = f"{zlib.crc32(repr(surroundings).encode(errors='backslashreplace')):08x}"
    return os.path.join(cache, "names", f"{name}.json")


def _surroundings() -> list[Any]:
    """What decides which code is found: versions, where Python looks, what is installed, and variables."""
    if any(hasattr(finder, "find_distributions") and finder is not PathFinder for finder in sys.meta_path):
        raise OSError("packages are found by others than Python")
    places = [os.path.abspath(place) for place in sys.path]
    variables = {k: v for k, v in os.environ.items() if k.startswith("GROUPBENCH_")}
    python = [sys.version, sys.executable, sys.flags.optimize]
    return [_FORMAT, VERSION, python, variables, [[p, *_installed(p)] for p in places]]


def _installed(place: str) -> Iterator[list[Any]]:
    """The packages that are installed in a place, with the state of their entry points."""
    if not os.path.isdir(place):
        yield [_state(place)]
        return
    with os.scandir(place) as entries:
        names = sorted(e.name for e in entries if e.name.lower().endswith((".dist-info", "egg-info")))
    for name in names:
        yield [name, _state(os.path.join(place, name, "entry_points.txt"))]


def _own_files() -> dict[str, _State]:
    """The states of all files of groupbench."""
    places = [find_spec(name) for name in ("groupbench", "groupbench.baselines", "groupbench.datasets")]
    roots = [root for spec in places if spec for root in spec.submodule_search_locations or ()]
    return {file: _state(file) for root in roots for file in _files(root)}


def _files(folder: str) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if not entry.is_dir():
                yield entry.path
            elif entry.name != "__pycache__":
                yield from _files(entry.path)


def _other_files(own: Mapping[str, _State]) -> dict[str, _State]:
    """The states of all files of modules but those of Python itself, and of their folders."""
    python = os.path.dirname(os.__file__) + os.sep
    found: dict[str, _State] = {}
    for name, module in list(sys.modules.items()):
        file = str(getattr(module, "__file__", None) or "")
        is_other = bool(file) and ("site-packages" in file or not file.startswith(python))
        if is_other and file not in own and name != "__main__":
            found |= {path: _state(path) for path in (file, os.path.dirname(file))}
    return found


def _state(path: str) -> _State:
    """What changes whenever a file is written, replaced or removed."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return [found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino]
