"""What a split that came with the data gives away, and the same split without it.

A held-out row is *seen* if its (rater, item) pair is a training row too, or, for rows that test, a validation
row: a method may have learned from the one, and been tuned or stopped early on the other. A sampled negative
is *repeated* if the same row has it before, *own* if it is the item that the row holds out, and *known* if
the rater has another row, for training, validation or test, with that item. Each makes a row easier or
harder than it should be.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

import numpy as np

from groupbench.core.arrays import BoolArray, IntArray, Segments, distinct, in_sorted, ranges, stable_order
from groupbench.core.errors import ConfigError
from groupbench.data.dataset import Dataset, GivenSplit, HeldOutRows, Ratings
from groupbench.data.groups import Groups


@dataclass(frozen=True)
class Partition:
    """One kind of held-out rows next to the training rows of the same raters.

    Attributes:
        kind: the field of `GivenSplit`.
        of_groups: whether the raters are groups.
        held: the held-out rows.
        learned: the rows of these raters that a method may have used before `held` evaluates it.
        rows: every table with rows of these raters.
    """

    kind: str
    of_groups: bool
    held: HeldOutRows
    learned: tuple[Ratings, ...]
    rows: tuple[Ratings, ...]

    @property
    def label(self) -> str:
        """The kind as it is printed."""
        return self.kind.replace("_", " ")

    @property
    def known(self) -> IntArray:
        """What `pairs` gives of the rows in `learned`, distinct and ascending."""
        return distinct(np.concatenate([np.empty(0, np.int64), *map(pairs, self.learned)]))

    @property
    def source(self) -> str:
        """What the rows in `learned` are, in words."""
        return "training rows" if len(self.learned) < 2 else "training or validation rows"

    @property
    def seen(self) -> BoolArray:
        """Which held-out rows are rows in `learned` too, (n_rows,)."""
        return in_sorted(pairs(self.held.ratings), self.known)


@dataclass(frozen=True)
class Negatives:
    """What is wrong with the sampled negatives of held-out rows; all (n_negatives,).

    Attributes:
        repeated: it stands twice in its list.
        own: it is the positive of its own list.
        known: it is another positive of the user or group, in any part.
    """

    repeated: BoolArray
    own: BoolArray
    known: BoolArray

    @property
    def wrong(self) -> BoolArray:
        """Which negatives a clean row does without."""
        return self.repeated | self.own | self.known


def pairs(rows: Ratings) -> IntArray:
    """One integer for the (rater, item) pair of each row, (n_rows,)."""
    return rows.users * rows.n_items + rows.items


def known_to_members(groups: Groups, ratings: Ratings, rows: Ratings) -> BoolArray:
    """For each of the `rows` of groups, whether a member has a row of `ratings` with its item, (n_rows,)."""
    keys = member_pairs(groups, rows)
    row = np.repeat(np.arange(len(rows)), groups.sizes[rows.users])
    return np.bincount(row, in_sorted(keys, distinct(pairs(ratings))), minlength=len(rows)) > 0


def member_pairs(groups: Groups, rows: Ratings) -> IntArray:
    """What `pairs` would give of a row of each member for each of the `rows` of groups, row after row."""
    sizes = groups.sizes[rows.users]
    members = groups.members[ranges(groups.segments.offsets[rows.users], sizes)]
    return np.asarray(members * rows.n_items + np.repeat(rows.items, sizes))


def partitions(dataset: Dataset) -> list[Partition]:
    """Every kind of held-out rows that came with the data set."""
    given = dataset.given or GivenSplit()
    found = (partition_of(given, f.name, dataset.ratings, dataset.group_ratings) for f in fields(given))
    return [one for one in found if one is not None]


def partition_of(
    given: GivenSplit, kind: str, ratings: Ratings, group_ratings: Ratings | None
) -> Partition | None:
    """One kind of held-out rows of a split with its training rows; None if the split has none of that kind.

    Args:
        given: the split.
        kind: a field of it.
        ratings: training rows of users.
        group_ratings: training rows of groups, or None.
    """
    of_groups = _of_groups(kind)
    raters = "groups" if of_groups else "users"
    test: HeldOutRows | None = getattr(given, raters)
    validation: HeldOutRows | None = getattr(given, f"validation_{raters}")
    held: HeldOutRows | None = getattr(given, kind)
    if held is None:
        return None
    train = group_ratings if of_groups else ratings
    learned = [] if train is None else [train]
    if held is test and validation is not None:
        learned.append(validation.ratings)
    others = [other.ratings for other in (test, validation) if other is not None]
    return Partition(kind, of_groups, held, tuple(learned), (*learned, *others))


def _of_groups(kind: str) -> bool:
    return kind.endswith("groups")


def negatives(part: Partition) -> Negatives | None:
    """What is wrong with the sampled negatives, or None where rows are ranked among all items."""
    held = part.held
    if held.negatives is None or held.segments is None:
        return None
    row, rows = held.segments.of_row, held.ratings
    first = np.zeros(len(row), dtype=np.bool_)
    keys = row * rows.n_items + held.negatives
    order = stable_order(keys, len(rows) * rows.n_items)
    first[order[np.diff(keys[order], prepend=-1) > 0]] = True
    own = held.negatives == rows.items[row]
    positives = distinct(np.concatenate([pairs(table) for table in part.rows]))
    known = in_sorted(rows.users[row] * rows.n_items + held.negatives, positives) & ~own
    return Negatives(~first, own, known)


def without_leaks(dataset: Dataset) -> Dataset:
    """The data set without held-out rows that are seen, and without repeated, own and known negatives.

    Its name ends in `:clean` and its title says so. Held-out rows that would be left with no negative go
    too. Training rows stay as they are.

    Raises:
        ConfigError: if there is nothing to change, so that no result is labeled as clean for nothing.
    """
    changed: dict[str, HeldOutRows] = {}
    notes: list[str] = []
    for part in partitions(dataset):
        wrong = negatives(part)
        seen = part.seen
        if seen.any() or (wrong is not None and wrong.wrong.any()):
            kept = ~seen if wrong is None else ~seen & (negatives_left(part, wrong) > 0)
            changed[part.kind] = _cleaned(part.held, kept, wrong)
            notes.append(_note(part, seen, kept, wrong))
    if dataset.given is None or not changed:
        raise ConfigError(
            f"{dataset.name} has nothing that the variant 'clean' would change; use {dataset.name!r} itself"
        )
    return replace(
        dataset,
        name=f"{dataset.name}:clean",
        title=f"{dataset.title} (clean)",
        given=_exchanged(dataset.given, changed),
        notes=(*dataset.notes, *notes),
    )


def _exchanged(given: GivenSplit, changed: Mapping[str, HeldOutRows]) -> GivenSplit:
    return GivenSplit(**{f.name: changed.get(f.name, getattr(given, f.name)) for f in fields(given)})


def negatives_left(part: Partition, wrong: Negatives) -> IntArray:
    """How many negatives of each held-out row are right, (n_rows,)."""
    assert part.held.segments is not None
    return np.bincount(part.held.segments.of_row[~wrong.wrong], minlength=len(part.held.ratings))


def _cleaned(held: HeldOutRows, kept: BoolArray, wrong: Negatives | None) -> HeldOutRows:
    if wrong is None or held.segments is None or held.negatives is None:
        return held.take(kept)
    row = held.segments.of_row
    right = ~wrong.wrong & kept[row]
    sizes = np.bincount(row[right], minlength=len(kept))[kept]
    return HeldOutRows(held.ratings.take(kept), held.negatives[right], Segments.from_sizes(sizes))


def _note(part: Partition, seen: BoolArray, kept: BoolArray, wrong: Negatives | None) -> str:
    """Say what the clean variant leaves out of one kind of held-out rows."""
    said = []
    if seen.any():
        said.append(f"{seen.sum():,} of {len(seen):,} rows, which are {part.source} too")
    emptied = int((~kept & ~seen).sum())
    if emptied:
        said.append(f"{emptied:,} of {len(seen):,} rows, which have no right negative")
    if wrong is not None and part.held.segments is not None:
        inside = kept[part.held.segments.of_row]
        less = int((wrong.wrong & inside).sum())
        said.append(f"{less:,} of {inside.sum():,} negatives, repeated or positive")
    return f"clean: held-out {part.label} go without " + ", and without ".join(said)
