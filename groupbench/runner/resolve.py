"""What is settled about a method before it runs: hyperparameters, how it serves groups, how it was tuned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from groupbench.core import registry
from groupbench.core.entry import Entry
from groupbench.core.errors import ConfigError, PluginError
from groupbench.models.contract import make_method
from groupbench.models.group_adapter import WEIGHT, served
from groupbench.models.recommender import GroupRecommender, Recommender
from groupbench.runner.keys import hyperparameters_digest

if TYPE_CHECKING:
    from groupbench.data.dataset import Dataset
    from groupbench.evaluation.protocols import Protocol
    from groupbench.models.group_adapter import GroupsAs
    from groupbench.runner.config import Config, Tuned


def modes(config: Config, entry: Entry, dataset: Dataset, protocol: Protocol) -> list[GroupsAs]:
    """How a method is to serve groups: by members unless it can learn from rows.

    Where evaluated groups have no rows for training, rows tell nothing of them: they are left out beside
    members.
    """
    kind = entry.make if isinstance(entry.make, type) else object
    of_users = issubclass(kind, Recommender) and not issubclass(kind, GroupRecommender)
    rated = protocol.groups_rate and dataset.group_ratings is not None
    if not (of_users and rated) or entry.family == "reference":
        return ["members"]
    asked: list[GroupsAs] = list(dict.fromkeys(config.groups_as or ["members"]))
    if "members" in asked and not protocol.knows_groups:
        return ["members"]
    return asked


def values_for(tables: Mapping[str, Mapping[str, object]], name: str, mode: GroupsAs) -> Mapping[str, object]:
    """What is set for a method that serves groups so: in a table of its own, else in the method's."""
    return tables.get(served(name, mode), tables.get(name, {}))


def weighed(mode: GroupsAs, values: Mapping[str, object], weight: int) -> tuple[dict[str, object], int]:
    """The `values` without the weight of groups' rows, and that, else `weight`; members have none, so 1."""
    if mode == "members":
        return dict(values), 1
    given = values.get(WEIGHT, weight)
    if not isinstance(given, int) or isinstance(given, bool) or given < 1:
        raise ConfigError(f"{WEIGHT}={given!r}: a group stands as one user or more; give 1, 2 or so")
    return {k: v for k, v in values.items() if k != WEIGHT}, given


def tuning_of(name: str, tuned: Tuned | None, chosen: str, dataset: str, protocol: str) -> dict[str, object]:
    """How the hyperparameters with the digest `chosen` were tuned; empty if they were not.

    Raises:
        ConfigError: if they were tuned for another data set or protocol.
    """
    if tuned is None or tuned.digest != chosen:
        return {}
    if (tuned.dataset, tuned.protocol) != (dataset, protocol):
        raise ConfigError(
            f"tuned.{name} was found on {tuned.dataset} under {tuned.protocol}, not on {dataset} under "
            f"{protocol}; tune there, or remove [tuned.{name}] so that its values count as set by hand"
        )
    return tuned.model_dump()


def train_workers(entry: Entry, wanted: int) -> int:
    """How many processes train the method, if `wanted` are allowed.

    Raises:
        ConfigError: if it trains on mini-batches and cannot share them.
    """
    can = getattr(entry.make, "training_workers", "none")
    if wanted > 1 and can == "one":
        raise ConfigError(
            f"{entry.name} trains in one process only; leave it out, or leave out train_workers={wanted}"
        )
    return wanted if can == "many" else 1


def tuned_digest(name: str, mode: GroupsAs, given: Mapping[str, object]) -> str:
    """By what hyperparameters that were tuned are recognized.

    Args:
        name: registered name of the method.
        mode: how it serves groups.
        given: hyperparameters that are set, maybe with the weight, which is 1 otherwise.

    Raises:
        ConfigError: as of `plan_jobs`.
    """
    values, weight = weighed(mode, given, 1)
    return hyperparameters_digest(made(registry.methods[name], values)[1], (mode, weight))


def made(entry: Entry, given: Mapping[str, object]) -> tuple[dict[str, object], dict[str, object], float]:
    """The hyperparameters that differ from the name's own, all of them, and the relative cost."""
    if entry.make.__module__ == "__main__":
        raise PluginError(
            f"method {entry.name} is defined in the running program, which workers do not import; "
            "move it to a file of its own and give that as a plugin"
        )
    method = make_method(entry, given)
    defaults = entry.parameters()
    overrides = {k: getattr(method, k) for k in given if getattr(method, k) != defaults[k]}
    return overrides, {**defaults, **overrides}, _relative_cost(entry)


def _relative_cost(entry: Entry) -> float:
    cost = getattr(entry.make, "relative_cost", 1.0)
    try:
        return float(cost)
    except (TypeError, ValueError) as error:
        raise PluginError(
            f"method {entry.name} cannot be made: relative_cost={cost!r} is no number; fix {entry.location}"
        ) from error
