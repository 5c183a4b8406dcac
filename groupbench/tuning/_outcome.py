"""What tuning found, as the config of a run."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from groupbench.config import Tuned
from groupbench.errors import ConfigError
from groupbench.runner.jobs import digest, hyperparameters

if TYPE_CHECKING:
    from groupbench.config import Config
    from groupbench.tuning._search import Search

_HEADER = """\
# Written by 'groupbench tune'; run it with 'groupbench run --config FILE'.
# The values were chosen on validation rows, cut from the training rows of the one repeat `seed`, and other
# repeats hold out some of those: where that matters, tune on each repeat and run it with '--seeds SEED,'.
# A method without a [tuned] table was not tuned; one with other values than these does not count as tuned.

"""


def as_config(config: Config, searches: Iterable[Search]) -> dict[str, Any]:
    """Keys of `groupbench.config.Config` that run every method with the best values found for it.

    Methods that were not tuned, or of which no trial succeeded, keep the values that `config` has.
    """
    searches = list(searches)
    found: dict[str, Any] = {
        "methods": [search.job.method for search in searches],
        "dataset": list(config.dataset),
        "protocol": searches[0].job.protocol,
        "plugins": list(config.plugins),
        "set": {name: dict(values) for name, values in config.set.items()},
        "tuned": {},
    }
    for search in searches:
        name, best = search.job.method, search.best
        if best is not None:
            # A file cannot hold None, which is always the default.
            values = {k: v for k, v in best.hyperparameters.items() if v is not None}
            found["set"][name] = {**found["set"].get(name, {}), **values}
            found["tuned"][name] = _tuned(search, hyperparameters(name, found["set"][name])).model_dump()
    return found


def write(file: Path, found: dict[str, Any]) -> None:
    """Write what `as_config` returned as a TOML file, whole or not at all.

    Raises:
        ConfigError: as of `require_writable`.
    """
    import tomli_w

    require_writable(file)
    temporary = file.with_name(f".{file.name}.tmp")
    text = tomli_w.dumps({key: value for key, value in found.items() if value})
    temporary.write_text(_HEADER + text, encoding="utf-8")
    temporary.replace(file)


def require_writable(file: Path) -> None:
    """Raise a `ConfigError` if there is no such folder, or a file in the way that tuning did not write."""
    if not file.parent.is_dir() or not os.access(file.parent, os.W_OK):
        raise ConfigError(f"cannot write {file}: {file.parent} is no folder to write to; choose another one")
    if file.exists():
        with suppress(OSError, UnicodeDecodeError):
            if file.read_text(encoding="utf-8").startswith(_HEADER.partition("\n")[0]):
                return
        raise ConfigError(f"{file} was not written by 'groupbench tune'; choose another name or remove it")


def _tuned(search: Search, values: Mapping[str, Any]) -> Tuned:
    options, best = search.options, search.best
    assert best is not None
    return Tuned(
        dataset=search.job.dataset,
        protocol=search.job.protocol_label,
        seed=options.seed,
        repeats=options.repeats,
        view=str(options.view),
        metric=options.metric,
        aggregator=options.aggregator,
        trials=len(search.trials),
        failed=sum(trial.status == "failed" for trial in search.trials),
        seconds=round(search.seconds, 1),
        value=best.mean,
        digest=digest(values),
    )
