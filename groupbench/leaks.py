"""What a split that came with the data gives away, and the same split without it.

A held-out row is *seen* if its (rater, item) pair is a training row too. A sampled negative is *repeated* if
the same row has it before, *own* if it is the item that the row holds out, and *known* if the rater has
another row, for training or held out, with that item. Each makes a row easier or harder than it should be.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

import numpy as np

from groupbench.arrays import BoolArray, IntArray, Segments
from groupbench.data import Dataset, GivenSplit, HeldOutRows, Ratings
from groupbench.errors import ConfigError


@dataclass(frozen=True)
class Part:
    """One kind of held-out rows next to the training rows of the same raters.

    Attributes:
        kind: the field of `GivenSplit`.
        of_groups: whether the raters are groups.
        held: the held-out rows.
        train: the training rows.
        rows: every table with rows of these raters, for training and held out.
    """

    kind: str
    of_groups: bool
    held: HeldOutRows
    train: Ratings
    rows: tuple[Ratings, ...]

    @property
    def seen(self) -> BoolArray:
        """Which held-out rows are training rows too, (n_rows,)."""
        return np.isin(pairs(self.held.ratings), pairs(self.train))


@dataclass(frozen=True)
class Negatives:
    """What is wrong with the sampled negatives of held-out rows; all (n_negatives,)."""

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


def parts(dataset: Dataset) -> list[Part]:
    """Every kind of held-out rows that came with the data set."""
    held = {f.name: getattr(dataset.given, f.name, None) for f in fields(GivenSplit)}
    kinds = {kind: rows for kind, rows in held.items() if rows is not None}
    found = []
    for kind, rows in kinds.items():
        of_groups = _of_groups(kind)
        train = dataset.group_ratings if of_groups else dataset.ratings
        if train is None:
            train = rows.ratings.take(slice(0))
        same = [other.ratings for name, other in kinds.items() if _of_groups(name) == of_groups]
        found.append(Part(kind, of_groups, rows, train, (train, *same)))
    return found


def _of_groups(kind: str) -> bool:
    return kind.endswith("groups")


def negatives(part: Part) -> Negatives | None:
    """What is wrong with the sampled negatives, or None where rows are ranked among all items."""
    held = part.held
    if held.negatives is None or held.segments is None:
        return None
    row, rows = held.segments.of_row, held.ratings
    first = np.zeros(len(row), dtype=np.bool_)
    first[np.unique(row * rows.n_items + held.negatives, return_index=True)[1]] = True
    own = held.negatives == rows.items[row]
    positives = np.concatenate([pairs(table) for table in part.rows])
    known = np.isin(rows.users[row] * rows.n_items + held.negatives, positives) & ~own
    return Negatives(~first, own, known)


def without_leaks(dataset: Dataset) -> Dataset:
    """The data set without held-out rows that are seen, and without repeated, own and known negatives.

    Its name ends in `:clean` and its title says so. Held-out rows that would be left with no negative go
    too. Training rows stay as they are.

    Raises:
        ConfigError: if there is nothing to change, so that no figure is labelled as clean for nothing.
    """
    changed: dict[str, HeldOutRows] = {}
    notes: list[str] = []
    for part in parts(dataset):
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


def negatives_left(part: Part, wrong: Negatives) -> IntArray:
    """How many negatives of each held-out row are right, (n_rows,)."""
    assert part.held.segments is not None
    return np.asarray(part.held.segments.reduce("sum", (~wrong.wrong).astype(np.int64)))


def _cleaned(held: HeldOutRows, kept: BoolArray, wrong: Negatives | None) -> HeldOutRows:
    if wrong is None or held.segments is None or held.negatives is None:
        return HeldOutRows(held.ratings.take(kept))
    row = held.segments.of_row
    right = ~wrong.wrong & kept[row]
    sizes = np.bincount(row[right], minlength=len(kept))[kept]
    return HeldOutRows(held.ratings.take(kept), held.negatives[right], Segments.from_sizes(sizes))


def _note(part: Part, seen: BoolArray, kept: BoolArray, wrong: Negatives | None) -> str:
    """Say what the clean variant leaves out of one kind of held-out rows."""
    said = []
    if seen.any():
        said.append(f"{seen.sum():,} of {len(seen):,} rows, which are training rows too")
    emptied = int((~kept & ~seen).sum())
    if emptied:
        said.append(f"{emptied:,} of {len(seen):,} rows, which have no right negative")
    if wrong is not None and part.held.segments is not None:
        inside = kept[part.held.segments.of_row]
        less = int((wrong.wrong & inside).sum())
        said.append(f"{less:,} of {inside.sum():,} negatives, repeated or positive")
    return f"clean: held-out {part.kind.replace('_', ' ')} go without " + ", and without ".join(said)
