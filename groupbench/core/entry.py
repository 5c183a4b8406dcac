"""What is registered by a name: a class or function, its parameters, and the code that it depends on."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from groupbench.core.errors import ConfigError, unknown
from groupbench.core.source_hash import source_hash

if TYPE_CHECKING:
    from pydantic import TypeAdapter


@dataclass(frozen=True)
class Entry:
    """A registered class or function: what makes the thing, and the parameters that the name stands for.

    Attributes:
        name: what it is asked for by.
        make: the class or function.
        presets: parameters that the name stands for.
        version: of the other library that holds it, which is shown and part of keys; else empty.
        environment: versions of Python and of all packages, by name, of an environment of its own that the
            thing runs in, which are shown and part of keys; else empty.
    """

    name: str
    make: Callable[..., object]
    presets: Mapping[str, object] = field(default_factory=dict)
    version: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)

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
    def location(self) -> str:
        """FILE:LINE of the definition."""
        try:
            return f"{inspect.getsourcefile(self.make)}:{inspect.getsourcelines(self.make)[1]}"
        except (OSError, TypeError):
            return getattr(self.make, "__module__", "") or "the running program"

    @property
    def family(self) -> str:
        """The name of the file without its ending; of what stands in a package of ours, the package's."""
        module = self.make.__module__.split(".")
        if module[0] != "groupbench" or module[1] == "baselines":
            return module[-1]
        return module[2] if module[1] == "models" else module[-2]

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

    def create(self, **overrides: object) -> Any:
        """Make the thing; unknown parameters and wrong types are a `ConfigError`."""
        values = {**self.presets, **overrides}
        if not is_dataclass(self.make):
            return self.make(**values)
        known = [f.name for f in fields(self.make) if f.init]
        for key in overrides:
            if key not in known:
                raise ConfigError(unknown(f"parameter of {self.name}", key, known))
        return self._validated(values)

    def _validated(self, values: Mapping[str, object]) -> object:
        from pydantic import ValidationError

        try:
            return _adapter(self.make).validate_python(values)
        except ValidationError as error:
            first = error.errors()[0]
            location = ".".join(map(str, first["loc"]))
            raise ConfigError(
                f"{self.name}.{location}: {first['msg']} (got {first.get('input')!r}); "
                f"see 'groupbench list {self.name}' for its parameters"
            ) from error


@cache
def _adapter(make: Callable[..., object]) -> TypeAdapter[object]:
    """What validates parameters: it takes longer to build than to use."""
    from pydantic import TypeAdapter

    return TypeAdapter(cast(type[object], make))
