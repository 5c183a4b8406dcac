"""What a data set is in memory: ratings as index rows, features, groups, and the ids behind them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from groupbench.core.arrays import BoolArray, FloatArray, IntArray, Segments, frozen, stable_order
from groupbench.data.groups import Groups
from groupbench.data.social import SocialTies

if TYPE_CHECKING:
    import pandas as pd
    from scipy.sparse import csr_array


@dataclass(frozen=True, repr=False)
class Ratings:
    """Rating rows (user, item, value) by index; a repeated pair stays as repeated rows.

    For joint ratings the "users" are group indices. Arrays are read-only.

    Attributes:
        users: (n,) user index of each row.
        items: (n,) item index of each row.
        values: (n,) rating of each row.
        n_users: number of users, with or without rows.
        n_items: number of items, with or without rows.
        timestamps: (n,) seconds, where the data has them.
        texts: (n,) what was written with each rating, as reviews are, '' for nothing; None without any.
    """

    users: IntArray
    items: IntArray
    values: FloatArray
    n_users: int
    n_items: int
    timestamps: IntArray | None = None
    texts: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        for name, dtype in (("users", np.int64), ("items", np.int64), ("values", np.float64)):
            object.__setattr__(self, name, frozen(getattr(self, name), dtype))
        if self.timestamps is not None:
            object.__setattr__(self, "timestamps", frozen(self.timestamps, np.int64))

    def __len__(self) -> int:
        return len(self.users)

    def __repr__(self) -> str:
        return f"Ratings({len(self)} rows, {self.n_users} users, {self.n_items} items)"

    def take(self, rows: IntArray | BoolArray | slice) -> Ratings:
        """The given rows (indices, a mask or a slice), in that order."""
        times = None if self.timestamps is None else self.timestamps[rows]
        texts = None
        if self.texts is not None:
            texts = tuple(self.texts[row] for row in np.arange(len(self))[rows].tolist())
        return Ratings(
            self.users[rows], self.items[rows], self.values[rows], self.n_users, self.n_items, times, texts
        )

    @classmethod
    def joined(cls, parts: Sequence[Ratings]) -> Ratings:
        """The rows of several parts, one after the other; times and texts only where all have them."""
        times = [part.timestamps for part in parts if part.timestamps is not None]
        texts = [part.texts for part in parts if part.texts is not None]
        return cls(
            np.concatenate([part.users for part in parts]),
            np.concatenate([part.items for part in parts]),
            np.concatenate([part.values for part in parts]),
            parts[0].n_users,
            parts[0].n_items,
            np.concatenate(times) if len(times) == len(parts) else None,
            tuple(chain.from_iterable(texts)) if len(texts) == len(parts) else None,
        )

    def unique(self) -> Ratings:
        """One row per (user, item) pair, sorted by user then item: the mean of its repeated ratings."""
        pairs = self.users * self.n_items + self.items
        if (pairs[1:] > pairs[:-1]).all():
            return replace(self, timestamps=None, texts=None)
        order = stable_order(pairs, self.n_users * self.n_items)
        pairs = pairs[order]
        first = np.diff(pairs, prepend=-1) > 0
        number = np.cumsum(first) - 1
        means = np.bincount(number, weights=self.values[order]) / np.bincount(number)
        pairs = pairs[first]
        return Ratings(pairs // self.n_items, pairs % self.n_items, means, self.n_users, self.n_items)

    def matrix(self) -> csr_array:
        """The (n_users, n_items) sparse matrix with one entry per pair: the mean of its ratings."""
        from scipy.sparse import csr_array

        rows = self.unique()
        starts = np.searchsorted(rows.users, np.arange(self.n_users + 1)).astype(np.int32)
        parts = (rows.values.copy(), rows.items.astype(np.int32), starts)
        return csr_array(parts, shape=(self.n_users, self.n_items))

    @cached_property
    def mean(self) -> float:
        """The mean rating over all rows."""
        return float(self.values.mean())


@dataclass(frozen=True, repr=False)
class Features:
    """Numeric features, one row per user or item.

    Attributes:
        names: one name per column, `field=value` for one-hot columns, `field:word` for text.
        values: (n, n_features).
    """

    names: tuple[str, ...]
    values: FloatArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", frozen(self.values, np.float64))

    def __repr__(self) -> str:
        return f"Features({len(self.values)} rows, {len(self.names)} columns)"

    def select(self, *fields: str) -> Features:
        """The columns whose field (the name up to `=` or `:`) is one of `fields`."""
        keep = [i for i, n in enumerate(self.names) if n.split("=")[0].split(":")[0] in fields]
        return Features(tuple(self.names[i] for i in keep), self.values[:, keep])


@dataclass(frozen=True)
class HeldOutRows:
    """Held-out rows that came with the data, each with the items it was sampled against, if any.

    Attributes:
        ratings: the held-out rows, of users or (as `users`) of groups.
        negatives: (n_negatives,) sampled items, the rows' one after the other; None for full ranking.
        segments: which negatives belong to which row; None for full ranking. Where whole groups are held out,
            rows that came without negatives have none.
    """

    ratings: Ratings
    negatives: IntArray | None = None
    segments: Segments | None = None

    def take(self, rows: BoolArray) -> HeldOutRows:
        """The rows of a mask, (n_rows,), each with its negatives."""
        if self.negatives is None or self.segments is None:
            return HeldOutRows(self.ratings.take(rows))
        sizes = Segments.from_sizes(self.segments.sizes[rows])
        return HeldOutRows(self.ratings.take(rows), self.negatives[rows[self.segments.of_row]], sizes)


@dataclass(frozen=True)
class GivenSplit:
    """A split that the data came with; `Dataset.ratings` and `.group_ratings` are its training rows.

    Attributes:
        users: held-out rows of users, or None.
        groups: held-out rows of groups, or None.
        validation_users: rows of users that are for tuning, or None.
        validation_groups: rows of groups that are for tuning, or None.
    """

    users: HeldOutRows | None = None
    groups: HeldOutRows | None = None
    validation_users: HeldOutRows | None = None
    validation_groups: HeldOutRows | None = None


@dataclass(frozen=True, repr=False)
class Dataset:
    """A data set: individual ratings, and where it has them groups, joint ratings and features.

    Attributes:
        name: the name it was asked for by.
        title: the name to print; says so when the data is simulated.
        ratings: individual ratings.
        user_ids: (n_users,) the ids of the original files, as text.
        item_ids: (n_items,) the ids of the original files, as text.
        scale: lowest and highest possible rating.
        groups: natural groups, or None.
        group_ratings: joint ratings; its `users` are indices into `groups`.
        user_features: numeric features of users, or None.
        item_features: numeric features of items, or None.
        categories: item categories as 0/1 columns (genres, catalogues), or None.
        tables: the original tables by file name, for reports; never an input of a model.
        given: the split that the data came with, or None.
        simulated: whether a program made the data.
        notes: what the loader changed or left out; not part of the content.
        seeds_by_content: whether splits are drawn by the content, as for folders, whose names say nothing.
        social: who is a friend of whom, or follows whom; None where the data does not say.
        item_texts: (n_items,) title, description and the like, '' for none; None where no item has any. What
            was written with ratings is no part of it: that is in `ratings.texts`, and a split parts it.
        user_texts: (n_users,) what users say of themselves, likewise.
    """

    name: str
    title: str
    ratings: Ratings
    user_ids: tuple[str, ...]
    item_ids: tuple[str, ...]
    scale: tuple[float, float]
    groups: Groups | None = None
    group_ratings: Ratings | None = None
    user_features: Features | None = None
    item_features: Features | None = None
    categories: Features | None = None
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict, repr=False, compare=False)
    given: GivenSplit | None = None
    simulated: bool = False
    notes: tuple[str, ...] = ()
    seeds_by_content: bool = False
    social: SocialTies | None = None
    item_texts: tuple[str, ...] | None = None
    user_texts: tuple[str, ...] | None = None

    def __repr__(self) -> str:
        groups = "" if self.groups is None else f", {len(self.groups)} groups"
        return f"Dataset({self.name!r}: {self.ratings!r}{groups})"

    @property
    def seed_label(self) -> str:
        """What splits, groups and fits are drawn by: a registered data set's name, a folder's content.

        So the same files give the same split in a folder of any name.
        """
        return self.content_hash if self.seeds_by_content else self.name

    @cached_property
    def content_hash(self) -> str:
        """sha256 over everything a model or a view can see but raw texts, in hexadecimal.

        Texts have the hash `text_hash`: no split, group or view depends on them, nor does a method without an
        encoder of texts, so that their values compare whatever is written.
        """
        return _digest(self._parts())

    @cached_property
    def text_hash(self) -> str:
        """sha256 over the texts of items, users and ratings, in hexadecimal; empty without any."""
        parts = [
            ("item_texts", self.item_texts),
            ("user_texts", self.user_texts),
            ("ratings.texts", self.ratings.texts),
        ]
        given = [(name, list(map(str, texts))) for name, texts in parts if texts is not None]
        return _digest(given) if given else ""

    @property
    def identity(self) -> tuple[str, str, str]:
        """What tells it from others: content, texts, and what random numbers are drawn by."""
        return self.content_hash, self.text_hash, self.seed_label

    def _parts(self) -> Iterator[tuple[str, object]]:
        """Every piece that decides the hash, with a name: texts and numbers as plain Python values."""
        yield "user_ids", list(map(str, self.user_ids))
        yield "item_ids", list(map(str, self.item_ids))
        yield "scale", list(map(float, self.scale))
        yield from _columns("ratings", self.ratings)
        yield from _columns("group_ratings", self.group_ratings)
        for name in ("users", "groups", "validation_groups", "validation_users"):
            held: HeldOutRows | None = getattr(self.given, name, None)
            if held is not None:
                yield from _columns(f"given.{name}", held.ratings)
                yield f"given.{name}.negatives", held.negatives
                yield f"given.{name}.offsets", None if held.segments is None else held.segments.offsets
        if self.groups is not None:
            yield "groups.ids", list(map(str, self.groups.ids))
            yield "groups.offsets", self.groups.segments.offsets
            yield "groups.members", self.groups.members
        for name in ("user_features", "item_features", "categories"):
            features: Features | None = getattr(self, name)
            if features is not None:
                yield f"{name}.names", list(map(str, features.names))
                yield f"{name}.values", features.values
        if self.social is not None:
            yield "social.directed", self.social.directed
            for name in ("users", "friends", "weights"):
                yield f"social.{name}", getattr(self.social, name)


def _digest(parts: Iterable[tuple[str, object]]) -> str:
    digest = hashlib.sha256()
    for name, part in parts:
        content = part.tobytes() if isinstance(part, np.ndarray) else repr(part).encode()
        digest.update(f"{name}:{len(content)}:".encode() + content)
    return digest.hexdigest()


def _columns(name: str, rows: Ratings | None) -> Iterator[tuple[str, object]]:
    if rows is not None:
        for column in ("users", "items", "values", "timestamps"):
            yield f"{name}.{column}", getattr(rows, column)
