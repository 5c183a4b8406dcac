"""Which jobs give the same metric values again, and how many threads that allows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast, get_args

from groupbench.core.entry import Entry
from groupbench.core.errors import ConfigError, PluginError, unknown
from groupbench.models.recommender import Deterministic


def promise(entry: Entry) -> Deterministic:
    """When a method gives the same scores again, by its own words; reference rows always do.

    Raises:
        PluginError: if the method says so in words of its own.
    """
    promised = getattr(entry.make, "deterministic", "always")
    if promised not in get_args(Deterministic):
        wrong = unknown("value of 'deterministic'", str(promised), get_args(Deterministic))
        raise PluginError(f"method {entry.name}: {wrong}; fix {entry.file}")
    return cast(Deterministic, promised)


def repeatable(entry: Entry, parameters: Mapping[str, object], threads: int) -> bool:
    """Whether a job gives the same metric values again on its machine, if it has the same number of threads.

    Args:
        entry: the method.
        parameters: all its hyperparameters.
        threads: threads of the process.
    """
    if promise(entry) == "one-thread":
        return threads == 1 and bool(parameters.get("num_threads", 1) == 1)
    return promise(entry) != "never"


def needs_one_thread(entry: Entry, parameters: Mapping[str, object]) -> bool:
    """Whether only a process with one thread gives the same metric values again.

    Raises:
        ConfigError: if the hyperparameters ask for more threads.
    """
    if promise(entry) != "one-thread":
        return False
    if not repeatable(entry, parameters, threads=1):
        raise ConfigError(
            f"{entry.name}.num_threads={parameters['num_threads']}: with more than one thread its metrics "
            "cannot be repeated; leave it at 1, or run with --no-deterministic"
        )
    return True
