"""ELSA's item embeddings, trained by mini-batches of users."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from groupbench.models.deep import Propagation
from groupbench.models.devices import repeatable_sums, seeded
from groupbench.models.training import Objective, Schedule, StepLoss, Trainer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from groupbench.core.arrays import FloatArray
    from groupbench.models.distributed import ProcessGroup

    from ..linear import ElsaItems


class ElsaNetwork(nn.Module):
    """The table that item embeddings are made of, by bringing each row to length 1.

    Args:
        n_items: number of items.
        factors: width of their embeddings.
    """

    def __init__(self, n_items: int, factors: int) -> None:
        super().__init__()
        self.table = nn.Parameter(nn.init.xavier_uniform_(torch.empty(n_items, factors)))

    def forward(self) -> Tensor:
        """A, (n_items, factors)."""
        return functional.normalize(self.table, dim=1)


def normalized_error(feedback: Tensor, users: Tensor, items: Tensor) -> Tensor:
    """|y / |y| - x / |x||^2 of each user's y = x (A A' - I), without making y: (n,).

    With h = x A, x y' is h h' - x x' and y y' is h A'A h' - 2 h h' + x x'.

    Args:
        feedback: (n,) x x', above 0.
        users: (n, factors) h.
        items: (n_items, factors) A.
    """
    lengths = users.square().sum(dim=1)
    own = (users @ (items.T @ items) * users).sum(dim=1) - 2 * lengths + feedback
    shared: Tensor = (lengths - feedback) / (feedback * own.clamp(min=1e-6)).sqrt()
    return 2 - 2 * shared


class RowObjective(Objective[Tensor]):
    """What is minimized over rows: its mini-batches are the numbers of some of them.

    Args:
        n: number of rows.
        batch_size: rows of a step.
    """

    def __init__(self, n: int, batch_size: int) -> None:
        self.n, self.batch_size = n, batch_size

    def batches(self) -> Iterator[Tensor]:
        """All rows in random order."""
        order = torch.randperm(self.n)
        for start in range(0, self.n, self.batch_size):
            yield order[start : start + self.batch_size]


class NormalizedErrors(RowObjective):
    """The mean `normalized_error` of a mini-batch of users.

    Args:
        network: what is trained.
        feedback: (n_users, n_items) SciPy CSR array; each user has an entry.
        batch_size: users of a step.
    """

    def __init__(self, network: ElsaNetwork, feedback: Any, batch_size: int) -> None:
        super().__init__(feedback.shape[0], batch_size)
        self.network, self.feedback = network, feedback
        self.lengths = torch.tensor(feedback.multiply(feedback).sum(axis=1), dtype=torch.float32)

    def loss(self, batch: Tensor, group: ProcessGroup) -> StepLoss:
        """The mean over a batch of users."""
        items = self.network()
        users = Propagation(self.feedback[batch.numpy()])(items)
        error = normalized_error(self.lengths[batch], users, items).mean()
        return StepLoss(error, error.detach(), len(batch))


def item_embeddings(feedback: Any, made: ElsaItems, seed: int) -> FloatArray:
    """The trained A, (n_items, factors), float64; torch's generators are left as they were.

    Args:
        feedback: (n_users, n_items) SciPy CSR array; users without entries teach nothing.
        made: the hyperparameters.
        seed: all randomness.

    Raises:
        MethodError: if the loss diverges.
    """
    device = torch.device("cpu")
    kept = feedback[feedback.sum(axis=1) > 0]
    with seeded(seed, device), repeatable_sums(device):
        network = ElsaNetwork(feedback.shape[1], made.factors)
        optimizer = torch.optim.NAdam(network.parameters(), lr=made.learning_rate)
        objective = NormalizedErrors(network, kept, made.batch_size)
        Trainer(network, objective, optimizer, Schedule(made.epochs)).run()
        items: FloatArray = network().detach().numpy().astype("float64")
    return items
