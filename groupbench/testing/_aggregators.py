"""What every aggregator has to keep, whether it looks back or not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import numpy as np

from groupbench.aggregation import MemberScores
from groupbench.aggregation.sequential import State, play
from groupbench.core.arrays import BoolArray, FloatArray, IntArray, Segments
from groupbench.core.entry import Entry
from groupbench.testing._outcome import close, need

_SIZES, _WIDTH = (1, 2, 3, 5), 12
Step = tuple[str, Callable[[], None]]
"""What is checked, in a word, and how."""


def of_aggregator(entry: Entry) -> Iterator[Step]:
    """The steps that check an aggregator."""

    def aggregate(scores: FloatArray, valid: BoolArray, sizes: tuple[int, ...]) -> FloatArray:
        members = MemberScores(scores, valid, Segments.from_sizes(sizes), _activity(scores), None)
        return np.asarray(entry.create().aggregate(members))

    def contract() -> None:
        made = aggregate(scores, valid, _SIZES)
        shape = len(_SIZES), _WIDTH
        need(made.shape == shape, f"aggregate gives shape {made.shape}, not (n_groups, width) = {shape}")
        need(bool(np.isfinite(made[valid]).all()), "scores are NaN or infinite where a group has a candidate")

    def alone() -> None:
        full, segments = aggregate(scores, valid, _SIZES), Segments.from_sizes(_SIZES)
        for group, size in enumerate(_SIZES):
            rows = segments.rows(group, group + 1)
            part = MemberScores(
                scores[rows], valid[[group]], Segments.from_sizes([size]), _activity(scores)[rows], None
            )
            made = np.asarray(entry.create().aggregate(part))
            same = close(made[valid[[group]]], full[[group]][valid[[group]]])
            need(same, "a group's scores depend on which other groups are asked for")

    def invalid() -> None:
        other = np.where(valid[Segments.from_sizes(_SIZES).of_row], scores, 99.0)
        same = close(aggregate(other, valid, _SIZES)[valid], aggregate(scores, valid, _SIZES)[valid])
        need(same, "scores depend on columns where a group has no candidate: heed members.valid")

    rng = np.random.default_rng(0)
    scores = rng.permutation(sum(_SIZES) * _WIDTH).reshape(-1, _WIDTH) / 10.0
    valid = np.arange(_WIDTH) < np.array([[12], [12], [9], [7]])
    yield "contract", contract
    yield "parameters", lambda: documented(entry)
    yield "group-order", alone
    yield "candidates", invalid


def of_sequential(entry: Entry) -> Iterator[Step]:
    """The steps that check an aggregator that looks back."""

    def shown(members: MemberScores) -> IntArray:
        return play(entry.create(), [members] * 3, 2)

    def contract() -> None:
        made, state = entry.create(), State.start(members)
        scores = np.asarray(made.score(members, state, 2))
        need(scores.shape == valid.shape, f"score gives shape {scores.shape}, not (n_groups, width)")
        need(bool(np.isfinite(scores[valid]).all()), "scores are NaN or infinite where there is a candidate")
        got = np.asarray(made.receive(members, shown(members)[0]))
        need(got.shape == (len(members.scores),), f"receive gives shape {got.shape}, not (n_rows,)")

    def alone() -> None:
        for group, size in enumerate(_SIZES):
            rows = members.segments.rows(group, group + 1)
            part = MemberScores(
                members.scores[rows],
                valid[[group]],
                Segments.from_sizes([size]),
                members.activity[rows],
                None,
            )
            same = np.array_equal(shown(part), shown(members)[:, [group]])
            need(same, "a group's lists depend on which other groups are asked for")

    rng = np.random.default_rng(0)
    scores = rng.permutation(sum(_SIZES) * _WIDTH).reshape(-1, _WIDTH) / 10.0
    valid = np.arange(_WIDTH) < np.array([[12], [12], [9], [7]])
    members = MemberScores(scores, valid, Segments.from_sizes(_SIZES), _activity(scores), None)
    yield "contract", contract
    yield "parameters", lambda: documented(entry)
    yield "group-order", alone


def _activity(scores: FloatArray) -> FloatArray:
    return np.asarray(np.arange(len(scores)) % 3.0, dtype=np.float64)


def documented(entry: Entry) -> None:
    """Require a text, and parameters that a record can hold."""
    need(bool(entry.make.__doc__), "give it a docstring: its first line is what 'list' shows")
    json.dumps(entry.parameters(), allow_nan=False)
