"""DMTL for what groups choose: what it learns, whom it serves, and its parts."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from groupbench.core.errors import MethodError
from groupbench.data.dataset import Ratings
from groupbench.data.groups import Groups
from groupbench.models.deep._validation import hold_out_users, split_off
from groupbench.models.distributed import ProcessGroup
from groupbench.models.dmtl.ranking.network import Team
from groupbench.models.dmtl.ranking.objective import RankingObjective
from groupbench.models.dmtl.ranking.profiles import some, told_apart, two
from groupbench.models.dmtl.ranking.recommender import RankingDMTL
from groupbench.models.recommender import TrainingData
from groupbench.models.row_tables import RowTable
from groupbench.models.training import Trainer
from tests._choices import N_GROUPS, N_ITEMS, N_USERS, fitted, network_of, rows, taste, two_tastes


@pytest.mark.parametrize("joint", [True, False], ids=["joint rows", "users' rows alone"])
def test_tastes_are_learned(joint):
    train = two_tastes(joint)
    model = fitted(train)
    assert taste(model.score(np.array([0]))) < 0.3
    assert taste(model.score(np.array([1]))) > 0.7
    of_groups = taste(model.score_groups(train.groups))
    assert (of_groups[::2] < 0.4).all()
    assert (of_groups[1::2] > 0.6).all()


def test_unknown_groups_are_served_by_their_members():
    train = two_tastes()
    model = fitted(train)
    strangers = Groups.from_lists([[0, 2, 4], [1, 3, 5], [0, 2, 4]], ids=["x", "y", "z"])
    scores = model.score_groups(strangers)
    np.testing.assert_allclose(scores[0], scores[2], rtol=0, atol=1e-5)
    assert taste(scores)[0] < 0.4
    assert taste(scores)[1] > 0.6
    mixed = Groups.from_lists([train.groups[3], [1, 3, 5]], ids=["3", "y"])
    both = model.score_groups(mixed)
    np.testing.assert_allclose(both[0], model.score_groups(train.groups)[3], rtol=0, atol=1e-5)
    np.testing.assert_allclose(both[1], scores[1], rtol=0, atol=1e-5)


def test_nothing_to_learn_is_told():
    train = two_tastes()
    empty = train.ratings.take(slice(0, 0))
    nothing = TrainingData(empty, train.scale, train.groups)
    assert "there are none" in RankingDMTL().skip(nothing)
    with pytest.raises(MethodError, match="choices"):
        fitted(nothing)


def parameters_moved(name, **chosen):
    train, model = two_tastes(), RankingDMTL(width=8, epochs=2, min_batches=2, weight_decay=0.0, **chosen)
    model.fit(train, rng=np.random.default_rng(0))
    before = {}
    first = model.make_network

    def keep(data):
        network = first(data)
        before.update({key: value.detach().clone() for key, value in network.named_parameters()})
        return network

    model.make_network = keep
    model.fit(train, rng=np.random.default_rng(0))
    return not torch.equal(before[name], dict(model._net.named_parameters())[name])


@pytest.mark.parametrize(
    ("name", "chosen", "moves"),
    [
        ("profile.weight", {}, True),
        ("profile.weight", {"profile_weight": 0.0}, False),
        ("companion.weight", {"companion_weight": 0.1}, True),
        ("companion.weight", {}, False),
        ("energy.weight", {}, True),
        ("energy.weight", {"attention": "mean"}, False),
        ("chosen", {"histories": False}, False),
        ("group_ids", {"ids": True}, True),
        ("share_weight", {"members_choices": False}, False),
    ],
)
def test_what_is_left_out_is_not_trained(name, chosen, moves):
    assert parameters_moved(name, **chosen) == moves


@pytest.mark.parametrize("loss", ["softmax", "sampled-softmax", "pairwise"])
def test_processes_that_divide_the_users_of_a_step_draw_alike(loss):
    train, users = two_tastes(), torch.arange(N_USERS)
    network = network_of(train, loss=loss, negatives=6, most_targets=3).train()
    objective = RankingObjective(network, network.data, network.made)

    def step(group):
        torch.manual_seed(1)
        return objective.loss(("users", users), group).total, torch.rand(1)

    (alone, lot), *parts = (step(ProcessGroup(*of)) for of in ((0, 1), (0, 3), (1, 3), (2, 3)))
    torch.testing.assert_close(sum(loss for loss, _ in parts), alone)
    assert all(after == lot for _, after in parts)


def test_users_are_served_where_there_are_no_groups():
    train = replace(two_tastes(joint=False), groups=Groups.from_lists([]))
    model = fitted(train)
    assert taste(model.score(np.array([0]))) < 0.3
    assert taste(model.score_groups(Groups.from_lists([[1, 3, 5]]))) > 0.6


def test_ratings_none_of_which_counts_are_refused():
    train = replace(two_tastes(), scale=(1.0, 5.0))
    with pytest.raises(MethodError, match=r"no rating is high enough .* lower positive \(now 1.0\)"):
        fitted(train, positive=1.0)


def test_low_ratings_are_no_choices():
    train = two_tastes()
    graded = []
    for liked in (train.ratings, train.group_ratings):
        raters = np.repeat(np.arange(liked.n_users), 3)
        others = (raters % 2 == 0) * (N_ITEMS // 2) + np.tile(np.arange(3), liked.n_users)
        graded.append(
            Ratings(
                np.concatenate([liked.users, raters]),
                np.concatenate([liked.items, others]),
                np.concatenate([np.full(len(liked), 5.0), np.ones(len(raters))]),
                liked.n_users,
                N_ITEMS,
            )
        )
    both = TrainingData(graded[0], (1.0, 5.0), train.groups, group_ratings=graded[1])
    np.testing.assert_array_equal(
        fitted(both).score_groups(train.groups), fitted(train).score_groups(train.groups)
    )


def test_shares_of_members_are_counted():
    train = two_tastes()
    network = network_of(train)
    shares = network.member_shares(Team(*network.data.members.take(torch.arange(N_GROUPS)))).numpy()
    pairs = set(zip(train.ratings.users.tolist(), train.ratings.items.tolist(), strict=True))
    for group in range(N_GROUPS):
        members = train.groups[group].tolist()
        for item in range(N_ITEMS):
            assert shares[group, item] == pytest.approx(np.mean([(u, item) in pairs for u in members]))


def test_members_who_weigh_alike_are_averaged():
    train = two_tastes()
    network = network_of(train, attention="mean")
    team = Team(*network.data.members.take(torch.arange(N_GROUPS)))
    with torch.no_grad():
        items, _ = network.items()
        users = network.encode_users(torch.arange(N_USERS), items)
        expected = torch.stack([users[train.groups[g].tolist()].mean(dim=0) for g in range(N_GROUPS)])
        torch.testing.assert_close(network.encode_members(team, items), network.of_members(expected))


@given(st.lists(st.integers(1, 6), min_size=1, max_size=8), st.integers(0, 2**31))
def test_parts_of_a_group_are_parts_of_it(sizes, seed):
    torch.manual_seed(seed)
    widest = max(sizes)
    users = torch.arange(len(sizes) * widest).view(len(sizes), widest)
    team = Team(users, torch.arange(widest) < torch.tensor(sizes)[:, None])
    part = some(team)
    assert (part.inside <= team.inside).all()
    assert part.inside.any(dim=1).all()
    several = team.inside.sum(dim=1) > 1
    if several.any():
        left, right = two(Team(users[several], team.inside[several]))
        assert (left != right).all()
        for one in (left, right):
            assert ((users[several] == one[:, None]) & team.inside[several]).any(dim=1).all()


def test_own_among_others_is_a_softmax():
    torch.manual_seed(1)
    left, right = torch.randn(5, 4), torch.randn(5, 4)
    expected = 0.0
    for row in range(5):
        logits = [float(left[row] @ right[other]) / 2 for other in range(5)]
        expected -= logits[row] - math.log(sum(map(math.exp, logits)))
    assert float(told_apart(left, right)) == pytest.approx(expected / 5, rel=1e-5)


@given(st.integers(0, 2**31))
def test_users_rank_what_they_have_not_left(seed):
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 25, 12)
    pairs = {(u, int(i)) for u, n in enumerate(counts) for i in rng.choice(N_ITEMS, n, replace=False)}
    if not pairs:
        return
    ratings = rows(pairs, 12)
    left, lists = hold_out_users(ratings)
    kept = set(zip(left.users.tolist(), left.items.tolist(), strict=True))
    if lists is None:
        assert kept == pairs
        assert counts.max() < 10
        return
    held = {(int(lists.groups[u]), int(i)) for u, i in zip(*np.nonzero(lists.chosen), strict=True)}
    assert held | kept == pairs
    assert not held & kept
    assert (lists.chosen.sum(axis=1) == counts[lists.groups] // 10).all()
    for row, user in enumerate(lists.groups):
        hidden = {i for i in range(N_ITEMS) if not lists.valid[row, i]}
        assert hidden == {i for u, i in kept if u == user}


def test_groups_validate_where_they_have_rows():
    train = two_tastes()
    torch.manual_seed(0)
    _, _, lists = split_off(train.ratings, train.group_ratings.unique(), train.groups)
    assert lists.side == "groups"
    none = train.group_ratings.take(slice(0, 0))
    assert split_off(train.ratings, none, train.groups)[2] is None


def test_how_the_tasks_agree_is_told():
    told = [epoch.losses["agreement"] for epoch in fitted(two_tastes()).history]
    assert any(told)
    assert all(-1 <= cosine <= 1 for cosine in told)
    apart = fitted(two_tastes(), shared=False).history
    assert all(epoch.losses["agreement"] == 0 for epoch in apart)


@pytest.mark.parametrize("tables", ["dense", "sparse"])
def test_pairs_are_scored_as_in_all_scores(tables):
    train, rng = two_tastes(), np.random.default_rng(4)
    model = fitted(train, tables=tables)
    users, items = np.arange(N_USERS), rng.integers(0, N_ITEMS, (N_USERS, 5))
    expected = np.take_along_axis(model.score(users), items, axis=1)
    np.testing.assert_allclose(model.score_pairs(users, items), expected, rtol=0, atol=1e-5)
    some = Groups.from_lists([train.groups[1], [0, 3], train.groups[0]], ids=["1", "x", "0"])
    shown = rng.integers(0, N_ITEMS, (3, 4))
    expected = np.take_along_axis(model.score_groups(some), shown, axis=1)
    np.testing.assert_allclose(model.score_group_pairs(some, shown), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("loss", ["softmax", "sampled-softmax", "pairwise"])
def test_tables_that_are_read_by_row_are_learned_too(loss):
    model = fitted(two_tastes(), tables="sparse", loss=loss, most_targets=4)
    scores = taste(model.score(np.arange(N_USERS)))
    assert scores[::2].mean() < 0.4
    assert scores[1::2].mean() > 0.6


def test_what_training_holds_beside_the_weights(monkeypatch):
    """At most 16 bytes a number of a table that is read by row."""
    trainers = []
    run = Trainer.run
    monkeypatch.setattr(Trainer, "run", lambda self, file: [trainers.append(self), run(self, file)][1])
    RankingDMTL(width=32, epochs=3, refit=False, tables="sparse", ids=True).fit(
        two_tastes(), rng=np.random.default_rng(0)
    )
    (trainer,) = trainers
    state = trainer._state()
    tables = {name for name, p in trainer.network.named_parameters() if isinstance(p, RowTable)}
    numbers = [trainer.network.get_parameter(name) for name in tables]
    order = [name for name, _ in trainer.network.named_parameters()]
    theirs = [state["best"][name] for name in tables]
    theirs += [
        tensor
        for key, tensor in state["optimizer"].items()
        if order[int(key.partition(".")[0])] in tables and tensor.ndim
    ]
    assert tables == {"chosen", "ranked", "user_ids", "group_ids"}
    assert sum(t.nbytes for t in theirs) <= 16 * sum(p.numel() for p in numbers)
    assert len(state["average"]) == len(order) - len(tables)
