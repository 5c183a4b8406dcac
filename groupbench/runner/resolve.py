"""What is settled about a method before it runs: hyperparameters, how it serves groups, how it was tuned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from groupbench.core import registry
from groupbench.core.errors import ConfigError, GroupbenchError, PluginError
from groupbench.models.group_adapter import WEIGHT, served
from groupbench.models.recommender import GroupRecommender, Recommender

if TYPE_CHECKING:
    from groupbench.data.dataset import Dataset
    from groupbench.evaluation.protocols import Protocol
    from groupbench.models.group_adapter import GroupsAs
    from groupbench.runner.config import Config, Tuned


def modes(config: Config, entry: registry.Entry, dataset: Dataset, protocol: Protocol) -> list[GroupsAs]:
    """How a method is to serve groups: by members unless it can learn from rows."""
    asked: list[GroupsAs] = config.groups_as or ["members"]
    kind = entry.make if isinstance(entry.make, type) else object
    of_users = issubclass(kind, Recommender) and not issubclass(kind, GroupRecommender)
    rated = protocol.groups_rate and dataset.group_ratings is not None
    if not (of_users and rated) or entry.family == "reference":
        return ["members"]
    return list(dict.fromkeys(asked))


def mode_key(mode: GroupsAs, weight: int) -> dict[str, Any]:
    """What a mode adds to a key."""
    return {} if mode == "members" else {"groups_as": mode, WEIGHT: weight}


def values_for(tables: Mapping[str, Mapping[str, Any]], name: str, mode: GroupsAs) -> Mapping[str, Any]:
    """What is set for a method that serves groups so: in a table of its own, else in the method's."""
    return tables.get(served(name, mode), tables.get(name, {}))


def weighed(mode: GroupsAs, values: Mapping[str, Any], weight: int) -> tuple[dict[str, Any], int]:
    """The `values` without the weight of groups' rows, and that, else `weight`; members have none, so 1."""
    if mode == "members":
        return dict(values), 1
    weight = values.get(WEIGHT, weight)
    if type(weight) is not int or weight < 1:
        raise ConfigError(f"{WEIGHT}={weight!r}: a group stands as one user or more; give 1, 2 or so")
    return {k: v for k, v in values.items() if k != WEIGHT}, weight


def tuning_of(name: str, tuned: Tuned | None, chosen: str, dataset: str, protocol: str) -> dict[str, Any]:
    """How the settings with the digest `chosen` were tuned; empty if they were not.

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


def train_workers(entry: registry.Entry, asked: int) -> int:
    """How many processes train the method, if `asked` are allowed.

    Raises:
        ConfigError: if it trains on mini-batches and cannot share them.
    """
    can = getattr(entry.make, "training_workers", "none")
    if asked > 1 and can == "one":
        raise ConfigError(
            f"{entry.name} trains in one process only; leave it out, or leave out train_workers={asked}"
        )
    return asked if can == "many" else 1


def settings(name: str, mode: GroupsAs, asked: Mapping[str, Any]) -> dict[str, Any]:
    """All hyperparameters of the method `name`, and its mode and weight if it learns from groups' rows.

    Args:
        name: registered name.
        mode: how it serves groups.
        asked: hyperparameters that are set, maybe with the weight, which is 1 otherwise.

    Raises:
        ConfigError: as of `plan`.
    """
    values, weight = weighed(mode, asked, 1)
    return {**made(registry.methods[name], values)[1], **mode_key(mode, weight)}


def made(entry: registry.Entry, asked: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any], float]:
    """The hyperparameters that differ from the name's own, all of them, and the relative cost."""
    if entry.make.__module__ == "__main__":
        raise PluginError(
            f"method {entry.name} is defined in the running program, which workers do not import; "
            "move it to a file of its own and give that as a plugin"
        )
    try:
        defaults = entry.parameters()
        made = entry.create(**asked) if asked else None
        overrides = {k: getattr(made, k) for k in asked if getattr(made, k) != defaults[k]}
        return overrides, {**defaults, **overrides}, float(getattr(entry.make, "relative_cost", 1.0))
    except GroupbenchError:
        raise
    except Exception as error:
        first = str(error).partition("\n")[0]
        raise PluginError(
            f"method {entry.name} cannot be made: {type(error).__name__}: {first}; mend {entry.file}"
        ) from error
