"""What tuning found, as the config of a run."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from groupbench.core.errors import ConfigError
from groupbench.core.files import read_text, writing
from groupbench.models.group_adapter import WEIGHT
from groupbench.runner.config import Tuned
from groupbench.runner.resolve import tuned_digest, values_for

if TYPE_CHECKING:
    from groupbench.runner.config import Config
    from groupbench.runner.tuning._search import Search

_HEADER = """\
# Written by 'groupbench tune'; run it with 'groupbench run --config FILE'.
# The values were chosen on validation rows, cut from the training rows of the one repeat `seed`, and other
# repeats hold out some of those: where that matters, tune on each repeat and run it with '--seeds SEED,'.
# A method without a [tuned] table was not tuned; one with other values than these does not count as tuned.

"""


def as_config(config: Config, searches: Iterable[Search]) -> dict[str, Any]:
    """Keys of `groupbench.runner.config.Config` that run every method with the best values found for it.

    Methods that were not tuned, or of which no trial succeeded, keep the values that `config` has.
    """
    searches = list(searches)
    jobs = [search.job for search in searches]
    found: dict[str, Any] = {
        "methods": list(dict.fromkeys(job.method for job in jobs)),
        "dataset": list(config.dataset),
        "protocol": jobs[0].protocol,
        "groups_as": config.groups_as,
        "plugins": list(config.plugins),
        "set": {name: dict(values) for name, values in config.set.items()},
        "tuned": {},
    }
    for search in searches:
        job, best = search.job, search.best
        weight = {} if job.group_weight == 1 else {WEIGHT: job.group_weight}
        fixed = {**weight, **values_for(config.set, job.method, job.groups_as)}
        if best is not None:
            # A file cannot hold None, which is always the default.
            values = {**fixed, **{k: v for k, v in best.hyperparameters.items() if v is not None}}
            found["set"][job.served] = values
            digest = tuned_digest(job.method, job.groups_as, values)
            found["tuned"][job.served] = _tuned(search, digest).model_dump()
        elif job.groups_as != "members":
            # A table of its own, or what was found for members would count here.
            found["set"][job.served] = fixed
    return found


def write(file: Path, found: dict[str, Any]) -> None:
    """Write what `as_config` returned as a TOML file, whole or not at all.

    Raises:
        ConfigError: as of `require_writable`.
        ResultError: if the disk is full, or the like.
    """
    import tomli_w

    require_writable(file)
    text = tomli_w.dumps({key: value for key, value in found.items() if value})
    with writing(file) as temporary:
        temporary.write_text(_HEADER + text, encoding="utf-8")


def require_writable(file: Path) -> None:
    """Raise a `ConfigError` if there is no such folder, or a file in the way that tuning did not write."""
    if not file.parent.is_dir() or not os.access(file.parent, os.W_OK):
        raise ConfigError(f"cannot write {file}: {file.parent} is no folder to write to; choose another one")
    if file.exists():
        with suppress(OSError, UnicodeDecodeError):
            if read_text(file).startswith(_HEADER.partition("\n")[0]):
                return
        raise ConfigError(f"{file} was not written by 'groupbench tune'; choose another name or remove it")


def _tuned(search: Search, digest: str) -> Tuned:
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
        digest=digest,
    )
