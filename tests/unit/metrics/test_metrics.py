from __future__ import annotations

import math
from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from groupbench.core.errors import ConfigError, MethodError, PluginError
from groupbench.metrics import (
    METRICS,
    Family,
    evaluate_rankings,
    evaluate_scores,
    explain,
    families,
    parse,
    rank,
    top_k,
)

QUALITIES = [name for name in families() if name != "tied_share"]
CUTOFFS = (1, 2, 3, 5, 9)
ALL = [f"{name}@{k}" for name in QUALITIES for k in CUTOFFS]


def defined(name: str, k: int, order: list[bool], n_relevant: int) -> float:
    """The textbook value of a metric on one list without ties; NaN where it has none."""
    head = order[:k]
    hits = sum(head)
    positions = [p for p, hit in enumerate(head, start=1) if hit]
    precisions = sum(sum(order[:p]) / p for p in positions)
    ideal = sum(1 / math.log2(p + 1) for p in range(1, min(k, n_relevant) + 1))
    numerator, denominator = {
        "precision": (hits, k),
        "precision_capped": (hits, min(k, len(order))),
        "recall": (hits, n_relevant),
        "recall_capped": (hits, min(k, n_relevant)),
        "ndcg": (sum(1 / math.log2(p + 1) for p in positions), ideal),
        "hit": (float(hits > 0), 1),
        "mrr": (1 / positions[0] if positions else 0.0, 1),
        "f1": (2 * hits, (k + n_relevant) * (n_relevant > 0)),
        "f1_capped": (2 * hits, (min(k, len(order)) + n_relevant) * (n_relevant > 0)),
        "map": (precisions, n_relevant),
        "map_capped": (precisions, min(k, n_relevant)),
    }[name]
    return numerator / denominator if denominator else math.nan


def tie_orders(scores, relevant):
    """The relevance along every ranking that the scores allow."""
    for order in permutations(range(len(scores))):
        if all(scores[a] >= scores[b] for a, b in pairwise(order)):
            yield [bool(relevant[i]) for i in order]


def one_list(scores, relevant, metrics=ALL, **options):
    scores = np.asarray([scores], dtype=float)
    valid = np.ones(scores.shape, dtype=bool)
    values = evaluate_scores(scores, np.asarray([relevant], dtype=bool), valid, metrics, **options)
    return {name: float(value[0]) for name, value in values.items()}


@st.composite
def small_lists(draw, longest=6, tie_levels=3):
    length = draw(st.integers(1, longest))
    scores = draw(st.lists(st.integers(0, tie_levels), min_size=length, max_size=length))
    relevant = draw(st.lists(st.booleans(), min_size=length, max_size=length))
    return scores, relevant


@st.composite
def many_lists(draw):
    shape = draw(st.tuples(st.integers(1, 8), st.integers(1, 30)))
    scores = draw(hnp.arrays(np.float64, shape, elements=st.integers(-3, 3).map(float)))
    relevant = draw(hnp.arrays(np.bool_, shape))
    valid = draw(hnp.arrays(np.bool_, shape))
    return scores, relevant, valid


def assert_same(a, b, tolerance=1e-12):
    assert a.keys() == b.keys()
    for name in a:
        np.testing.assert_allclose(a[name], b[name], rtol=0, atol=tolerance, err_msg=name)


@settings(max_examples=2 * settings.default.max_examples)
@given(small_lists())
def test_equals_the_enumeration_of_all_tie_orders(case):
    scores, relevant = case
    orders = list(tie_orders(scores, relevant))
    outcomes = {
        f"{name}@{k}": [defined(name, k, order, sum(relevant)) for order in orders]
        for name in QUALITIES
        for k in CUTOFFS
    }
    rules = {"expected": lambda v: math.fsum(v) / len(v), "best": max, "worst": min}
    for ties, combine in rules.items():
        assert_same(one_list(scores, relevant, ties=ties), {name: combine(v) for name, v in outcomes.items()})


def test_one_block_of_seven_equals_its_enumeration():
    relevant = [True, False, False, True, True, False, False]
    orders = list(tie_orders([0] * 7, relevant))
    assert len(orders) == math.factorial(7)
    expected = {
        f"{name}@{k}": math.fsum(defined(name, k, order, 3) for order in orders) / len(orders)
        for name in QUALITIES
        for k in CUTOFFS
    }
    assert_same(one_list([0] * 7, relevant), expected)


@given(many_lists())
def test_expectation_lies_between_the_bounds(case):
    worst, expected, best = (evaluate_scores(*case, ALL, ties=t) for t in ("worst", "expected", "best"))
    for name in ALL:
        known = ~np.isnan(expected[name])
        assert (worst[name][known] <= expected[name][known] + 1e-12).all()
        assert (expected[name][known] <= best[name][known] + 1e-12).all()
        assert (best[name][known] <= 1 + 1e-12).all()
        assert (worst[name][known] >= -1e-12).all()


@given(many_lists())
def test_monotone_transforms_change_nothing(case):
    scores, relevant, valid = case
    for ties in ("expected", "best", "worst"):
        assert_same(
            evaluate_scores(scores, relevant, valid, ALL, ties=ties),
            evaluate_scores(np.exp(scores) * 7 - 2, relevant, valid, ALL, ties=ties),
        )


@given(many_lists(), st.randoms(use_true_random=False))
def test_candidate_order_and_padding_change_nothing(case, random):
    columns = list(range(case[0].shape[1]))
    random.shuffle(columns)
    # Padding is never valid, whatever its scores and relevance say.
    shuffled = [np.pad(a[:, columns], ((0, 0), (0, 5)), constant_values=i < 2) for i, a in enumerate(case)]
    for ties in ("expected", "best", "worst"):
        assert_same(evaluate_scores(*case, ALL, ties=ties), evaluate_scores(*shuffled, ALL, ties=ties))


def test_constant_scores_are_worth_what_random_orders_are():
    rng = np.random.default_rng(1)
    relevant = np.broadcast_to(rng.random(40) < 0.2, (40_000, 40))
    valid = np.ones_like(relevant)
    metrics = [f"{name}@{k}" for name in QUALITIES for k in (1, 5, 10)]
    drawn = evaluate_scores(rng.random(relevant.shape), relevant, valid, metrics)
    exact = evaluate_scores(np.zeros((1, 40)), relevant[:1], valid[:1], metrics)
    for name, values in drawn.items():
        error = values.std() / math.sqrt(len(values))
        assert abs(values.mean() - exact[name][0]) < 5 * error, name


@pytest.mark.parametrize("ties", ["expected", "best", "worst"])
@pytest.mark.parametrize("levels", [2, 40, 10**9])
def test_wide_lists_take_a_shortcut_to_the_same_values(levels, ties):
    rng = np.random.default_rng(levels)
    scores = rng.integers(0, levels, (30, 900)).astype(float)
    scores[0] = 4.0
    relevant, valid = rng.random(scores.shape) < 0.03, rng.random(scores.shape) < 0.9
    valid[1, 3:], valid[2] = False, False
    short = evaluate_scores(scores, relevant, valid, [f"{name}@5" for name in families()], ties=ties)
    # Asking for a deep cutoff as well makes the kernel sort whole lists.
    whole = evaluate_scores(scores, relevant, valid, [*short, "hit@900"], ties=ties)
    del whole["hit@900"]
    assert_same(short, whole)


def test_a_list_without_relevant_candidates():
    values = one_list([3, 2, 1], [False] * 3, [f"{name}@2" for name in families()])
    zero = {"precision@2", "precision_capped@2", "hit@2", "mrr@2", "tied_share@2"}
    assert {name for name, value in values.items() if value == 0} == zero
    assert all(math.isnan(values[name]) for name in values.keys() - zero)


def test_lists_without_candidates_and_no_lists():
    metrics = [f"{name}@3" for name in families()]
    values = evaluate_scores(np.empty((1, 0)), np.empty((1, 0), bool), np.empty((1, 0), bool), metrics)
    assert {n for n, v in values.items() if v[0] == 0} == {"precision@3", "hit@3", "mrr@3"}
    assert all(np.isnan(values[n][0]) for n in values.keys() - {"precision@3", "hit@3", "mrr@3"})
    none = evaluate_scores(np.empty((0, 4)), np.empty((0, 4), bool), np.empty((0, 4), bool), metrics)
    assert {v.shape for v in none.values()} == {(0,)}


def test_candidates_that_are_not_recommended_count_as_missed():
    scores, relevant = [5, 4, 4, 2, 1], [True, False, True, True, False]
    recommended = np.asarray([[True, True, True, False, False]])
    metrics = ["precision_capped@5", "precision_capped@1", "recall@5", "recall_capped@2", "precision@5"]
    values = one_list(scores, relevant, metrics, recommended=recommended)
    assert values == pytest.approx(
        {
            "precision_capped@5": 2 / 3,
            "precision_capped@1": 1,
            "recall@5": 2 / 3,
            "recall_capped@2": 0.75,
            "precision@5": 0.4,
        }
    )
    nothing = one_list(scores, relevant, metrics, recommended=np.zeros((1, 5), dtype=bool))
    assert math.isnan(nothing["precision_capped@5"])
    assert nothing["recall@5"] == nothing["precision@5"] == 0


def test_tied_share_counts_positions_that_only_the_tie_rule_decides():
    relevant = [True, True, True, False, False, True]
    assert one_list([9, 8, 8, 5, 4, 4], relevant, ["tied_share@5"])["tied_share@5"] == pytest.approx(1 / 5)
    assert one_list([9, 8, 8, 5, 4, 4], relevant, ["tied_share@4"])["tied_share@4"] == 0
    assert one_list([1] * 6, relevant, ["tied_share@10"])["tied_share@10"] == 1
    assert one_list([1] * 6, relevant, ["tied_share@10"], ties="best")["tied_share@10"] == 1


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_scores_that_are_not_finite_are_refused(bad):
    scores, valid = np.ones((3, 4)), np.ones((3, 4), dtype=bool)
    scores[1, 2] = bad
    with pytest.raises(MethodError, match=r"1 of 12 scores .* candidate 2 of list 1"):
        evaluate_scores(scores, valid, valid, ["ndcg@3"])
    with pytest.raises(MethodError, match="finite score"):
        top_k(scores, valid, 2)
    valid[1, 2] = False
    assert evaluate_scores(scores, valid, valid, ["ndcg@3"])["ndcg@3"].tolist() == pytest.approx([1, 1, 1])


def test_the_refused_score_is_named_by_its_place_among_all_lists():
    scores, valid = np.ones((50_000, 4)), np.ones((50_000, 4), dtype=bool)
    scores[41_234, 3] = math.nan
    with pytest.raises(MethodError, match="candidate 3 of list 41234"):
        evaluate_scores(scores, valid, valid, ["ndcg@3"])


def test_many_blocks_of_lists_are_judged_like_one():
    rng = np.random.default_rng(5)
    scores = rng.integers(0, 9, (20_000, 12)).astype(float)
    relevant, valid, recommended = (rng.random(scores.shape) < share for share in (0.3, 0.9, 0.8))
    whole = evaluate_scores(scores, relevant, valid, ALL, recommended=recommended)
    for part in (slice(0, 100), slice(9_990, 10_010), slice(19_900, None)):
        few = evaluate_scores(scores[part], relevant[part], valid[part], ALL, recommended=recommended[part])
        assert_same(few, {name: values[part] for name, values in whole.items()}, tolerance=0)


@pytest.mark.parametrize("width", [1, 4, 12, 300])
def test_lists_without_ties_are_judged_the_same_next_to_lists_with_ties(width):
    rng = np.random.default_rng(width)
    scores = rng.permuted(np.tile(np.arange(width) / 7, (40, 1)), axis=1)
    relevant, valid = (rng.random(scores.shape) < share for share in (0.3, 0.8))
    alone = evaluate_scores(scores, relevant, valid, ALL)
    tied = np.zeros_like(scores[:1])
    beside = evaluate_scores(
        *(np.vstack([a, b]) for a, b in ((scores, tied), (relevant, tied > 0), (valid, tied == 0))), ALL
    )
    assert_same(alone, {name: values[:-1] for name, values in beside.items()}, tolerance=0)


@pytest.mark.parametrize("length", [0, 1, 3, 12])
def test_rankings_are_judged_like_the_scores_that_make_them(length):
    rng = np.random.default_rng(length)
    scores = rng.permuted(np.tile(np.arange(12.0), (9_000, 1)), axis=1)
    relevant = rng.random(scores.shape) < 0.2
    first = np.argsort(-scores, axis=1)[:, :length]
    hits = np.take_along_axis(relevant, first, axis=1)
    asked = [name for name in ALL if int(name.partition("@")[2]) <= length] or ["recall@1"]
    expected = evaluate_scores(scores, relevant, np.ones_like(relevant), asked)
    found = evaluate_rankings(hits, relevant.sum(axis=1), [*asked, "recall@50"])
    n_relevant = relevant.sum(axis=1)
    with np.errstate(invalid="ignore"):
        np.testing.assert_allclose(found.pop("recall@50"), hits.sum(axis=1) / n_relevant)
    assert_same(found, expected if length else dict.fromkeys(asked, np.where(n_relevant, 0.0, np.nan)))


def test_shapes_that_differ_are_refused():
    flags = np.ones((2, 3), dtype=bool)
    with pytest.raises(MethodError, match=r"\(2, 4\).*\(2, 3\)"):
        rank(np.ones((2, 4)), flags, flags, 3)
    with pytest.raises(MethodError, match=r"\(2, 3\).*\(3,\).*one count for each list"):
        evaluate_rankings(flags, np.ones(3, dtype=int), ["ndcg@3"])
    with pytest.raises(MethodError, match=r"\(2,\)"):
        evaluate_scores(np.ones(2), flags, flags, ["ndcg@3"])


def test_top_k_breaks_ties_by_column():
    scores = np.asarray([[1.0, 3, 3, 2, 3], [5, 4, 3, 2, 1], [0, 0, 0, 0, 0]])
    valid = np.ones(scores.shape, dtype=bool)
    valid[1, 1:], valid[2, 0] = False, False
    assert top_k(scores, valid, 4).tolist() == [[1, 2, 4, 3], [0, -1, -1, -1], [1, 2, 3, 4]]
    assert top_k(scores, valid, 6)[0].tolist() == [1, 2, 4, 3, 0, -1]
    assert top_k(scores, valid, 0).shape == (3, 0)


@given(st.integers(0, 10**6), st.sampled_from([1, 3, 10]), st.sampled_from([2, 50, 10**9]))
def test_top_k_of_wide_lists_is_that_of_a_stable_sort(seed, k, levels):
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, levels, (6, 400)).astype(float)
    valid = rng.random(scores.shape) < 0.7
    valid[0, 2:] = False
    for row, columns in enumerate(top_k(scores, valid, k)):
        candidates = np.flatnonzero(valid[row])
        best = candidates[np.argsort(-scores[row, candidates], kind="stable")][:k]
        assert columns.tolist() == [*best, *[-1] * (k - len(best))]


def test_parse_reads_what_name_writes():
    for name in families():
        assert parse(f"{name}@7").name == f"{name}@7"
    assert parse(" nDCG@10 ") == parse("ndcg@10") == parse(parse("ndcg@10"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ndgc@10", "did you mean 'ndcg'"),
        ("accuracy@10", "unknown metric 'accuracy'"),
        ("ndcg", "ndcg@10"),
        ("ndcg@0", "1 or more"),
        ("ndcg@-3", "1 or more"),
        ("ndcg@ten", "1 or more"),
        ("ndcg@1@2", "1 or more"),
        ("", "name@K"),
    ],
)
def test_parse_says_what_is_wrong(text, message):
    with pytest.raises(ConfigError, match=message):
        parse(text)


def test_unknown_tie_rule():
    flags = np.ones((1, 2), dtype=bool)
    with pytest.raises(ConfigError, match="did you mean 'worst'"):
        evaluate_scores(np.ones((1, 2)), flags, flags, ["ndcg@1"], ties="wurst")


@pytest.mark.parametrize("name", list(families()))
def test_explain_tells_formula_ties_undefined_and_source(name):
    text = explain(f"{name}@20")
    family = families()[name]
    for part in (f"{name}@20", "K = 20", family.formula, "McSherry", family.undefined, family.source):
        assert part in text


def test_a_registered_family_is_judged_like_the_others(monkeypatch):
    monkeypatch.setattr(METRICS, "_values", dict(METRICS))
    last = Family("tail", "Tail", "relevance at K", "a test", "never", lambda r, k: r.relevance[k - 1])
    assert METRICS.register(last) is METRICS.register(last)
    assert one_list([2, 1, 1], [False, True, False], ["tail@3"]) == {"tail@3": 0.5}
    with pytest.raises(PluginError, match="already defined"):
        METRICS.register(Family("ndcg", "", "", "", "", last.compute))
