"""Protocols: a split, the groups and the views, with every choice a named option."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from groupbench.errors import ConfigError, unknown
from groupbench.seeding import generator, integer
from groupbench.task import Task

if TYPE_CHECKING:
    from groupbench.data import Dataset, Features, Ratings
    from groupbench.groups import Groups
    from groupbench.recommender import TrainingData


class Protocol(BaseModel):
    """What all protocols share; each is a subclass whose fields are its options."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    views: ClassVar[tuple[str, ...]]
    """The views that judge it."""

    name: str
    """Name of the protocol."""
    tau: float | None = Field(None, allow_inf_nan=False)
    """A rating of at least this is relevant; each view has its own default."""

    @property
    def label(self) -> str:
        """The name and the options that differ from the default: `paper+ratio=0.85`."""
        own = self.model_dump()
        changed = [f"{k}={_text(own[k])}" for k, f in type(self).model_fields.items() if own[k] != f.default]
        return "+".join([self.name, *sorted(changed)])

    @abstractmethod
    def prepare(self, dataset: Dataset, seed: int) -> Task:
        """Make the task of one repeat; the same names, options and seed give the same task.

        Raises:
            ConfigError: if the data cannot be split or grouped as asked.
        """


class _RowSplit(Protocol):
    """Protocols that hold out individual rating rows."""

    split: Literal["ratio", "kfold", "temporal", "leave-one-out"] = "ratio"
    """How rows are held out: at random, by fold (seed s is fold s), the latest ones, or one of each user."""
    ratio: float = Field(0.8, gt=0, lt=1)
    """Share of the rating rows that is for training (ratio and temporal splits)."""
    folds: int = Field(5, ge=2)
    """Number of folds (kfold)."""

    def _split(self, dataset: Dataset, seed: int) -> tuple[Ratings, Ratings]:
        from groupbench import splits

        rows = dataset.ratings
        if self.split == "kfold":
            rng = generator(dataset.name, "folds", seed // self.folds)
            found = splits.fold_split(len(rows), self.folds, seed % self.folds, rng)
        elif self.split == "temporal":
            found = splits.temporal_split(rows, self.ratio)
        elif self.split == "leave-one-out":
            found = splits.leave_one_out(rows, generator(dataset.name, "split", seed))
        else:
            found = splits.ratio_split(rows, self.ratio, generator(dataset.name, "split", seed))
        return rows.take(found.train), rows.take(found.held_out)


class Paper(_RowSplit):
    """Members' held-out ratings judge KMeans groups, after arXiv 2504.06274; what it leaves open is named."""

    views: ClassVar[tuple[str, ...]] = ("rated-group", "rated-user", "rated-rows", "surprise-faq")

    name: Literal["paper"] = "paper"
    groups: Literal["kmeans", "natural"] = "kmeans"
    """Clusters of users by their training rows, or the groups that the data set observed."""
    n_groups: int = Field(20, ge=1)
    """Number of KMeans clusters."""
    group_features: Literal["means", "shares"] = "means"
    """What KMeans sees: rating statistics and means per category, or category shares with demographics."""
    group_scaling: Literal["standard", "none"] = "standard"
    """Whether KMeans' features are standardised."""

    def prepare(self, dataset: Dataset, seed: int) -> Task:
        """Split the rows, and cluster the users by what is left for training."""
        rows, held_out = self._split(dataset, seed)
        natural = self.groups == "natural"
        groups = natural_groups(dataset, "kmeans") if natural else self._kmeans(dataset, rows, seed)
        return Task(training_data(dataset, rows, groups), held_out)

    def _kmeans(self, dataset: Dataset, rows: Ratings, seed: int) -> Groups:
        from groupbench.formation import kmeans

        return kmeans(
            rows,
            dataset.categories,
            dataset.user_features,
            n_groups=self.n_groups,
            features=self.group_features,
            scaling=self.group_scaling,
            random_state=integer(generator(dataset.name, "groups", seed)),
        )


class Coupled(_RowSplit):
    """Small formed groups choose from all items new to their members; each member judges the list."""

    views: ClassVar[tuple[str, ...]] = ("coupled", "decoupled")

    name: Literal["coupled"] = "coupled"
    groups: Literal[
        "random", "similar", "divergent", "one-divergent", "coalitional", "same-item", "natural"
    ] = "random"
    """How groups are formed from training rows, or `natural` for the observed ones."""
    n_groups: int = Field(1000, ge=1)
    """Number of groups."""
    sizes: tuple[int, ...] = (2, 3, 4, 5, 6, 7, 8)
    """Sizes of the groups, in equal shares."""
    relate: Literal["any", "all"] = "any"
    """Whether a new member must relate to any or to all members (Kaya et al. 2020 take any)."""

    def prepare(self, dataset: Dataset, seed: int) -> Task:
        """Split the rows, and form the groups from what is left for training."""
        rows, held_out = self._split(dataset, seed)
        natural = self.groups == "natural"
        groups = natural_groups(dataset, "random") if natural else self._formed(dataset, rows, seed)
        return Task(training_data(dataset, rows, groups), held_out)

    def _formed(self, dataset: Dataset, rows: Ratings, seed: int) -> Groups:
        from groupbench.formation import form

        return form(
            self.groups,
            rows,
            sizes=self.sizes,
            n_groups=self.n_groups,
            relate=self.relate,
            rng=generator(dataset.name, "groups", self.groups, seed),
        )


class Natural(Protocol):
    """Observed groups are judged by their own joint ratings, in folds."""

    views: ClassVar[tuple[str, ...]] = ("natural",)

    name: Literal["natural"] = "natural"
    held: Literal["groups", "rows"] = "groups"
    """Whether a fold holds out all joint ratings of some groups (cold) or some of every group (warm)."""
    folds: int = Field(5, ge=2)
    """Number of folds; seed s is fold s, and after the last fold they are drawn anew."""
    catalogue: Literal["auto", "all"] = "auto"
    """What a group could have rated: all items, or the categories it rated in if they part the items."""

    def prepare(self, dataset: Dataset, seed: int) -> Task:
        """Hold out one fold of the joint ratings; all individual ratings are for training."""
        from groupbench.splits import fold_split

        groups, joint = natural_groups(dataset), dataset.group_ratings
        if joint is None:
            raise ConfigError(f"dataset {dataset.name} has no joint ratings; the protocol natural needs them")
        rng = generator(dataset.name, "folds", seed // self.folds)
        unit = joint.users if self.held == "groups" else joint.users * joint.n_items + joint.items
        # Repeated ratings of one item by one group are one unit, or a fold would hold out what it trains on.
        units, unit = np.unique(unit, return_inverse=True)
        fold = fold_split(len(units), self.folds, seed % self.folds, rng)
        held = np.isin(unit, fold.held_out)
        train = training_data(dataset, dataset.ratings, groups, joint.take(~held))
        parts = self.catalogue == "auto" and _parts_items(dataset.categories)
        return Task(
            train,
            dataset.ratings.take(slice(0, 0)),
            joint=joint.take(held),
            catalogues=dataset.categories if parts else None,
        )


class Given(Protocol):
    """The split that the data came with; held-out rows are ranked against its sampled negatives, if any."""

    views: ClassVar[tuple[str, ...]] = (
        "sampled-group",
        "sampled-group-clean",
        "sampled-user",
        "sampled-user-clean",
    )

    name: Literal["given"] = "given"

    def prepare(self, dataset: Dataset, seed: int) -> Task:
        """Take the data's own training and held-out rows; every seed has the same."""
        if dataset.given is None:
            raise ConfigError(f"dataset {dataset.name} came without a split; use --protocol paper or natural")
        train = training_data(dataset, dataset.ratings, natural_groups(dataset), dataset.group_ratings)
        none = dataset.ratings.take(slice(0, 0))
        return Task(train, none, users=dataset.given.users, groups=dataset.given.groups)


PROTOCOLS: dict[str, type[Protocol]] = {
    "paper": Paper,
    "coupled": Coupled,
    "natural": Natural,
    "given": Given,
}


def make_protocol(options: dict[str, Any], dataset: Dataset | None = None) -> Protocol:
    """A protocol from its `name` and options; unknown names and bad values are a `ConfigError`.

    Without a name it is `given` for data that came with a split, else `paper`.
    """
    from pydantic import ValidationError

    default = "given" if dataset is not None and dataset.given is not None else "paper"
    name = options.get("name", default)
    if name not in PROTOCOLS:
        raise ConfigError(unknown("protocol", str(name), PROTOCOLS))
    kind = PROTOCOLS[name]
    for key in options:
        if key not in kind.model_fields:
            raise ConfigError(unknown(f"option of the protocol {name}", key, kind.model_fields))
    try:
        return kind(**options)
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigError(
            f"protocol option {first['loc'][0]}={first['input']!r}: {first['msg'].lower()}"
        ) from error


def natural_groups(dataset: Dataset, instead: str = "") -> Groups:
    """The observed groups; without any a `ConfigError` that names what `groups` can be `instead`."""
    if dataset.groups is None:
        other = f"use groups={instead} or " if instead else ""
        raise ConfigError(f"dataset {dataset.name} has no natural groups; {other}add a groups.csv")
    return dataset.groups


def training_data(
    dataset: Dataset, rows: Ratings, groups: Groups, joint: Ratings | None = None
) -> TrainingData:
    """What methods may learn from: the given rows, groups and joint ratings, and the data set's features."""
    from groupbench.recommender import TrainingData

    return TrainingData(
        ratings=rows,
        scale=dataset.scale,
        groups=groups,
        group_ratings=joint,
        user_features=dataset.user_features,
        item_features=dataset.item_features,
    )


def _parts_items(categories: Features | None) -> bool:
    return categories is not None and bool((categories.values.sum(axis=1) == 1).all())


def _text(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple | list) else str(value)
