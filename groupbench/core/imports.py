"""Importing code that others wrote: what it raises becomes one line, and what it costs can be told apart."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any, NoReturn

from groupbench.core.errors import PluginError


def import_named(module: str, what: str) -> None:
    """Import a module by its dotted name; what it raises becomes a `PluginError` that starts with `what`."""
    try:
        importlib.import_module(module)
    except PluginError:
        raise
    except Exception as error:
        raise PluginError(_failed_import(what, error)) from error


def import_file(file: Path, name: str, what: str) -> None:
    """Import a Python file as the module `name`; errors as of `import_named`."""
    spec = importlib.util.spec_from_file_location(name, file, loader=_FromSource(name, str(file)))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException as error:
        del sys.modules[name]
        if isinstance(error, PluginError):
            raise
        raise PluginError(_failed_import(what, error, str(file))) from error


@contextmanager
def around_imports(before: Callable[[], None], after: Callable[[], None]) -> Iterator[None]:
    """Call `before` and `after` around every first import of a module by this thread.

    What a module imports in turn is part of its own import. Modules that are loaded already are no concern
    of this: to import them again costs nothing more than before.
    """
    # Every import of what is not loaded comes through this function, whatever statement or call asks for it.
    machinery: Any = sys.modules["_frozen_importlib"]
    load, thread, busy = machinery._find_and_load, threading.get_ident(), False

    def told(name: str, import_: object) -> object:
        nonlocal busy
        if busy or threading.get_ident() != thread:
            return load(name, import_)
        busy = True
        before()
        try:
            return load(name, import_)
        finally:
            after()
            busy = False

    machinery._find_and_load = told
    try:
        yield
    finally:
        machinery._find_and_load = load


class _FromSource(SourceFileLoader):
    """Compiles the source anew: cached bytecode of a file edited twice within a second may be the older's."""

    def path_stats(self, path: str) -> NoReturn:
        raise OSError(f"no bytecode of {path} is read or written")


def _failed_import(what: str, error: BaseException, plugin: str = "") -> str:
    import traceback

    every = traceback.extract_tb(error.__traceback__)
    frames = [frame for frame in every if frame.filename == plugin] or every
    location = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "its first line"
    if isinstance(error, SyntaxError):
        location = f"{error.filename}:{error.lineno}" if error.filename else "no line in particular"
        error = SyntaxError(error.msg)
    return f"{what} raised {type(error).__name__} when imported: {error} (at {location}); fix the file"
