"""Views against plain loops written from their definitions."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupbench.core.errors import ConfigError
from groupbench.core.registry import aggregators
from groupbench.core.stopwatch import Stopwatch
from groupbench.data.dataset import Ratings
from groupbench.data.groups import Groups
from groupbench.evaluation.evaluate import evaluate
from groupbench.evaluation.task import Task
from groupbench.evaluation.views import CUTOFFS, VIEWS
from groupbench.models.recommender import TrainingData
from tests.conftest import Table

N_USERS, N_ITEMS = 6, 7
RATED = ("rated-group", "rated-user", "rated-rows", "surprise-faq")
rated = st.tuples(
    st.integers(0, N_USERS - 1), st.integers(0, N_ITEMS - 1), st.integers(2, 10).map(lambda v: v / 2)
)
held_out_rows = st.lists(rated, min_size=1, max_size=25)
memberships = st.lists(
    st.lists(st.integers(0, N_USERS - 1), min_size=1, max_size=4, unique=True), min_size=1, max_size=4
)


def ratings(rows):
    users, items, values = zip(*rows, strict=True)
    return Ratings(np.array(users), np.array(items), np.array(values), N_USERS, N_ITEMS)


def judge(view, rows, members, tau=None):
    held_out = ratings(rows)
    return VIEWS[view].make_case(
        Task(TrainingData(held_out, (1.0, 5.0), Groups.from_lists(members)), held_out), tau
    )


def as_lists(case):
    """The lists of a judgement: per entity its (item, truth, relevant) triples."""
    lists, found = case.lists, defaultdict(list)
    for place, item, truth in zip(*map(list, lists.truths), strict=True):
        found[int(lists.entities[place])].append((int(item), float(truth), truth >= case.tau))
    return {entity: sorted(triples) for entity, triples in found.items()}


def means_by_item(rows, tau):
    values = defaultdict(list)
    for _, item, value in rows:
        values[item].append(value)
    means = {item: sum(held) / len(held) for item, held in values.items()}
    return sorted((item, mean, mean >= tau) for item, mean in means.items())


def of_members(rows, members):
    return [row for user in members for row in rows if row[0] == user]


def plain(view, rows, members, tau):
    """What the definition of a view says, list by list."""
    users = {user: [row for row in rows if row[0] == user] for user in range(N_USERS)}
    groups = {g: of_members(rows, m) for g, m in enumerate(members)}
    every_row = {"rated-rows": groups, "surprise-faq": users}
    if view in every_row:
        lists = {e: sorted((i, v, v >= tau) for _, i, v in held) for e, held in every_row[view].items()}
    else:
        owners = groups if view == "rated-group" else users
        lists = {e: means_by_item(held, tau) for e, held in owners.items()}
    return {entity: held for entity, held in lists.items() if held}


@pytest.mark.parametrize("view", RATED)
@given(held_out_rows, memberships, st.sampled_from([None, 2.0, 4.0]))
def test_lists_are_those_of_the_definition(view, rows, members, tau):
    threshold = VIEWS[view].tau if tau is None else tau
    expected = plain(view, rows, members, threshold)
    relevant = {e: any(r for _, _, r in held) for e, held in expected.items()}
    skips = VIEWS[view].without_relevant == "skip"
    if not (any(relevant.values()) if skips else expected):
        with pytest.raises(ConfigError, match=f"view {view}: none of {len(expected)} lists"):
            judge(view, rows, members, tau)
        return
    case = judge(view, rows, members, tau)

    assert case.tau == threshold
    assert as_lists(case) == expected
    assert case.lists.entities.tolist() == sorted(expected)
    assert case.evaluated.tolist() == [relevant[e] or not skips for e in sorted(expected)]


@pytest.mark.parametrize("view", RATED)
@given(held_out_rows, memberships, st.randoms(use_true_random=False))
def test_the_order_of_rows_and_members_does_not_matter(view, rows, members, random):
    try:
        expected = as_lists(judge(view, rows, members))
    except ConfigError:
        return
    shuffled = random.sample(rows, len(rows))
    turned = [random.sample(m, len(m)) for m in members]

    assert as_lists(judge(view, shuffled, turned)) == expected


def test_the_default_thresholds():
    assert {name: VIEWS[name].tau for name in RATED} == {
        "rated-group": 3.5,
        "rated-user": 3.5,
        "rated-rows": 3.7,
        "surprise-faq": 3.5,
    }


def figures(view, rows, matrix, members=((0, 1), (2, 3))):
    held_out, groups = ratings(rows), Groups.from_lists(members)
    train = TrainingData(ratings([(u, 0, 3.0) for u in range(N_USERS)]), (1.0, 5.0), groups)
    chosen = {"average": aggregators["average"].create()}
    task = Task(train, held_out)
    (judged,) = evaluate(Table(matrix), task, [VIEWS[view].make_case(task)], chosen, Stopwatch())
    return judged.means("expected")


def test_rated_rows_count_lists_without_relevant_rows_in_precision_but_not_in_recall():
    rows = [(0, 1, 5.0), (1, 2, 4.0), (0, 3, 1.0), (1, 4, 1.0), (2, 1, 2.0), (3, 5, 3.5)]
    best_first = np.tile(-np.arange(N_ITEMS, dtype=float), (N_USERS, 1))
    found = figures("rated-rows", rows, best_first)

    assert found["precision@3"] == pytest.approx((2 / 3 + 0) / 2)
    assert found["recall@3"] == pytest.approx(1.0)
    assert found["ndcg@3"] == pytest.approx(1.0)


def test_rated_rows_count_an_item_once_for_each_row():
    rows = [(0, 1, 5.0), (1, 1, 5.0), (0, 1, 1.0), (1, 2, 4.0), (0, 3, 2.0)]
    best_first = np.tile(-np.arange(N_ITEMS, dtype=float), (N_USERS, 1))
    found = figures("rated-rows", rows, best_first)

    assert found["precision@3"] == pytest.approx(2 / 3)
    assert found["recall@3"] == pytest.approx(2 / 3)


def faq(rows, matrix, k, tau):
    """Precision and recall in the way of Surprise's FAQ: predictions by user, then counts in the top k."""
    by_user = defaultdict(list)
    for user, item, truth in rows:
        by_user[user].append((matrix[user, item], truth))
    precisions, recalls = [], []
    for predictions in by_user.values():
        top = sorted(predictions, key=lambda pair: -pair[0])[:k]
        relevant = sum(truth >= tau for _, truth in predictions)
        recommended = sum(estimate >= tau for estimate, _ in top)
        both = sum(estimate >= tau and truth >= tau for estimate, truth in top)
        precisions.append(both / recommended if recommended else 0)
        recalls.append(both / relevant if relevant else 0)
    return np.mean(precisions), np.mean(recalls)


@given(held_out_rows, st.integers(0, 1000))
def test_surprise_faq_is_what_the_faq_computes(rows, seed):
    matrix = np.random.default_rng(seed).uniform(1, 6, (N_USERS, N_ITEMS))
    if not any(value >= 3.5 for _, _, value in rows):
        rows.append((0, 0, 5.0))
    repeated = len({row[:2] for row in rows}) < len(rows)
    longest = max(sum(row[0] == user for row in rows) for user in range(N_USERS))
    found = figures("surprise-faq", rows, matrix)

    for k in CUTOFFS:
        # A cut through the repeated rows of a pair is a tie, which the FAQ leaves to the order of rows.
        if k >= longest or not repeated:
            precision, recall = faq(rows, matrix, k, 3.5)
            assert found[f"precision@{k}"] == pytest.approx(precision)
            assert found[f"recall@{k}"] == pytest.approx(recall)


def test_surprise_faq_keeps_the_rows_of_repeated_pairs():
    rows = [(0, 1, 5.0), (0, 1, 1.0), (0, 2, 4.0)]
    matrix = np.full((N_USERS, N_ITEMS), 4.0)
    found = figures("surprise-faq", rows, matrix)

    assert found["precision@3"] == pytest.approx(2 / 3)
    assert found["recall@3"] == pytest.approx(1.0)


def test_surprise_faq_is_zero_where_nothing_is_recommended():
    found = figures("surprise-faq", [(0, 1, 5.0), (1, 1, 1.0)], np.full((N_USERS, N_ITEMS), 3.4))

    assert found["precision@10"] == found["recall@10"] == found["ndcg@10"] == 0
