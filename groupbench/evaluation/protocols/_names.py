"""Protocols made from their names and options."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from groupbench.core.errors import ConfigError, unknown
from groupbench.evaluation.protocols._base import PROTOCOLS, Protocol

if TYPE_CHECKING:
    from groupbench.data.dataset import Dataset


def make_protocol(options: dict[str, Any], dataset: Dataset | None = None) -> Protocol:
    """A protocol from its `name` and options; unknown names and bad values are a `ConfigError`.

    Without a name it is `given` for data that came with a split, else `paper`.
    """
    from pydantic import ValidationError

    default = "given" if dataset is not None and dataset.given is not None else "paper"
    name = str(options.get("name", default))
    kind = PROTOCOLS[name]
    for key in options:
        if key not in kind.model_fields:
            raise ConfigError(unknown(f"option of the protocol {name}", key, kind.model_fields))
    if "name" in options:
        options = {**options, "name": kind.model_fields["name"].default}
    try:
        return kind(**options)
    except ValidationError as error:
        first = error.errors()[0]
        key = str(first["loc"][0])
        default = json.dumps(kind.model_fields[key].default, separators=(",", ":"), default=str)
        raise ConfigError(
            f"protocol option {key}={first['input']!r}: {first['msg'].lower()}; by default {key}={default}"
        ) from error
