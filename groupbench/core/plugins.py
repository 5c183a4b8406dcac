"""Plugins: Python files whose imports register things."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable
from pathlib import Path

from groupbench.core.errors import PluginError
from groupbench.core.files import expanded
from groupbench.core.imports import import_file

_PLUGIN = "groupbench_plugin_"
"""How the names of the modules of plugin files begin."""


def plugins_of(kind: type) -> list[str]:
    """The plugin files that a class and those it derives from come from."""
    names = dict.fromkeys(one.__module__ for one in kind.__mro__ if one.__module__.startswith(_PLUGIN))
    return [str(sys.modules[name].__file__) for name in names if name in sys.modules]


class PluginsOf:
    """Sent ahead of an object: whoever receives it imports the plugins that the object's class comes from.

    Args:
        kind: the class.
    """

    def __init__(self, kind: type) -> None:
        self._files = plugins_of(kind)

    def __reduce__(self) -> tuple[object, ...]:
        return load_plugins, (self._files,)


def load_plugins(files: Iterable[str]) -> None:
    """Import plugin files; errors as of `load_plugin`."""
    for file in files:
        load_plugin(file)


def load_plugin(path: str | Path) -> None:
    """Import a Python file so that what it registers can be used by name; or raise a `PluginError`."""
    file, name = Path(expanded(path)).resolve(), plugin_module(path)
    if not file.is_file() or file.suffix != ".py":
        raise PluginError(f"plugin {path}: no such Python file; give the path of a .py file")
    if name not in sys.modules:
        import_file(file, name, f"plugin {path}")


def plugin_module(path: str | Path) -> str:
    """The name of the module that a plugin file is imported as."""
    file = Path(expanded(path)).resolve()
    return _PLUGIN + hashlib.sha256(str(file).encode()).hexdigest()[:12]
