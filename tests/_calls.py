"""What tests make of the arguments of a command before they call it."""

from __future__ import annotations


def alone(arguments: tuple[object, ...]) -> list[str]:
    """`run` with the methods that it names and no reference rows beside them, unless these are asked for."""
    texts = list(map(str, arguments))
    is_run = texts[:1] == ["run"] and "--references" not in texts
    return [*texts, "--no-references"] if is_run else texts
