"""SAGEA's sparse autoencoder: a few active codes for each user embedding, and the embedding from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from groupbench.core.arrays import chunks
from groupbench.models.devices import repeatable_sums, seeded
from groupbench.models.training import Schedule, StepLoss, Trainer

from .elsa import RowObjective

if TYPE_CHECKING:
    from groupbench.core.arrays import FloatArray
    from groupbench.models.distributed import ProcessGroup

    from ..group_codes import Sagea


class SageaNetwork(nn.Module):
    """Codes of standardized embeddings, but for the largest all 0, and a linear way back.

    Args:
        factors: width of the embeddings.
        made: the hyperparameters.
    """

    def __init__(self, factors: int, made: Sagea) -> None:
        super().__init__()
        codes = made.expansion * factors
        self.active = min(made.active, codes)
        start = functional.normalize(torch.randn(codes, factors), dim=1)
        self.encoder = nn.Parameter(start.T.clone())
        self.encoder_bias = nn.Parameter(torch.zeros(codes))
        self.table = nn.Parameter(start)
        self.bias = nn.Parameter(torch.zeros(factors))

    def directions(self) -> Tensor:
        """What each code stands for, a row of length 1: (codes, factors)."""
        return functional.normalize(self.table, dim=1)

    def encode(self, users: Tensor) -> Tensor:
        """The codes, (n, codes), of embeddings, (n, factors)."""
        mean, deviation = spread(users)
        codes = functional.relu(((users - mean) / deviation - self.bias) @ self.encoder + self.encoder_bias)
        values, index = codes.topk(self.active, dim=1)
        return torch.zeros_like(codes).scatter(1, index, values)

    def decode(self, codes: Tensor) -> Tensor:
        """Standardized embeddings, (n, factors), of codes, (n, codes)."""
        return codes @ self.directions() + self.bias


def spread(users: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation over the coordinates of embeddings, (n, factors): both (n, 1)."""
    return users.mean(dim=1, keepdim=True), users.std(dim=1, keepdim=True, correction=0).clamp(min=1e-7)


class Reconstruction(RowObjective):
    """1 - cosine of embeddings and what is decoded of their codes, plus `l1` times the sum of the codes.

    Args:
        network: what is trained.
        users: (n, factors) embeddings.
        made: the hyperparameters.
    """

    def __init__(self, network: SageaNetwork, users: Tensor, made: Sagea) -> None:
        super().__init__(len(users), made.batch_size)
        self.network, self.users, self.l1 = network, users, made.l1

    def loss(self, batch: Tensor, group: ProcessGroup) -> StepLoss:
        """The mean over a batch of embeddings."""
        users = self.users[batch]
        mean, deviation = spread(users)
        codes = self.network.encode(users)
        found = mean + deviation * self.network.decode(codes)
        error = 1 - functional.cosine_similarity(found, users).mean()
        total = error + self.l1 * codes.sum(dim=1).mean()
        return StepLoss(total, total.detach(), len(batch))


def sparse_codes(users: FloatArray, made: Sagea, seed: int) -> tuple[Any, FloatArray, FloatArray]:
    """Train the autoencoder; torch's generators are left as they were.

    Args:
        users: (n, factors) embeddings.
        made: the hyperparameters.
        seed: all randomness.

    Returns:
        The codes, an (n, codes) SciPy CSR array, what they stand for, (codes, factors), and the bias,
        (factors,).

    Raises:
        MethodError: if the loss diverges.
    """
    from scipy.sparse import csr_array, vstack

    device, rows = torch.device("cpu"), torch.tensor(users, dtype=torch.float32)
    with seeded(seed, device), repeatable_sums(device):
        network = SageaNetwork(users.shape[1], made)
        optimizer = torch.optim.Adam(network.parameters(), lr=made.code_learning_rate)
        Trainer(network, Reconstruction(network, rows, made), optimizer, Schedule(made.code_epochs)).run()
        with torch.no_grad():
            parts = [
                csr_array(network.encode(rows[part]).numpy().astype(np.float64))
                for part in chunks(len(rows), len(network.table))
            ]
            directions, bias = (t.numpy().astype(np.float64) for t in (network.directions(), network.bias))
    return vstack(parts, format="csr"), directions, bias
