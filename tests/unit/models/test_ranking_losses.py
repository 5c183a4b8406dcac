"""The losses of rankings: a sample of all items is all items, and other targets are no negatives."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from groupbench.models.deep import Bags
from groupbench.models.dmtl.ranking.losses import (
    NEVER,
    Sample,
    Sampler,
    pairwise_loss,
    sampled_softmax_loss,
    softmax_loss,
)

N_ITEMS = 6


@st.composite
def chosen_items(draw):
    """Some raters' distinct targets, with weights."""
    sets = draw(st.lists(st.sets(st.integers(0, N_ITEMS - 1), max_size=4), min_size=1, max_size=4))
    items = [item for targets in sets for item in sorted(targets)]
    offsets = np.concatenate([[0], np.cumsum([len(targets) for targets in sets])])
    weights = torch.linspace(0.5, 1.5, len(items)) if items else torch.empty(0)
    return Bags(torch.tensor(items, dtype=torch.int64), torch.tensor(offsets), weights)


def all_items():
    return Sample(torch.arange(N_ITEMS), torch.zeros(N_ITEMS), torch.arange(N_ITEMS))


@given(chosen_items(), st.integers(0, 2**31))
def test_softmax_by_hand(targets, seed):
    torch.manual_seed(seed)
    logits = torch.randn(len(targets.offsets) - 1, N_ITEMS)
    expected = 0.0
    for owner, item, weight in zip(targets.owners, targets.items, targets.weights, strict=True):
        expected -= weight * (logits[owner, item] - logits[owner].logsumexp(0))
    torch.testing.assert_close(softmax_loss(logits, targets), torch.as_tensor(expected) / len(logits))


@given(chosen_items(), st.integers(0, 2**31))
def test_a_sample_of_all_is_the_softmax_without_other_targets(targets, seed):
    torch.manual_seed(seed)
    logits = torch.randn(len(targets.offsets) - 1, N_ITEMS, requires_grad=True)
    same = logits.detach().clone().requires_grad_()
    everything = all_items()
    others = logits.masked_fill(everything.hits(targets), NEVER)
    own = logits[targets.owners, targets.items]
    loss = sampled_softmax_loss(own, others, targets, everything.log_odds)
    expected = torch.zeros(())
    for owner, item, weight in zip(targets.owners, targets.items, targets.weights, strict=True):
        mine = set(targets.items[targets.owners == owner].tolist()) - {int(item)}
        rivals = same[owner, [i for i in range(N_ITEMS) if i not in mine]]
        expected = expected - weight * (same[owner, item] - rivals.logsumexp(0))
    expected = expected / len(logits)
    torch.testing.assert_close(loss, expected)
    if len(targets.items):
        loss.backward()
        expected.backward()
        torch.testing.assert_close(logits.grad, same.grad)


def test_popular_items_are_drawn_as_often_as_their_odds_say():
    torch.manual_seed(0)
    counts = torch.tensor([3, 50, 7, 0, 20])
    sampler = Sampler(counts, 4)
    drawn = torch.zeros(5)
    for _ in range(20_000):
        drawn[sampler.draw().items] += 1
    order = torch.argsort(counts, descending=True)
    odds = torch.log1p(1 / torch.arange(1, 6)) / math.log(6)
    expected = torch.empty(5)
    expected[order] = 1 - (1 - odds) ** 4
    torch.testing.assert_close(drawn / 20_000, expected, atol=0.015, rtol=0)
    sample = sampler.draw()
    torch.testing.assert_close(sample.log_odds.exp(), expected[sample.items], atol=1e-6, rtol=1e-5)
    assert (sample.column[sample.items] == torch.arange(len(sample.items))).all()
    assert (sample.column >= 0).sum() == len(sample.items)


@pytest.mark.parametrize("size", [5, 10**12])
def test_as_many_draws_as_items_take_all(size):
    sample = Sampler(torch.tensor([3, 50, 7, 0, 20]), size).draw()
    assert sample.items.tolist() == sample.column.tolist() == [0, 1, 2, 3, 4]
    assert not sample.log_odds.any()


def test_the_sampled_softmax_estimates_all():
    torch.manual_seed(1)
    n = 200
    logits, counts = torch.randn(1, n), torch.randint(0, 100, (n,))
    target = Bags(torch.tensor([17]), torch.tensor([0, 1]), torch.ones(1))
    sampler, sums = Sampler(counts, 60), []
    for _ in range(4_000):
        sample = sampler.draw()
        others = logits[:, sample.items].masked_fill(sample.hits(target), NEVER)
        sums.append((others - sample.log_odds).logsumexp(1).exp())
    rivals = logits[0, torch.arange(n) != 17].exp().sum()
    assert float(torch.cat(sums).mean()) == pytest.approx(float(rivals), rel=0.03)


@given(chosen_items(), st.integers(0, 2**31))
def test_a_lead_over_all_others_costs_nothing(targets, seed):
    torch.manual_seed(seed)
    others = torch.randn(len(targets.offsets) - 1, N_ITEMS).masked_fill(all_items().hits(targets), NEVER)
    lots = torch.rand(len(targets.items))
    assert float(pairwise_loss(torch.full((len(targets.items),), 60.0), others, targets, lots)) < 1e-6
    behind = float(pairwise_loss(torch.full((len(targets.items),), -60.0), others, targets, lots))
    assert behind >= 0


def test_thinned_bags_keep_their_weight_on_average():
    torch.manual_seed(2)
    bags = Bags(torch.arange(24), torch.tensor([0, 20, 20, 24]), torch.ones(24))
    totals = torch.stack([bags.thinned(5).totals() for _ in range(4_000)]).mean(dim=0)
    torch.testing.assert_close(totals, torch.tensor([20.0, 0.0, 4.0]), rtol=0.03, atol=0)
    assert bags.thinned(20) is bags
    some = bags.thinned(5)
    assert some.offsets[-1] == len(some.items)
    assert (some.items[some.offsets[2] :] >= 20).all()
