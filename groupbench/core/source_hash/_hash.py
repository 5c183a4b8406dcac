"""The part of a result's key that stands for code: what a registered class or function depends on."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from hashlib import sha256

from groupbench.core.errors import PluginError
from groupbench.core.source_hash import _text
from groupbench.core.source_hash._modules import EVERYTHING, Symbol, find, forget_changed, home_of


def source_hash(make: Callable[..., object] | str) -> str:
    """sha256 of all own code that a class, a function or a module depends on, in hexadecimal.

    From its definition the hash follows names to functions, classes and constants, in its module and in those
    it imports from, as far as these belong to groupbench or to the folder or package of `make`'s own file. It
    changes with what any of them does, and with statements at the top of their modules that define
    nothing. It does not change with layout, comments, docstrings, annotations of functions, the names and
    places of modules or the order of definitions. Other libraries count by the names that are used of them.

    Code that is reached by no name is not seen: modules imported by a computed name or for their effects
    alone, and methods of objects that are only passed in.

    Args:
        make: a class or function defined in a file, or the name of a module. Of one made inside a function
            the whole module counts.

    Raises:
        PluginError: if there is no such file, as in a notebook, a compiled module or for `functools.partial`,
            or one of the files cannot be read.
    """
    if forget_changed():
        _text.forget()
        _digest.cache_clear()
    with _uncollected():
        return _digest(_start(make))


def _start(make: Callable[..., object] | str) -> Symbol:
    whole = isinstance(make, str)
    name = EVERYTHING if whole else getattr(make, "__qualname__", "")
    place = make if isinstance(make, str) else getattr(make, "__module__", "")
    module = find(place, home_of(place)) if name and place and place != "__main__" else place
    if isinstance(module, str):
        what = "what is registered" if whole else name or repr(make)
        raise PluginError(
            f"{what} is defined in {place or 'no module'}, where its source cannot be read; "
            "write a class or a function in a Python file of its own and give that as a plugin"
        )
    top, _, inner = name.partition(".")
    known = top in module.names and not inner.startswith("<")
    return Symbol(module, top if known else EVERYTHING)


@cache
def _digest(start: Symbol) -> str:
    """Hash definitions in the order in which they are met, each with the numbers of those it refers to."""
    numbers, order = {start: 0}, [start]
    digest = sha256()
    for definition in order:
        text = _text.text_of(definition)
        digest.update(text.digest)
        for reference in text.references:
            number = numbers.setdefault(reference, len(order))
            if number == len(order):
                order.append(reference)
            digest.update(b"%d," % number)
    return digest.hexdigest()


@contextmanager
def _uncollected() -> Iterator[None]:
    """Syntax trees are many objects and no garbage: looking for some would take half of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            if not gc.get_freeze_count():
                gc.freeze()  # this and the next line make them old, without a look at each
                gc.unfreeze()
            gc.enable()
