"""Each aggregator against its definition, followed literally for one group at a time."""

from __future__ import annotations

import math
import statistics
from fractions import Fraction

import numpy as np
import pytest

from groupbench.aggregation import MemberScores
from groupbench.core.arrays import Segments
from groupbench.core.registry import aggregators


def ragged_blocks(n=25):
    """Blocks with groups of 1 to 9 members, ties, missing candidates, and with or without a scale."""
    for seed in range(n):
        rng = np.random.default_rng(seed)
        sizes, width = rng.integers(1, 10, size=6), int(rng.integers(1, 12))
        scores = rng.integers(4, 21, size=(sizes.sum(), width)) / 4
        valid = rng.random((6, width)) < 0.8
        valid[:, 0] = True
        scale = None if seed % 2 else (1.0, 5.0)
        activity = rng.integers(1, 4, size=sizes.sum()).astype(float)
        yield MemberScores(scores, valid, Segments.from_sizes(sizes), activity, scale)


def groups_of(members):
    """Each group as (lists of member scores, activities), over its candidates only, in exact numbers."""
    for group, ok in enumerate(members.valid):
        rows = members.segments.rows(group, group + 1)
        lists = [[Fraction(s) for s in row[ok]] for row in members.scores[rows]]
        yield ok, lists, members.activity[rows].tolist()


def mean(values):
    return Fraction(sum(values)) / len(values)


def columns(lists):
    return list(zip(*lists, strict=True))


def average(lists, scale, activity):
    return [mean(c) for c in columns(lists)]


def additive(lists, scale, activity):
    return [sum(c) for c in columns(lists)]


def multiplicative(lists, scale, activity):
    if scale is None:
        lists = [
            [max(Fraction(0.01) + (1 - Fraction(0.01)) * unit(s, row), Fraction(0.01)) for s in row]
            for row in lists
        ]
    return [math.prod(float(s) for s in c) ** (1 / len(c)) for c in columns(lists)]


def unit(score, row):
    return (score - min(row)) / (max(row) - min(row)) if max(row) > min(row) else Fraction(0)


def least_misery(lists, scale, activity):
    return [min(c) for c in columns(lists)]


def most_pleasure(lists, scale, activity):
    return [max(c) for c in columns(lists)]


def median(lists, scale, activity):
    return [statistics.median(c) for c in columns(lists)]


def most_respected(lists, scale, activity):
    top_candidates = [row for row, a in zip(lists, activity, strict=True) if a == max(activity)]
    return average(top_candidates, scale, activity)


def borda(lists, scale, activity):
    half = Fraction(1, 2)
    votes = [[sum(s > t for t in row) + half * (row.count(s) - 1) for s in row] for row in lists]
    return additive(votes, scale, activity)


def copeland(lists, scale, activity):
    def duel(a, b):
        margin = sum((x > y) - (x < y) for x, y in zip(a, b, strict=True))
        return (margin > 0) - (margin < 0)

    candidates = columns(lists)
    return [sum(duel(a, b) for b in candidates) for a in candidates]


def average_without_misery(lists, scale, activity):
    """(spared, mean) pairs, to be compared as such."""

    def limit(row):
        low, high = scale or (min(row), max(row))
        return low + 0.3 * float(high - low)

    misery = [any(row[c] < limit(row) for row in lists) for c in range(len(lists[0]))]
    return list(zip([not m for m in misery], average(lists, scale, activity), strict=True))


def approval(lists, scale, activity):
    """(votes, mean) pairs."""
    limits = [mean(row) if scale is None else Fraction(3.5) for row in lists]
    votes = [sum(s >= t for s, t in zip(c, limits, strict=True)) for c in columns(lists)]
    return list(zip(votes, average(lists, scale, activity), strict=True))


def plurality(lists, scale, activity, depth=20):
    """(minus the round, Borda count) pairs; the count decides only after the last round."""
    left, place = set(range(len(lists[0]))), {}
    for turn in range(depth):
        votes = dict.fromkeys(left, 0)
        for row in lists:
            for c in left:
                votes[c] += row[c] == max(row[d] for d in left)
        winners = {c for c in left if votes[c] == max(votes.values())}
        place |= dict.fromkeys(winners, (-turn, 0))
        left -= winners
    counts = borda(lists, scale, activity)
    return [place.get(c, (-depth, counts[c])) for c in range(len(counts))]


def round_robin(lists, scale, activity, depth=20):
    """(minus the expected turn, mean) pairs; the mean decides only after the last round."""
    left, place, means = set(range(len(lists[0]))), {}, average(lists, scale, activity)
    size = len(lists)
    for turn in range(depth):
        pickers = dict.fromkeys(left, 0)
        for row in lists:
            for c in left:
                pickers[c] += (row[c], means[c]) == max((row[d], means[d]) for d in left)
        for c in [c for c in left if pickers[c]]:
            place[c] = (-(turn * size + Fraction(size + 1, pickers[c] + 1)), 0)
            left.remove(c)
    return [place.get(c, (-(depth * size + size), means[c])) for c in range(len(means))]


VALUES = {
    "average": average,
    "additive": additive,
    "multiplicative": multiplicative,
    "least-misery": least_misery,
    "most-pleasure": most_pleasure,
    "median": median,
    "most-respected": most_respected,
    "borda": borda,
    "copeland": copeland,
}
ORDERS = {
    "average-without-misery": average_without_misery,
    "approval": approval,
    "plurality": plurality,
    "round-robin": round_robin,
}


def dense(values):
    distinct = sorted(set(values))
    return [distinct.index(v) for v in values]


def test_every_registered_strategy_of_the_package_has_a_reference():
    ours = {n for n, e in aggregators.items() if e.make.__module__.startswith("groupbench.aggregation.")}
    assert ours >= set(VALUES) | set(ORDERS)


@pytest.mark.parametrize("name", VALUES)
def test_values_follow_the_definition(name):
    for members in ragged_blocks():
        out = aggregators[name].create().aggregate(members)
        for row, (ok, lists, activity) in zip(out, groups_of(members), strict=True):
            expected = [float(v) for v in VALUES[name](lists, members.scale, activity)]
            np.testing.assert_allclose(row[ok], expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", [n for n in VALUES if n != "multiplicative"] + list(ORDERS))
def test_orders_and_ties_follow_the_definition(name):
    reference = (VALUES | ORDERS)[name]
    for members in ragged_blocks():
        out = aggregators[name].create().aggregate(members)
        for row, (ok, lists, activity) in zip(out, groups_of(members), strict=True):
            assert dense(row[ok].tolist()) == dense(reference(lists, members.scale, activity))


@pytest.mark.parametrize("name", ["plurality", "round-robin"])
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_what_is_left_after_the_last_round_follows_in_order(name, depth):
    for members in ragged_blocks():
        out = aggregators[name].create(depth=depth).aggregate(members)
        for row, (ok, lists, activity) in zip(out, groups_of(members), strict=True):
            expected = ORDERS[name](lists, members.scale, activity, depth)
            assert dense(row[ok].tolist()) == dense(expected)


def test_approval_may_leave_ties():
    for members in ragged_blocks(6):
        out = aggregators["approval"].create(break_ties=False).aggregate(members)
        for row, (ok, lists, activity) in zip(out, groups_of(members), strict=True):
            assert row[ok].tolist() == [votes for votes, _ in approval(lists, members.scale, activity)]


def test_copeland_in_blocks_of_candidates_and_groups():
    rng = np.random.default_rng(5)
    sizes = np.array([1, 40, 3, 3, 3, 2])
    scores = rng.integers(0, 50, size=(sizes.sum(), 700)).astype(float)
    valid = rng.random((6, 700)) < 0.9
    members = MemberScores(scores, valid, Segments.from_sizes(sizes), np.ones(sizes.sum()), None)
    out = aggregators["copeland"].create().aggregate(members)
    for group, ok in enumerate(valid):
        held = scores[members.segments.rows(group, group + 1)][:, ok]
        margins = sum(np.sign(row[:, None] - row[None, :]) for row in held)
        np.testing.assert_array_equal(out[group, ok], np.sign(margins).sum(axis=1))


class TestMasthoffsExample:
    """The three people and ten sights on which Masthoff's chapter explains the strategies."""

    scores = np.array(
        [
            [10, 4, 3, 6, 10, 9, 6, 8, 10, 8],
            [1, 9, 8, 9, 7, 9, 6, 9, 3, 8],
            [10, 5, 2, 7, 9, 8, 5, 6, 7, 6],
        ],
        dtype=float,
    )

    def run(self, name, **parameters):
        members = MemberScores(
            self.scores, np.ones((1, 10), bool), Segments.from_sizes([3]), np.ones(3), (1.0, 10.0)
        )
        return aggregators[name].create(**parameters).aggregate(members)[0]

    def test_additive(self):
        assert self.run("additive").tolist() == [21, 18, 13, 22, 26, 26, 17, 23, 20, 22]

    def test_multiplicative(self):
        products = [100, 180, 48, 378, 630, 648, 180, 432, 210, 384]
        np.testing.assert_allclose(self.run("multiplicative") ** 3, products, rtol=1e-12)

    def test_average_without_misery_spares_all_but_three(self):
        out = self.run("average-without-misery")
        assert set(np.argsort(out)[:3]) == {0, 2, 8}

    def test_least_misery(self):
        assert self.run("least-misery").tolist() == [1, 4, 2, 6, 7, 8, 5, 6, 3, 6]

    def test_approval_above_five(self):
        assert self.run("approval", threshold=5 / 9, break_ties=False).tolist() == [
            2,
            1,
            1,
            3,
            3,
            3,
            2,
            3,
            2,
            3,
        ]

    def test_plurality_starts_with_a(self):
        out = self.run("plurality")
        assert np.argmax(out) == 0
        assert out.max() == 20
