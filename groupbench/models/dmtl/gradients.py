"""The losses of pairs with their gradients written out, block by block.

The formulas are those of `DMTLNetwork.pair`, with squared errors and cross-entropies above. Written out they
take half as many operations as autograd, in arrays that are used again for every block, so that new memory is
not what a step waits for. Arrays here have the ensemble first: (ensemble, n, width).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor

if TYPE_CHECKING:
    from groupbench.models.dmtl.network import Branch, DMTLNetwork, Encoded
    from groupbench.models.dmtl.noise import Noise
    from groupbench.models.dmtl.workspace import Workspace

_BLOCK_VALUES = 2**19
"""Numbers in the widest array of a block on the CPU."""


class PairRows(NamedTuple):
    """Pairs of users and items, and what is to be learned of them.

    Attributes:
        pairs: (2, n) rows of the users and the items that are encoded; None where each pair has its own.
        values: (n,) ratings less the mean and both biases.
        groups: (n, most groups) indices, filled up with -1; None to do without profiles.
        noise: dropout of the shared representations, or None.
        shares: (2,) what a pair counts for in the squared error and in the cross-entropy.
    """

    pairs: Tensor | None
    values: Tensor
    groups: Tensor | None
    noise: Noise | None
    shares: Tensor


def pair_losses(
    network: DMTLNetwork,
    encoded: tuple[Encoded, Encoded],
    rows: PairRows,
    weights: Tensor,
    workspace: Workspace,
) -> tuple[Tensor, Tensor]:
    """The weighed sum of the losses, (), and each of them without gradients, (2, ensemble).

    All gradients are computed here, and handed on by one `backward`.

    Args:
        network: predicts.
        encoded: users and items.
        rows: the pairs.
        weights: (2, ensemble) of the squared error and of the cross-entropy.
        workspace: used by one call at a time.
    """
    users, items = encoded
    branches = network.branches(profile=rows.groups is not None)
    tables = [users.hidden, items.hidden, users.attention, items.attention]
    tables += [getattr(users, branch.part) for branch in branches]
    layers = [layer for branch in branches for layer in (branch.layer, *branch.heads)]
    parameters = [p for layer in layers for p in (layer.weight, layer.bias)]
    total, losses = _Pairs.apply(network, rows, weights, workspace, *tables, *parameters)  # type: ignore[no-untyped-call]
    return total, losses


class _Pairs(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        network: DMTLNetwork,
        rows: PairRows,
        weights: Tensor,
        workspace: Workspace,
        *inputs: Tensor,
    ) -> tuple[Tensor, Tensor]:
        branches = network.branches(profile=rows.groups is not None)
        tables = [table.transpose(0, 1) for table in inputs[: 4 + len(branches)]]
        sums = _Sums(network, branches, tables, rows, weights, workspace)
        sums.run()
        ctx.losses, ctx.gradients = sums.losses, sums.gradients()
        ctx.mark_non_differentiable(sums.losses)
        return (sums.losses * weights).sum(), sums.losses

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor | None, ...]:
        gradients, ctx.gradients = ctx.gradients, None
        for gradient in gradients:
            gradient.mul_(upstream[0])
        return None, None, ctx.losses * upstream[0], None, *gradients


class _Branch:
    """The weights of a layer and its heads in the form in which blocks use them, and their gradients."""

    def __init__(self, branch: Branch, table: Tensor, scales: tuple[float, float]) -> None:
        self.heads = branch.heads
        below, (self.layer_scale, z_scale) = branch.layer.weight.shape[-1], scales
        self.table = table + branch.layer.bias[:, None]
        self.weight = branch.layer.weight * self.layer_scale
        head = torch.cat([head.weight for head in self.heads], dim=-1).transpose(1, 2)
        self.head_scales = head.new_full((head.shape[-1],), self.layer_scale)
        self.head_scales[:below] = z_scale
        self.head = (head * self.head_scales).contiguous()
        self.head_bias = torch.cat([head.bias for head in self.heads], dim=-1)[..., None]
        self.of_weight = torch.zeros_like(self.weight)
        self.of_head, self.of_head_bias = torch.zeros_like(self.head), torch.zeros_like(self.head_bias)

    def back(self, of_out: Tensor, below: Tensor) -> Tensor:
        """The gradient of what is below the heads, in its place, with theirs added up on the way."""
        self.of_head.baddbmm_(of_out, below)
        self.of_head_bias += of_out.sum(dim=2, keepdim=True)
        return torch.bmm(of_out.transpose(1, 2), self.head, out=below)

    def gradients(self, of_table: Tensor) -> list[Tensor]:
        """Those of weights and biases of the layer and the heads."""
        widths = [head.weight.shape[-1] for head in self.heads]
        weights = torch.split((self.of_head * self.head_scales).transpose(1, 2), widths, dim=-1)
        biases = torch.split(self.of_head_bias[..., 0], widths, dim=-1)
        of_heads = [part for pair in zip(weights, biases, strict=True) for part in pair]
        return [self.of_weight * self.layer_scale, of_table.sum(dim=1), *of_heads]


class _Seen(NamedTuple):
    """What the way back through a block needs of the way there."""

    users: Tensor | slice
    items: Tensor | slice
    h_u: Tensor
    h_i: Tensor
    alpha: Tensor | None
    attended: Tensor
    z: list[Tensor]
    below: list[Tensor]


class _Sums:
    """Losses and gradients, summed over blocks."""

    def __init__(
        self,
        network: DMTLNetwork,
        branches: list[Branch],
        tables: list[Tensor],
        rows: PairRows,
        weights: Tensor,
        workspace: Workspace,
    ) -> None:
        made = network.made
        self.rows, self.tables, self.product = rows, tables, made.product
        self.learned, self.above = made.attention == "learned", made.attended == "shared"
        self.factors = weights * rows.shares[:, None]
        noise_scale = 1.0 if rows.noise is None else rows.noise.scale
        scales = (1.0, network.scale * noise_scale) if self.above else (network.scale, noise_scale)
        self.branches = [_Branch(b, table, scales) for b, table in zip(branches, tables[4:], strict=True)]
        self.losses = torch.zeros_like(weights)
        self.ensemble, self._workspace = weights.shape[1], workspace
        # Users have parts for h, the attention and each branch, items for h and the attention.
        widths = [table.shape[-1] for table in tables]
        self.user_widths, self.item_widths = [widths[0], widths[2], *widths[4:]], [widths[1], widths[3]]
        self.of_users = tables[0].new_zeros(*tables[0].shape[:2], sum(self.user_widths))
        self.of_items = tables[1].new_zeros(*tables[1].shape[:2], sum(self.item_widths))

    def run(self) -> None:
        """Go through all pairs."""
        n, (ensemble, _, width) = self.rows.values.shape[0], self.tables[0].shape
        widest = ensemble * max(width, *(branch.weight.shape[-1] for branch in self.branches))
        at_once = _BLOCK_VALUES / widest if self.rows.values.device.type == "cpu" else n
        size = math.ceil(n / max(1, math.ceil(n / at_once)))
        for start in range(0, n, size):
            block = slice(start, min(n, start + size))
            seen = self._forward(block)
            self._backward(seen, self._heads(block, seen))

    def gradients(self) -> list[Tensor]:
        """Those of tables and parameters."""
        h_u, a_u, *below = torch.split(self.of_users, self.user_widths, dim=-1)
        h_i, a_i = torch.split(self.of_items, self.item_widths, dim=-1)
        of_branches = zip(self.branches, below, strict=True)
        parameters = [part for branch, own in of_branches for part in branch.gradients(own)]
        return [*(part.transpose(0, 1) for part in (h_u, h_i, a_u, a_i, *below)), *parameters]

    def _array(self, name: str, n: int, width: int) -> Tensor:
        return self._workspace(name, self.tables[0], self.ensemble, n, width)

    def _taken(self, name: str, table: Tensor, index: Tensor | slice) -> Tensor:
        if isinstance(index, slice):
            return table[:, index]
        out = self._array(name, index.shape[0], table.shape[-1])
        return torch.index_select(table, 1, index, out=out)

    def _forward(self, block: slice) -> _Seen:
        users, items = (block, block) if self.rows.pairs is None else self.rows.pairs[:, block]
        h_u, h_i = self._taken("h_u", self.tables[0], users), self._taken("h_i", self.tables[1], items)
        n, alpha, attended = h_u.shape[1], None, h_i
        if self.learned:
            of_users = self._taken("user logits", self.tables[2], users)
            of_items = self._taken("item logits", self.tables[3], items)
            logits = torch.add(of_users, of_items, out=self._array("logits", n, of_users.shape[-1]))
            alpha = torch.softmax(logits, -1, out=self._array("alpha", n, logits.shape[-1]))
            if not self.above:
                attended = torch.mul(alpha, h_i, out=self._array("attended", n, h_i.shape[-1]))
        seen = _Seen(users, items, h_u, h_i, alpha, attended, [], [])
        for k, branch in enumerate(self.branches):
            z = self._taken(f"z {k}", branch.table, users).baddbmm_(attended, branch.weight).relu_()
            if self.rows.noise is not None:
                z *= self.rows.noise.take(block).kept(self._array("kept", n, z.shape[-1]))
            below = self._array(f"below {k}", n, branch.head.shape[-1])
            left = below[..., : z.shape[-1]]
            torch.mul(z, alpha, out=left) if self.above and alpha is not None else left.copy_(z)
            if self.product:
                torch.mul(h_u, attended, out=below[..., z.shape[-1] :])
            seen.z.append(z)
            seen.below.append(below)
        return seen

    def _heads(self, block: slice, seen: _Seen) -> list[Tensor]:
        """The gradients at the heads, (ensemble, 1 + n_groups, n), or one part of these for each branch."""
        outs = []
        for k, (branch, below) in enumerate(zip(self.branches, seen.below, strict=True)):
            out = self._array(f"out {k}", branch.head.shape[1], below.shape[1])
            outs.append(torch.baddbmm(branch.head_bias, branch.head, below.transpose(1, 2), out=out))
        of_mse, of_entropy = self.factors[..., None]
        errors = outs[0][:, 0] - self.rows.values[block]
        self.losses[0] += errors.square().sum(dim=1) * self.rows.shares[0]
        outs[0][:, 0] = errors * (2 * of_mse)
        if self.rows.groups is not None:
            logits = outs[-1][:, 1:] if len(outs) == 1 else outs[-1]
            targets, inside = _targets(self.rows.groups[block], logits.shape[1])
            log_p = torch.log_softmax(logits, 1)
            self.losses[1] -= log_p.flatten(1) @ targets.flatten() * self.rows.shares[1]
            torch.mul(log_p.exp_().mul_(inside).sub_(targets), of_entropy[..., None], out=logits)
        return outs

    def _backward(self, seen: _Seen, of_outs: list[Tensor]) -> None:
        users, items, h_u, h_i, alpha, attended = seen[:6]
        n, width = h_u.shape[1:]
        own_users, own_items = (
            self._array(f"of_{side}", n, sum(widths))
            for side, widths in (("users", self.user_widths), ("items", self.item_widths))
        )
        of_h_u, of_logits, *of_zs = torch.split(own_users, self.user_widths, dim=-1)
        of_h_i, more_of_logits = torch.split(own_items, self.item_widths, dim=-1)
        of_attended = self._array("of_attended", n, width)
        of_product, of_alpha = None, None
        for k, branch in enumerate(self.branches):
            z, below, of_out, of_z = seen.z[k], seen.below[k], of_outs[k], of_zs[k]
            of_below = branch.back(of_out, below)
            of_left = of_below[..., : z.shape[-1]]
            if self.product:
                of_product = _plus(of_product, of_below[..., z.shape[-1] :])
            if self.above and alpha is not None:
                of_alpha = _plus(of_alpha, of_left * z)
                of_left *= alpha
            torch.mul(of_left, z.sign_(), out=of_z)
            branch.of_weight.baddbmm_(attended.transpose(1, 2), of_z)
            of_attended.baddbmm_(of_z, branch.weight.transpose(1, 2), beta=int(k > 0))
        if of_product is None:
            of_h_u.zero_()
        else:
            of_attended.addcmul_(of_product, h_u)
            torch.mul(of_product, attended, out=of_h_u)
        if alpha is None or self.above:
            of_h_i.copy_(of_attended)
        else:
            torch.mul(of_attended, alpha, out=of_h_i)
            of_alpha = of_attended.mul_(h_i)
        if alpha is not None and of_alpha is not None:
            of_alpha *= alpha
            torch.addcmul(of_alpha, alpha, of_alpha.sum(dim=-1, keepdim=True), value=-1, out=of_logits)
            more_of_logits.copy_(of_logits)
        _add(self.of_users, users, own_users)
        _add(self.of_items, items, own_items)


def _targets(groups: Tensor, n_groups: int) -> tuple[Tensor, Tensor]:
    """The share of each group in the target of each pair, (n_groups, n), and whether it has a group, (n,)."""
    inside = (groups >= 0).float()
    counts = inside.sum(dim=1)
    shares = (inside / counts.clamp(min=1)[:, None]).T
    targets = shares.new_zeros(n_groups, len(groups)).scatter_add_(0, groups.T.clamp(min=0), shares)
    return targets, counts.clamp_(max=1)


def _add(table: Tensor, index: Tensor | slice, rows: Tensor) -> None:
    """Add rows to those of the table; a slice is written once."""
    if isinstance(index, slice):
        table[:, index] = rows
    else:
        table.index_add_(1, index, rows)


def _plus(sum: Tensor | None, addend: Tensor) -> Tensor:
    return addend if sum is None else sum + addend
