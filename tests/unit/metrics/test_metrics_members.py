"""Metrics over members against loops over every order of equal scores."""

from __future__ import annotations

import functools
import math
from collections import defaultdict
from dataclasses import replace
from itertools import groupby, permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groupbench.core.arrays import Segments
from groupbench.core.kernels import VARIABLE
from groupbench.metrics import (
    SPREADS,
    Predictions,
    _orders,
    evaluate_members,
    evaluate_predictions,
    evaluate_scores,
    sort_keys,
    top_candidates,
)
from groupbench.metrics._spreads import MemberValues
from tests.conftest import make_member_lists

CUTOFFS = (1, 3, 5, 10)
WIDTH = 6
SPREAD = {spread.name: spread.compute for spread in SPREADS}
NOTHING = math.nan


def evaluated(scores, predictions, cutoffs):
    keys, columns = top_candidates(sort_keys(scores, predictions.valid), max(cutoffs), stable=True)
    return evaluate_predictions(keys, columns, predictions, cutoffs)


def orders(scores):
    """Every order of the candidates by descending score, all equally likely."""
    ranked = sorted(range(len(scores)), key=lambda c: -scores[c])
    blocks = [list(block) for _, block in groupby(ranked, key=lambda c: scores[c])]
    for choice in product(*map(permutations, blocks)):
        yield [candidate for block in choice for candidate in block]


def dcg(gains):
    return sum(gain / math.log2(place + 1) for place, gain in enumerate(gains, start=1))


def of_order(order, liked, k):
    """What one member gets from the first k of one order."""
    hits = [candidate in liked for candidate in order[:k]]
    first = hits.index(True) + 1 if any(hits) else None
    return {
        "precision": sum(hits) / k,
        "recall": sum(hits) / len(liked),
        "ndcg": dcg(hits) / dcg([1] * min(k, len(liked))),
        "hit": float(any(hits)),
        "mrr": 1 / first if first else 0.0,
        "dfh": 1 / math.log2(1 + first) if first else 0.0,
        "hits": sum(hits),
    }


def mean(values):
    return sum(values) / len(values)


@functools.cache
def spreads(values):
    """Every spread of the values of one group, from its definition; the worst one where nobody is served."""
    n, total = len(values), sum(values)
    apart = sum(abs(a - b) for a, b in product(values, values))
    envies = [max(theirs - mine, 0) for mine, theirs in permutations(values, 2)]
    return {
        "min": min(values),
        "max": max(values),
        "minmax": min(values) / max(values) if max(values) else 0,
        "std": math.sqrt(mean([(v - mean(values)) ** 2 for v in values])),
        "jain": total**2 / (n * sum(v**2 for v in values)) if total else 1 / n,
        "gini": apart / (2 * n * total) if total else (n - 1) / n,
        "envy": mean(envies) if envies else NOTHING,
    }


def in_order(order, likes, k):
    """All metrics of one group in one order; nothing if nobody likes anything."""
    members = [of_order(order, liked, k) for liked in likes if liked]
    if not members:
        return {}
    names = ("precision", "recall", "ndcg", "hit", "mrr", "dfh")
    out = {name: mean([m[name] for m in members]) for name in names}
    for name in ("precision", "recall", "ndcg"):
        out |= {f"{how}-{name}": v for how, v in spreads(tuple(m[name] for m in members)).items()}
    n, hits, missed = len(members), [m["hits"] for m in members], [1 - m["hit"] for m in members]
    out["zrecall"] = mean(missed)
    out["zrecall_all"] = sum(missed) / len(likes)
    shares = [h / sum(hits) - 1 / n for h in hits] if sum(hits) else [2 * (n - 1) / n]
    out["proportionality_error"] = sum(map(abs, shares)) / 2
    return {f"{name}@{k}": value for name, value in out.items()}


def of_group(scores, likes, k):
    """Every value that a metric of one group takes, one for each order."""
    found = defaultdict(list)
    for order in orders(scores):
        for name, value in in_order(order, likes, k).items():
            found[name].append(value)
    return found


def small_groups(seed, levels):
    """Per group its (tied) candidate scores, and per member the candidates it likes; some like none."""
    rng = np.random.default_rng(seed)
    return [
        (
            rng.integers(0, levels, width).astype(float).tolist(),
            [set(np.flatnonzero(rng.random(width) < 0.35).tolist()) for _ in range(n_members)],
        )
        for width, n_members in zip(rng.integers(1, WIDTH + 1, 6), rng.integers(1, 5, 6), strict=True)
    ]


def judged(groups, ties="expected"):
    segments = Segments.from_sizes([len(likes) for _, likes in groups])
    scores, valid = np.zeros((len(groups), WIDTH)), np.zeros((len(groups), WIDTH), dtype=bool)
    relevant = np.zeros((int(segments.offsets[-1]), WIDTH), dtype=bool)
    for g, (values, likes) in enumerate(groups):
        scores[g, : len(values)], valid[g, : len(values)] = values, True
        for member, liked in enumerate(likes, start=segments.offsets[g]):
            relevant[member, list(liked)] = True
    return evaluate_members(
        make_member_lists(scores, relevant, valid, segments, max(CUTOFFS)), CUTOFFS, ties=ties
    )


@pytest.fixture
def every_order(monkeypatch):
    """Few orders are all that lists of these widths have."""
    monkeypatch.setattr(_orders, "ORDERS", math.factorial(WIDTH))


def assert_expected(groups, found):
    compared = set()
    for g, (scores, likes) in enumerate(groups):
        for k in CUTOFFS:
            for name, values in of_group(scores, likes, k).items():
                assert found[name][g] == pytest.approx(mean(values), abs=1e-9, nan_ok=True), (name, g)
                compared.add(name.partition("@")[0])
    return compared


@pytest.mark.parametrize("levels", [1, 2, 3, 50])
@pytest.mark.parametrize("seed", range(3))
def test_every_value_is_the_expectation_over_the_orders_of_ties(seed, levels, every_order):
    groups = small_groups(seed, levels)
    assert len(assert_expected(groups, judged(groups))) == 6 + 3 * len(SPREADS) + 3


tied_group = st.integers(1, 5).flatmap(
    lambda width: st.tuples(
        st.lists(st.integers(0, 2).map(float), min_size=width, max_size=width),
        st.lists(st.sets(st.integers(0, width - 1)), min_size=1, max_size=4),
    )
)


@settings(max_examples=60)
@given(st.lists(tied_group, min_size=1, max_size=3))
def test_any_small_group_has_the_mean_over_its_orders_and_no_order_beyond_its_bounds(groups):
    # At most 5! orders: all of them are gone through.
    assert_expected(groups, judged(groups))
    worst, best = judged(groups, "worst"), judged(groups, "best")
    for g, (scores, likes) in enumerate(groups):
        for k in CUTOFFS:
            for name, values in of_group(scores, likes, k).items():
                low, high = sorted((worst[name][g], best[name][g]))
                assert np.isnan(values).all() or low - 1e-9 <= min(values) <= max(values) <= high + 1e-9, name


def test_best_is_the_better_bound_of_every_spread():
    groups = small_groups(1, 2)
    worst, best = judged(groups, "worst"), judged(groups, "best")
    lower = {spread.name for spread in SPREADS if spread.lower_is_better}
    moved = set()
    for name in (f"{spread.name}-{base}@3" for spread in SPREADS for base in ("recall", "ndcg")):
        gain = best[name] - worst[name]
        gain = gain[~np.isnan(gain)] * (-1 if name.partition("-")[0] in lower else 1)
        assert (gain >= 0).all(), name
        moved |= {name.partition("-")[0]} if gain.any() else set()
    assert moved == set(SPREAD)


def many_ties(n_groups, width, seed):
    """Groups of one list of ties each, and what their members like of it."""
    rng = np.random.default_rng(seed)
    groups = Segments.from_sizes(rng.integers(2, 6, n_groups))
    relevant = rng.random((int(groups.offsets[-1]), width)) < 0.5
    scores = np.zeros((n_groups, width))
    return make_member_lists(scores, relevant, np.ones_like(scores, dtype=bool), groups, 4)


def test_drawn_orders_agree_with_all_orders_within_the_stated_error(monkeypatch):
    n = 300
    lists = many_ties(n, 7, 0)
    monkeypatch.setattr(_orders, "ORDERS", math.factorial(7))
    exact = evaluate_members(lists, (4,))
    monkeypatch.setattr(_orders, "ORDERS", 256)
    monkeypatch.setenv(VARIABLE, "off")
    monkeypatch.setattr(_orders, "_fewest", lambda tied: np.full(len(tied.groups), np.inf))
    drawn = evaluate_members(lists, (4,))
    moved = 0
    for name in exact:
        if "-" in name or name.startswith("proportionality"):
            error = (drawn[name] - exact[name])[~np.isnan(exact[name])]
            assert np.abs(error).max() < 4.5 / 32, name
            assert abs(error.mean()) < 4 / 32 / math.sqrt(n), name
            moved += error.any()
        else:
            np.testing.assert_array_equal(drawn[name], exact[name])
    assert moved > 20


def test_drawn_orders_do_not_depend_on_what_else_is_evaluated(monkeypatch):
    lists = many_ties(40, 30, 1)
    found = evaluate_members(lists, (2, 4))
    monkeypatch.setattr(_orders, "_CELLS", 1)
    chosen = [3, 17, 39]
    rows, inside = lists.groups.window(np.array(chosen))
    sizes = Segments.from_sizes(inside.sum(axis=1))
    part = make_member_lists(
        np.zeros((3, 30)), lists.liked[rows[inside]], np.ones((3, 30), dtype=bool), sizes, 2, np.array(chosen)
    )
    for name, values in evaluate_members(part, (2,)).items():
        np.testing.assert_allclose(values, found[name][chosen], rtol=1e-12, err_msg=name)


def test_what_stands_behind_the_end_of_a_list_is_nobodys(monkeypatch):
    rng = np.random.default_rng(3)
    groups, valid = Segments.from_sizes([2, 3, 4]), np.arange(6) < np.array([[2], [3], [6]])
    relevant = (rng.random((9, 6)) < 0.6) & valid[groups.of_row]
    lists = make_member_lists(np.zeros((3, 6)), relevant, valid, groups, 5)
    behind = (lists.keys == np.inf)[groups.of_row]
    assert behind.any()
    monkeypatch.setenv(VARIABLE, "off")
    monkeypatch.setattr(_orders, "_fewest", lambda tied: np.full(len(tied.groups), np.inf))
    found = evaluate_members(lists, (5,))
    for name, values in evaluate_members(replace(lists, liked=lists.liked | behind), (5,)).items():
        np.testing.assert_array_equal(values, found[name], err_msg=name)


def test_drawn_orders_are_uniform():
    lists = many_ties(500, 30, 2)
    assert (_orders._fewest(lists.tied(4)) > _orders.ORDERS).all()
    orders = _orders._drawn_orders(lists.tied(4), np.arange(500))
    for position in orders.columns:
        counts = np.bincount(position, minlength=30)
        assert (np.abs(counts - 500 * 256 / 30) < 5 * math.sqrt(500 * 256 / 30)).all()
    assert (np.diff(np.sort(orders.columns, axis=0), axis=0) > 0).all()
    pairs = np.bincount(orders.columns[0] * 30 + orders.columns[3], minlength=900).reshape(30, 30)
    apart = pairs[~np.eye(30, dtype=bool)]
    assert np.abs(apart - 500 * 256 / 870).max() < 5 * math.sqrt(500 * 256 / 870)


def test_a_group_in_which_nobody_likes_anything_is_undefined():
    found = judged([([3.0, 2.0], [set(), set()]), ([3.0, 2.0], [{0}, set()])])

    assert np.isnan(found["ndcg@3"]).tolist() == [True, False]
    for name in ("precision@3", "min-ndcg@3", "max-ndcg@3", "std-ndcg@3", "zrecall@3", "dfh@3"):
        assert np.isnan(found[name][0]), name
    assert found["zrecall@3"][1] == 0


def test_members_who_can_find_nothing_do_not_judge_but_count_in_zrecall_all():
    found = judged([([3.0, 2.0, 1.0], [{2}, set(), {0}, set()])])

    assert found["zrecall@1"] == pytest.approx(1 / 2)
    assert found["zrecall_all@1"] == pytest.approx(1 / 4)
    assert found["min-recall@1"] == 0
    assert found["max-recall@1"] == 1
    assert found["recall@1"] == pytest.approx(1 / 2)


def test_unequal_hits_are_the_distance_from_equal_shares():
    found = judged([([6.0, 5.0, 4.0, 3.0], [{0, 1, 2}, {3}]), ([2.0, 1.0], [{1}, {1}])])

    assert found["proportionality_error@3"][0] == pytest.approx(0.5)
    assert found["proportionality_error@5"][0] == pytest.approx(0.25)
    assert found["proportionality_error@1"][1] == 1 / 2


def test_where_nobody_is_served_the_group_counts_with_the_worst_value():
    found = judged([([3.0, 2.0, 1.0], [{2}, {1}, set(), {1, 2}]), ([2.0, 1.0], [{1}])])

    for base in ("precision", "recall", "ndcg"):
        assert found[f"minmax-{base}@1"].tolist() == [0, 0]
        assert found[f"jain-{base}@1"].tolist() == [1 / 3, 1]
        assert found[f"gini-{base}@1"] == pytest.approx([2 / 3, 0])
        assert found[f"std-{base}@1"].tolist() == [0, 0]
    assert found["proportionality_error@1"] == pytest.approx([2 / 3, 0])


@pytest.mark.parametrize("seed", range(4))
def test_best_and_worst_bound_the_expectation_of_every_mean(seed):
    groups = small_groups(seed, 2)
    worst, expected, best = (judged(groups, ties) for ties in ("worst", "expected", "best"))
    for name in ("precision@3", "recall@3", "ndcg@3", "hit@3", "dfh@3", "min-ndcg@3", "max-ndcg@3"):
        defined = ~np.isnan(expected[name])
        assert (worst[name][defined] <= expected[name][defined] + 1e-12).all(), name
        assert (expected[name][defined] <= best[name][defined] + 1e-12).all(), name
    assert (best["ndcg@3"] > worst["ndcg@3"] + 1e-6).any()


numbers = st.lists(
    st.lists(
        st.one_of(st.just(math.nan), st.floats(0, 1).map(lambda v: round(v, 2))), min_size=1, max_size=5
    ),
    min_size=1,
    max_size=5,
)


@given(numbers)
def test_spreads_leave_out_members_without_a_value(groups):
    segments = Segments.from_sizes([len(values) for values in groups])
    values = MemberValues(np.concatenate(groups), segments)
    found = {name: compute(values) for name, compute in SPREAD.items()}
    for g, values in enumerate(groups):
        known = [v for v in values if not math.isnan(v)]
        expected = spreads(tuple(known)) if known else dict.fromkeys(SPREAD, NOTHING)
        for name, value in expected.items():
            assert found[name][g] == pytest.approx(value, abs=1e-9, nan_ok=True), name


def test_envy_is_felt_by_who_gets_less_and_only_among_several():
    found = judged([([3.0, 2.0, 1.0], [{0}, {0, 1}, {2}]), ([3.0, 2.0], [{0}, set()])])

    # Recalls at 1 are 1, 1/2 and 0: three members envy others 1/2, 1 and 1/2; six ordered pairs.
    assert found["envy-recall@1"][0] == pytest.approx((1 / 2 + 1 + 1 / 2) / 6)
    assert found["envy-recall@3"][0] == 0
    assert np.isnan(found["envy-recall@1"][1])


# Predictions as truth -----------------------------------------------------------------------------------


def scaled(scores):
    low, high = min(scores), max(scores)
    return [(s - low) / (high - low) if high > low else 1.0 for s in scores]


def by_predictions(scores, members, k):
    """Relevance and NDCG with their spreads, averaged over every order of equal group scores."""
    gains, found = [scaled(member) for member in members], defaultdict(list)
    ideal = [dcg(sorted(one, reverse=True)[:k]) for one in gains]
    for order in orders(scores):
        heads = [[one[c] for c in order[:k]] for one in gains]
        values = {
            "relevance": tuple(mean(head) for head in heads),
            "ndcg": tuple(dcg(head) / most for head, most in zip(heads, ideal, strict=True)),
        }
        for name, of_members in values.items():
            found[name].append(mean(of_members))
            for how, value in spreads(of_members).items():
                found[f"{how}-{name}"].append(value)
    return {name: mean(every) for name, every in found.items()}


@pytest.mark.parametrize("levels", [1, 2, 3, 50])
@pytest.mark.parametrize("seed", range(3))
def test_predictions_judge_every_order_of_ties_alike(seed, levels, every_order):
    rng = np.random.default_rng(seed)
    groups = Segments.from_sizes(rng.integers(1, 5, 6))
    valid = np.arange(WIDTH) < rng.integers(1, WIDTH + 1, 6)[:, None]
    scores = rng.integers(0, levels, valid.shape).astype(float)
    members = rng.integers(0, 4, (int(groups.offsets[-1]), WIDTH)).astype(float)
    found = evaluated(scores, Predictions(members, valid, groups), CUTOFFS)

    for g in range(len(groups)):
        inside = members[groups.rows(g, g + 1)][:, valid[g]].tolist()
        for k in CUTOFFS:
            for name, value in by_predictions(scores[g, valid[g]].tolist(), inside, k).items():
                assert found[f"{name}@{k}"][g] == pytest.approx(value, abs=1e-9, nan_ok=True), (name, g, k)


def test_predictions_in_wide_lists_are_those_of_all_candidates():
    rng = np.random.default_rng(0)
    scores, members = np.floor(rng.uniform(0, 99, (2, 700))), rng.random((5, 700))
    groups, valid = Segments.from_sizes([2, 3]), np.ones((2, 700), dtype=bool)
    valid[1, 650:] = False
    found = evaluated(scores, Predictions(members, valid, groups), (10,))
    for g, (start, stop) in enumerate([(0, 2), (2, 5)]):
        inside = np.flatnonzero(valid[g])
        rows = [(row - row.min()) / (row.max() - row.min()) for row in members[start:stop, inside]]
        ideal = [dcg(np.sort(gains)[::-1][:10]) for gains in rows]
        averages = [[gains[scores[g, inside] == s].mean() for s in scores[g, inside]] for gains in rows]
        order = np.argsort(-scores[g, inside])[:10]
        values = [dcg(np.array(one)[order]) / most for one, most in zip(averages, ideal, strict=True)]
        assert found["ndcg@10"][g] == pytest.approx(mean(values))

        lowest = []
        for _ in range(2000):
            head = np.lexsort((rng.random(len(inside)), -scores[g, inside]))[:10]
            lowest.append(min(dcg(gains[head]) / most for gains, most in zip(rows, ideal, strict=True)))
        error = np.std(lowest) * math.sqrt(1 / 2000 + 1 / _orders.ORDERS)
        assert found["min-ndcg@10"][g] == pytest.approx(mean(lowest), abs=4 * error)


def test_a_member_with_equal_predictions_is_always_satisfied():
    predictions = Predictions(np.full((1, 3), 2.5), np.ones((1, 3), dtype=bool), Segments.from_sizes([1]))
    found = evaluated(np.array([[1.0, 2.0, 3.0]]), predictions, (2,))

    assert found["relevance@2"] == found["ndcg@2"] == 1


def best(values, share):
    """The values that are at least as high as the last of the best `share` of them, rounded up."""
    return [v >= sorted(values, reverse=True)[math.ceil(share * len(values)) - 1] for v in values]


def enough(scores, members, k):
    """The chance of each member to get m of what counts for it, over every order of equal group scores."""
    counts = {
        "proportional": [best(row, 0.05) for row in members],
        "envy_free": np.transpose([best(column, 0.25) for column in np.transpose(members)]).tolist(),
    }
    return {
        f"{name}_{m}": mean([mean([sum(row[c] for c in o[:k]) >= m for o in orders(scores)]) for row in rows])
        for name, rows in counts.items()
        for m in (1, 2)
    }


@pytest.mark.parametrize("levels", [1, 2, 3, 50])
@pytest.mark.parametrize("seed", range(6))
def test_members_get_enough_in_every_order_of_ties_alike(seed, levels):
    rng = np.random.default_rng(seed)
    groups = Segments.from_sizes(rng.integers(1, 7, 8))
    valid = np.arange(WIDTH) < rng.integers(1, WIDTH + 1, 8)[:, None]
    scores = rng.integers(0, levels, valid.shape).astype(float)
    members = rng.integers(0, 3, (int(groups.offsets[-1]), WIDTH)).astype(float)
    found = evaluated(scores, Predictions(members, valid, groups), CUTOFFS)

    for g in range(len(groups)):
        inside = members[groups.rows(g, g + 1)][:, valid[g]].tolist()
        for k in CUTOFFS:
            for name, value in enough(scores[g, valid[g]].tolist(), inside, k).items():
                assert found[f"{name}@{k}"][g] == pytest.approx(value, abs=1e-12), (name, g, k)


def test_favorites_are_one_in_twenty_candidates_and_at_least_one():
    groups, wide = Segments.from_sizes([1, 1, 1]), np.arange(60) < np.array([[19], [40], [41]])
    predictions = Predictions(np.tile(np.arange(60.0), (3, 1)), wide, groups)

    assert predictions.favorites.sum(axis=1).tolist() == [1, 2, 3]
    assert np.flatnonzero(predictions.favorites[1]).tolist() == [38, 39]


def test_nobody_else_is_envied_by_the_best_quarter_of_the_members():
    sizes = [1, 4, 5, 8, 9]
    groups = Segments.from_sizes(sizes)
    scores = np.random.default_rng(0).permuted(np.arange(27.0))[:, None]
    unenvied = Predictions(scores, np.ones((5, 1), dtype=bool), groups).unenvied

    for g, expected in enumerate([1, 1, 2, 2, 3]):
        rows = groups.rows(g, g + 1)
        assert unenvied[rows].sum() == expected
        assert scores[rows][unenvied[rows]].min() >= np.sort(scores[rows, 0])[-expected]


def test_one_candidate_that_is_everybodys_favourite_is_enough_for_one_but_not_for_two():
    scores = np.array([[5.0, 1.0, 1.0, 1.0]])
    predictions = Predictions(
        np.array([[4.0, 2, 1, 3], [5.0, 1, 2, 3]]), np.ones((1, 4), bool), Segments.from_sizes([2])
    )
    found = evaluated(scores, predictions, (1, 4))

    assert found["proportional_1@1"] == 1
    assert found["proportional_2@4"] == 0
    # The second member has the higher score of the first and third candidate, both have that of the last.
    assert found["envy_free_1@1"] == 1 / 2
    assert found["envy_free_1@4"] == found["envy_free_2@4"] == 1


@given(st.integers(0, 2**32), st.integers(1, 4))
def test_enough_grows_with_the_list_and_falls_with_what_is_needed(seed, levels):
    rng = np.random.default_rng(seed)
    groups, valid = Segments.from_sizes(rng.integers(1, 6, 4)), rng.random((4, 45)) < 0.9
    valid[:, 0] = True
    scores = rng.integers(0, levels, valid.shape).astype(float)
    members = rng.integers(0, 9, (int(groups.offsets[-1]), 45)).astype(float)
    found = evaluated(scores, Predictions(members, valid, groups), CUTOFFS)

    for name in ("proportional", "envy_free"):
        one, two = ([found[f"{name}_{m}@{k}"] for k in CUTOFFS] for m in (1, 2))
        assert (np.diff(one, axis=0) >= -1e-12).all()
        assert (np.array(one) >= np.array(two) - 1e-12).all()
        assert (np.array(one) <= 1 + 1e-12).all()


def test_finding_one_in_wide_lists_full_of_ties_is_a_hit_among_what_counts():
    rng = np.random.default_rng(1)
    groups, valid = Segments.from_sizes([2, 5, 1]), np.arange(700) < np.array([[700], [650], [30]])
    scores, members = rng.integers(0, 40, valid.shape).astype(float), rng.integers(0, 30, (8, 700)) * 1.0
    predictions, owner = Predictions(members, valid, groups), groups.of_row
    found = evaluated(scores, predictions, CUTOFFS)

    for name, counts in (("proportional", predictions.favorites), ("envy_free", predictions.unenvied)):
        hits = evaluate_scores(scores[owner], counts, valid[owner], [f"hit@{k}" for k in CUTOFFS])
        for k in CUTOFFS:
            np.testing.assert_allclose(found[f"{name}_1@{k}"], groups.mean(hits[f"hit@{k}"]), atol=1e-12)
