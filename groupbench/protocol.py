"""A protocol: a named split, group formation and views, with every choice a named option."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from groupbench.errors import ConfigError, unknown
from groupbench.seeding import generator, integer

if TYPE_CHECKING:
    from groupbench.data import Dataset, Ratings
    from groupbench.groups import Groups
    from groupbench.recommender import TrainingData


class Protocol(BaseModel):
    """The options of a protocol; `paper` follows arXiv 2504.06274 and names what it leaves open."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Literal["paper"] = "paper"
    ratio: float = Field(0.8, gt=0, lt=1)
    """Share of the rating rows that is for training."""
    groups: Literal["kmeans", "natural"] = "kmeans"
    """Clusters of users by their training rows, or the groups that the data set observed."""
    n_groups: int = Field(20, ge=1)
    """Number of KMeans clusters."""
    group_features: Literal["means", "shares"] = "means"
    """What KMeans sees: rating statistics and means per category, or category shares with demographics."""
    group_scaling: Literal["standard", "none"] = "standard"
    """Whether KMeans' features are standardised."""
    tau: float | None = Field(None, allow_inf_nan=False)
    """A rating of at least this is relevant; each view has its own default (3.5, rated-rows 3.7)."""

    @property
    def label(self) -> str:
        """The name and the options that differ from the default: `paper+ratio=0.85`."""
        own = self.model_dump()
        changed = [f"{k}={own[k]}" for k, f in type(self).model_fields.items() if own[k] != f.default]
        return "+".join([self.name, *changed])


@dataclass(frozen=True)
class Task:
    """One data set under one protocol and seed: what methods learn from and what judges them."""

    train: TrainingData
    held_out: Ratings


def make_protocol(options: dict[str, Any]) -> Protocol:
    """A protocol from its options; unknown names and bad values are a `ConfigError`."""
    from pydantic import ValidationError

    for key in options:
        if key not in Protocol.model_fields:
            raise ConfigError(unknown("protocol option", key, Protocol.model_fields))
    try:
        return Protocol(**options)
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigError(
            f"protocol option {first['loc'][0]}={first['input']!r}: {first['msg'].lower()}"
        ) from error


def prepare(dataset: Dataset, protocol: Protocol, seed: int) -> Task:
    """Split the ratings and form the groups of one repeat.

    The same (dataset name, protocol options, seed) gives the same task on every machine.

    Raises:
        ConfigError: if the data cannot be split or grouped as the protocol asks.
    """
    from groupbench.recommender import TrainingData
    from groupbench.splits import ratio_split

    split = ratio_split(dataset.ratings, protocol.ratio, generator(dataset.name, "split", seed))
    rows = dataset.ratings.take(split.train)
    train = TrainingData(
        ratings=rows,
        scale=dataset.scale,
        groups=_groups(dataset, rows, protocol, seed),
        user_features=dataset.user_features,
        item_features=dataset.item_features,
    )
    return Task(train, dataset.ratings.take(split.held_out))


def _groups(dataset: Dataset, rows: Ratings, protocol: Protocol, seed: int) -> Groups:
    from groupbench.groups import kmeans

    if protocol.groups == "natural":
        if dataset.groups is None:
            raise ConfigError(
                f"dataset {dataset.name} has no natural groups; use groups=kmeans or add a groups.csv"
            )
        return dataset.groups
    return kmeans(
        rows,
        dataset.categories,
        dataset.user_features,
        n_groups=protocol.n_groups,
        features=protocol.group_features,
        scaling=protocol.group_scaling,
        random_state=integer(generator(dataset.name, "groups", seed)),
    )
