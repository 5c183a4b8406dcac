"""Laws that every registered aggregator keeps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groupbench.aggregation import MemberScores
from groupbench.core.arrays import Segments
from groupbench.core.errors import ConfigError
from groupbench.core.registry import aggregators

NAMES = sorted(aggregators)
LAW = settings(max_examples=settings.default.max_examples // 2)
ON_SCALE = ["average", "least-misery", "median", "most-pleasure", "most-respected"]


@st.composite
def blocks(draw, max_size=6, max_width=8, same_members=False):
    """Ragged blocks with many ties; some on a rating scale, some with scores far from one."""
    sizes = draw(st.lists(st.integers(1, max_size), min_size=1, max_size=5))
    width = draw(st.integers(1, max_width))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n = sum(sizes)
    scale = draw(st.sampled_from([(1.0, 5.0), (0.0, 5.0), (-10.0, 10.0), None]))
    low, high = scale or (-30.0, 40.0)
    levels = rng.uniform(low, high, size=draw(st.integers(1, 12)))
    scores = rng.choice(levels, size=(n, width))
    segments = Segments.from_sizes(sizes)
    if same_members:
        scores = scores[segments.offsets[:-1]][segments.of_row]
    valid = rng.random((len(sizes), width)) < draw(st.sampled_from([0.5, 1.0]))
    valid[np.arange(len(sizes)), rng.integers(0, width, len(sizes))] = True
    return MemberScores(scores, valid, segments, rng.integers(1, 4, n).astype(float), scale)


def order(values):
    """Which values are equal and which are higher, whatever they are."""
    return np.unique(values, return_inverse=True)[1].tolist()


def group_orders(group_scores, members):
    return [order(row[ok]) for row, ok in zip(group_scores, members.valid, strict=True)]


def first_member_orders(members):
    return group_orders(members.scores[members.segments.offsets[:-1]], members)


def test_all_strategies_are_registered():
    assert set(NAMES) >= {
        "additive",
        "approval",
        "average",
        "average-without-misery",
        "borda",
        "copeland",
        "least-misery",
        "median",
        "most-pleasure",
        "most-respected",
        "multiplicative",
        "plurality",
        "round-robin",
    }


def fine(name):
    """Parameters with which no scores are equal for being below a floor."""
    return {"floor": 1e-12} if "floor" in aggregators[name].parameters() else {}


@pytest.mark.parametrize("name", NAMES)
class TestLaws:
    @given(members=blocks())
    @LAW
    def test_shape_and_finite(self, name, members):
        out = aggregators[name].create().aggregate(members)
        assert out.shape == members.valid.shape
        assert out.dtype == np.float64
        assert np.isfinite(out[members.valid]).all()

    @given(members=blocks(), seed=st.integers(0, 99))
    @LAW
    def test_the_order_of_members_is_irrelevant(self, name, members, seed):
        shuffled = np.lexsort(
            (np.random.default_rng(seed).random(len(members.scores)), members.segments.of_row)
        )
        other = replace(members, scores=members.scores[shuffled], activity=members.activity[shuffled])
        strategy = aggregators[name].create()
        np.testing.assert_array_equal(
            strategy.aggregate(members)[members.valid], strategy.aggregate(other)[members.valid]
        )

    @given(members=blocks(), seed=st.integers(0, 99))
    @LAW
    def test_the_order_of_candidates_is_irrelevant(self, name, members, seed):
        columns = np.random.default_rng(seed).permutation(members.width)
        other = replace(members, scores=members.scores[:, columns], valid=members.valid[:, columns])
        strategy = aggregators[name].create()
        np.testing.assert_array_equal(
            strategy.aggregate(members)[:, columns][other.valid], strategy.aggregate(other)[other.valid]
        )

    @given(members=blocks(max_size=1))
    @LAW
    def test_a_single_member_gets_its_own_order(self, name, members):
        out = aggregators[name].create(**fine(name)).aggregate(members)
        assert group_orders(out, members) == first_member_orders(members)

    @given(members=blocks(same_members=True))
    @LAW
    def test_identical_members_get_their_own_order(self, name, members):
        out = aggregators[name].create(**fine(name)).aggregate(members)
        assert group_orders(out, members) == first_member_orders(members)

    @given(members=blocks(), extra=st.integers(0, 3), filler=st.sampled_from([-1e12, 0.0, 3.3, 1e12]))
    @LAW
    def test_columns_without_candidate_have_no_influence(self, name, members, extra, filler):
        n_rows, n_groups = len(members.scores), len(members.segments)
        scores = np.where(members.valid[members.segments.of_row], members.scores, filler)
        other = replace(
            members,
            scores=np.hstack([scores, np.full((n_rows, extra), -filler)]),
            valid=np.hstack([members.valid, np.zeros((n_groups, extra), dtype=bool)]),
        )
        strategy = aggregators[name].create()
        np.testing.assert_array_equal(
            strategy.aggregate(members)[members.valid], strategy.aggregate(other)[other.valid]
        )

    @given(members=blocks())
    @LAW
    def test_groups_have_no_influence_on_each_other(self, name, members):
        strategy = aggregators[name].create()
        together = strategy.aggregate(members)
        for group, ok in enumerate(members.valid):
            rows = members.segments.rows(group, group + 1)
            alone = MemberScores(
                members.scores[rows],
                ok[None],
                Segments.from_sizes([rows.stop - rows.start]),
                members.activity[rows],
                members.scale,
            )
            np.testing.assert_array_equal(strategy.aggregate(alone)[0, ok], together[group, ok])

    def test_a_group_without_candidates_and_an_empty_block(self, name):
        strategy = aggregators[name].create()
        scores = np.array([[1.0, 2.0], [2.0, 1.0], [4.0, 3.0]])
        valid = np.array([[False, False], [True, True]])
        out = strategy.aggregate(MemberScores(scores, valid, Segments.from_sizes([2, 1]), np.ones(3), None))
        assert out[1, 0] > out[1, 1]
        none = MemberScores(
            np.empty((0, 4)), np.empty((0, 4), bool), Segments(np.array([0])), np.empty(0), None
        )
        assert strategy.aggregate(none).shape == (0, 4)

    def test_input_is_left_alone(self, name):
        scores = np.random.default_rng(1).normal(size=(7, 5))
        scores.flags.writeable = False
        valid = np.ones((2, 5), dtype=bool)
        valid.flags.writeable = False
        members = MemberScores(scores, valid, Segments.from_sizes([4, 3]), np.arange(7.0), None)
        before = scores.copy()
        aggregators[name].create().aggregate(members)
        assert np.array_equal(scores, before)
        assert np.array_equal(members.scores, before)
        assert valid.all()


@pytest.mark.parametrize("name", ON_SCALE)
@given(members=blocks(same_members=True))
@LAW
def test_values_stay_on_the_scale_of_the_scores(name, members):
    out = aggregators[name].create().aggregate(members)
    np.testing.assert_array_equal(out, members.scores[members.segments.offsets[:-1]])


@given(members=blocks())
@LAW
def test_average_and_median_lie_between_least_misery_and_most_pleasure(members):
    low, mean, median, high = (
        aggregators[name].create().aggregate(members)
        for name in ("least-misery", "average", "median", "most-pleasure")
    )
    assert ((low <= mean) & (mean <= high)).all()
    assert ((low <= median) & (median <= high)).all()


@given(members=blocks())
@LAW
def test_additive_ranks_like_the_average(members):
    additive, average = (aggregators[n].create().aggregate(members) for n in ("additive", "average"))
    np.testing.assert_allclose(additive, average * members.segments.sizes[:, None], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", ["average", "additive"])
@pytest.mark.parametrize("size", [2, 7, 300, 513])
def test_equal_sums_are_tied_whatever_they_are_made_of(name, size):
    rng = np.random.default_rng(size)
    one = np.full(size, 3.0)
    spread = one + np.repeat([1.5, -1.5], size // 2).tolist() if size % 2 == 0 else one
    shuffled = rng.permutation(spread)
    scores = np.stack([one, spread, shuffled], axis=1)
    members = MemberScores(scores, np.ones((1, 3), bool), Segments.from_sizes([size]), np.ones(size), None)
    assert len(set(aggregators[name].create().aggregate(members)[0])) == 1


def test_sums_do_not_lose_ties_to_rounding():
    scores = np.array([[0.1, 0.3, 0.2], [0.2, 0.1, 0.3], [0.3, 0.2, 0.1]])
    assert len(set(np.add.reduce(scores, axis=0))) > 1
    members = MemberScores(scores, np.ones((1, 3), bool), Segments.from_sizes([3]), np.ones(3), None)
    for name in ("average", "additive", "multiplicative"):
        assert len(set(aggregators[name].create().aggregate(members)[0])) == 1


@pytest.mark.parametrize("factor", [1e-250, 1.0, 1e300])
def test_means_are_as_precise_as_floats_at_any_magnitude(factor):
    scores = np.random.default_rng(0).normal(size=(300, 4)) * factor
    members = MemberScores(scores, np.ones((1, 4), bool), Segments.from_sizes([300]), np.ones(300), None)
    out = aggregators["average"].create().aggregate(members)[0]
    np.testing.assert_allclose(out, np.mean(scores, axis=0), rtol=0, atol=1e-15 * factor)


@pytest.mark.parametrize("scale", [None, (1.0, 5.0)])
def test_products_of_300_members_neither_overflow_nor_vanish(scale):
    scores = np.random.default_rng(0).uniform(1, 5, size=(300, 50))
    members = MemberScores(scores, np.ones((1, 50), bool), Segments.from_sizes([300]), np.ones(300), scale)
    out = aggregators["multiplicative"].create().aggregate(members)[0]
    assert np.isfinite(out).all()
    assert len(set(out)) == 50


@pytest.mark.parametrize(
    ("name", "parameter", "value"),
    [
        ("multiplicative", "floor", 0.0),
        ("multiplicative", "floor", 1.5),
        ("average-without-misery", "threshold", -0.1),
        ("approval", "threshold", 2.0),
        ("plurality", "depth", 0),
        ("round-robin", "depth", -1),
    ],
)
def test_impossible_parameters_are_refused_by_name(name, parameter, value):
    with pytest.raises(ConfigError, match=rf"{name}\.{parameter}.*give"):
        aggregators[name].create(**{parameter: value})
