"""Paired statistics against plain loops, classical tests and published values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats as scipy_stats

from groupbench.core.arrays import Segments
from groupbench.report import statistics


def rng(seed=0):
    return np.random.default_rng(seed)


def paired(values):
    """Differences given as (n_entities, n_seeds), or (n_entities, n_seeds, n_columns)."""
    values = np.asarray(values, dtype=float)
    values = values if values.ndim == 3 else values[:, :, None]
    entities, seeds = np.meshgrid(np.arange(values.shape[0]), np.arange(values.shape[1]), indexing="ij")
    return statistics.Paired(values.reshape(-1, values.shape[2]), seeds.ravel(), entities.ravel())


def alone(n):
    return statistics.Clusters(np.arange(n))


holes = st.lists(
    st.lists(st.one_of(st.just(float("nan")), st.floats(-1, 1)), min_size=3, max_size=3),
    min_size=2,
    max_size=6,
)


@given(holes)
def test_the_difference_is_the_mean_over_seeds_of_the_means(values):
    table = np.array(values)
    means = [np.mean(column[~np.isnan(column)]) for column in table.T if (~np.isnan(column)).any()]
    found = paired(table)
    if means:
        assert found.difference[0] == pytest.approx(np.mean(means), abs=1e-12)
        assert found.weights.sum() == pytest.approx(1)
        assert found.residuals.sum() == pytest.approx(0, abs=1e-12)
    else:
        assert np.isnan(found.difference[0])
    assert found.n_seeds[0] == len(means)
    for own, mean in zip(table, found.entity_means[:, 0], strict=True):
        known = own[~np.isnan(own)]
        assert mean == pytest.approx(known.mean()) if len(known) else np.isnan(mean)


memberships = st.lists(st.sets(st.integers(0, 12), min_size=1, max_size=4), min_size=1, max_size=12)


@given(memberships)
def test_clusters_and_links_are_those_of_a_plain_search(groups):
    members = Segments.from_sizes([len(g) for g in groups])
    users = np.array([u for g in groups for u in sorted(g)])
    labels = statistics.clusters(members, users).labels
    matrix = statistics.links(members, users).matrix.toarray()
    reached = {i: {i} for i in range(len(groups))}
    for _ in groups:
        for i in reached:
            reached[i] |= {k for j in reached[i] for k in range(len(groups)) if groups[j] & groups[k]}
    for i in range(len(groups)):
        for j in range(len(groups)):
            assert (labels[i] == labels[j]) == (j in reached[i])
            assert matrix[i, j] == bool(groups[i] & groups[j])


@given(memberships)
def test_sums_over_dependent_pairs(groups):
    members = Segments.from_sizes([len(g) for g in groups])
    users = np.array([u for g in groups for u in sorted(g)])
    values = rng().normal(size=len(groups))
    pairs = [(i, j) for i in range(len(groups)) for j in range(len(groups))]
    linked = sum(values[i] * values[j] for i, j in pairs if groups[i] & groups[j])
    found = statistics.links(members, users).quadratic(values[:, None])[0]
    assert found == pytest.approx(max(linked, (values**2).sum()))
    clusters = statistics.clusters(members, users)
    together = sum(values[i] * values[j] for i, j in pairs if clusters.labels[i] == clusters.labels[j])
    assert clusters.quadratic(values[:, None])[0] == pytest.approx(together)


def test_effective_units_are_those_of_kish():
    clusters = statistics.Clusters(np.array([0, 0, 0, 1, 2]))
    assert clusters.effective(np.ones((5, 1)))[0] == pytest.approx(25 / (9 + 1 + 1))
    assert alone(7).effective(np.full((7, 1), 0.3))[0] == pytest.approx(7)


@given(st.lists(st.floats(-1, 1), min_size=4, max_size=30).filter(lambda v: np.std(v) > 1e-3))
def test_independent_entities_give_the_classical_t_test(values):
    found = statistics.compare(paired(np.array(values)[:, None]), alone(len(values)), rng=rng(), tests=["t"])
    classical = scipy_stats.ttest_1samp(values, 0)
    interval = classical.confidence_interval()
    assert found.p["t"][0] == pytest.approx(classical.pvalue)
    assert (found.low[0], found.high[0]) == pytest.approx((interval.low, interval.high))


def test_equal_clusters_give_the_t_test_of_their_means():
    values = rng().normal(0.2, 1, size=(30, 1)) + np.repeat(rng(1).normal(size=10), 3)[:, None]
    clusters = statistics.Clusters(np.repeat(np.arange(10), 3))
    classical = scipy_stats.ttest_1samp(values.reshape(10, 3).mean(axis=1), 0)
    found = statistics.compare(paired(values), clusters, rng=rng(), tests=["t"])
    assert found.p["t"][0] == pytest.approx(classical.pvalue)
    assert found.uncertainty.units[0] == pytest.approx(10)


def test_the_cluster_variance_is_that_of_a_regression_with_clustered_errors():
    import statsmodels.api as sm

    labels = np.sort(rng().integers(0, 12, size=60))
    values = rng(1).normal(size=60) + rng(2).normal(size=12)[labels]
    fit = sm.OLS(values, np.ones(60)).fit(
        cov_type="cluster", cov_kwds={"groups": labels, "use_correction": False}
    )
    found = statistics.over_units(paired(values[:, None]), statistics.Clusters(labels))
    raw = found.variance[0] * (found.units[0] - 1) / found.units[0]
    assert raw == pytest.approx(fit.bse[0] ** 2)


def test_links_of_disjoint_blocks_are_clusters():
    sizes = [2, 1, 3, 2, 2, 1, 1, 4, 2, 2]
    users = np.repeat(np.arange(10), sizes)
    members = Segments.from_sizes(np.ones(20, dtype=int))
    values = paired(np.abs(rng().normal(size=(20, 1))))
    by_links = statistics.over_units(values, statistics.links(members, users))
    by_clusters = statistics.over_units(values, statistics.clusters(members, users))
    assert by_links.units == pytest.approx(by_clusters.units)
    assert by_links.variance[0] >= by_clusters.variance[0] * (1 - 1e-12)


def test_few_seeds_and_alike_seeds_add_no_variance():
    once = rng().normal(size=(30, 1))
    two = once + np.array([-1.0, 1.0])
    for values in (once, np.repeat(once, 4, axis=1), two):
        found = statistics.over_units(paired(values), alone(30))
        assert found.inflation[0] == pytest.approx(1)
        assert found.freedom[0] == pytest.approx(29)
        assert found.variance[0] == pytest.approx(once.var(ddof=1) / 30)
        classical = scipy_stats.ttest_1samp(values.mean(axis=1), 0).pvalue
        p = statistics.compare(paired(values), alone(30), rng=rng(), tests=["t"]).p["t"][0]
        assert p == pytest.approx(classical)


def crossed(n_entities, n_seeds):
    """Differences made of tastes of entities, luck of seeds and noise."""
    taste, luck = rng(1).normal(size=(n_entities, 1)), 0.3 * rng(2).normal(size=(1, n_seeds))
    return taste + luck + rng(3).normal(size=(n_entities, n_seeds))


@pytest.mark.parametrize("n_seeds", [3, 8])
def test_units_and_seeds_are_crossed_random_effects(n_seeds):
    n = 40
    values = crossed(n, n_seeds)
    rows, columns = values.mean(axis=1), values.mean(axis=0)
    noise = values - rows[:, None] - columns + values.mean()
    error = (noise**2).sum() / (n - 1) / (n_seeds - 1)
    found = statistics.over_units(paired(values), alone(n))
    assert found.variance[0] == pytest.approx(rows.var(ddof=1) / n)
    assert found.between[0] == pytest.approx(columns.var(ddof=1) / n_seeds)
    assert found.shared[0] == pytest.approx(rows.var(ddof=1) / n - error / n / n_seeds)


def test_units_of_their_own_in_each_seed_share_nothing():
    n, n_seeds, draws = 30, 4, 400
    values = rng().normal(size=(n_seeds * n, draws))
    own = statistics.Paired(values, np.repeat(np.arange(n_seeds), n), np.arange(n_seeds * n))
    found = statistics.over_units(own, alone(n_seeds * n))
    assert found.shared.mean() < 0.1 * found.variance.mean()
    assert found.between.mean() == pytest.approx(found.variance.mean(), rel=0.1)


def test_a_shift_of_whole_seeds_is_added_with_its_degrees_of_freedom():
    shift = np.array([-2.0, 0.0, 2.0, 1.0, -1.0])
    values = rng().normal(size=(40, 1)) + shift
    found = statistics.over_units(paired(values), alone(40))
    assert found.between[0] == pytest.approx(shift.var(ddof=1) / 5)
    # Units of no noise of their own differ alike in all seeds.
    assert found.shared[0] == pytest.approx(found.variance[0])
    by_hand = np.sqrt(
        scipy_stats.t.isf(0.025, 39) ** 2 * found.variance[0]
        + scipy_stats.t.isf(0.025, 4) ** 2 * found.between[0]
    )
    outcome = statistics.compare(paired(values), alone(40), rng=rng(), tests=["t"])
    assert outcome.high[0] - outcome.difference[0] == pytest.approx(by_hand)
    # The difference is 1/7 of the shifts' standard error, however many entities there are.
    for p in statistics.compare(paired(values + 0.1), alone(40), rng=rng(), replicates=999).p.values():
        assert p[0] > 0.5


def test_replicates_do_not_keep_seeds_from_being_significant():
    values = 5 + 0.3 * rng().normal(size=(60, 1)) + np.array([-0.5, 0.2, 0.5, 0.3, -0.5])
    found = statistics.compare(paired(values), alone(60), rng=rng(), replicates=999)
    assert found.uncertainty.inflation[0] > 10
    assert max(p[0] for p in found.p.values()) < 0.01
    assert found.p["wilcoxon"][0] > scipy_stats.wilcoxon(values.mean(axis=1)).pvalue


@pytest.mark.parametrize("test", ["t", "bootstrap"])
@pytest.mark.parametrize("n_seeds", [1, 2, 3, 6])
@pytest.mark.parametrize("level", [0.05, 0.01])
def test_an_interval_leaves_out_0_exactly_where_p_is_at_most_its_level(test, n_seeds, level):
    values = rng(n_seeds).normal(size=(25, n_seeds, 300)) + 0.3 * rng(9).normal(size=(1, n_seeds, 300))
    values += np.linspace(0, 2, 300)
    found = statistics.compare(
        paired(values), alone(25), rng=rng(), tests=[test], replicates=1999, level=level
    )
    outside = (found.low > 0) | (found.high < 0)
    assert 10 < outside.sum() < 290
    np.testing.assert_array_equal(outside, found.p[test] <= level)


@pytest.mark.parametrize("test", ["permutation", "wilcoxon"])
def test_seeds_without_luck_leave_permutations_and_ranks_as_they_are(test):
    once = rng().normal(0.3, 1, size=(12, 1, 20))
    for values, same in ((np.repeat(once, 5, axis=1), True), (once + np.arange(5)[:, None] - 2, False)):
        own, seeds = (
            statistics.compare(paired(v), alone(12), rng=rng(), tests=[test]).p[test] for v in (once, values)
        )
        assert (seeds >= own * (1 - 1e-9)).all()
        assert same == bool(np.allclose(seeds, own))


def test_seeds_are_paired_by_the_corrected_resampled_t_test():
    means = np.array([0.1, 0.3, 0.2, 0.15, 0.25])
    found = statistics.compare_seeds(paired(means + rng().normal(size=(8, 1)) * 0), 0.25)
    t = means.mean() / np.sqrt(means.var(ddof=1) * (1 / 5 + 0.25))
    assert found.p["t"][0] == pytest.approx(2 * scipy_stats.t.sf(t, 4))
    assert found.low[0] < means.mean() - scipy_stats.t.isf(0.025, 4) * means.std(ddof=1) / np.sqrt(5)
    assert np.isnan(statistics.compare_seeds(paired(means[:, None]), 0.25).p["t"][0])


def test_permutation_and_wilcoxon_are_those_of_scipy():
    values = rng().normal(0.3, 1, size=(12, 1, 2))
    found = statistics.compare(paired(values), alone(12), rng=rng(), tests=["permutation", "wilcoxon"])
    for column in range(2):
        own = values[:, 0, column]
        exact = scipy_stats.permutation_test(
            (own,), np.mean, permutation_type="samples", n_resamples=np.inf
        ).pvalue
        assert found.p["permutation"][column] == pytest.approx(exact)
        assert found.p["wilcoxon"][column] == pytest.approx(scipy_stats.wilcoxon(own).pvalue)


def test_the_bootstrap_is_the_plain_loop():
    totals, masses = rng().normal(size=(9, 1)), rng(1).uniform(1, 3, size=(9, 1))
    drawn = statistics.bootstrap_t(totals, masses, replicates=400, rng=rng(2))
    found = totals.sum() / masses.sum()
    loop = []
    again = rng(3)
    for _ in range(4000):
        which = again.integers(9, size=9)
        x, n = totals[which, 0], masses[which, 0]
        ratio = x.sum() / n.sum()
        loop.append(abs(ratio - found) / (np.sqrt(((x - ratio * n) ** 2).sum()) / n.sum()))
    quantiles = [0.25, 0.5, 0.75]
    np.testing.assert_allclose(np.quantile(drawn, quantiles), np.quantile(loop, quantiles), rtol=0.12)


def test_the_same_seed_gives_the_same_bootstrap_whatever_other_columns_there_are():
    values = rng().normal(size=(20, 1, 3))
    together = statistics.compare(paired(values), alone(20), rng=rng(5), replicates=499)
    single = statistics.compare(paired(values[:, :, :1]), alone(20), rng=rng(5), replicates=499)
    assert together.p["bootstrap"][0] == single.p["bootstrap"][0]


def test_no_difference_a_constant_one_and_none_at_all():
    values = np.stack([np.zeros((20, 2)), np.full((20, 2), 0.1), np.full((20, 2), np.nan)], axis=2)
    with np.errstate(all="raise"):
        found = statistics.compare(paired(values), alone(20), rng=rng(), replicates=999)
    for p in found.p.values():
        assert p[0] == 1
        assert p[1] < 0.01
        assert np.isnan(p[2])
    assert (found.low[1], found.high[1]) == pytest.approx((0.1, 0.1), abs=1e-6)
    assert (found.cohen_d[0], found.rank_biserial[0]) == (0, 0)


def test_linked_entities_have_the_t_test_only():
    dependence = statistics.links(Segments.from_sizes(np.ones(10, dtype=int)), np.arange(10))
    found = statistics.compare(paired(rng().normal(size=(10, 1))), dependence, rng=rng())
    assert set(found.p) == {"t"}


@given(st.lists(st.floats(-1, 1).map(lambda v: round(v, 2)), min_size=2, max_size=20))
def test_effect_sizes_and_wins_by_hand(values):
    own = np.array(values)
    won, tied, lost = (int(count[0]) for count in statistics.wins(own[:, None]))
    assert (won, tied, lost) == ((own > 0).sum(), (own == 0).sum(), (own < 0).sum())
    if own.std() > 1e-6:
        assert statistics.cohen_d(own[:, None])[0] == pytest.approx(own.mean() / own.std(ddof=1))
    kept = own[own != 0]
    ranks = scipy_stats.rankdata(np.abs(kept))
    expected = (ranks[kept > 0].sum() - ranks[kept < 0].sum()) / ranks.sum() if len(kept) else 0
    assert statistics.rank_biserial(own[:, None])[0] == pytest.approx(expected)


def test_corrections_by_hand():
    p = np.array([0.01, np.nan, 0.04, 0.03])
    np.testing.assert_allclose(statistics.corrected(p, "holm"), [0.03, np.nan, 0.06, 0.06])
    np.testing.assert_allclose(statistics.corrected(p, "bh"), [0.03, np.nan, 0.04, 0.04])
    np.testing.assert_array_equal(statistics.corrected(p, "none", picked_among=9), p)
    np.testing.assert_allclose(statistics.corrected(p, "holm", picked_among=4), [0.06, np.nan, 0.12, 0.12])
    assert np.isnan(statistics.corrected(np.full(2, np.nan), "holm")).all()


@given(
    hnp.arrays(np.float64, st.integers(1, 12), elements=st.floats(0, 1)),
    st.sampled_from([("holm", "holm"), ("bh", "fdr_bh")]),
)
def test_corrections_are_those_of_statsmodels(p, names):
    from statsmodels.stats.multitest import multipletests

    ours, theirs = names
    np.testing.assert_allclose(statistics.corrected(p, ours), multipletests(p, method=theirs)[1], atol=1e-15)


@pytest.mark.parametrize("n_rows", [2, 5, 20])
def test_picking_the_best_keeps_the_error_rate_only_if_it_is_allowed_for(n_rows):
    draws, n = 2000, 30
    noise = rng(n_rows).normal(size=(n, n_rows, draws))
    best = noise.mean(axis=0).argmax(axis=0)
    reference = np.take_along_axis(noise, best[None, None, :], 1)
    p = np.nan_to_num(scipy_stats.ttest_1samp(noise - reference, 0).pvalue, nan=1.0)
    # Holm rejects something if it rejects the smallest p-value.
    others = np.delete(p[:, 0], best[0]) / 1000
    smallest = statistics.corrected(others, "holm", picked_among=n_rows).min() / others.min()
    assert smallest == pytest.approx((n_rows - 1) * n_rows / 2)
    allowed = scipy_stats.binom.isf(0.001, draws, 0.05)
    assert (p.min(axis=0) * smallest <= 0.05).sum() <= allowed
    if n_rows > 2:
        assert (p.min(axis=0) * (n_rows - 1) <= 0.05).sum() > allowed


def test_the_critical_difference_is_the_published_one():
    # Four classifiers on 14 data sets: Demsar (2006), section 3.2.2, has 1.25.
    ranks = statistics.average_ranks(rng().normal(size=(14, 4)), list("abcd"))
    assert ranks.distance == pytest.approx(1.25, abs=0.005)


@given(st.integers(0, 1000), st.integers(3, 6), st.integers(2, 12))
def test_average_ranks_are_those_of_scipy(seed, n_methods, n_blocks):
    values = rng(seed).integers(0, 4, size=(n_blocks, n_methods)).astype(float)
    names = [f"m{i}" for i in range(n_methods)]
    found = statistics.average_ranks(values, names)
    expected = scipy_stats.rankdata(-values, axis=1).mean(axis=0)
    assert dict(zip(found.names, found.ranks, strict=True)) == pytest.approx(
        dict(zip(names, expected, strict=True))
    )
    assert list(found.ranks) == sorted(found.ranks)
    if not (values == values[:, :1]).all():
        assert found.p == pytest.approx(scipy_stats.friedmanchisquare(*values.T).pvalue, nan_ok=True)
    apart = np.abs(found.ranks[:, None] - found.ranks[None, :]) > found.distance
    np.testing.assert_array_equal(apart, found.pairs.to_numpy() < found.level)


def test_methods_that_never_differ_rank_alike():
    found = statistics.average_ranks(np.ones((5, 3)), list("abc"))
    assert found.p == 1
    assert list(found.ranks) == [2, 2, 2]
