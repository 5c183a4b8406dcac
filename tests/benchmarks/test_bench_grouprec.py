"""Groups judged by their members, from a fitted method to figures: ours, and grouprec's `evaluate`.

Both sides are given the same fitted method, and score members, find candidates, and make lists and truth.
Both are asked for the same few figures, ours for what is expected of equal scores. What those leave open may
fall anywhere between our worst and our best case, which is worked out beside; otherwise figures are the same.
grouprec ranks all items before it leaves out what members know; it is given the candidates at once, so that
strategies that look at whole lists see the same ones. Held-out rows are those of a fifth of the items: so no
member likes what another one knows, which grouprec counts as missed, and we as no candidate. `greedy-lm` is
not here: grouprec takes scores as relevance where we follow Kaya et al. (2020).
"""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from groupbench.core.registry import aggregators, methods
from groupbench.core.seeding import generator
from groupbench.core.stopwatch import Stopwatch
from groupbench.data.groups import Groups
from groupbench.data.loading import load
from groupbench.evaluation.evaluate import evaluate
from groupbench.evaluation.protocols import make_protocol
from groupbench.evaluation.task import Task
from groupbench.evaluation.views import VIEWS
from groupbench.metrics import TIES
from groupbench.models.recommender import TrainingData

N_GROUPS, FEW = 1000, 50
METRICS = {"ndcg": "ndcg@10", "recall": "recall@10", "hr": "hit@10"}
ASKED = [*METRICS.values(), "precision@10", "min-ndcg@10", "min-recall@10", "min-precision@10"]
"""Grouprec has the least hit rate of a member, which is not among our figures, and no precision here."""
SAME = {
    "average": ("AVG", None, {}),
    "least-misery": ("LMS", None, {}),
    "multiplicative": ("MUL", "minmax", {"floor": 1e-12}),
    "borda": ("BDC", None, {}),
    "gfar": ("GFAR", None, {}),
    "sp-greedy": ("SPGreedy", None, {}),
    "ep-fuzzda": ("EPFuzzDA", "minmax", {"normalize": "minmax"}),
}
"""Grouprec's name, its normalisation, and our parameters with which both do the same."""
BARS = {"gfar": 50, "sp-greedy": 50, "borda": 50, "ep-fuzzda": 50}
"""What is asked for one strategy: 60 for those that look at each candidate alone."""
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


def judged(task, view, method, strategies, metrics, ties=("expected",)):
    """Figures under each tie rule by metric, each (n_lists,), of each aggregator."""
    chosen = {name: aggregators[name].create(**parameters) for name, parameters in strategies.items()}
    views = [VIEWS[view].make_case(task)]
    found = evaluate(method, task, views, chosen, Stopwatch(), metrics=metrics, ties=ties)
    return {one.aggregator: one for one in found}


def assert_within_ties(task, view, method, strategies, metrics, found, theirs, few=slice(None)):
    """Assert that each of their means, over the lists `few`, lies between our worst and our best case."""
    bounds = judged(task, view, method, strategies, metrics, TIES)
    for aggregator, means in theirs.items():
        values, apart = bounds[aggregator].values, TIES_WITHIN.get(aggregator, 1e-9)
        for name in metrics:
            np.testing.assert_array_equal(
                found[aggregator].values["expected"][name], values["expected"][name]
            )
        assert means
        for name, mean in means.items():
            low, high = (np.nanmean(values[ties][name][few]) for ties in ("worst", "best"))
            assert low - apart <= mean <= high + apart, (aggregator, name)


@pytest.mark.parametrize(
    "names", [*((name,) for name in SAME), tuple(SAME)], ids=lambda names: "+".join(names)
)
def test_groups_of_four(versus, grouprec, movielens, coupled, names):
    from grouprec.split import Split

    task, method = coupled
    split = Split(whole_catalogue(grouprec, task.train.ratings), frame(task.held_out))
    groups = grouprec.Groups([task.train.groups[g] for g in range(FEW)])

    def recommender(name):
        their_name, normalize, _ = SAME[name]
        aggregator = grouprec.aggregators.get(their_name)
        return of_candidates(grouprec)(base(method), aggregator, normalize=normalize)

    def theirs():
        asked = {"metrics": tuple(METRICS), "group_aggregations": ("mean", "min")}
        reports = {
            name: grouprec.evaluate(recommender(name), split.train, groups, split, **asked) for name in names
        }
        return {
            name: {f"{row['aggregation']}-{METRICS[row['metric']]}": row["value"] for row in report.records}
            for name, report in reports.items()
        }

    def equal(found, theirs):
        few = next(iter(found.values())).case.lists.entities < FEW
        shared = {
            name: {key.removeprefix("mean-"): mean for key, mean in means.items() if key != "min-hit@10"}
            for name, means in theirs.items()
        }
        assert_within_ties(task, "coupled", method, strategies, ASKED, found, shared, few)

    strategies = {name: SAME[name][2] for name in names}
    what = names[0] if len(names) == 1 else f"{len(names)} aggregators"
    versus(
        f"1,000 groups of 4, {movielens.title}, coupled, {what}",
        partial(judged, task, "coupled", method, strategies, ASKED),
        theirs,
        equal,
        against="grouprec",
        bar=BARS.get(names[0], 60) if len(names) == 1 else 80,
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
    lists = VIEWS["sampled-group"].make_case(task).lists
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

    asked = task, "sampled-group", method, {"average": {}}, list(theirs())
    versus(
        f"sampled evaluation, {name}, item-knn-cosine",
        partial(judged, *asked),
        theirs,
        lambda found, theirs: assert_within_ties(*asked, found, {"average": theirs}),
        against="grouprec",
        bar=15,
        rounds=9,
    )
