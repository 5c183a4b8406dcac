from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest

from groupbench.core.errors import ConfigError
from groupbench.data.dataset import Ratings
from groupbench.data.formation import (
    KINDS,
    Criteria,
    _disagreement,
    _pearson,
    _subgroups,
    form,
)
from groupbench.data.formation._disagreement import Relations
from groupbench.data.formation._fill import draw_subsets
from groupbench.data.formation._pearson import Correlations
from groupbench.data.formation._subgroups import grow

GROWN = ("similar", "divergent", "one-divergent", "coalitional")
SIZES = (2, 3, 4, 5)
CRITERIA = {"similar_from": 0.35, "divergent_to": 0.05, "min_corated": 4}


@pytest.fixture(scope="module")
def ratings():
    """Ratings of 40 users, of whom the last three have no row, two have one, and some rate all alike."""
    rng = np.random.default_rng(5)
    users, items = np.repeat(np.arange(35), 12), np.concatenate([rng.permutation(20)[:12] for _ in range(35)])
    taste = rng.normal(size=(35, 6)) @ rng.normal(size=(6, 20)) / 2
    values = np.clip(np.rint(3 + taste[users, items]), 1, 5)
    values[users < 3] = 4.0
    users, items = np.append(users, [35, 36]), np.append(items, [0, 1])
    return Ratings(users, items, np.append(values, [3.0, 4.0]), 40, 20)


@pytest.fixture(scope="module")
def correlation(ratings):
    """Pearson of all pairs by numpy, NaN where there is none."""
    table = np.full((40, 20), np.nan)
    table[ratings.users, ratings.items] = ratings.values
    found = np.full((40, 40), np.nan)
    for a, b in product(range(40), repeat=2):
        both = ~np.isnan(table[a]) & ~np.isnan(table[b])
        x, y = table[a, both], table[b, both]
        if a != b and both.sum() >= CRITERIA["min_corated"] and np.ptp(x) > 0 and np.ptp(y) > 0:
            found[a, b] = np.corrcoef(x, y)[0, 1]
    return found


def formed(kind, ratings, seed=0, **options):
    criteria = {name: options.pop(name) for name in ("relate", *CRITERIA) if name in options}
    chosen = {"sizes": SIZES, "n_groups": 80, "criteria": Criteria(**{**CRITERIA, **criteria}), **options}
    return form(kind, ratings, rng=np.random.default_rng(seed), **chosen)


def lists(groups):
    return [members.tolist() for members in groups]


def similar(correlation, a, b):
    return correlation[a, b] >= CRITERIA["similar_from"] - 1e-9


def divergent(correlation, a, b):
    return correlation[a, b] <= CRITERIA["divergent_to"] + 1e-9


def holds(camp, relates, correlation, relate):
    """Whether each member of a camp relates to any or all who came before it."""
    check = any if relate == "any" else all
    return all(check(relates(correlation, new, old) for old in camp[:i]) for i, new in enumerate(camp) if i)


def apart(first, second, correlation):
    return all(divergent(correlation, a, b) for a, b in product(first, second))


@pytest.mark.parametrize("relate", ["any", "all"])
@pytest.mark.parametrize("kind", GROWN)
def test_every_group_has_the_property_of_its_kind(kind, relate, ratings, correlation):
    for members in lists(formed(kind, ratings, relate=relate)):
        n = len(members)
        cut = {"one-divergent": n - 1, "coalitional": n - n // 2}.get(kind, n)
        first, second = members[:cut], members[cut:]
        relates = divergent if kind == "divergent" else similar
        assert holds(first, relates, correlation, relate)
        assert holds(second, relates, correlation, relate)
        assert apart(first, second, correlation)


@pytest.mark.parametrize("kind", ["similar", "divergent"])
def test_any_lets_in_whom_all_keeps_out(kind, ratings, correlation):
    relates = {"similar": similar, "divergent": divergent}[kind]
    loose = lists(formed(kind, ratings, sizes=4, relate="any"))

    assert not all(holds(members, relates, correlation, "all") for members in loose)


def test_members_of_a_same_item_group_rated_one_item(ratings):
    rated = [set(ratings.items[ratings.users == user].tolist()) for user in range(40)]
    groups = lists(formed("same-item", ratings))

    assert all(set.intersection(*(rated[user] for user in members)) for members in groups)
    assert {user for members in groups for user in members} >= set(range(35))


@pytest.mark.parametrize("kind", KINDS)
def test_groups_are_distinct_sets_of_active_users_in_the_sizes_asked_for(kind, ratings):
    groups = formed(kind, ratings, sizes=(4, 2, 3), n_groups=62)
    sets = [frozenset(members) for members in lists(groups)]

    assert groups.sizes.tolist() == [4] * 21 + [2] * 21 + [3] * 20
    assert [len(members) for members in sets] == groups.sizes.tolist()
    assert len(set(sets)) == 62
    assert groups.members.max() < 37
    assert groups.ids == tuple(map(str, range(62)))


def test_a_repeated_size_counts_once(ratings):
    groups = formed("random", ratings, sizes=[2, 2, 3], n_groups=10)

    assert groups.sizes.tolist() == [2] * 5 + [3] * 5


@pytest.mark.parametrize("kind", KINDS)
def test_equal_seeds_and_rows_in_any_order_give_equal_groups(kind, ratings):
    groups = formed(kind, ratings)
    shuffled = ratings.take(np.random.default_rng(1).permutation(len(ratings)))

    assert lists(formed(kind, shuffled)) == lists(groups)
    assert lists(formed(kind, ratings, seed=1)) != lists(groups)


@pytest.mark.parametrize("kind", KINDS)
def test_held_out_rows_change_nothing(kind, ratings):
    rng = np.random.default_rng(2)
    train = rng.random(len(ratings)) < 0.9
    values = np.where(train, ratings.values, rng.integers(1, 6, len(ratings)))
    other = Ratings(ratings.users, ratings.items, values, ratings.n_users, ratings.n_items)

    assert lists(formed(kind, other.take(train))) == lists(formed(kind, ratings.take(train)))


@pytest.mark.parametrize("kind", GROWN)
def test_limits_on_memory_change_no_group(kind, ratings, monkeypatch):
    groups = formed(kind, ratings)
    monkeypatch.setattr(_disagreement, "HELD", 0)
    monkeypatch.setattr(_pearson, "CO_RATINGS_AT_ONCE", 1)

    assert lists(formed(kind, ratings)) == lists(groups)


def test_groups_that_grow_a_few_at_a_time_keep_their_property(ratings, correlation, monkeypatch):
    monkeypatch.setattr(_subgroups, "CELLS_AT_ONCE", 3 * ratings.n_users)
    groups = lists(formed("similar", ratings, relate="all"))

    assert len(groups) == 80
    assert all(holds(members, similar, correlation, "all") for members in groups)


@pytest.mark.parametrize("kind", ["similar", "divergent"])
def test_all_pairs_there_are_can_be_formed_and_no_more(kind, ratings, correlation):
    relates = {"similar": similar, "divergent": divergent}[kind]
    pairs = {frozenset(p) for p in combinations(range(40), 2) if relates(correlation, *p)}
    options = {"sizes": 2, "tries": 200}
    found = lists(formed(kind, ratings, n_groups=len(pairs), **options))

    assert {frozenset(members) for members in found} == pairs
    with pytest.raises(ConfigError, match=f"only {len(pairs)} of {len(pairs) + 1} {kind} groups of 2 users"):
        formed(kind, ratings, n_groups=len(pairs) + 1, **options)


def test_all_random_groups_can_be_formed_and_no_more():
    ratings = Ratings(np.arange(1, 7), np.zeros(6, dtype=int), np.ones(6), 8, 1)
    groups = lists(formed("random", ratings, sizes=4, n_groups=15))

    assert {frozenset(members) for members in groups} == set(map(frozenset, combinations(range(1, 7), 4)))
    with pytest.raises(ConfigError, match=r"only 15 of 16 random groups .* 6 users have training rows"):
        formed("random", ratings, sizes=4, n_groups=16)


def test_subsets_are_drawn_evenly():
    drawn = draw_subsets(6, 3, 20_000, np.random.default_rng(0))
    sets, counts = np.unique(np.sort(drawn, axis=1), axis=0, return_counts=True)

    assert sets.tolist() == [list(c) for c in combinations(range(6), 3)]
    assert ((counts - 1000) ** 2 / 1000).sum() < 43.8  # chi-square of 19 degrees of freedom, p = .001


def test_subsets_keep_to_their_own_number_of_choices():
    choices = np.array([3, 4, 50] * 100)
    drawn = draw_subsets(choices, 3, 300, np.random.default_rng(0))

    assert (drawn < choices[:, None]).all()
    assert all(len(set(line)) == 3 for line in drawn.tolist())


@pytest.mark.parametrize("relate", ["any", "all"])
def test_the_next_member_is_drawn_evenly_from_all_who_may_join(relate, ratings, correlation):
    correlations = Correlations(ratings.matrix(), min_corated=CRITERIA["min_corated"])
    relations = Relations(correlations, 40, {"similar": (CRITERIA["similar_from"], 1.0)})
    options = {"within": "similar", "relate": relate, "rng": np.random.default_rng(0)}
    seed = int(np.argmax((correlation >= CRITERIA["similar_from"]).sum(axis=1)))
    members = grow(np.full(20_000, seed), (3,), relations, **options)
    second = members[0, 1]
    third = members[members[:, 1] == second, 2]
    check = np.any if relate == "any" else np.all
    may = check(correlation[[seed, second]] >= CRITERIA["similar_from"], axis=0)
    may[[seed, second]] = False
    users, counts = np.unique(third, return_counts=True)
    expected = len(third) / may.sum()

    assert users.tolist() == np.flatnonzero(may).tolist()
    assert ((counts - expected) ** 2 / expected).sum() < may.sum() - 1 + 4 * np.sqrt(2 * may.sum())


@pytest.mark.parametrize(
    ("kind", "options", "says"),
    [
        ("simlar", {}, "unknown kind of group 'simlar'; did you mean 'similar'"),
        ("random", {"sizes": 1}, "sizes=1; at least 2 is needed"),
        ("random", {"sizes": ()}, "sizes=0; at least 2 is needed"),
        ("random", {"n_groups": 0}, "n_groups=0; at least 1 is needed"),
        ("similar", {"tries": 0}, "tries=0; at least 1 is needed"),
        ("similar", {"relate": "most"}, "relate='most'; must be 'any' or 'all'"),
        ("similar", {"similar_from": 1.5}, "similar_from=1.5; a correlation lies between -1 and 1"),
        ("divergent", {"divergent_to": float("nan")}, "divergent_to=nan; a correlation lies"),
        ("similar", {"min_corated": 1}, "min_corated=1; a correlation needs at least 2 items"),
        (
            "random",
            {"sizes": 38},
            "only 0 of 80 random groups of 38 users .* 37 users have training rows; ask",
        ),
        ("same-item", {"sizes": 36}, "only 0 of 80 same-item groups .* no item has more than"),
        (
            "similar",
            {"min_corated": 15},
            "only 0 of 20 similar groups of 2 users .* lower min_corated=15, ask",
        ),
        ("similar", {"sizes": 20, "relate": "all"}, "lower similar_from=0.35, .* take relate='any', ask for"),
        (
            "divergent",
            {"divergent_to": -1},
            "only . of 20 divergent .* raise divergent_to=-1, lower min_corated",
        ),
        (
            "coalitional",
            {"sizes": 30},
            "lower similar_from=0.35, raise divergent_to=0.05, lower .* ask for fewer",
        ),
    ],
)
def test_what_cannot_be_is_an_error_that_says_what_to_do(kind, options, says, ratings):
    with pytest.raises(ConfigError, match=says):
        formed(kind, ratings, **options)


def test_no_ratings_form_no_group():
    empty = Ratings(np.empty(0), np.empty(0), np.empty(0), 5, 4)
    for kind in KINDS:
        with pytest.raises(ConfigError, match=f"only 0 of 20 {kind} groups"):
            formed(kind, empty)


def test_repeated_ratings_count_by_their_mean(ratings):
    rows = np.arange(len(ratings))
    twice = ratings.take(np.append(rows, rows))
    split = Ratings(twice.users, twice.items, twice.values + np.repeat([0.5, -0.5], len(rows)), 40, 20)

    for kind in KINDS:
        assert lists(formed(kind, split)) == lists(formed(kind, ratings))
