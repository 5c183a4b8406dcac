"""Compiled loops: made by Numba when they are first called, cached on disk, and used where they pay.

A kernel is a function of arrays that gives, to the last bit, what the NumPy code beside it gives, which stays
as the definition and for processes without kernels.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import re
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

from groupbench.core.errors import ConfigError
from groupbench.core.files import alone, expanded
from groupbench.core.provenance import threads
from groupbench.core.user_cache import is_private, user_cache

VARIABLE = "GROUPBENCH_KERNELS"
"""`on` or `off`; by default kernels are used for work that is large enough."""

CACHE_VARIABLE = "GROUPBENCH_KERNEL_CACHE"
"""Names the folder of compiled kernels, where it is not to be below the user's cache."""

_MUCH = 30_000_000
"""Scores to aggregate for which loading Numba and the kernels pays."""

_SOME = 20_000
"""The same where they are loaded."""

_CONSTANT = re.compile(r"const (\w+)(\[[:,]*1\])")

_compiling = threading.RLock()
_loaded: list[Kernel] = []

F = TypeVar("F", bound=Callable[..., Any])


class Kernel:
    """A function of arrays that is compiled, or read from the cache, when it is first called.

    Args:
        function: in the part of Python that Numba compiles; it calls no other kernel but `inlined` functions.
        signature: the types of its arguments and of what it returns, as Numba writes them; `const` before an
            array that is only read.
    """

    def __init__(self, function: Callable[..., Any], signature: str) -> None:
        self.function = function
        self.signature = signature
        self._compiled: Callable[..., Any] | None = None

    def __call__(self, *arguments: object) -> Any:
        """What the compiled function returns; it holds no lock of the interpreter."""
        if self._compiled is None:
            with _compiling:
                self._compiled = self._compiled or _load(self)
        return self._compiled(*arguments)


def kernel(signature: str) -> Callable[[Callable[..., Any]], Kernel]:
    """Make a `Kernel` of a function."""
    return lambda function: Kernel(function, signature)


def inlined(function: F) -> F:
    """A function that kernels may call; it becomes part of them."""
    numba: Any = importlib.import_module("numba")
    return cast(F, numba.njit(nogil=True, error_model="numpy")(function))


def asked() -> str:
    """What the environment asks for: `on`, `off` or `auto`.

    Raises:
        ConfigError: if it asks for something else.
    """
    mode = os.environ.get(VARIABLE, "") or "auto"
    if mode not in ("auto", "on", "off"):
        raise ConfigError(f"{VARIABLE}={mode}: give on, off or auto")
    return mode


def worthwhile(cells: int) -> bool:
    """Whether kernels are used for work on so many scores.

    Raises:
        ConfigError: if the environment asks for something else than `on`, `off` or `auto`.
    """
    mode = asked()
    return cells >= (_SOME if _loaded else _MUCH) if mode == "auto" else mode == "on"


def in_threads(work: Callable[[int, int], None], n: int) -> None:
    """Call `work(start, stop)` for parts of `n` rows, by as many threads as this process may take."""
    workers = min(threads(), n)
    if workers < 2:
        work(0, n)
        return
    bounds = [n * part // workers for part in range(workers + 1)]
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(work, bounds[:-1], bounds[1:]))


def _load(one: Kernel) -> Callable[..., Any]:
    """The kernel for this processor; where the cache cannot be used it is compiled in memory alone."""
    _loaded.append(one)
    folder = _folder(Path(one.function.__code__.co_filename).parent)
    if folder is not None:
        with suppress(Exception):
            return _cached(one, folder)
    return _compile(one)


def _cached(one: Kernel, folder: Path) -> Callable[..., Any]:
    """The kernel from a folder, to which it is added; no two processes compile it at the same time."""
    with _caching_in(folder):
        # Numba writes an index and the code, one after the other.
        written = (folder.rglob(f"*.{one.function.__name__}-*.{end}") for end in ("nbi", "nbc"))
        if all(map(any, written)):
            return _compile(one, cache=True)
        with alone(folder):
            return _compile(one, cache=True)


def _compile(one: Kernel, **options: bool) -> Callable[..., Any]:
    numba: Any = importlib.import_module("numba")
    dispatcher = numba.njit(nogil=True, error_model="numpy", **options)(one.function)
    dispatcher.compile(_CONSTANT.sub(_read_only, one.signature))
    dispatcher.disable_compile()
    return cast(Callable[..., Any], dispatcher)


def _read_only(found: re.Match[str]) -> str:
    """As Numba writes an array that is not written to, which read-only arrays can be passed as."""
    return f"Array({found[1]}, {found[2].count(',') + 1}, 'C', readonly=True)"


@contextmanager
def _caching_in(folder: Path) -> Iterator[None]:
    """Let Numba cache in a folder what is compiled in here."""
    config: Any = importlib.import_module("numba.core.config")
    before, config.CACHE_DIR = config.CACHE_DIR, str(folder)
    try:
        yield
    finally:
        config.CACHE_DIR = before


@cache
def _folder(sources: Path) -> Path | None:
    """The cache of kernels from a folder of sources, for this processor and these versions; None if unsafe.

    Numba reads what lies there as code, so that nobody else may write to it.
    """
    if given := os.environ.get(CACHE_VARIABLE):
        root = Path(expanded(given)).absolute()
    elif cache := user_cache():
        root = Path(cache, "kernels")
    else:
        return None
    folder = root / _version(sources)
    try:
        # The mode is that of the last folder alone.
        for place in (root, folder):
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
        private = all(is_private(place.stat()) for place in (root, folder))
    except OSError:
        return None
    return folder if private and os.access(folder, os.W_OK) else None


def _version(sources: Path) -> str:
    """A hash of all that decides what kernels are compiled to."""
    import llvmlite.binding as llvm
    import numba
    import numpy as np

    parts = [sys.version, np.__version__, numba.__version__, llvm.get_host_cpu_name()]
    parts.append(str(sorted(llvm.get_host_cpu_features().items())))
    parts += [file.read_text(encoding="utf-8") for file in (Path(__file__), *sorted(sources.glob("*.py")))]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
