"""SAGEA: groups as sparse codes that their members have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np

from groupbench.core.hyperparameters import Above0, AtLeast0, Count, tunable
from groupbench.core.registry import method
from groupbench.core.seeding import integer
from groupbench.models.recommender import GroupRecommender

from ._group_graphs import averaging, memberships
from .linear import ElsaItems

if TYPE_CHECKING:
    from groupbench.core.arrays import FloatArray
    from groupbench.data.groups import Groups
    from groupbench.models.recommender import TrainingData


@method("sagea")
@dataclass
class Sagea(ElsaItems, GroupRecommender):
    """SAGEA: members' sparse codes make a group, between ELSA's encoder and decoder (RecSys 2025).

    With the item embeddings A of `elsa`, a user with feedback x is h = x A, with mean m and standard
    deviation s over its coordinates. A sparse autoencoder learns codes
    e = top-k ReLU(((h - m) / s - b) W + c) and back h ~ m + s (e D + b), with a row of length 1 for each code
    in D, by 1 - cos(h, m + s (e D + b)) + `l1` |e|_1. A group's code is the average of its members' codes, or
    with `fusion` = `common` that times how many members have the code, brought to their mean length. It is
    decoded with their mean m and s, and scores by A'; 1 is taken from items that a member has. Any group can
    be scored, by its members; those without feedback do not count ("SAGEA: Sparse Autoencoder-based Group
    Embeddings Aggregation for Fairness-Preserving Group Recommendations").

    The paper itself could not be read: equations are those of its public code.

    Deviations: no loss for codes that have died out, and none that contrasts two samples of a user's
    feedback; rows of D are normalized where they are used instead of after each step, steps are larger and
    passes fewer, and `elsa` is trained as its own paper says, without a ReLU on its scores.
    """

    expansion: Count = tunable(3, low=2, high=8, log=True)
    """Codes for each factor."""
    active: Count = tunable(84, low=4, high=128, log=True)
    """Codes of a user that are not 0, at most."""
    l1: AtLeast0 = 3e-4
    """Weight of the sum of the codes in the loss."""
    fusion: Literal["average", "common"] = tunable("average", choices=("average", "common"))
    """Whether codes of many members weigh as their average says, or more."""
    code_epochs: Count = 200
    """Passes over the users for the sparse autoencoder."""
    code_learning_rate: Above0 = 1e-3
    """Adam's step size for it."""

    def fit(self, train: TrainingData, *, rng: np.random.Generator) -> Self:
        """Train the item embeddings, then the codes of users.

        Raises:
            MethodError: if no rating counts as feedback, or a loss diverges.
        """
        from ._networks.sagea import sparse_codes

        self._train_items(train, rng)
        self._has = np.diff(self._feedback.indptr) > 0
        users = np.asarray((self._feedback @ self._items)[self._has])
        self._spread = np.stack([users.mean(axis=1), users.std(axis=1)], axis=1)
        self._codes, self._directions, self._bias = sparse_codes(users, self, integer(rng))
        return self

    def score_groups(self, groups: Groups) -> FloatArray:
        """Scores of the decoded codes, (len(groups), n_items); 0 everywhere where no member has feedback."""
        members = memberships(groups, len(self._has))
        shares = averaging(members[:, self._has])
        mean, deviation = (shares @ self._spread).T[:, :, None]
        decoded = mean + deviation * (self._fused(shares) @ self._directions + self._bias)
        seen = (members @ self._feedback).toarray() > 0
        return np.asarray(decoded @ self._items.T - seen)

    def _fused(self, shares: Any) -> FloatArray:
        """The code of each group, (n_groups, codes), from the shares of its members in it."""
        codes = np.asarray((shares @ self._codes).toarray())
        if self.fusion == "common":
            codes *= ((shares > 0) @ (self._codes > 0).astype(np.float64)).toarray()
        wanted = shares @ np.sqrt(self._codes.multiply(self._codes).sum(axis=1))
        lengths = np.linalg.norm(codes, axis=1)
        return np.asarray(codes * (wanted / np.where(lengths > 0, lengths, 1.0))[:, None])
