"""Findings about the split that came with a data set."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from groupbench.core.arrays import chunks, distinct, in_sorted, ranges
from groupbench.data.doctor._finding import BLOCK, EXAMPLES, EntityNames, Finding, Severity
from groupbench.data.leakage import Partition, known_to_members, negatives, pairs, partitions

if TYPE_CHECKING:
    from groupbench.core.arrays import BoolArray
    from groupbench.data.dataset import Dataset, Ratings
    from groupbench.data.groups import Groups


def held_out_findings(dataset: Dataset) -> Iterator[Finding]:
    """What the held-out rows share with training rows, with members, and with their own negatives."""
    for part in partitions(dataset):
        names = EntityNames.of(dataset, part.of_groups)
        rows, seen = part.held.ratings, part.seen
        about, title = part.label, f"held-out rows that are {part.source} too"
        yield names.finding("held-out-in-training", about, title, rows, seen, "error", fixable=True)
        if part.of_groups and dataset.groups is not None:
            known = known_to_members(dataset.groups, dataset.ratings, rows)
            title = "held-out rows whose item a member has rated in training"
            yield names.finding("held-out-in-profiles", about, title, rows, known, "note")
        elif dataset.groups is not None and dataset.group_ratings is not None:
            chosen = _chosen_by_groups(dataset.groups, dataset.group_ratings, rows)
            title = "held-out rows whose item a group of the user has chosen in training"
            yield names.finding("held-out-in-joint-rows", about, title, rows, chosen, "note")
        yield from _negatives(part, names)


def _chosen_by_groups(groups: Groups, joint: Ratings, rows: Ratings) -> BoolArray:
    """For each row of users, whether a group of the user has a row with its item in `joint`, (n_rows,)."""
    chosen = np.zeros(len(rows), dtype=np.bool_)
    for part in chunks(len(joint), int(groups.sizes.max()), BLOCK):
        sizes = groups.sizes[joint.users[part]]
        members = groups.members[ranges(groups.segments.offsets[joint.users[part]], sizes)]
        keys = members * rows.n_items + np.repeat(joint.items[part], sizes)
        chosen |= in_sorted(pairs(rows), distinct(keys))
    return chosen


_FAULTS: dict[str, tuple[str, str, Severity]] = {
    "repeated": ("negatives-repeated", "rows with a negative that is there twice", "warning"),
    "own": ("positive-among-negatives", "rows whose held-out item is among their negatives", "error"),
    "known": ("rated-among-negatives", "rows with another item of the rater among negatives", "warning"),
}
"""Code, title and severity of each way in which negatives are wrong."""


def _negatives(part: Partition, names: EntityNames) -> Iterator[Finding]:
    found, held = negatives(part), part.held
    if found is None or held.negatives is None or held.segments is None:
        return
    for name, (code, title, severity) in _FAULTS.items():
        wrong: BoolArray = getattr(found, name)
        rows = held.segments.reduce("max", wrong.astype(np.int64)) > 0
        first = held.segments.offsets[:-1][rows][:EXAMPLES]
        items = [held.negatives[at + int(np.argmax(wrong[at:]))] for at in first]
        pairs_of = names.pairs(held.ratings, rows)
        examples = [f"{pair}: negative {names.items[i]}" for pair, i in zip(pairs_of, items, strict=True)]
        about = part.label
        finding = names.finding(code, about, title, held.ratings, rows, severity, fixable=True)
        yield replace(finding, examples=tuple(examples))
