"""Each strategy that fills a list place by place against its paper, one group and candidate at a time."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from groupbench.aggregation import MemberScores
from groupbench.core.arrays import Segments
from groupbench.core.errors import ConfigError
from groupbench.core.registry import aggregators


def ragged_blocks(n=20, levels=17):
    """Blocks with groups of 1 to 7 members, ties and missing candidates."""
    for seed in range(n):
        rng = np.random.default_rng(seed)
        sizes, width = rng.integers(1, 8, size=5), int(rng.integers(1, 13))
        scores = rng.integers(4, 4 + levels, size=(sizes.sum(), width)) / 4
        valid = rng.random((5, width)) < 0.8
        valid[:, 0] = True
        activity = rng.integers(1, 4, size=sizes.sum()).astype(float)
        yield MemberScores(scores, valid, Segments.from_sizes(sizes), activity, (1.0, 5.25))


def groups_of(members):
    """Each group as (lists of member scores, activities), over its candidates only, in exact numbers."""
    for group, ok in enumerate(members.valid):
        rows = members.segments.rows(group, group + 1)
        lists = [[Fraction(s) for s in row[ok]] for row in members.scores[rows]]
        yield ok, lists, [int(a) for a in members.activity[rows]]


def mean(values):
    return Fraction(sum(values)) / len(values)


def columns(lists):
    return list(zip(*lists, strict=True))


def dense(values):
    distinct = sorted(set(values))
    return [distinct.index(v) for v in values]


def fill(lists, considered, objective, depth):
    """(places left, mean) pairs: `objective` of the list so far and one candidate decides, then the mean."""
    means = [mean(c) for c in columns(lists)]
    waiting, place, so_far = set(considered), {}, []
    for turn in range(depth):
        keys = {c: (objective(so_far, c), means[c]) for c in waiting}
        chosen = sorted(c for c in waiting if keys[c] == max(keys.values()))
        place |= dict.fromkeys(chosen, depth - turn)
        so_far = so_far + chosen
        waiting -= set(chosen)
    return [(place.get(c, 0), 0 if c in place else means[c]) for c in range(len(means))]


def own_list(row, top):
    """Candidates that fewer than `top` others beat."""
    return [c for c in range(len(row)) if sum(s > row[c] for s in row) < top]


def by_place(row, top, worth):
    """The mean worth of the places that a candidate shares with its equals, 0 outside the own list."""
    out = [Fraction(0)] * len(row)
    for c in own_list(row, top):
        first = sum(s > row[c] for s in row)
        out[c] = mean([worth(p) for p in range(first, first + row.count(row[c]))])
    return out


def borda(row, top):
    return by_place(row, top, lambda place: max(top - (place + 1), 0))


def binary(row, top):
    return by_place(row, top, lambda place: int(place < top))


def united(lists, top):
    return {c for row in lists for c in own_list(row, top)}


def utilities(lists, top, relevance="borda", utility="proportional"):
    out = []
    for row in lists:
        values = (borda if relevance == "borda" else binary)(row, top)
        whole = sum(values) if utility == "proportional" else top * ((top - 1) if relevance == "borda" else 1)
        out.append([v / whole for v in values])
    return out


FAIRNESS = {
    "greedy-lm": min,
    "greedy-variance": lambda u: 1 - (mean([x * x for x in u]) - mean(u) ** 2),
    "greedy-jain": lambda u: sum(u) ** 2 / (len(u) * sum(x * x for x in u)) if any(u) else 0,
    "min-max": lambda u: min(u) / max(u) if any(u) else 0,
}


@pytest.mark.parametrize("fairness", ["greedy-lm", "greedy-variance", "greedy-jain", "min-max"])
@pytest.mark.parametrize(
    ("welfare", "depth", "top", "relevance", "utility"),
    [
        (0.5, 20, 20, "borda", "proportional"),
        (0.25, 3, 4, "borda", "average"),
        (1.0, 4, 3, "binary", "proportional"),
        (0.0, 2, 5, "binary", "average"),
    ],
)
def test_welfare_and_fairness_are_weighed_as_defined(fairness, welfare, depth, top, relevance, utility):
    options = {"welfare": welfare, "depth": depth, "top": top, "relevance": relevance, "utility": utility}
    if fairness == "min-max":
        strategy = aggregators["greedy-lm"].create(fairness="min-max", **options)
    else:
        strategy = aggregators[fairness].create(**options)
    share = Fraction(welfare)
    for members in ragged_blocks():
        for row, (ok, lists, _) in zip(strategy.aggregate(members), groups_of(members), strict=True):
            u = utilities(lists, top, relevance, utility)

            def objective(so_far, c, u=u):
                held = [sum(row[d] for d in [*so_far, c]) for row in u]
                return share * mean(held) + (1 - share) * FAIRNESS[fairness](held)

            assert dense(row[ok].tolist()) == dense(fill(lists, united(lists, top), objective, depth))


@pytest.mark.parametrize(("depth", "top", "floor"), [(20, 20, 0.01), (3, 4, 0.5)])
def test_nash_maximises_the_product_of_utilities(depth, top, floor):
    strategy = aggregators["nash"].create(depth=depth, top=top, floor=floor)
    for members in ragged_blocks():
        for row, (ok, lists, _) in zip(strategy.aggregate(members), groups_of(members), strict=True):
            u = utilities(lists, top)

            def product(so_far, c, u=u):
                return math.prod(Fraction(floor) + sum(row[d] for d in [*so_far, c]) for row in u)

            assert dense(row[ok].tolist()) == dense(fill(lists, united(lists, top), product, depth))


@pytest.mark.parametrize(("depth", "top"), [(20, 20), (3, 4), (5, 2)])
def test_gfar_maximises_the_chance_of_a_first_relevant_candidate(depth, top):
    strategy = aggregators["gfar"].create(depth=depth, top=top)
    for members in ragged_blocks():
        for row, (ok, lists, _) in zip(strategy.aggregate(members), groups_of(members), strict=True):
            chance = [[r / sum(borda(one, top)) for r in borda(one, top)] for one in lists]

            def gain(so_far, c, chance=chance):
                return sum(one[c] * math.prod(1 - one[d] for d in so_far) for one in chance)

            assert dense(row[ok].tolist()) == dense(fill(lists, range(len(lists[0])), gain, depth))


@pytest.mark.parametrize(("depth", "m", "delta"), [(20, 1, 0.1), (4, 1, 0.4), (20, 2, 0.3), (3, 3, 1.0)])
def test_sp_greedy_covers_members_with_their_best(depth, m, delta):
    strategy = aggregators["sp-greedy"].create(depth=depth, m=m, delta=delta)
    for members in ragged_blocks():
        for row, (ok, lists, _) in zip(strategy.aggregate(members), groups_of(members), strict=True):
            best = max(1, math.ceil(round(delta * len(lists[0]), 9)))
            likes = [set(own_list(one, best)) for one in lists]
            check_cover(row[ok], lists, likes, m, depth)


@pytest.mark.parametrize(("depth", "m", "delta"), [(20, 1, 0.25), (4, 2, 0.5), (20, 2, 0.3), (3, 3, 1.0)])
def test_ef_greedy_covers_members_with_what_they_like_more_than_others(depth, m, delta):
    strategy = aggregators["ef-greedy"].create(depth=depth, m=m, delta=delta)
    for members in ragged_blocks():
        for row, (ok, lists, _) in zip(strategy.aggregate(members), groups_of(members), strict=True):
            best = max(1, math.ceil(round(delta * len(lists), 9)))
            likes = [
                {c for c, s in enumerate(one) if sum(other[c] > s for other in lists) < best} for one in lists
            ]
            check_cover(row[ok], lists, likes, m, depth)


def check_cover(out, lists, likes, m, depth):
    def newly(so_far, c):
        return sum(c in liked and len(liked & set(so_far)) < m for liked in likes)

    assert dense(out.tolist()) == dense(fill(lists, range(len(lists[0])), newly, depth))


def unit(row):
    low, high = min(row), max(row)
    return [(s - low) / (high - low) if high > low else Fraction(1, 2) for s in row]


@pytest.mark.parametrize("weights", ["equal", "activity"])
@pytest.mark.parametrize(("normalize", "excess", "depth"), [("minmax", 0.0, 20), ("none", 0.25, 4)])
def test_ep_fuzzda_keeps_to_the_members_parts(weights, normalize, excess, depth):
    strategy = aggregators["ep-fuzzda"].create(
        weights=weights, normalize=normalize, excess=excess, depth=depth
    )
    for members in ragged_blocks():
        for row, (ok, lists, activity) in zip(strategy.aggregate(members), groups_of(members), strict=True):
            relevance = [unit(one) if normalize == "minmax" else one for one in lists]
            parts = [Fraction(a, sum(activity)) if weights == "activity" else 0 for a in activity]
            parts = parts if weights == "activity" else [Fraction(1, len(lists))] * len(lists)

            def gain(so_far, c, relevance=relevance, parts=parts):
                held = [sum(one[d] for d in so_far) for one in relevance]
                total = sum(held) + sum(one[c] for one in relevance)
                added = Fraction(0)
                for one, part, has in zip(relevance, parts, held, strict=True):
                    free = max(0, part * total - has)
                    added += min(one[c], free) + Fraction(excess) * max(0, one[c] - free)
                return added

            assert dense(row[ok].tolist()) == dense(fill(lists, range(len(lists[0])), gain, depth))


def one_group(scores, **parts):
    scores = np.asarray(scores, dtype=float)
    activity = np.asarray(parts.get("activity", np.ones(len(scores))), dtype=float)
    return MemberScores(
        scores, np.ones((1, scores.shape[1]), bool), Segments.from_sizes([len(scores)]), activity, None
    )


def ranking(name, scores, activity=None, **parameters):
    members = one_group(scores) if activity is None else one_group(scores, activity=activity)
    return np.argsort(-aggregators[name].create(**parameters).aggregate(members)[0], kind="stable").tolist()


TWO_CAMPS = [[9, 8, 7, 6, 1, 2, 3], [9, 8, 7, 6, 1, 2, 3], [9, 8, 7, 6, 1, 3, 2], [1, 2, 3, 4, 9, 8, 7]]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("greedy-lm", {"welfare": 0.2, "top": 3}),
        ("greedy-jain", {"top": 3}),
        ("sp-greedy", {"delta": 0.3}),
        ("ef-greedy", {}),
        ("gfar", {"top": 3}),
        ("nash", {"top": 3}),
        ("ep-fuzzda", {}),
    ],
)
def test_a_minority_that_the_average_neglects_is_served(name, options):
    assert ranking("average", TWO_CAMPS)[:4] == [0, 1, 2, 3]
    assert {4, 5, 6} & set(ranking(name, TWO_CAMPS, **options)[:4])


def test_weights_by_activity_serve_the_active_member_first():
    opposed = [[5, 4, 1, 2], [1, 2, 5, 4]]
    assert ranking("ep-fuzzda", opposed, activity=[9, 1], weights="activity")[:2] == [0, 1]
    assert ranking("ep-fuzzda", opposed, activity=[1, 9], weights="activity")[:2] == [2, 3]
    out = aggregators["ep-fuzzda"].create().aggregate(one_group(opposed, activity=[9, 1]))[0]
    assert out[1] == out[3] > out[0] == out[2]


def test_all_excess_makes_ep_fuzzda_additive():
    scores = np.random.default_rng(3).uniform(1, 5, size=(4, 30))
    fused = ranking("ep-fuzzda", scores, excess=1.0, normalize="none")
    assert fused == ranking("additive", scores)


def test_all_welfare_and_binary_relevance_count_top_lists():
    scores = np.random.default_rng(4).uniform(1, 5, size=(5, 40))
    out = (
        aggregators["greedy-lm"]
        .create(welfare=1.0, relevance="binary", top=6)
        .aggregate(one_group(scores))[0]
    )
    votes = (np.argsort(np.argsort(-scores, axis=1), axis=1) < 6).sum(axis=0)
    placed = np.argsort(-out)[:20]
    assert (np.diff(votes[placed]) <= 0).all()


def test_blocks_of_groups_do_not_change_the_outcome(monkeypatch):
    from groupbench.aggregation import _greedy, pareto

    rng = np.random.default_rng(6)
    sizes = rng.integers(1, 6, size=40)
    scores = rng.normal(size=(sizes.sum(), 30))
    members = MemberScores(
        scores, rng.random((40, 30)) < 0.9, Segments.from_sizes(sizes), np.ones(sizes.sum()), None
    )
    for name in ("greedy-jain", "ef-greedy", "gfar", "ep-fuzzda", "xpo"):
        strategy = aggregators[name].create()
        whole = strategy.aggregate(members)
        with monkeypatch.context() as patch:
            patch.setattr(_greedy, "CACHED", 200)
            patch.setattr(pareto, "CACHED", 200)
            np.testing.assert_array_equal(strategy.aggregate(members), whole)


@pytest.mark.parametrize(
    ("name", "parameter", "value"),
    [
        ("gfar", "top", 1),
        ("gfar", "depth", 0),
        ("nash", "floor", 0.0),
        ("sp-greedy", "m", 0),
        ("sp-greedy", "delta", 0.0),
        ("ef-greedy", "delta", 1.5),
        ("ep-fuzzda", "excess", -0.5),
        ("xpo", "levels", 1),
        ("npo", "depth", 0),
        ("rrf", "k", -1.0),
        ("p-mean", "p", math.inf),
        ("p-mean", "floor", 0.0),
    ],
)
def test_impossible_parameters_are_refused_by_name(name, parameter, value):
    with pytest.raises(ConfigError, match=rf"{name}\.{parameter}.*(give|use)"):
        aggregators[name].create(**{parameter: value})


def test_impossible_fairness_is_refused():
    with pytest.raises(ConfigError, match=r"greedy\.welfare.*give"):
        aggregators["greedy-jain"].create(welfare=2.0)
    with pytest.raises(ConfigError, match="fairness"):
        aggregators["greedy-jain"].create(fairness="luck")
