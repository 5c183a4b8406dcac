"""Hyperedges that share members: who is whose neighbor, and what a group reads of them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from groupbench.data.groups import Groups
from groupbench.models.dmtl.ranking import overlaps
from groupbench.models.dmtl.ranking.lookups import ItemVectors
from groupbench.models.dmtl.ranking.overlaps import overlapping
from tests._choices import N_GROUPS, fitted, network_of, taste, two_tastes


def by_hand(groups, others, most, own):
    """Neighbors with their normalized overlaps, one pair of lists a group."""
    out = []
    for g, members in enumerate(groups):
        rated = [(len(members & other) / len(members | other), -o) for o, other in enumerate(others)]
        near = sorted((r for r in rated if r[0] > 0 and -r[1] != own[g]), reverse=True)[:most]
        out.append({-o: overlap / sum(r[0] for r in near) for overlap, o in near})
    return out


@given(
    st.lists(st.sets(st.integers(0, 9), min_size=1, max_size=5), min_size=1, max_size=12),
    st.integers(1, 4),
    st.sampled_from([1, 2**22]),
)
def test_neighbors_overlap_most(groups, most, entries):
    matrix = csr_array(np.array([[float(u in members) for u in range(10)] for members in groups]))
    own = np.arange(len(groups))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(overlaps, "_ENTRIES", entries)
        found = overlapping(matrix, matrix, most, own)
    for g, expected in enumerate(by_hand(groups, groups, most, own)):
        there = found.weights[g] > 0
        assert dict(zip(found.groups[g, there].tolist(), found.weights[g, there], strict=True)) == (
            pytest.approx(expected)
        )


def test_a_group_reads_what_its_neighbors_chose():
    train = two_tastes()
    network = network_of(train, overlaps=True)
    members = [set(train.groups[g].tolist()) for g in range(N_GROUPS)]
    chosen = [train.group_ratings.items[train.group_ratings.users == g] for g in range(N_GROUPS)]
    choosing = [g for g in range(N_GROUPS) if len(chosen[g])]
    own = [choosing.index(g) if g in choosing else -1 for g in range(N_GROUPS)]
    items = torch.randn(train.ratings.n_items, 8)
    torch.nn.init.eye_(network.overlaps.linear.weight)
    with torch.no_grad():
        found = network.overlaps(torch.arange(N_GROUPS), ItemVectors(items))
    for g, near in enumerate(by_hand(members, [members[o] for o in choosing], 20, own)):
        histories = {o: items[chosen[choosing[o]]].sum(0) / len(chosen[choosing[o]]) ** 0.5 for o in near}
        torch.testing.assert_close(found[g], sum(weight * histories[o] for o, weight in near.items()))


def test_groups_of_whose_choices_nothing_is_known_read_those_of_their_neighbors():
    train = two_tastes()
    network = network_of(train, overlaps=True)
    torch.nn.init.eye_(network.overlaps.linear.weight)
    items = torch.randn(train.ratings.n_items, 8)
    rowless = torch.tensor([N_GROUPS - 2, N_GROUPS - 1])
    with torch.no_grad():
        known = network.overlaps(rowless, ItemVectors(items))
        unseen = network.overlaps.of_members(*network.data.members.take(rowless), ItemVectors(items))
    assert known.abs().sum() > 0
    torch.testing.assert_close(known, unseen)


def test_overlaps_are_learned_and_change_scores():
    train = two_tastes()
    plain, model = fitted(train), fitted(train, overlaps=True)
    assert model._net.overlaps.linear.weight.abs().sum() > 0
    scores = model.score_groups(train.groups)
    assert not np.array_equal(plain.score_groups(train.groups), scores)
    strangers = Groups.from_lists([[0, 2, 4], [1, 3, 5]], ids=["x", "y"])
    np.testing.assert_array_equal(taste(model.score_groups(strangers)) > 0.5, [False, True])


def test_without_joint_rows_there_is_nothing_to_read():
    train = two_tastes(joint=False)
    model = fitted(train, overlaps=True)
    assert np.isfinite(model.score_groups(train.groups)).all()
    assert (model._net.overlaps.weights == 0).all()
