"""`groupbench list` and `groupbench list KIND` from the index of names, without the libraries behind them."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from groupbench.cli import _index
from groupbench.cli._columns import sections


def listed(arguments: Sequence[str]) -> str | None:
    """What these arguments of the program list; None if they ask for something else.

    Raises:
        GroupbenchError: if what registers names cannot be imported.
    """
    # What a program has registered itself is in no index.
    if arguments[:1] != ["list"] or len(arguments) > 2 or "groupbench.core.registry" in sys.modules:
        return None
    kind = arguments[1].casefold() if len(arguments) == 2 else None
    names = _index.read()
    if names is None:
        from groupbench.cli import _describe

        if kind not in (None, *_describe.KINDS):
            return None
        names = _index.made(_describe.every_name)
    if kind is None:
        return sections(names)
    return sections({kind: names[kind]}) if kind in names else None
