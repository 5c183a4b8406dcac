"""What the tests promise, measured: coverage of intervals, false alarms, and power."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats as scipy_stats

from groupbench.core.arrays import Segments
from groupbench.report import statistics

SETS = 2000
"""Simulated data sets; each is a column of differences."""
TRUE = 0.1


def rng(*seed):
    return np.random.default_rng(seed)


def tolerated(share, draws=SETS):
    """The most that a right test may exceed `share` in one of a thousand runs."""
    return scipy_stats.binom.isf(0.001, draws, share) / draws


def sample(kind, size, draws):
    """Noise of mean 0 and variance 1: normal, skewed, or mostly ties as of a user's NDCG."""
    if kind == "normal":
        return draws.normal(size=size)
    if kind == "skewed":
        return draws.exponential(size=size) - 1
    jumps = draws.choice([-0.63, -0.37, 0.37, 0.63], size=size)
    return np.where(draws.random(size) < 0.35, jumps, 0.0) / np.sqrt(0.35 * (0.63**2 + 0.37**2) / 2)


def simulated(n_clusters, kind, draws, *, sharing, n_seeds=1, seed_effect=0.0):
    """Differences of groups that share users or not, around `TRUE`, and the groups' dependence.

    Groups of one cluster share a user, whose taste moves all of them.
    """
    sizes = draws.geometric(0.45, n_clusters) if sharing else np.ones(n_clusters, dtype=int)
    users = np.repeat(np.arange(n_clusters), sizes)
    n = len(users)
    taste = sample(kind, (n_clusters, 1, SETS), draws)[users]
    own = sample(kind, (n, n_seeds, SETS), draws)
    fits = seed_effect * draws.normal(size=(1, n_seeds, SETS))
    values = TRUE + 0.7 * taste + 0.7 * own + fits
    paired = statistics.Paired(
        values.reshape(-1, SETS), np.tile(np.arange(n_seeds), n), np.repeat(np.arange(n), n_seeds)
    )
    return paired, Segments.from_sizes(np.ones(n, dtype=int)), users


def covered(found):
    return float(((found.low <= TRUE) & (found.high >= TRUE)).mean())


COVERAGE = [
    (n, kind, sharing)
    for n in (20, 40, 150)
    for kind in ("normal", "skewed", "ties")
    for sharing in (False, True)
]


@pytest.mark.parametrize(("n_clusters", "kind", "sharing"), COVERAGE)
def test_the_cluster_bootstrap_covers(n_clusters, kind, sharing):
    paired, members, users = simulated(n_clusters, kind, rng(n_clusters, sharing, len(kind)), sharing=sharing)
    found = statistics.compare(
        paired, statistics.clusters(members, users), rng=rng(1), tests=["bootstrap"], replicates=999
    )
    assert 0.93 <= covered(found) <= 0.97


def test_ignoring_shared_users_does_not_cover():
    paired, members, users = simulated(150, "normal", rng(2), sharing=True)
    apart = statistics.compare(paired, statistics.Clusters(np.arange(len(users))), rng=rng(1), tests=["t"])
    together = statistics.compare(paired, statistics.clusters(members, users), rng=rng(1), tests=["t"])
    assert covered(apart) < 0.9 < covered(together)


@pytest.mark.parametrize("n_groups", [100, pytest.param(1000, marks=pytest.mark.slow)])
def test_groups_that_are_all_tied_together_are_covered_by_their_links(n_groups):
    draws = rng(n_groups)
    n_users = 600
    lists = [draws.choice(n_users, 2 + g % 4, replace=False) for g in range(n_groups)]
    members, users = Segments.from_sizes([len(g) for g in lists]), np.concatenate(lists)
    clusters, links = statistics.clusters(members, users), statistics.links(members, users)
    assert clusters.effective(np.ones((n_groups, 1)))[0] < statistics.FEWEST
    taste = draws.normal(size=(n_users, SETS))[users]
    values = TRUE + 2 * members.mean(taste) + 0.3 * draws.normal(size=(n_groups, SETS))
    paired = statistics.Paired(values, np.zeros(n_groups, dtype=int), np.arange(n_groups))
    assert 0.93 <= covered(statistics.compare(paired, links, rng=rng(1))) <= 0.98
    apart = statistics.compare(paired, statistics.Clusters(np.arange(n_groups)), rng=rng(1), tests=["t"])
    assert covered(apart) < covered(statistics.compare(paired, links, rng=rng(1))) - 0.02


@pytest.mark.parametrize("seed_effect", [0.0, 0.15, 0.5])
def test_luck_in_whole_repeats_is_covered(seed_effect):
    paired, members, users = simulated(
        60, "normal", rng(3), sharing=False, n_seeds=5, seed_effect=seed_effect
    )
    found = statistics.compare(
        paired, statistics.clusters(members, users), rng=rng(1), tests=["bootstrap"], replicates=999
    )
    assert covered(found) >= 1 - tolerated(0.05)
    alone = statistics.over_units(paired, statistics.clusters(members, users))
    assert (alone.inflation > 2).mean() > 0.5 or seed_effect < 0.5


LEVELS = (0.05, 0.01, 0.001)


def equal_methods(n_units, n_seeds, share, draws, *, sets=SETS, rows=1, sharing=False, shift=0.0):
    """Differences of `rows` methods from a reference, all around `shift`: (entities, seeds, rows, sets).

    Args:
        share: of the variance of a single difference, what a whole seed has in common; the rest is half
            taste, the same in all seeds (and in all groups of a cluster), half noise.
    """
    sizes = draws.geometric(0.45, n_units) if sharing else np.ones(n_units, dtype=int)
    users = np.repeat(np.arange(n_units), sizes)
    n = len(users)
    parts = (
        (share, draws.normal(size=(1, n_seeds, rows + 1, sets))),
        ((1 - share) / 2, draws.normal(size=(n_units, 1, rows + 1, sets))[users]),
        ((1 - share) / 2, draws.normal(size=(n, n_seeds, rows + 1, sets))),
    )
    methods = sum(np.sqrt(weight / 2) * noise for weight, noise in parts)
    return shift + methods[:, :, 1:] - methods[:, :, :1], statistics.Clusters(users)


def p_values(values, dependence, tests=statistics.TESTS, replicates=1999):
    """The p-values of `equal_methods` by test, (rows, sets)."""
    n, n_seeds, rows, sets = values.shape
    seeds, entities = np.tile(np.arange(n_seeds), n), np.repeat(np.arange(n), n_seeds)
    paired = statistics.Paired(values.reshape(-1, rows * sets), seeds, entities)
    found = statistics.compare(paired, dependence, rng=rng(8), tests=tests, replicates=replicates)
    return {test: p.reshape(rows, sets) for test, p in found.p.items()}


def require_levels(p, sets):
    for test, own in p.items():
        for level in LEVELS:
            assert (own <= level).mean() <= tolerated(level, sets), (test, level)


def test_luck_in_three_seeds_is_no_difference():
    values, dependence = equal_methods(40, 3, 0.1, rng(10))
    require_levels(p_values(values, dependence, ["permutation", "t"]), SETS)


@pytest.mark.slow
@pytest.mark.parametrize("sharing", [False, True])
@pytest.mark.parametrize("share", [0.0, 0.02, 0.1, 0.6])
@pytest.mark.parametrize("n_seeds", [3, 5, 10])
def test_the_t_test_holds_its_level_whatever_the_share_of_luck(n_seeds, share, sharing):
    draws = rng(n_seeds, round(100 * share), sharing)
    values, dependence = equal_methods(60, n_seeds, share, draws, sets=5000, sharing=sharing)
    require_levels(p_values(values, dependence, ["t"]), 5000)


@pytest.mark.slow
@pytest.mark.parametrize("sharing", [False, True])
@pytest.mark.parametrize(("n_seeds", "share"), [(3, 0.1), (5, 0.02), (10, 0.3)])
def test_every_test_holds_its_level(n_seeds, share, sharing):
    draws = rng(n_seeds, round(100 * share), sharing, 1)
    values, dependence = equal_methods(60, n_seeds, share, draws, sets=4000, sharing=sharing)
    require_levels(p_values(values, dependence), 4000)


@pytest.mark.slow
@pytest.mark.parametrize(("n_seeds", "share"), [(3, 0.05), (3, 0.6), (5, 0.1), (10, 0.0)])
def test_ten_equal_rows_rarely_show_an_arrow(n_seeds, share):
    sets = 400
    values, dependence = equal_methods(40, n_seeds, share, rng(n_seeds, 2), sets=sets, rows=9)
    p = p_values(values, dependence, ["t"])["t"]
    held = [statistics.corrected(own, "holm").min() <= 0.05 for own in p.T]
    assert np.mean(held) <= tolerated(0.05, sets)


@pytest.mark.slow
@pytest.mark.parametrize(("n_seeds", "least"), [(3, 0.75), (5, 0.9), (10, 0.95)])
def test_what_the_seeds_cost_in_power(n_seeds, least):
    """A difference of five standard errors, a tenth of the variance of its mean from luck."""
    share = 0.1 * n_seeds / 2 / 60
    values, dependence = equal_methods(60, n_seeds, share, rng(11), shift=0.0)
    values = values + 5 * values.mean(axis=(0, 1)).std()
    for test, p in p_values(values, dependence, replicates=999).items():
        assert (p <= 0.05).mean() >= least, test


@pytest.mark.parametrize("test", statistics.TESTS)
@pytest.mark.parametrize("n_seeds", [1, 4])
def test_identical_methods_are_rarely_told_apart(test, n_seeds):
    draws = rng(n_seeds)
    # A single repeat cannot tell luck from merit, so there is none in it.
    luck = 0.4 * draws.normal(size=(2, 1, n_seeds, SETS)) if n_seeds > 1 else 0.0
    methods = draws.normal(size=(2, 50, n_seeds, SETS)) + luck
    values = (methods[0] - methods[1]).reshape(-1, SETS)
    paired = statistics.Paired(values, np.tile(np.arange(n_seeds), 50), np.repeat(np.arange(50), n_seeds))
    found = statistics.compare(
        paired, statistics.Clusters(np.arange(50)), rng=rng(4), tests=[test], replicates=999
    )
    alarms = found.p[test] <= 0.05
    assert alarms.mean() <= tolerated(0.05)
    for correction in ("holm", "bh"):
        assert (statistics.corrected(found.p[test], correction) <= 0.05).mean() <= tolerated(0.05)


@pytest.mark.parametrize("size", [0.25, 0.4])
@pytest.mark.parametrize("test", statistics.TESTS)
def test_a_planted_difference_is_found_with_the_power_of_the_t_test(test, size):
    from statsmodels.stats.power import TTestPower

    n = 80
    power = TTestPower().power(size, nobs=n, alpha=0.05)
    values = size + rng(5).normal(size=(n, SETS))
    paired = statistics.Paired(values, np.zeros(n, dtype=int), np.arange(n))
    found = statistics.compare(
        paired, statistics.Clusters(np.arange(n)), rng=rng(6), tests=[test], replicates=1999
    )
    # Wilcoxon's test has 3 / pi of the t-test's efficiency on normal differences.
    least = TTestPower().power(size, nobs=n * 3 / np.pi, alpha=0.05) if test == "wilcoxon" else power
    share = float((found.p[test] <= 0.05).mean())
    assert scipy_stats.binom.ppf(0.001, SETS, least) / SETS <= share <= tolerated(power)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["svd", "bpr"])
def test_fits_of_one_method_are_rarely_told_apart(method):
    """200 pairs of fits that differ in their random numbers only, on the same splits."""
    from groupbench.core import registry
    from groupbench.core.stopwatch import Stopwatch
    from groupbench.data.loading import load
    from groupbench.evaluation.evaluate import evaluate
    from groupbench.evaluation.protocols import make_protocol
    from groupbench.evaluation.views import VIEWS

    dataset, n_pairs, n_seeds = load("itmrec-sim", None), 200, 3
    protocol = make_protocol({"name": "paper"})
    rows, seeds, entities = [], [], []
    for seed in range(n_seeds):
        task = protocol.prepare(dataset, seed)
        cases = [VIEWS["rated-user"].make_case(task, protocol.tau)]
        found = []
        for fit in range(2 * n_pairs):
            made = registry.methods[method].create()
            made.fit(task.train, rng=rng(seed, fit))
            (judged,) = evaluate(made, task, cases, {}, Stopwatch())
            found.append(judged.values["expected"]["ndcg@10"][judged.case.evaluated])
        rows.append(np.array(found[:n_pairs]).T - np.array(found[n_pairs:]).T)
        entities.append(judged.case.lists.entities[judged.case.evaluated])
        seeds.append(np.full(len(entities[-1]), seed))
    numbers = np.unique(np.concatenate(entities), return_inverse=True)[1]
    paired = statistics.Paired(np.concatenate(rows), np.concatenate(seeds), numbers)
    compared = statistics.compare(
        paired, statistics.Clusters(np.arange(numbers.max() + 1)), rng=rng(7), replicates=1999
    )
    for test, p in compared.p.items():
        assert (p <= 0.05).mean() <= tolerated(0.05, n_pairs), test
        assert (statistics.corrected(p, "holm") <= 0.05).mean() <= tolerated(0.05, n_pairs), test
