"""Options, each declared once as the field of a model: name, type, default, bounds and help.

The command line, TOML files and Python functions all give values to these models, so that the same names and
the same checks hold wherever an option is given.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from groupbench.core.errors import ConfigError, unknown


@dataclass(frozen=True)
class Flag:
    """How a field is an option of commands; one without this is none.

    Attributes:
        panel: heading in the help under which it stands.
        flags: how it is written; by default `--name-of-the-field`.
        unset: what it means to leave it out, where the default is None.
        metavar: what its value is called, where the type does not say it.
        names: whether it is repeated or has commas between its names.
    """

    panel: str
    flags: tuple[str, ...] = ()
    unset: str = ""
    metavar: str | None = None
    names: bool = False


def split_names(value: object) -> object:
    """The names in a text with commas, or the path alone; what is neither is left as it is."""
    if isinstance(value, os.PathLike):
        return [os.fspath(value)]
    if isinstance(value, list | tuple):
        return [os.fspath(one) if isinstance(one, os.PathLike) else one for one in value]
    if not isinstance(value, str):
        return value
    return [name.strip() for name in value.split(",") if name.strip()]


Names = Annotated[list[str], BeforeValidator(split_names)]
"""Names, in a list or in a text with commas between them."""


Cutoffs = Annotated[list[Annotated[int, Field(ge=1, le=1000)]], BeforeValidator(split_names)]
"""Values of K, in a list or in a text with commas between them."""


class Options(BaseModel):
    """Checked options; a mistake is a `ConfigError` of one line. The docstring of a field is its help."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    @classmethod
    def keys(cls) -> Set[str]:
        """The names that `make` takes."""
        return cls.model_fields.keys()

    @classmethod
    def make(cls, **values: object) -> Self:
        """Options from values; those that are None are left out.

        Raises:
            ConfigError: if a name or a value is wrong.
        """
        given = {key: value for key, value in values.items() if value is not None}
        require_known(given, cls.keys())
        try:
            return cls(**given)
        except ValidationError as error:
            raise ConfigError(_first_problem(error, given)) from error


def require_known(given: Iterable[str], known: Iterable[str]) -> None:
    """Raise a `ConfigError` with near names if an option is not `known`."""
    for key in given:
        if key not in (names := set(known)):
            raise ConfigError(unknown("key", key, names))


def _first_problem(error: ValidationError, given: Mapping[str, object]) -> str:
    """The first mistake as KEY=VALUE and what is wrong; a key within tables is TABLE.KEY."""
    first = error.errors()[0]
    keys: list[str] = []
    within: object = given
    for part in first["loc"]:
        if not isinstance(within, Mapping):
            break
        keys.append(str(part))
        within = within.get(part)
    return f"{'.'.join(keys)}={first['input']!r}: {first['msg'].lower()}"
