"""How the gradients of several tasks on the layer that they share are balanced."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional

if TYPE_CHECKING:
    from groupbench.models.dmtl.ranking.hyperparameters import RankingHyperparameters

_LEAST_WEIGHT = 1e-3
"""No task's weight falls below this."""


def gradients(losses: Iterable[Tensor], layer: Sequence[Tensor]) -> Tensor:
    """The gradients of some losses on a layer that each of them uses, (n_losses, weights of the layer)."""
    return torch.stack(
        [
            torch.cat([g.flatten() for g in torch.autograd.grad(loss, layer, retain_graph=True)])
            for loss in losses
        ]
    )


def without_conflicts(gradients: Tensor) -> Tensor:
    """PCGrad (Yu et al., NeurIPS 2020): each gradient without what is against one of the others.

    Where a gradient has a negative inner product with another one, it is projected on the normal plane of
    that; the others are gone through in random order, of which two tasks need none.

    Args:
        gradients: (n_tasks, n_weights).

    Returns:
        The same shape; `gradients` itself where no two conflict.
    """
    if not (gradients @ gradients.T < 0).any():
        return gradients
    projected = gradients.clone()
    for own, gradient in enumerate(projected):
        n = len(gradients)
        for other in torch.randperm(n).tolist() if n > 2 else range(n):
            overlap = gradient @ gradients[other]
            if other != own and overlap < 0:
                gradient -= overlap / gradients[other].square().sum() * gradients[other]
    return projected


def steering(layer: Sequence[Tensor], correction: Tensor) -> Tensor:
    """An addend of a loss, (), whose value is 0 and whose gradient on `layer` is given, (n_weights,)."""
    product = torch.cat([weights.flatten() for weights in layer]) @ correction
    return product - product.detach()


class Balancing:
    """Adds the losses of the tasks of a step as they are.

    Args:
        tasks: names of all tasks that a step can have.
    """

    def __init__(self, tasks: Sequence[str]) -> None:
        self.tasks = tuple(tasks)

    def total(self, losses: Mapping[str, Tensor], layer: Sequence[Tensor]) -> Tensor:
        """What a step minimizes, ().

        Args:
            losses: those of its tasks, () each, by name.
            layer: the weights that all of them share.
        """
        return _sum(losses.values())

    def state(self) -> dict[str, Tensor]:
        """What a run that was cut off needs to go on, by name; to be written in place."""
        return {}


class PCGrad(Balancing):
    """Adds the losses, and on the shared layer gradients without conflicts: see `without_conflicts`."""

    def total(self, losses: Mapping[str, Tensor], layer: Sequence[Tensor]) -> Tensor:
        """The sum of the losses, steered on the shared layer where their gradients conflict."""
        total = super().total(losses, layer)
        if len(losses) < 2:
            return total
        found = gradients(losses.values(), layer)
        projected = without_conflicts(found)
        if projected is found:
            return total
        return total + steering(layer, (projected - found).sum(dim=0))


class GradNorm(Balancing):
    """Weighs the losses so that their gradients on the shared layer are of one size (Chen et al., ICML 2018).

    With G_i the norm of the gradient of w_i L_i and r_i the loss L_i as a share of its first value, over the
    mean of these shares, the weights descend sum_i |G_i - mean(G) r_i^alpha| with mean(G) r_i^alpha fixed.
    The step is taken in units of mean(G), so that it does not hang on the size of the losses. The weights of
    the tasks of a step keep their sum, so that those of all add up to the number of tasks.

    Args:
        tasks: names of all tasks that a step can have.
        alpha: how much faster a task is to learn that is behind.
        rate: step size.
    """

    def __init__(self, tasks: Sequence[str], alpha: float, rate: float) -> None:
        super().__init__(tasks)
        self.alpha, self.rate = alpha, rate
        self.weights = torch.ones(len(self.tasks))
        self.first = torch.full((len(self.tasks),), torch.nan)

    def total(self, losses: Mapping[str, Tensor], layer: Sequence[Tensor]) -> Tensor:
        """The weighed sum of the losses; then the weights move."""
        index = torch.tensor([self.tasks.index(name) for name in losses])
        weights = self.weights[index]
        total = _sum(weight * loss for weight, loss in zip(weights, losses.values(), strict=True))
        values = torch.stack([loss.detach() for loss in losses.values()])
        self.first[index] = torch.where(self.first[index].isnan(), values, self.first[index])
        if len(losses) > 1:
            norms = gradients(losses.values(), layer).norm(dim=1)
            self.weights[index] = self._moved(weights, norms, values / self.first[index].clamp(min=1e-12))
        return total

    def state(self) -> dict[str, Tensor]:
        """The weights and the first losses."""
        return {"weights": self.weights, "first": self.first}

    def _moved(self, weights: Tensor, norms: Tensor, shares: Tensor) -> Tensor:
        """The weights of the tasks of a step, with the norms of their losses' gradients, after it."""
        mean = (weights * norms).mean().clamp(min=1e-12)
        target = mean * functional.normalize(shares, p=1.0, dim=0).mul(len(shares)) ** self.alpha
        slope = torch.sign(weights * norms - target) * norms / mean
        moved = (weights - self.rate * slope).clamp(min=_LEAST_WEIGHT)
        return moved * (weights.sum() / moved.sum())


def balancing(made: RankingHyperparameters, tasks: Sequence[str]) -> Balancing:
    """The balancing that the hyperparameters name, for these tasks."""
    if made.balancing == "gradnorm":
        return GradNorm(tasks, made.gradnorm_alpha, made.gradnorm_rate)
    return PCGrad(tasks) if made.balancing == "pcgrad" else Balancing(tasks)


def _sum(losses: Iterable[Tensor]) -> Tensor:
    first, *others = losses
    for loss in others:
        first = first + loss
    return first
