"""Groups judged by their members, from a fitted method to figures: ours, and grouprec's `evaluate`.

Both sides are given the same fitted method, and score members, find candidates, and make lists and truth.
Ours computes every metric at four cutoffs under three tie rules, grouprec three metrics at 10. What equal
scores leave open may fall anywhere between our worst and our best case; otherwise figures are the same.
grouprec ranks all items before it leaves out what members know; it is given the candidates at once, so that
strategies that look at whole lists see the same ones. Held-out rows are those of a fifth of the items: so no
member likes what another one knows, which grouprec counts as missed, and we as no candidate. `greedy-lm` is
not here: grouprec takes scores as relevance where we follow Kaya et al. (2020).
"""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from groupbench.evaluation import evaluate
from groupbench.groups import Groups
from groupbench.loading import load
from groupbench.measure import Stopwatch
from groupbench.protocol import make_protocol
from groupbench.recommender import TrainingData
from groupbench.registry import aggregators, methods
from groupbench.seeding import generator
from groupbench.task import Task
from groupbench.views import VIEWS

N_GROUPS, FEW = 1000, 50
METRICS = {"ndcg": "ndcg@10", "recall": "recall@10", "hr": "hit@10"}
SAME = {
    "average": ("AVG", None, {}),
    "least-misery": ("LMS", None, {}),
    "multiplicative": ("MUL", "minmax", {"floor": 1e-12}),
    "borda": ("BDC", None, {}),
    "gfar": ("GFAR", None, {}),
    "sp-greedy": ("SPGreedy", None, {}),
    "ep-fuzzda": ("EPFuzzDA", "minmax", {}),
}
"""Grouprec's name, its normalisation, and our parameters with which both do the same."""
TIES_WITHIN = {"multiplicative": 0.002, "gfar": 0.002}
"""How far figures may be apart where equal candidates within a strategy leave it a choice: all are equal for
a group with a member to whom all items are equal, or whose favourites are all in the list."""


@pytest.fixture(scope="module")
def grouprec():
    return pytest.importorskip("grouprec")


def fitted(train, name):
    return methods[name].create().fit(train, rng=generator("bench"))


@pytest.fixture(scope="module")
def coupled(movielens):
    rng, rows = np.random.default_rng(0), movielens.ratings
    groups = Groups.from_lists([rng.choice(rows.n_users, 4, replace=False) for _ in range(N_GROUPS)])
    held = rng.random(rows.n_items) < 0.2
    method = fitted(TrainingData(rows, movielens.scale, groups), "ease")
    train, held_out = (rows.take(held[rows.items] == side) for side in (False, True))
    return Task(TrainingData(train, movielens.scale, groups), held_out), method


def judged(task, view, method, name, parameters):
    """Figures under each tie rule by metric, each (n_lists,)."""
    chosen = {name: aggregators[name].create(**parameters)}
    (found,) = evaluate(method, task, [VIEWS[view].judge(task)], chosen, Stopwatch())
    return found


def within_ties(means, theirs, apart=1e-9):
    """Assert that each of their means lies between our worst and our best case."""
    assert theirs
    for name, mean in theirs.items():
        assert means("worst")[name] - apart <= mean <= means("best")[name] + apart, name


@pytest.mark.parametrize("name", SAME)
def test_groups_of_four(versus, grouprec, movielens, coupled, name):
    from grouprec.split import Split

    task, method = coupled
    their_name, normalize, parameters = SAME[name]
    held = frame(task.held_out)
    split = Split(whole_catalogue(grouprec, task.train.ratings), held)
    groups = grouprec.Groups([task.train.groups[g] for g in range(FEW)])
    aggregator = grouprec.aggregators.get(their_name)
    recommender = of_candidates(grouprec)(base(method), aggregator, normalize=normalize)

    def theirs():
        report = grouprec.evaluate(recommender, split.train, groups, split, metrics=tuple(METRICS))
        return {
            (METRICS[row["metric"]], row["aggregation"]): row["value"]
            for row in report.records
            if row["aggregation"] in ("mean", "min")
        }

    def equal(ours, theirs):
        few = np.isin(ours.judgement.lists.entities, np.arange(FEW))

        def means(ties):
            values = ours.values[ties]
            names = {(m, how): m if how == "mean" else f"min-{m}" for m, how in theirs}
            return {key: np.nanmean(values[name][few]) for key, name in names.items() if name in values}

        shared = {key: mean for key, mean in theirs.items() if key in means("best")}
        within_ties(means, shared, TIES_WITHIN.get(name, 1e-9))

    versus(
        f"1,000 groups of 4, {movielens.title}, coupled, {name}",
        partial(judged, task, "coupled", method, name, parameters),
        theirs,
        equal,
        against="grouprec",
        bar=100,
        share=FEW / N_GROUPS,
        rounds=3,
    )


def frame(ratings):
    import pandas as pd

    return pd.DataFrame({"user": ratings.users, "item": ratings.items, "rating": ratings.values})


def whole_catalogue(grouprec, ratings):
    users, items = np.arange(ratings.n_users), np.arange(ratings.n_items)
    return grouprec.Dataset(frame(ratings), users=users, items=items)


def base(method):
    """The fitted method as grouprec takes a base recommender, which it fits before it asks for scores."""

    class Base:
        def fit(self, dataset):
            return self

        def score(self, users, items=None):
            scores = method.score(np.asarray(users))
            return scores if items is None else scores[:, items]

    return Base()


def of_candidates(grouprec):
    """Its recommender of groups, that ranks what is left of the items instead of all of them."""

    class OfCandidates(grouprec.GroupRecommender):
        def recommend(self, members, k, *, exclude=None, candidates=None):
            if exclude is not None:
                left = np.ones(self.dataset_.n_items, dtype=bool)
                left[list(exclude)] = False
                candidates = np.flatnonzero(left)
            return super().recommend(members, k, candidates=candidates)

    return OfCandidates


@pytest.mark.parametrize("name", ["mafengwo", "camra2011"])
def test_sampled(versus, grouprec, real_data, name):
    dataset = load(name, real_data)
    task = make_protocol({"name": "given"}).prepare(dataset, 0)
    method = fitted(task.train, "item-knn-cosine")
    lists = VIEWS["sampled-group"].judge(task).lists
    groups = grouprec.Groups([task.train.groups[g] for g in range(len(task.train.groups))])
    catalogue = whole_catalogue(grouprec, task.train.ratings)
    recommender = grouprec.GroupRecommender.from_fitted(
        base(method), grouprec.aggregators.get("AVG"), catalogue
    )
    instances = []
    for place, group in enumerate(lists.entities):
        rows = lists.segments.rows(place, place + 1)
        items, held_out = lists.items[rows], ~np.isnan(lists.truth[rows])
        instances.append((int(group), int(items[held_out][0]), items[~held_out].tolist()))

    def theirs():
        report = grouprec.evaluate_sampled(recommender, catalogue, groups, instances, fit=False)
        return {f"{METRICS.get(r['metric'], r['metric'])[:-3]}@{r['k']}": r["value"] for r in report.records}

    versus(
        f"sampled evaluation, {name}, item-knn-cosine",
        partial(judged, task, "sampled-group", method, "average", {}),
        theirs,
        lambda ours, theirs: within_ties(ours.means, theirs),
        against="grouprec",
        bar=20,
        rounds=9,
    )
