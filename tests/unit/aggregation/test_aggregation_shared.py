"""What aggregators share, and the shortcuts they take: neither may change any score."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata

from groupbench.aggregation import MemberScores, _greedy, learned, pareto, proportional, rank_based
from groupbench.aggregation._ranks import below_one, ranks
from groupbench.aggregation._shortlist import Shortlist, shortlists, top_lists
from groupbench.aggregation.sequential import play
from groupbench.aggregation.sequential.strategies import LTP
from groupbench.core import arrays
from groupbench.core.arrays import Segments
from groupbench.core.registry import aggregators

NAMES = sorted(aggregators)
LAW = settings()


@st.composite
def tied_keys(draw):
    n, width, levels = draw(st.integers(0, 4)), draw(st.integers(1, 9)), draw(st.integers(1, 12))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    return rng.choice([-np.inf, *rng.normal(size=levels)], size=(n, width))


def wide(seed, n_groups=25, width=150, levels=0, hidden=0.1):
    """Groups of mixed sizes in no order, candidates missing; scores of a few `levels`, or all different."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 7, size=n_groups)
    popular = rng.normal(size=width)
    scores = popular + rng.normal(size=(sizes.sum(), width))
    if levels:
        scores = np.rint(scores * levels) / levels
    valid = rng.random((n_groups, width)) >= hidden
    activity = rng.integers(1, 50, size=sizes.sum()).astype(float)
    return MemberScores(scores, valid, Segments.from_sizes(sizes), activity, None)


@pytest.mark.parametrize("levels", [0, 2])
@pytest.mark.parametrize("width", [5, 150, 1500])
@pytest.mark.parametrize("longest", [1, 20, 64, 200])
def test_the_last_of_the_best_is_what_sorting_finds(longest, width, levels):
    members = wide(longest, width=width, levels=levels, hidden=0.4)
    lengths = np.random.default_rng(0).integers(1, longest + 1, len(members.valid))
    found = members.last_of_best(lengths)
    for row, owner in enumerate(members.segments.of_row):
        held = np.where(members.valid[owner], members.scores[row], -np.inf)
        assert found[row, 0] == np.sort(held)[::-1][min(lengths[owner], width) - 1]


@pytest.mark.parametrize("budget", [1, 300, 10**6])
def test_shortlists_in_parts_are_those_of_all_groups(budget):
    members = wide(3, levels=2)
    lengths = np.random.default_rng(1).integers(1, 40, len(members.valid))
    liked = top_lists(members, lengths)
    whole, seen = Shortlist.of(members, liked), []
    for groups, part in shortlists(members, liked, budget):
        assert len(groups) == 1 or part.members.scores.size <= budget
        assert len(set(part.members.segments.sizes.tolist())) == 1
        for group, here in zip(groups, range(len(groups)), strict=True):
            columns = part.columns[here][part.members.valid[here]]
            np.testing.assert_array_equal(columns, whole.columns[group][whole.members.valid[group]])
            rows, theirs = part.members.segments.rows(here, here + 1), members.segments.rows(group, group + 1)
            for ours, original in ((part.members.scores, members.scores), (part.liked, liked)):
                np.testing.assert_array_equal(ours[rows, : len(columns)], original[theirs][:, columns])
        seen.extend(groups.tolist())
    assert sorted(seen) == list(range(len(members.valid)))


@given(found=tied_keys())
@LAW
def test_ranks_are_those_of_scipy(found):
    stood = ranks(found)
    np.testing.assert_array_equal(stood.double_midranks, 2 * rankdata(found, axis=1) - 2)
    np.testing.assert_array_equal(stood.beaten, rankdata(found, axis=1, method="min") - 1)
    np.testing.assert_array_equal(stood.better, rankdata(-found, axis=1, method="min") - 1)
    np.testing.assert_array_equal(stood.beaten + stood.equal + stood.better, found.shape[1])


@given(found=tied_keys(), seed=st.integers(0, 99))
@LAW
def test_equal_keys_share_the_mean_worth_of_their_ranks(found, seed):
    worth = np.random.default_rng(seed).uniform(0.1, 1.0, size=found.shape[1])
    shared = ranks(found).expected(worth)
    for row, values in zip(found, shared, strict=True):
        first, last = (rankdata(-row, method=how).astype(int) for how in ("min", "max"))
        plain = [worth[f - 1 : n].mean() for f, n in zip(first, last, strict=True)]
        np.testing.assert_allclose(values, plain, rtol=1e-15)


@pytest.mark.parametrize(("how", "ufunc"), [("min", np.minimum), ("max", np.maximum), ("sum", np.add)])
@pytest.mark.parametrize("kind", [np.int32, np.float64])
def test_reductions_do_not_depend_on_how_groups_are_put_together(how, ufunc, kind):
    rng = np.random.default_rng(0)
    segments = Segments.from_sizes(rng.integers(1, 9, size=300))
    rows = rng.integers(-(2**30), 2**30, size=(int(segments.offsets[-1]), 900)).astype(kind)
    np.testing.assert_array_equal(
        segments.reduce(how, rows), ufunc.reduceat(rows.astype(np.float64), segments.offsets[:-1], axis=0)
    )


@pytest.mark.parametrize("levels", [0, 2])
def test_aggregators_that_share_a_block_do_not_disturb_each_other(levels):
    together = wide(1, levels=levels)
    for name in [*NAMES, *NAMES[::-1]]:
        strategy = aggregators[name].create()
        alone = strategy.aggregate(wide(1, levels=levels))
        np.testing.assert_array_equal(strategy.aggregate(together), alone)


def test_what_is_shared_cannot_be_written_to():
    members = wide(2)
    aggregators["average"].create().aggregate(members)[:] = 0
    np.testing.assert_array_equal(
        aggregators["average"].create().aggregate(members), aggregators["average"].create().aggregate(wide(2))
    )
    for shared in (members.mean, members.by_mean, members.ranks.beaten, members.ranks.equal):
        with pytest.raises(ValueError, match="read-only"):
            shared[0, 0] = 1


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("levels", [0, 2])
def test_the_size_of_what_is_cached_is_irrelevant(monkeypatch, name, levels):
    strategy = aggregators[name].create()
    members = wide(3, levels=levels)
    whole = strategy.aggregate(members)
    for module in (arrays, _greedy, learned, pareto, rank_based):
        monkeypatch.setattr(module, "CACHED", 700)
    in_parts = strategy.aggregate(wide(3, levels=levels))
    np.testing.assert_array_equal(in_parts[members.valid], whole[members.valid])


@pytest.mark.parametrize("weights", ["equal", "activity"])
@pytest.mark.parametrize("excess", [0.0, 0.4, 1.0])
@pytest.mark.parametrize(("levels", "ahead"), [(0, 1), (0, 8), (1, 1), (4, 3)])
def test_ep_fuzzda_leaves_out_only_what_cannot_win(monkeypatch, weights, excess, levels, ahead):
    strategy = aggregators["ep-fuzzda"].create(weights=weights, excess=excess)
    for seed in range(4):
        with monkeypatch.context() as patch:
            patch.setattr(proportional, "_AHEAD", 1000)
            everything = strategy.aggregate(wide(seed, levels=levels))
        with monkeypatch.context() as patch:
            patch.setattr(proportional, "_AHEAD", ahead)
            np.testing.assert_array_equal(strategy.aggregate(wide(seed, levels=levels)), everything)


def test_ep_fuzzda_looks_at_a_part_of_the_candidates(monkeypatch):
    looked_at = []
    gains = proportional.Proportion._gains

    def watched(self, n):
        looked_at.append(n)
        return gains(self, n)

    monkeypatch.setattr(proportional.Proportion, "_gains", watched)
    aggregators["ep-fuzzda"].create().aggregate(wide(0, width=2000))
    assert max(looked_at) < 2000
    assert min(looked_at) == proportional._AHEAD


def test_carried_over_parts_leave_out_only_what_cannot_win(monkeypatch):
    outcomes = []
    for ahead in (1000, 2):
        monkeypatch.setattr(proportional, "_AHEAD", ahead)
        members = wide(5, levels=3)
        outcomes.append(play(LTP(), [members] * 3, 5))
    np.testing.assert_array_equal(*outcomes)


@LAW
@given(st.integers(0, 2**32), st.sampled_from([1e-9, 0.3, 1.0, 5.0, 1e12]))
def test_values_below_one_keep_their_order_and_ties(seed, scale):
    rng = np.random.default_rng(seed)
    values = np.rint(rng.normal(size=(3, 8)) * 4) / 4 * scale
    valid = rng.random(values.shape) < 0.8
    for row, small, there in zip(values, below_one(values, valid), valid, strict=True):
        assert (small[there] < 1).all()
        np.testing.assert_array_equal(rankdata(small[there]), rankdata(row[there]))
