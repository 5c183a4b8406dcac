"""The tasks of DMTL for choices beside its ranking: what they learn, report and never see."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from groupbench.core.errors import MethodError
from groupbench.data.dataset import Features, Ratings
from groupbench.data.groups import Groups
from groupbench.models.dmtl.features import shrunken_means
from groupbench.models.dmtl.ranking.lookups import ItemVectors
from groupbench.models.dmtl.ranking.profiles import RatingResiduals, Targets
from groupbench.models.dmtl.ranking.recommender import RankingDMTL
from tests._choices import N_GROUPS, N_ITEMS, N_USERS, fitted, taste, two_tastes

ALL = {"companion_weight": 0.3, "cluster_weight": 0.3, "clusters": 2, "objective": "both"}


def graded(seed=0):
    """`two_tastes` with ratings from 1 to 5 that hang on the item."""
    train, rng = two_tastes(), np.random.default_rng(seed)
    of_item = rng.integers(1, 6, N_ITEMS)
    rated = [replace(rows, values=of_item[rows.items] + 0.0) for rows in (train.ratings, train.group_ratings)]
    return replace(train, ratings=rated[0], group_ratings=rated[1], scale=(1.0, 5.0))


def test_every_task_reports_its_loss_and_its_agreement_by_name():
    tasks = {"ranking", "profile", "companions", "clusters", "ratings"}
    agreements = {"agreement", *(f"agreement {name}" for name in tasks - {"ranking"})}
    for epoch in fitted(graded(), **ALL).history:
        assert epoch.losses.keys() == tasks | agreements
        assert all(epoch.losses[name] > 0 for name in tasks)
        assert all(-1 <= epoch.losses[name] <= 1 for name in agreements)
    alone = fitted(two_tastes(), profile_weight=0.0).history
    assert all(epoch.losses.keys() == {"ranking", "agreement"} for epoch in alone)


@pytest.mark.parametrize("task", ["profile_weight", "companion_weight", "cluster_weight", "rating_weight"])
def test_a_weight_weighs_its_task(task):
    once, twice = ({**ALL, task: weight} for weight in (1e-9, 2e-9))
    name = {"companion_weight": "companions", "cluster_weight": "clusters", "rating_weight": "ratings"}
    losses = [fitted(graded(), **made, refit=False).history[0].losses for made in (once, twice)]
    shown = name.get(task, "profile")
    assert losses[1][shown] == pytest.approx(2 * losses[0][shown], rel=1e-3)


def test_clusters_of_users_are_learned():
    losses = [epoch.losses["clusters"] for epoch in fitted(two_tastes(), **ALL).history]
    assert losses[-1] < losses[0] / 2


@pytest.mark.parametrize("known", ["choices", "categories", "ratings"])
def test_clusters_are_of_tastes(known):
    train = two_tastes()
    if known == "categories":
        halves = np.eye(2)[np.arange(N_ITEMS) // (N_ITEMS // 2)]
        train = replace(train, item_features=Features(("half=0", "half=1"), halves))
    if known == "ratings":
        values = np.where(train.ratings.users % 2, 1.0, 5.0)
        train = replace(train, ratings=replace(train.ratings, values=values), scale=(1.0, 5.0))
    train = replace(train, ratings=replace(train.ratings, n_users=N_USERS + 1))
    torch.manual_seed(0)
    labels = Targets.of(train, RankingDMTL(cluster_weight=1.0, clusters=2)).clusters.numpy()
    assert labels[-1] == -1
    assert len(set(labels[:-1:2])) == len(set(labels[1:-1:2])) == 1
    assert labels[0] != labels[1]


def test_too_many_clusters_are_refused():
    with pytest.raises(MethodError, match="clusters=41 is too many"):
        fitted(two_tastes(), cluster_weight=0.1, clusters=N_USERS + 1)


def test_residuals_are_what_biases_leave():
    train = graded(3)
    found = RatingResiduals.of(train)
    joint = train.group_ratings
    raters = np.append(train.ratings.users, N_USERS + joint.users)
    items = np.append(train.ratings.items, joint.items)
    values = np.append(train.ratings.values, joint.values)
    left = values - values.mean()
    left = left - shrunken_means(items, left, N_ITEMS)[items]
    left = left - shrunken_means(raters, left, N_USERS + N_GROUPS)[raters]
    order = np.lexsort((items, raters))
    np.testing.assert_array_equal(found.rows.raters.numpy(), raters[order])
    np.testing.assert_allclose(found.residuals.numpy(), left[order] / 4, atol=1e-6)
    z, ranked = torch.randn(2, 3), torch.randn(N_ITEMS, 3)
    loss = found.loss("groups", torch.tensor([1, 3]), z, ItemVectors(ranked))
    errors = [
        (z[k] @ ranked[i] - residual) ** 2
        for k, group in enumerate((1, 3))
        for r, i, residual in zip(found.rows.raters, found.rows.items, found.residuals, strict=True)
        if r == N_USERS + group
    ]
    torch.testing.assert_close(loss, torch.stack(errors).mean())
    assert found.loss("groups", torch.tensor([N_GROUPS - 1]), z[:1], ItemVectors(ranked)) is None


def test_ratings_are_learned_beside_rankings():
    train = graded()
    rng = np.random.default_rng(1)
    users = train.ratings
    liked = (users.users + users.items) % 2
    values = np.clip(3 + 2 * np.where(liked, 1, -1) + rng.normal(0, 0.1, len(users)), 1, 5)
    train = replace(train, ratings=replace(users, values=values))
    made = {
        "objective": "both",
        "rating_weight": 10.0,
        "epochs": 30,
        "patience": 30,
        "dropout": 0.0,
        "positive": None,
    }
    model = RankingDMTL(width=8, batch_size=8, min_batches=4, refit=False, **made)
    losses = [e.losses["ratings"] for e in model.fit(train, rng=np.random.default_rng(0)).history]
    assert losses[-1] < losses[0] / 2
    assert taste(model.score(np.array([0, 1]))).round() == pytest.approx([0, 1])


def test_equal_ratings_leave_rankings_alone_and_that_is_told():
    train = two_tastes()
    both = fitted(train, objective="both")
    assert both.notices == ("objective=both learned rankings alone: all ratings are equal",)
    assert "ratings" not in both.history[0].losses
    assert fitted(graded(), objective="both").notices == fitted(train).notices == ()


@pytest.mark.parametrize("whole", [True, False], ids=["whole groups", "single rows"])
@pytest.mark.parametrize("positive", [None, 0.5])
def test_ratings_of_validation_rows_are_not_learned_from(positive, whole):
    train, seen = graded(), []
    if not whole:
        rowless = Ratings(
            np.repeat([14, 15], 2), np.array([1, 2, 17, 18]), np.full(4, 5.0), N_GROUPS, N_ITEMS
        )
        train = replace(train, group_ratings=stacked(train.group_ratings, rowless))
    model = RankingDMTL(width=8, epochs=1, min_batches=2, objective="both", positive=positive)
    make = model.make_objective

    def keep(network, data, held_out):
        objective = make(network, data, held_out)
        seen.append((held_out, pairs_of(objective.others.targets.ratings)))
        return objective

    model.make_objective = keep
    model.fit(train, rng=np.random.default_rng(0))
    (held_out, search), (none, refit) = seen
    assert none is None
    assert held_out.whole == whole
    lists, index = np.nonzero(held_out.chosen)
    items = np.broadcast_to(held_out.items, held_out.chosen.shape)[lists, index].tolist()
    hidden = [(int(g), i) for g, i in zip(held_out.groups[lists], items, strict=True)]
    members = {(u, i) for g, i in hidden for u in train.groups[g].tolist()} if not whole else set()
    assert refit - search == refit & ({(N_USERS + g, i) for g, i in hidden} | members)
    assert len(refit) == len(train.ratings) + len(train.group_ratings)
    assert len(refit - search) >= len(held_out.groups)


def pairs_of(rated):
    return set(zip(rated.rows.raters.tolist(), rated.rows.items.tolist(), strict=True))


def stacked(rows, more):
    parts = (np.append(getattr(rows, name), getattr(more, name)) for name in ("users", "items", "values"))
    return Ratings(*parts, rows.n_users, rows.n_items)


def test_without_attention_members_are_not_read():
    train = two_tastes()
    model = fitted(train, attention="none", profile_weight=0.0, members_choices=False)
    strangers = Groups.from_lists([[0, 2, 4], [1, 3, 5]], ids=["x", "y"])
    alike = model.score_groups(strangers)
    np.testing.assert_allclose(alike[0], alike[1], atol=1e-6)
    known = taste(model.score_groups(train.groups))[: N_GROUPS - 2]
    assert (known[::2] < 0.4).all()
    assert (known[1::2] > 0.6).all()
    shares = fitted(train, attention="none")
    assert np.ptp(shares.score_groups(strangers), axis=0).any()


def test_a_rating_row_is_of_its_rater():
    rows = Ratings(np.array([0, 1]), np.array([0, 1]), np.array([1.0, 5.0]), 2, 2)
    users = replace(two_tastes(), ratings=rows, group_ratings=None, scale=(1.0, 5.0))
    found = RatingResiduals.of(users)
    assert found.loss("groups", torch.tensor([0]), torch.zeros(1, 2), torch.zeros(2, 2)) is None
    assert found.loss("users", torch.tensor([1]), torch.zeros(1, 2), torch.zeros(2, 2)) == (
        found.residuals[1].square()
    )
