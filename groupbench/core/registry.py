"""Names: where methods, data sets and aggregators are added, found and made with their parameters."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import inspect
import pkgutil
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from groupbench.core.errors import ConfigError, PluginError, unknown
from groupbench.core.source_hash import source_hash

if TYPE_CHECKING:
    from pydantic import TypeAdapter

RESERVED = frozenset({"all", "best", "own", "none"})
"""What options of commands mean something else by."""

T = TypeVar("T")
C = TypeVar("C", bound=Callable[..., Any])


@dataclass(frozen=True)
class Entry(Generic[T]):
    """A registered name: what makes the thing, and the parameters the name stands for."""

    name: str
    make: Callable[..., T]
    presets: Mapping[str, Any] = field(default_factory=dict)

    @property
    def summary(self) -> str:
        """The first line of the docstring, with the presets that set this name apart."""
        text = (inspect.getdoc(self.make) or "").partition("\n")[0]
        preset = ", ".join(f"{k}={v}" for k, v in self.presets.items())
        return f"{text} [{preset}]" if preset else text

    @property
    def file(self) -> Path:
        """The source file."""
        return Path(inspect.getfile(self.make))

    @property
    def family(self) -> str:
        """The name of the file without its ending, or of its package for `__init__`-like modules."""
        module = self.make.__module__.split(".")
        return module[-2] if module[:1] == ["groupbench"] and module[1] != "baselines" else module[-1]

    @property
    def source_hash(self) -> str:
        """sha256 of the code that the thing depends on, in hexadecimal: results are redone when it changes.

        Raises:
            PluginError: if the code cannot be read.
        """
        return source_hash(self.make)

    def parameters(self) -> dict[str, Any]:
        """All parameters with their values for this name."""
        if not is_dataclass(self.make):
            return dict(self.presets)
        made = self.create()
        return {f.name: getattr(made, f.name) for f in fields(self.make) if f.init}

    def create(self, **overrides: Any) -> T:
        """Make the thing; unknown parameters and wrong types are a `ConfigError`."""
        values = {**self.presets, **overrides}
        if not is_dataclass(self.make):
            return self.make(**values)
        known = [f.name for f in fields(self.make) if f.init]
        for key in overrides:
            if key not in known:
                raise ConfigError(unknown(f"parameter of {self.name}", key, known))
        return self._validated(values)

    def _validated(self, values: Mapping[str, Any]) -> T:
        from pydantic import ValidationError

        try:
            made: T = _adapter(self.make).validate_python(dict(values))
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"]))
            raise ConfigError(
                f"{self.name}.{place}: {first['msg']} (got {first.get('input')!r}); "
                f"see 'groupbench list {self.name}' for its parameters"
            ) from error
        return made


class Registry(Generic[T]):
    """All names of one kind. Built-in modules and entry points are imported on first use."""

    def __init__(self, kind: str, package: str, entry_point_group: str) -> None:
        self.kind = kind
        self._package = package
        self._group = entry_point_group
        self._entries: dict[str, Entry[T]] = {}
        self._loaded = False

    def add(self, name: str, **presets: Any) -> Callable[[C], C]:
        """Decorator that registers a class or function as `name`, with parameters it stands for."""

        def register(make: C) -> C:
            _require_name(self.kind, name)
            held = self._entries.get(name)
            if held is not None and not _same_place(held.make, make):
                raise PluginError(
                    f"{self.kind} {name!r} is already defined in {held.file}; choose another name"
                )
            self._entries[name] = Entry(name, make, presets)
            return make

        return register

    def all(self) -> dict[str, Entry[T]]:
        """Every entry by name, in the order in which they were added."""
        if not self._loaded:
            self._loaded = True
            try:
                self._load()
            except BaseException:
                self._loaded = False
                raise
        return dict(self._entries)

    def __getitem__(self, name: str) -> Entry[T]:
        entries = self.all()
        if name not in entries:
            raise ConfigError(unknown(self.kind, name, entries))
        return entries[name]

    def _load(self) -> None:
        package = importlib.import_module(self._package)
        for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda m: m.name):
            if not module.name.startswith("_"):
                _import(f"{self._package}.{module.name}", f"{self._package}.{module.name}")
        for point in entry_points(group=self._group):
            _import(point.value.partition(":")[0], f"entry point {point.name!r} of {self._group}")


def load_plugins(files: Iterable[str]) -> None:
    """Import plugin files, so that what they register can be used by name; errors as of `load_plugin`."""
    for file in files:
        load_plugin(file)


def load_plugin(path: str | Path) -> None:
    """Import a Python file so that what it registers can be used by name.

    Raises:
        PluginError: if the file does not exist, is no Python file or raises when imported.
    """
    file = Path(path).resolve()
    if not file.is_file() or file.suffix != ".py":
        raise PluginError(f"plugin {path}: no such Python file; give the path of a .py file")
    name = "groupbench_plugin_" + hashlib.sha256(str(file).encode()).hexdigest()[:12]
    if name in sys.modules:
        return
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except PluginError:
        del sys.modules[name]
        raise
    except BaseException as error:
        del sys.modules[name]
        raise PluginError(_failed_import(f"plugin {path}", error)) from error


def _import(module: str, what: str) -> None:
    try:
        importlib.import_module(module)
    except PluginError:
        raise
    except Exception as error:
        raise PluginError(_failed_import(what, error)) from error


def _failed_import(what: str, error: BaseException) -> str:
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    place = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "its first line"
    if isinstance(error, SyntaxError):
        place = f"{error.filename}:{error.lineno}" if error.filename else "no line in particular"
        error = SyntaxError(error.msg)
    return f"{what} raised {type(error).__name__} when imported: {error} (at {place}); mend the file"


def _require_name(kind: str, name: str) -> None:
    """Refuse names that no option could ask for, or that mean something else there."""
    if not name.strip() or name in RESERVED or not name.isprintable() or set(name) & set(",:[]"):
        raise PluginError(
            f"{kind} {name!r} cannot be asked for by that name; take letters, digits and dashes, and none of "
            f"{', '.join(sorted(RESERVED))}"
        )


@cache
def _adapter(make: Callable[..., Any]) -> TypeAdapter[Any]:
    """What validates parameters: it takes longer to build than to use."""
    from pydantic import TypeAdapter

    return TypeAdapter(cast(Any, make))


def _same_place(a: Callable[..., Any], b: Callable[..., Any]) -> bool:
    return (a.__module__, a.__qualname__) == (b.__module__, b.__qualname__)


def _registry(kind: str, package: str, group: str) -> Registry[Any]:
    return Registry(kind, package, group)


methods = _registry("method", "groupbench.baselines", "groupbench.methods")
datasets = _registry("dataset", "groupbench.datasets", "groupbench.datasets")
aggregators = _registry("aggregator", "groupbench.aggregation", "groupbench.aggregators")

method = methods.add
dataset = datasets.add
aggregator = aggregators.add
