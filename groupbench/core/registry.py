"""The registry: how anything that has a name is added, found by its name and made with its parameters."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import sys
from collections.abc import Callable, ItemsView, Iterable, Iterator, Mapping, Sequence
from importlib.metadata import entry_points
from operator import attrgetter
from threading import RLock
from typing import TYPE_CHECKING, Protocol, TypeVar

from groupbench.core.entry import Entry
from groupbench.core.errors import ConfigError, PluginError
from groupbench.core.imports import import_named
from groupbench.core.names import unregistered
from groupbench.core.source_hash import source_hash

if TYPE_CHECKING:
    from groupbench.core.environments import Environment

RESERVED = frozenset({"all", "best", "own", "none"})
"""What options of commands mean something else by."""

_LOADING = RLock()
"""Held by the thread that loads a registry; one for all of them, so that no two wait for each other."""

V = TypeVar("V")
C = TypeVar("C", bound=Callable[..., object])


class UnknownNameError(ConfigError, KeyError):
    """Nothing is registered by that name."""

    __str__ = ConfigError.__str__  # that of a KeyError puts the message in quotes


class Registry(Mapping[str, V]):
    """Everything of one kind by name: values of any type, in the order in which they are registered.

    Asked for in other case (`SVD`), a name is found too.

    What registers names is imported on first use: the public modules of a package, then entry points. A
    plugin file registers its names when it is loaded.

    Args:
        kind: what one value is called in messages.
        package: its modules register the built-in names, unless their names begin with `_`.
        group: the group of entry points that register further ones.
        name_of: the name that a value has.
    """

    def __init__(
        self, kind: str, package: str, group: str, name_of: Callable[[V], str] = attrgetter("name")
    ) -> None:
        self.kind = kind
        self._package = package
        self._group = group
        self._name_of = name_of
        self._values: dict[str, V] = {}
        self._homes: dict[str, tuple[str, str]] = {}
        self._loaded = False

    def register(self, value: V) -> V:
        """Add a value by its name, and return it, so that a class can be decorated.

        Raises:
            PluginError: if another value has the name, or no option could ask for it.
        """
        name = self._name_of(value)
        _require_name(self.kind, name)
        self.require_free(value)
        made = value.make if isinstance(value, Entry) else value
        home = _calling_module(), getattr(made, "__qualname__", name)
        taken = name in self._values and self._values[name] != value
        # A file or a cell of a notebook that is run again registers its names again.
        if taken and home != self._homes[name]:
            raise PluginError(f"{self.kind} {name!r} is {self._taken_by(home[0], name)}")
        self._values[name] = value
        self._homes[name] = home
        return value

    def _taken_by(self, module: str, name: str) -> str:
        """Where a name is defined that `module` defines, too, and what to do about it."""
        other = sys.modules.get(self._homes[name][0])
        place = getattr(other, "__file__", "the running program")
        if module.startswith("groupbench."):  # A plugin can come before groupbench's own.
            return f"built in; choose another name in {place}"
        return f"already defined in {place}; choose another name"

    def require_free(self, value: V) -> None:
        """Refuse a value by whose name something goes that is not registered; a subclass knows what."""

    def added(self) -> dict[str, str]:
        """The names that are not built in, with the sha256 of the code that each depends on.

        Raises:
            PluginError: if code cannot be read.
        """
        return {
            name: source_hash(self._homes[name][0]) for name in sorted(self) if not self.is_built_in(name)
        }

    def is_built_in(self, name: str) -> bool:
        """Whether groupbench itself registers that name."""
        home, *_ = self._homes.get(self._key(name), ("groupbench.",))
        return name in self and home.startswith("groupbench.")

    def __getitem__(self, name: str) -> V:
        known = self._load()
        if (key := self._key(name)) in known:
            return known[key]
        found = self._of_namespace(name)
        if found is None:
            raise self.unknown(name)
        return found

    def unknown(self, name: str, also: Iterable[str] = ()) -> UnknownNameError:
        """The error for a name that nothing has, with near ones, which may be `also` known ones."""
        return UnknownNameError(unregistered(self.kind, name, [*self, *also, *self.in_namespaces(name)]))

    def registered_by(self, module: str) -> list[str]:
        """The names that the code of a module registered."""
        return [name for name, (home, _) in self._homes.items() if home == module]

    def __contains__(self, name: object) -> bool:
        if not isinstance(name, str):
            return False
        return self._key(name) in self._load() or self._of_namespace(name) is not None

    def _key(self, name: str) -> str:
        """The name itself, or the registered one that differs from it by case alone, if there is one."""
        known = self._load()
        if name in known:
            return name
        return next((one for one in known if one.casefold() == name.casefold()), name)

    def _of_namespace(self, name: str) -> V | None:
        """What nobody registered, as another library's model, by its name; None if there is none."""
        return None

    def in_namespaces(self, name: str) -> list[str]:
        """What the name may mean if its namespace is misspelled; here there are no namespaces."""
        return []

    def __iter__(self) -> Iterator[str]:
        return iter(self._load())

    def __len__(self) -> int:
        return len(self._load())

    def items(self) -> ItemsView[str, V]:
        """Names and what they stand for."""
        return self._load().items()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.kind!r}, {len(self)} names)"

    def _load(self) -> dict[str, V]:
        with _LOADING:
            if not self._loaded:
                self._loaded = True
                try:
                    self._import_all()
                except BaseException:
                    self._loaded = False
                    raise
        return self._values

    def _import_all(self) -> None:
        package = importlib.import_module(self._package)
        for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda m: m.name):
            if not module.name.startswith("_"):
                import_named(f"{self._package}.{module.name}", f"{self._package}.{module.name}")
        for point in entry_points(group=self._group):
            import_named(point.value.partition(":")[0], f"entry point {point.name!r} of {self._group}")


class Namespace(Protocol):
    """Things that another library holds, and that have names without being registered one by one."""

    @property
    def name(self) -> str:
        """What stands before the colon."""

    @property
    def version(self) -> str:
        """The version of the library that runs; empty where there is none."""

    @property
    def versions(self) -> Mapping[str, str]:
        """Versions of Python and of all packages in its environment; none without an environment."""

    @property
    def absence(self) -> str:
        """What to do where there is none."""

    def make(self, packages: Sequence[str] = (), python: str = "") -> Environment:
        """An environment of its own for the library, of a Python and with further packages.

        Raises:
            ConfigError: if there is one already, or it does not work.
        """

    def names(self) -> Sequence[str]:
        """The names that can be asked for, without the namespace's own."""

    def entry(self, name: str) -> Entry:
        """What makes the thing of that name.

        Raises:
            ConfigError: if the library holds nothing of that name.
        """


class EntryRegistry(Registry[Entry]):
    """Classes and functions by name; one of them can have several names, each with other parameters.

    Names of the form `cornac:BPR` are those of a namespace.

    Args:
        kind: what one entry is called in messages.
        package: its modules register the built-in names.
        group: the group of entry points that register further ones.
    """

    def __init__(self, kind: str, package: str, group: str) -> None:
        super().__init__(kind, package, group)
        self._namespaces: dict[str, Namespace] = {}

    def add(self, name: str, **presets: object) -> Callable[[C], C]:
        """Decorator that registers a class or function as `name`, with parameters it stands for."""

        def register(make: C) -> C:
            self.register(Entry(name, make, presets))
            return make

        return register

    def open_namespace(self, namespace: Namespace) -> None:
        """Let `NAMESPACE:NAME` stand for what the namespace makes of the name."""
        self._namespaces[namespace.name] = namespace

    @property
    def namespaces(self) -> Mapping[str, Namespace]:
        """The namespaces by name."""
        self._load()
        return self._namespaces

    def _of_namespace(self, name: str) -> Entry | None:
        prefix, colon, rest = name.partition(":")
        return self._namespaces[prefix].entry(rest) if colon and prefix in self._namespaces else None

    def in_namespaces(self, name: str) -> list[str]:
        """`NAMESPACE:REST` for every namespace, where the name has a colon before its rest."""
        _, colon, rest = name.partition(":")
        return [f"{namespace}:{rest}" for namespace in self.namespaces] if colon else []


def _require_name(kind: str, name: str) -> None:
    """Refuse names that no option could ask for, or that mean something else there."""
    if not name.strip() or name in RESERVED or not name.isprintable() or set(name) & set(",:[]"):
        raise PluginError(
            f"{kind} {name!r} cannot be asked for by that name; take letters, digits and dashes, and none of "
            f"{', '.join(sorted(RESERVED))}"
        )


def _calling_module() -> str:
    """The name of the module whose code registers something."""
    frame = inspect.currentframe()
    while frame is not None and frame.f_globals.get("__name__") == __name__:
        frame = frame.f_back
    return str(frame.f_globals.get("__name__", "")) if frame is not None else ""


methods = EntryRegistry("method", "groupbench.baselines", "groupbench.methods")
datasets = EntryRegistry("dataset", "groupbench.datasets", "groupbench.datasets")
aggregators = EntryRegistry("aggregator", "groupbench.aggregation", "groupbench.aggregators")
sequential_aggregators = EntryRegistry(
    "sequential aggregator", "groupbench.aggregation.sequential", "groupbench.sequential_aggregators"
)
text_encoders = EntryRegistry("text encoder", "groupbench.models.text", "groupbench.text_encoders")

method = methods.add
dataset = datasets.add
aggregator = aggregators.add
sequential_aggregator = sequential_aggregators.add
text_encoder = text_encoders.add
