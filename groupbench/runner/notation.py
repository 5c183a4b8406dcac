"""How options are written as text, and what the text means."""

from __future__ import annotations

import tomllib

from groupbench.core.errors import ConfigError


def parse_set(texts: list[str]) -> dict[str, dict[str, object]]:
    """Turn `svd.n_factors=50` into nested values; values are TOML, anything else is text.

    Raises:
        ConfigError: if a text is not of the form METHOD.PARAMETER=VALUE.
    """
    out: dict[str, dict[str, object]] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        method, dot, parameter = name.strip().rpartition(".")
        if not (equals and dot and method and parameter):
            raise ConfigError(f"--set {text}: write METHOD.PARAMETER=VALUE, for example svd.n_factors=50")
        if parameter in out.setdefault(method, {}):
            raise ConfigError(f"--set {text}: {method}.{parameter} is set twice; set it once")
        out[method][parameter] = _value(value)
    return out


def parse_seeds(text: str) -> int | list[int]:
    """Turn `5` into a number of seeds, and `0,3,4` or `3,` into the seeds themselves.

    Raises:
        ConfigError: if a part is no number.
    """
    try:
        numbers = [int(part) for part in text.removesuffix(",").split(",")]
    except ValueError as error:
        raise ConfigError(f"seeds={text}: give a number of seeds (5) or the seeds (0,3,4)") from error
    return numbers if "," in text else numbers[0]


def parse_options(texts: list[str]) -> dict[str, object]:
    """Turn `group_features=shares` into values; values are TOML, anything else is text.

    Raises:
        ConfigError: if a text is not of the form KEY=VALUE.
    """
    out = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not (equals and key.strip()):
            raise ConfigError(f"--option {text}: write KEY=VALUE, for example group_features=shares")
        out[key.strip()] = _value(value)
    return out


def parse_label(label: str) -> tuple[str, dict[str, object]]:
    """Turn `p-mean[p=3]` into a name and its parameters; values as of `parse_options`.

    Raises:
        ConfigError: if what stands in the brackets is not of the form KEY=VALUE.
    """
    name, bracket, rest = label.partition("[")
    if not bracket:
        return name, {}
    out = {}
    for text in rest.removesuffix("]").split(","):
        key, equals, value = text.partition("=")
        if not (equals and key.strip() and rest.endswith("]")):
            raise ConfigError(f"{label}: write NAME[KEY=VALUE], for example p-mean[p=3]")
        out[key.strip()] = _value(value)
    return name, out


def _value(text: str) -> object:
    try:
        return tomllib.loads(f"x = {text}")["x"]
    except (tomllib.TOMLDecodeError, RecursionError):
        return text.strip()
