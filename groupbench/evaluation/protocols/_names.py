"""Protocols by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from groupbench.core.errors import ConfigError, unknown
from groupbench.evaluation.protocols._base import Protocol
from groupbench.evaluation.protocols.coupled import Coupled
from groupbench.evaluation.protocols.given import Given
from groupbench.evaluation.protocols.natural import Natural
from groupbench.evaluation.protocols.paper import Paper

if TYPE_CHECKING:
    from groupbench.data.dataset import Dataset


PROTOCOLS: dict[str, type[Protocol]] = {
    "paper": Paper,
    "coupled": Coupled,
    "natural": Natural,
    "given": Given,
}


def make_protocol(options: dict[str, Any], dataset: Dataset | None = None) -> Protocol:
    """A protocol from its `name` and options; unknown names and bad values are a `ConfigError`.

    Without a name it is `given` for data that came with a split, else `paper`.
    """
    from pydantic import ValidationError

    default = "given" if dataset is not None and dataset.given is not None else "paper"
    name = options.get("name", default)
    if name not in PROTOCOLS:
        raise ConfigError(unknown("protocol", str(name), PROTOCOLS))
    kind = PROTOCOLS[name]
    for key in options:
        if key not in kind.model_fields:
            raise ConfigError(unknown(f"option of the protocol {name}", key, kind.model_fields))
    try:
        return kind(**options)
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigError(
            f"protocol option {first['loc'][0]}={first['input']!r}: {first['msg'].lower()}"
        ) from error
