"""Tables that are read by row: sums and gradients of dense ones, and steps of the rows read alone."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from groupbench.models.averaging import WeightAverage
from groupbench.models.row_tables import RowTable, RowwiseAdamW, inner_products, rows_of, weighted_sums

N, WIDTH = 7, 3


@st.composite
def bags(draw):
    """Entries of some bags of table rows, with the bags' ends and weights; bags may be empty."""
    sizes = draw(st.lists(st.integers(0, 5), min_size=1, max_size=6))
    index = draw(st.lists(st.integers(0, N - 1), min_size=sum(sizes), max_size=sum(sizes)))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**31)))
    weights = torch.rand(len(index), generator=generator)
    offsets = torch.tensor(np.concatenate([[0], np.cumsum(sizes)]))
    return torch.tensor(index, dtype=torch.int64), offsets, weights


def tables(generator_seed=0):
    torch.manual_seed(generator_seed)
    values = torch.randn(N, WIDTH)
    return RowTable(values.clone()), nn.Parameter(values.clone())


@given(bags())
def test_sums_and_their_gradients_are_those_of_a_dense_table(bag):
    sparse, dense = tables()
    index, offsets, weights = bag
    owners = torch.arange(len(offsets) - 1).repeat_interleave(offsets.diff())
    expected = torch.zeros(len(offsets) - 1, WIDTH).index_add(0, owners, dense[index] * weights[:, None])
    found = weighted_sums(sparse, index, offsets, weights)
    torch.testing.assert_close(found, expected)
    upstream = torch.randn_like(found)
    found.backward(upstream)
    expected.backward(upstream)
    assert sparse.grad.is_sparse
    assert set(sparse.grad.coalesce().indices()[0].tolist()) == set(index.tolist())
    torch.testing.assert_close(sparse.grad.to_dense(), dense.grad)


@given(bags(), st.booleans())
def test_inner_products_and_their_gradients_are_those_of_a_dense_table(bag, by_row):
    sparse, dense = tables()
    index, offsets, upstream = bag
    owners = torch.arange(len(offsets) - 1).repeat_interleave(offsets.diff())
    left, same = (torch.linspace(-1, 1, (len(offsets) - 1) * WIDTH).view(-1, WIDTH) for _ in range(2))
    left.requires_grad_()
    same.requires_grad_()
    table = sparse if by_row else nn.Parameter(sparse.detach().clone())
    inner_products(left, table, index, offsets).backward(upstream)
    (same[owners] * dense[index]).sum(dim=1).backward(upstream)
    torch.testing.assert_close(left.grad, same.grad)
    assert table.grad.is_sparse == by_row
    torch.testing.assert_close(table.grad.to_dense(), dense.grad)


def test_rows_of_a_table_have_gradients_of_these_rows():
    sparse, dense = tables()
    index = torch.tensor([2, 5, 2])
    for table in (sparse, dense):
        rows_of(table, index).square().sum().backward()
    torch.testing.assert_close(sparse.grad.to_dense(), dense.grad)
    assert sparse.grad.coalesce().indices()[0].tolist() == [2, 5]


def by_hand(steps, *, lr, beta, eps, decay):
    """The equations of `RowwiseAdamW` in plain Python: rows and gradients of each step."""
    table = tables()[0].detach().double().numpy()
    variance, count, last = np.zeros(N), np.zeros(N), np.zeros(N)
    for step, (rows, gradient) in enumerate(steps, 1):
        for row, g in zip(rows, gradient, strict=True):
            count[row] += 1
            variance[row] = beta * variance[row] + (1 - beta) * np.mean(g**2)
            table[row] *= (1 - lr * decay) ** (step - last[row])
            table[row] -= lr * g / (np.sqrt(variance[row] / (1 - beta ** count[row])) + eps)
            last[row] = step
    return table


@given(st.lists(st.sets(st.integers(0, N - 1), min_size=1), min_size=1, max_size=6), st.integers(0, 2**31))
def test_rows_move_as_the_equations_say(read, seed):
    rng = np.random.default_rng(seed)
    steps = [(sorted(rows), rng.normal(size=(len(rows), WIDTH))) for rows in read]
    table = tables()[0]
    optimizer = RowwiseAdamW([table], lr=0.1, betas=(0.9, 0.99), eps=1e-8, weight_decay=0.2)
    for rows, gradient in steps:
        values = torch.tensor(gradient, dtype=torch.float32)
        table.grad = torch.sparse_coo_tensor(torch.tensor([rows]), values, table.shape, check_invariants=True)
        optimizer.step()
        assert table.grad is None
    expected = by_hand(steps, lr=0.1, beta=0.99, eps=1e-8, decay=0.2)
    np.testing.assert_allclose(table.detach().numpy(), expected, rtol=1e-4, atol=1e-5)


def test_dense_weights_move_as_by_adamw():
    torch.manual_seed(0)
    ours, theirs = (nn.Parameter(torch.ones(4, 3)) for _ in range(2))
    chosen = {"lr": 0.01, "weight_decay": 0.1, "fused": True}
    for weight, optimizer in (
        (ours, RowwiseAdamW([ours], **chosen)),
        (theirs, torch.optim.AdamW([theirs], **chosen)),
    ):
        for step in range(5):
            weight.grad = torch.full((4, 3), 0.1 * step - 0.2)
            optimizer.step()
    assert torch.equal(ours, theirs)


def test_what_a_row_takes():
    table = RowTable(torch.zeros(1000, 64))
    optimizer = RowwiseAdamW([table], lr=0.1)
    table.grad = torch.sparse_coo_tensor([[3]], torch.ones(1, 64), table.shape, check_invariants=True)
    optimizer.step()
    held = sum(t.numel() * t.element_size() for t in optimizer.state[table].values() if t.ndim)
    assert held == 12 * len(table)


def test_averages_leave_tables_as_they_are():
    network = nn.Module()
    network.table, network.layer = RowTable(torch.zeros(3, 2)), nn.Parameter(torch.zeros(2))
    average = WeightAverage(network, 0.5)
    with torch.no_grad():
        network.table += 1
        network.layer += 1
    average.update()
    with average.in_place():
        assert network.table.unique().tolist() == [1]
        assert 0 < network.layer[0] < 1


def test_state_goes_through_a_state_dict():
    table, again = RowTable(torch.ones(4, 2)), RowTable(torch.ones(4, 2))
    first, second = RowwiseAdamW([table], lr=0.1), RowwiseAdamW([again], lr=0.1)

    def step(weight, optimizer, row):
        values = torch.full((1, 2), 0.3)
        weight.grad = torch.sparse_coo_tensor([[row]], values, weight.shape, check_invariants=True)
        optimizer.step()

    step(table, first, 1)
    with torch.no_grad():
        again.copy_(table)
    second.load_state_dict(deepcopy(first.state_dict()))
    for row in (1, 2):
        step(table, first, row)
        step(again, second, row)
    assert torch.equal(table, again)
    with pytest.raises(ValueError, match="parameter group"):
        second.load_state_dict({"state": {}, "param_groups": []})
