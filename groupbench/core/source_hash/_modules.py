"""Modules as they are written: which names they define or import, without running them."""

from __future__ import annotations

import ast
import sys
from functools import cache
from importlib.machinery import ModuleSpec
from importlib.util import resolve_name
from pathlib import Path
from typing import NamedTuple, TypeAlias

from groupbench.core.errors import PluginError
from groupbench.core.source_hash._statements import (
    IMPORTS,
    Import,
    bindings,
    for_type_checkers,
    only_defines,
    significant,
    statements,
)

EVERYTHING, EFFECTS = "*", "!"
"""Names of two definitions that every module has: all of it, and the statements that only have effects."""

_PACKAGE = "groupbench"
_FRAMEWORK = frozenset({f"groupbench.core.{name}" for name in ("entry", "errors", "registry")})
"""Modules that register and report, and so decide no score."""

_INSTALLED = {"site-packages", "dist-packages"}


class Symbol(NamedTuple):
    """A name of a module, or `EVERYTHING` or `EFFECTS`.

    Attributes:
        module: the module.
        name: what its top level binds.
    """

    module: Module
    name: str


class Bound(NamedTuple):
    """The statements that bind a name, in their order, and the imports among them.

    Attributes:
        statements: those that bind the name.
        imports: what they import it from.
    """

    statements: list[ast.stmt]
    imports: list[Import]


Thing: TypeAlias = "Module | Symbol | str"
"""What a name stands for; what belongs to a library is its dotted name."""


class Module:
    """A module of the program's own code, parsed.

    Args:
        name: its dotted name.
        spec: where its import finds it.
        home: the folder whose modules are own code too, beside groupbench's.
        tree: what its source parses to.

    Attributes:
        name: its dotted name.
        home: the folder whose modules are own code too, beside groupbench's.
        names: what is bound at its top level.
        stars: what is imported with `*`.
        loose: statements that define nothing, or not only.
    """

    def __init__(self, name: str, spec: ModuleSpec, home: Path | None, tree: ast.Module) -> None:
        self.name, self.home = name, home
        self._package = name if spec.submodule_search_locations is not None else name.rpartition(".")[0]
        self.names: dict[str, Bound] = {}
        self.stars: list[Import] = []
        self.loose: list[ast.stmt] = []
        for statement in significant(tree.body):
            self._bind(statement)
        self._lazy = for_type_checkers(tree.body) if "__getattr__" in self.names else {}

    def _bind(self, statement: ast.stmt) -> None:
        imports = isinstance(statement, IMPORTS)
        for inner in statements([statement]):
            for name, imported in bindings(inner):
                if name == EVERYTHING and imported is not None:
                    self.stars.append(imported)
                    continue
                bound = self.names.setdefault(name, Bound([], []))
                if not imports and (not bound.statements or bound.statements[-1] is not statement):
                    bound.statements.append(statement)
                if imported is not None:
                    bound.imports.append(imported)
        if not only_defines(statement):
            self.loose.append(statement)

    def member(self, name: str) -> Thing:
        """What `name` is for those who import it from here; everything, if that cannot be told."""
        bound = self.names.get(name)
        if bound is None and name in self._lazy:
            return self.imported(self._lazy[name])
        if bound is None:
            return self._submodule(name) or Symbol(self, EVERYTHING)
        if bound.statements or len(bound.imports) > 1:
            return Symbol(self, name)
        return self.imported(bound.imports[0])

    def imported(self, what: Import) -> Thing:
        """What an import in this module leads to."""
        try:
            name = resolve_name("." * what.level + what.module, self._package)
        except ImportError:
            return what.module
        module = find(name, self.home)
        if not what.name or (what.name == EVERYTHING and isinstance(module, Module)):
            return module
        if isinstance(module, str):
            return f"{module}.{what.name}"
        if module is self:
            return self._submodule(what.name) or Symbol(self, EVERYTHING)
        return module.member(what.name)

    def _submodule(self, name: str) -> Module | str | None:
        full = f"{self.name}.{name}"
        return find(full, self.home) if _spec(full) is not None else None


_read: dict[Path, tuple[int, int]] = {}
"""The files that were parsed, with time of change and size."""


def forget_changed() -> bool:
    """Forget all modules if a file was changed since it was parsed, and say whether one was."""
    changed = any(_stamp(file) != stamp for file, stamp in _read.items())
    if changed:
        _read.clear()
        find.cache_clear()
    return changed


@cache
def find(name: str, home: Path | None) -> Module | str:
    """The module `name` if it is own code, else the name.

    Args:
        name: dotted name.
        home: the folder whose modules are own code too, beside groupbench's.

    Raises:
        PluginError: if its file cannot be read or is no Python.
    """
    spec = _spec(name)
    if name in _FRAMEWORK or spec is None or not _is_own(name, home):
        return name
    if spec.origin is None:
        return Module(name, spec, home, ast.Module([], []))
    file = Path(spec.origin)
    if file.suffix != ".py":
        return name
    try:
        _read[file] = _stamp(file)
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError) as error:
        raise PluginError(f"the source of {name}, {file}, cannot be read: {error}; fix the file") from error
    return Module(name, spec, home, tree)


def home_of(name: str) -> Path | None:
    """The folder whose modules are as much own code as the module `name`; None for groupbench's modules.

    That is its outermost package, or the folder of a file in no package; for one that was installed, where
    its neighbours are libraries, the file alone.
    """
    top = name.partition(".")[0]
    place = None if top == _PACKAGE else _place(top)
    if place is None:
        return None
    return place if place.is_dir() or place.parent.name in _INSTALLED else place.parent


def _is_own(name: str, home: Path | None) -> bool:
    top = name.partition(".")[0]
    if top == _PACKAGE:
        return True
    place = _place(top)
    if home is None or place is None or top in sys.stdlib_module_names or not place.is_relative_to(home):
        return False
    return not _INSTALLED & set(place.relative_to(home).parts)


def _place(name: str) -> Path | None:
    """The file of a module, the folder of a package."""
    spec = _spec(name)
    if spec is None:
        return None
    folders = list(spec.submodule_search_locations or ())
    if folders:
        return Path(folders[0]).resolve()
    return Path(spec.origin).resolve() if spec.origin and spec.has_location else None


def _spec(name: str) -> ModuleSpec | None:
    """Where a module lies, without importing its package as `importlib.util.find_spec` would."""
    held: ModuleSpec | None = getattr(sys.modules.get(name), "__spec__", None)
    if held is not None:
        return held
    parent, path = name.rpartition(".")[0], None
    if parent:
        package = _spec(parent)
        if package is None or package.submodule_search_locations is None:
            return None
        path = package.submodule_search_locations
    found = (finder.find_spec(name, path) for finder in sys.meta_path if hasattr(finder, "find_spec"))
    return next((spec for spec in found if spec is not None), None)


def _stamp(file: Path) -> tuple[int, int]:
    try:
        found = file.stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size
