"""The parts that deep group models share, against plain loops and dense formulas."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from groupbench.baselines._networks.agree import AgreeNetwork
from groupbench.baselines.deep_groups import Agree
from groupbench.data.dataset import Ratings
from groupbench.data.groups import Groups
from groupbench.models.deep._bags import Bags, log_likelihood
from groupbench.models.deep._interactions import ChoiceRows, Interactions, Members
from groupbench.models.deep._layers import Attention, PairTower, inner
from groupbench.models.deep._network import Batch, GroupNetwork, blockwise
from groupbench.models.deep._objective import LOSSES, SampledObjective, Sampling
from groupbench.models.deep._propagation import (
    Propagation,
    bipartite,
    choices,
    memberships,
    row_normalized,
    symmetrically_normalized,
    without_diagonal,
)
from groupbench.models.deep._validation import HeldOut, hold_out, without_given_away

N_ITEMS = 15


@pytest.fixture(autouse=True)
def _seeded():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


def ratings_of(pairs, n_raters, n_items=N_ITEMS):
    raters, items = np.array(sorted(pairs)).reshape(-1, 2).T
    return Ratings(raters, items, np.ones(len(raters)), n_raters, n_items)


def random_pairs(n_raters, n_rows, seed=0, n_items=N_ITEMS):
    cells = np.random.default_rng(seed).permutation(n_raters * n_items)[:n_rows]
    return {(int(c // n_items), int(c % n_items)) for c in cells}


def make_data(n_users=9, seed=0):
    groups = Groups.from_lists([[0, 1, 2], [3], [2, 4, 5, 6], [7, 8], [1, 7]])
    users = ratings_of(random_pairs(n_users, 50, seed), n_users)
    joint = ratings_of(random_pairs(len(groups), 20, seed + 1), len(groups))
    return Interactions(ChoiceRows.of(users), ChoiceRows.of(joint), Members.of(groups))


PAIRS = st.sets(st.tuples(st.integers(0, 5), st.integers(0, N_ITEMS - 1)), min_size=1, max_size=60)


@given(PAIRS)
def test_rows_hold_what_they_were_made_of(pairs):
    rows = ChoiceRows.of(ratings_of([*pairs, *list(pairs)[:3]], 6))
    held = rows.hold(torch.arange(6)[:, None], torch.arange(N_ITEMS)[None])

    assert len(rows) == len(pairs)
    assert {(int(r), int(i)) for r, i in held.nonzero()} == pairs
    assert rows.counts.tolist() == [sum(r == rater for r, _ in pairs) for rater in range(6)]


@given(PAIRS, st.lists(st.integers(0, 5), min_size=1, max_size=8))
def test_rows_of_raters_are_listed_one_after_the_other(pairs, raters):
    rows = ChoiceRows.of(ratings_of(pairs, 6))
    index, offsets = rows.rows_of(torch.tensor(raters))
    found = [rows.items[index[a:b]].tolist() for a, b in pairwise(offsets)]

    assert found == [sorted(i for r, i in pairs if r == rater) for rater in raters]


def test_no_rows_hold_nothing():
    rows = ChoiceRows.of(ratings_of([], 3))

    assert not rows.hold(torch.arange(3), torch.arange(3)).any()
    assert rows.random_raters(torch.arange(N_ITEMS)).tolist() == [-1] * N_ITEMS


def test_negatives_are_never_chosen_and_cover_the_rest():
    pairs = random_pairs(6, 40)
    rows = ChoiceRows.of(ratings_of(pairs, 6))
    drawn = rows.negatives(200)

    assert drawn.shape == (len(rows), 200)
    for rater in range(6):
        chosen = {i for r, i in pairs if r == rater}
        assert set(drawn[rows.raters == rater].flatten().tolist()) == set(range(N_ITEMS)) - chosen


def test_who_chose_everything_still_gets_negatives():
    rows = ChoiceRows.of(ratings_of([(0, i) for i in range(N_ITEMS)], 1))
    drawn = rows.negatives(4)

    assert drawn.shape == (N_ITEMS, 4)
    assert int(drawn.max()) < N_ITEMS


def test_random_items_and_raters_are_rows():
    rows = ChoiceRows.of(ratings_of(random_pairs(6, 30), 6))
    raters = rows.raters.repeat_interleave(50)
    items = rows.random_items(raters)
    fellows = rows.random_raters(rows.items.repeat_interleave(50))

    assert rows.hold(raters, items).all()
    assert rows.hold(fellows, rows.items.repeat_interleave(50)).all()
    assert {*zip(raters.tolist(), items.tolist(), strict=True)} == {
        *zip(rows.raters.tolist(), rows.items.tolist(), strict=True)
    }


def test_members_are_filled_up_to_the_widest_asked_for():
    lists = [[4, 2, 0], [1], [3, 5]]
    users, inside = Members.of(Groups.from_lists(lists)).take(torch.tensor([2, 1]))

    assert users.shape == (2, 2)
    assert [users[g][inside[g]].tolist() for g in range(2)] == [[3, 5], [1]]


def test_losses_follow_their_formulas():
    logits = torch.randn(7, 4)
    difference = [(float(row[0]), float(other)) for row in logits for other in row[1:]]
    expected = {
        "bpr": np.mean([math.log1p(math.exp(n - p)) for p, n in difference]),
        "regression": np.mean([(p - n - 1) ** 2 for p, n in difference]),
        "pointwise": np.mean(
            [math.log1p(math.exp(-float(row[0]))) + sum(math.log1p(math.exp(float(n))) for n in row[1:])
             for row in logits]
        ),
        "softmax": np.mean([-math.log(float(row[0].exp() / row.exp().sum())) for row in logits]),
    }  # fmt: skip

    assert {name: pytest.approx(float(loss(logits)), rel=1e-5) for name, loss in LOSSES.items()} == expected


def test_tower_is_layers_on_the_pooled_embeddings():
    tower = PairTower(4, (6, 3), dropout=0.0)
    left, right = torch.randn(5, 1, 4), torch.randn(1, 7, 4)
    pooled = torch.cat([left * right, left.expand(5, 7, 4), right.expand(5, 7, 4)], dim=-1)
    weight = torch.cat([tower.product.weight, tower.left.weight, tower.right.weight], dim=1)
    expected = tower.rest(pooled @ weight.T + tower.right.bias).squeeze(-1)

    torch.testing.assert_close(tower(left, right), expected)


def test_attention_is_a_softmax_over_the_members_for_each_item():
    attention = Attention(4, 5, dropout=0.0)
    members, items = torch.randn(3, 2, 4), torch.randn(3, 6, 4)
    inside = torch.tensor([[True, True], [True, False], [True, True]])
    got = attention(members, inside, items)
    for group in range(3):
        for item in range(6):
            energies = torch.stack(
                [
                    attention.weight(
                        torch.relu(attention.of_member(m) + attention.of_item(items[group, item]))
                    )
                    for m in members[group][inside[group]]
                ]
            )
            expected = torch.zeros(2)
            expected[inside[group]] = energies.flatten().softmax(dim=0)
            torch.testing.assert_close(got[group, item], expected)


def test_inner_products_of_own_and_of_shared_items_agree():
    raters, items = torch.randn(3, 4), torch.randn(1, 6, 4)

    torch.testing.assert_close(inner(raters, items), inner(raters, items.expand(3, 6, 4).contiguous()))


def test_propagation_and_its_gradient_are_those_of_the_dense_product():
    data = make_data()
    matrix = symmetrically_normalized(choices(data.users))
    dense = torch.tensor(matrix.toarray(), dtype=torch.float32)
    table = torch.randn(data.n_items, 4, requires_grad=True)
    weights = torch.randn(data.n_users, 4)
    (Propagation(matrix)(table) * weights).sum().backward()

    torch.testing.assert_close(Propagation(matrix)(table), dense @ table)
    torch.testing.assert_close(table.grad, dense.T @ weights)


def test_graphs_are_normalised_as_they_say():
    data = make_data()
    chosen = choices(data.groups)
    degree = np.outer(data.groups.counts, np.asarray(chosen.sum(axis=0)))
    dense = np.divide(chosen.toarray(), np.sqrt(degree), where=degree > 0, out=np.zeros(chosen.shape))
    membership = memberships(data.members, data.n_users)

    np.testing.assert_allclose(symmetrically_normalized(chosen).toarray(), dense, rtol=1e-6)
    np.testing.assert_allclose(row_normalized(membership).sum(axis=1), 1)
    np.testing.assert_array_equal(membership.toarray()[2].nonzero()[0], [2, 4, 5, 6])
    both = bipartite(chosen).toarray()
    np.testing.assert_array_equal(both, both.T)
    np.testing.assert_array_equal(both[: data.n_groups, data.n_groups :], chosen.toarray())
    companions = without_diagonal(membership.T @ membership).toarray()
    np.testing.assert_array_equal(companions.diagonal(), 0)
    assert companions[2, 0] == companions[2, 5] == 1


def test_log_likelihood_and_its_gradient_are_those_of_a_dense_softmax():
    rows = ChoiceRows.of(ratings_of(random_pairs(6, 30), 6))
    raters = torch.tensor([5, 0, 2])
    tensors = [torch.randn(*shape, requires_grad=True) for shape in ((3, 4), (N_ITEMS, 4), (N_ITEMS, 1))]
    embedded, weight, bias = tensors
    first, second = Bags.of(rows, raters), Bags.of(rows, raters.flip(0), power=0.5)
    dense = torch.zeros(3, N_ITEMS)
    for row in range(3):
        for bags, rater, power in ((first, raters[row], 1.0), (second, raters.flip(0)[row], 0.5)):
            items = rows.items[rows.raters == rater]
            dense[row, items] += len(items) ** -power
            assert bags.totals()[row] == pytest.approx(len(items) ** (1 - power))

    got = log_likelihood(embedded, first.followed_by(second), weight, bias)
    expected = (dense * (embedded @ weight.T + bias.T).log_softmax(dim=1)).sum(dim=1)
    gradients = [
        torch.autograd.grad((result * torch.arange(1, 4)).sum(), tensors) for result in (got, expected)
    ]

    torch.testing.assert_close(got, expected)
    for ours, dense_one in zip(*gradients, strict=True):
        torch.testing.assert_close(ours, dense_one)


def test_merged_bags_weigh_their_parts():
    rows = ChoiceRows.of(ratings_of([(0, 1), (0, 2), (1, 3), (3, 4)], 4))
    merged = Bags.of(rows, torch.tensor([0, 1, 2, 3])).merged(
        torch.tensor([2.0, 3.0, 5.0, 7.0]), torch.tensor([3, 1])
    )
    sums = merged.sums(torch.eye(N_ITEMS))

    assert sums[0].nonzero().flatten().tolist() == [1, 2, 3]
    assert sums[0, 1:4].tolist() == [1.0, 1.0, 3.0]
    assert merged.totals().tolist() == [5.0, 7.0]


class Linear(GroupNetwork):
    """Scores that are a table."""

    def __init__(self, data):
        super().__init__(data)
        self.groups = nn.Parameter(torch.randn(data.n_groups, data.n_items))
        self.users = nn.Parameter(torch.randn(data.n_users, data.n_items))

    def encode(self):
        return (self.groups, self.users)

    def group_logits(self, encoded, groups, items):
        return encoded[0][groups[:, None], items]

    def user_logits(self, encoded, users, items):
        return encoded[1][users[:, None], items]


class Extra(Linear):
    def extra_loss(self, encoded, batch):
        return torch.tensor(100.0) if batch.side == "groups" else None


@pytest.mark.parametrize("cells", [1, 32 * 2 * N_ITEMS, 2**23])
def test_blocks_have_the_logits_of_every_pair(monkeypatch, cells):
    monkeypatch.setattr("groupbench.models.deep._network.CELLS", cells)
    network = Linear(make_data())
    encoded, everything = network.encode(), torch.arange(N_ITEMS)[None]
    some, users = torch.tensor([4, 0, 0]), torch.arange(9)
    groups = blockwise(network, encoded, Batch("groups", some, everything))

    torch.testing.assert_close(groups, network.groups[some].detach())
    torch.testing.assert_close(
        blockwise(network, encoded, Batch("users", users, everything)), network.users.detach()
    )
    assert not groups.requires_grad
    own = torch.tensor([[1, 5], [0, 0], [3, 2]])
    torch.testing.assert_close(
        blockwise(network, encoded, Batch("groups", some, own)),
        network.groups.detach()[some].gather(1, own),
    )


def test_attention_over_members_is_held_for_few_pairs_at_once(monkeypatch):
    data = make_data()
    network = AgreeNetwork(data, Agree(width=4, hidden=(4,), attention_width=64, dropout=0.0)).eval()
    held = []
    network.attention.dropout.register_forward_hook(lambda module, given, out: held.append(out.numel()))
    batch = Batch("groups", torch.arange(data.n_groups), torch.arange(data.n_items)[None])
    whole = blockwise(network, (), batch)
    widest = data.members.users.shape[1]
    assert held == [data.n_groups * N_ITEMS * widest * 64]
    monkeypatch.setattr("groupbench.models.deep._network.CELLS", 2 * N_ITEMS * widest * 64)
    torch.testing.assert_close(blockwise(network, (), batch), whole)
    assert max(held[1:]) <= 2 * N_ITEMS * widest * 64


def losses_of(network, data, sampling):
    objective = SampledObjective(network, data, sampling)
    return [objective.loss(batch).total.item() for batch in objective.batches()]


def test_an_epoch_visits_every_row_once_and_weighs_users():
    data, seen = make_data(), []

    class Watching(Linear):
        def logits(self, encoded, batch):
            seen.append(batch)
            return torch.zeros(batch.items.shape) + 0 * self.groups.sum()

    losses = losses_of(Watching(data), data, Sampling("bpr", 3, 8, 0.5))
    for side, rows in (("groups", data.groups), ("users", data.users)):
        batches = [b for b in seen if b.side == side]
        visited = [
            (int(r), int(i[0])) for b in batches for r, i in zip(b.raters, b.items, strict=True)
        ]  # fmt: skip
        assert sorted(visited) == list(zip(rows.raters.tolist(), rows.items.tolist(), strict=True))
        assert not any(rows.hold(b.raters[:, None], b.items[:, 1:]).any() for b in batches)
    expected = [math.log(2) * (0.5 if b.side == "users" else 1) for b in seen]
    assert losses == pytest.approx(expected)


def test_users_are_left_out_and_extra_losses_added():
    data = make_data()
    losses = losses_of(Extra(data), data, Sampling("bpr", 2, 8, 0.0))

    assert len(losses) == math.ceil(len(data.groups) / 8)
    assert min(losses) > 100


@given(PAIRS)
def test_one_row_is_held_out_of_every_group_with_two(pairs):
    rows = ratings_of({*pairs, *((r, 0) for r in range(6))}, 6)
    left, held = hold_out(rows)
    counts = np.bincount(rows.users, minlength=6)
    held_pairs = set()
    if held is not None:
        held_pairs = {*zip(held.groups.tolist(), held.items[:, 0].tolist(), strict=True)}

    assert {g for g, _ in held_pairs} == set(np.flatnonzero(counts > 1))
    assert len(held_pairs) == (counts > 1).sum()
    left_pairs = {*zip(left.users.tolist(), left.items.tolist(), strict=True)}
    assert not left_pairs & held_pairs
    assert left_pairs | held_pairs == {*zip(rows.users.tolist(), rows.items.tolist(), strict=True)}


def test_validation_negatives_are_items_that_the_group_never_chose():
    rows = ratings_of(random_pairs(6, 40), 6)
    _, held = hold_out(rows)

    assert held.items.shape == (6, 101)
    assert held.chosen.sum() == held.chosen[:, 0].sum() == 6
    assert (
        not ChoiceRows.of(rows)
        .hold(torch.tensor(held.groups)[:, None], torch.tensor(held.items[:, 1:]))
        .any()
    )


def test_where_groups_have_no_rows_whole_groups_are_held_out():
    rows = ratings_of(random_pairs(40, 300), 60)
    left, held = hold_out(rows)

    assert len(held.groups) == 4
    assert not set(held.groups) & set(left.users)
    assert held.items.shape == (1, N_ITEMS)
    for group, chosen in zip(held.groups, held.chosen, strict=True):
        np.testing.assert_array_equal(np.flatnonzero(chosen), np.sort(rows.items[rows.users == group]))
    assert len(left) + held.chosen.sum() == len(rows)


def test_members_lose_their_own_rows_of_what_their_group_is_judged_by():
    users = ratings_of([(0, 3), (1, 3), (1, 4), (2, 3), (3, 5), (4, 5)], 6)
    members = Groups.from_lists([[0, 1], [2], [1, 4]])
    held = HeldOut(np.array([0, 2]), np.array([[3, 9], [5, 4]]), np.array([[True, False]] * 2))
    left = without_given_away(users, members, held)

    assert [*zip(left.users.tolist(), left.items.tolist(), strict=True)] == [(1, 4), (2, 3), (3, 5)]
    assert without_given_away(users, members, replace(held, whole=True)) is users


def test_known_rows_are_no_negatives():
    known = ChoiceRows.of(ratings_of([(0, i) for i in range(8)], 1))
    few = ChoiceRows.of(ratings_of([(0, 0), (0, 1)], 1), known)

    assert set(few.negatives(150).flatten().tolist()) == set(range(8, N_ITEMS))
    assert set(ChoiceRows.of(ratings_of([(0, 0)], 1)).negatives(300).flatten().tolist()) == set(
        range(1, N_ITEMS)
    )


def test_nothing_is_held_out_where_nothing_can_be_spared():
    single = ratings_of([(g, g) for g in range(5)], 5)
    left, held = hold_out(single)

    assert held is None
    assert len(left) == 5


def test_validation_averages_over_the_orders_of_equal_scores():
    data = make_data()
    network = Linear(data)
    with torch.no_grad():
        network.groups.zero_()
        network.groups[1, 3] = 1.0
    chosen = np.zeros((2, 5), dtype=bool)
    chosen[:, 0] = True
    held = HeldOut(np.array([0, 1]), np.array([[0, 1, 2, 3, 4], [3, 0, 1, 2, 4]]), chosen)
    tied = np.mean([1 / math.log2(rank + 2) for rank in range(5)])

    assert held.ndcg(network) == pytest.approx((tied + 1) / 2)


def test_validation_over_all_items_is_normalised_by_the_ideal():
    data = make_data()
    network = Linear(data)
    chosen = np.zeros((1, data.n_items), dtype=bool)
    chosen[0, [2, 7]] = True
    with torch.no_grad():
        network.groups[0] = -torch.arange(data.n_items)
    gain = 1 / math.log2(2 + 2) + 1 / math.log2(7 + 2)
    held = HeldOut(np.array([0]), np.arange(data.n_items)[None], chosen)

    assert held.ndcg(network) == pytest.approx(gain / (1 + 1 / math.log2(3)))


def test_batches_of_users_and_groups_go_to_their_own_logits():
    network = Linear(make_data())
    items = torch.tensor([[0, 3]])

    for side, table in (("groups", network.groups), ("users", network.users)):
        got = network.logits(network.encode(), Batch(side, torch.tensor([2]), items))
        torch.testing.assert_close(got, table[2, items])
