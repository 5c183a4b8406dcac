"""DHMAE's equations, group by group, and what it masks."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from groupbench.baselines._networks.dhmae import DhmaeNetwork
from groupbench.baselines.deep_masking import Dhmae
from groupbench.models.deep._interactions import ChoiceRows, Interactions, Members
from groupbench.models.deep._network import Batch
from groupbench.testing import small_training


@pytest.fixture
def network():
    train = small_training()
    data = Interactions(
        ChoiceRows.of(train.ratings), ChoiceRows.of(train.group_ratings), Members.of(train.groups)
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield DhmaeNetwork(
            data, Dhmae(width=4, layers=2, thinning=0.0, masking=0.8, reconstruction_weight=0.5)
        )


def holds(data, group):
    """Members and items of a group."""
    users, inside = data.members.take(torch.tensor([group]))
    return users[inside], data.groups.items[data.groups.raters == group]


def test_groups_hear_what_members_and_items_have_in_common_and_each_alone(network):
    data, n = network.data, network.data.n_groups
    users, items = network.users.weight, network.items.weight
    groups = network.groups.weight * (data.groups.counts > 0)[:, None]
    total, of_groups = torch.cat([users, items]), groups
    held = [torch.cat([members, data.n_users + own]) for members, own in (holds(data, g) for g in range(n))]
    for layer in network.layers:
        messages = torch.zeros(n, 4)
        for g in range(n):
            members, own = holds(data, g)
            u, i = users[members].mean(dim=0), items[own].sum(dim=0) / max(len(own), 1)
            a = torch.stack([layer.query(u), layer.query(i)]).softmax(dim=0)
            common = a[0] * u + a[1] * i
            messages[g] = layer.of_members(torch.cat([u - common, groups[g]])) + common
            messages[g] += layer.of_items(torch.cat([i - common, groups[g]]))
        nodes = torch.zeros(len(total), 4)
        for node in range(len(total)):
            of = [g for g in range(n) if node in held[g]]
            nodes[node] = messages[of].mean(dim=0) if of else 0
        users, items = nodes.split([data.n_users, data.n_items])
        total, of_groups = total + nodes, of_groups + messages
    found = network.eval().encode()

    torch.testing.assert_close(torch.cat(found[:2]), total)
    torch.testing.assert_close(found[2], of_groups)
    assert not found[3].any()


def test_groups_are_scored_by_weighed_members_and_users_without_layers(network):
    encoded, items = network.eval().encode(), torch.tensor([[3, 9], [1, 0]])
    of_groups = network.group_logits(encoded, torch.tensor([1, 4]), items)
    of_users = network.user_logits(encoded, torch.tensor([7, 2]), items)
    for row, (group, user) in enumerate(((1, 7), (4, 2))):
        members = encoded[0][holds(network.data, group)[0]]
        for column, item in enumerate(items[row]):
            chosen = encoded[1][item]
            hidden = network.attention.of_member(members) + network.attention.of_item(chosen)
            weights = network.attention.weight(functional.relu(hidden)).softmax(dim=0)
            whole = (weights * members).sum(dim=0) + encoded[2][group]
            torch.testing.assert_close(of_groups[row, column], network.tower(whole, chosen))
            alone = network.tower(network.users.weight[user], network.items.weight[item])
            torch.testing.assert_close(of_users[row, column], alone)


def test_what_is_in_much_is_masked_often_and_found_again(network):
    data = network.data
    network.train()
    torch.manual_seed(0)
    drawn = torch.stack([network.encode()[3] for _ in range(2000)]).float().mean(dim=0)
    users, items, groups = drawn.split([data.n_users, data.n_items, data.n_groups])
    user, item, group = 3, 5, 0
    in_groups = sum(user in holds(data, g)[0] for g in range(data.n_groups))
    chosen = (data.users.items == item).sum() + (data.groups.items == item).sum()
    held = sum(map(len, holds(data, group)))

    assert abs(users[user] - 0.8 * (1 - 1 / (data.users.counts[user] + in_groups))) < 0.05
    assert abs(items[item] - 0.8 * (1 - 1 / chosen)) < 0.05
    assert abs(groups[group] - 0.8 * (1 - 1 / held)) < 0.05
    assert not groups[data.groups.counts == 0].any()

    encoded, batch = network.encode(), Batch("groups", torch.tensor([0]), torch.tensor([[1, 2]]))
    start = torch.cat([network.users.weight, network.items.weight, network.groups.weight])
    found = network.decoder(torch.cat(encoded[:3]))
    error = (1 - functional.cosine_similarity(found, start))[encoded[3]].mean()
    torch.testing.assert_close(network.extra_loss(encoded, batch), 0.5 * error)
    assert network.extra_loss(encoded, batch._replace(side="users")) is None
