"""Who is independent of whom: groups that share users are not.

Two ways to allow for it. *Clusters*: entities that share users, directly or through others, form one
cluster; clusters are independent of each other. *Links*: where sharing ties nearly all groups into one
cluster, only those that share a user directly count as dependent.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from groupbench.core.arrays import FloatArray, IntArray, Segments
from groupbench.report.statistics._paired import sums_by

if TYPE_CHECKING:
    from scipy.sparse import csr_array


class Dependence(ABC):
    """Which entities depend on each other."""

    @abstractmethod
    def quadratic(self, values: FloatArray) -> FloatArray:
        """Sum over all dependent pairs of the product of their values, (n_entities, n_columns).

        Of residuals this is the variance of their sum, of weights the inverse of the number of
        independent units that the weights amount to. Each entity is its own pair, too.
        """

    def effective(self, weights: FloatArray) -> FloatArray:
        """Number of equal independent units that carry as much as entities of these weights, (n_columns,).

        Kish's formula where units are clusters: (sum of weights)^2 / sum of squared cluster weights.
        """
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(weights.sum(axis=0) ** 2 / self.quadratic(weights))

    def freedom(self, weights: FloatArray) -> FloatArray:
        """Degrees of freedom of the variance of a mean with these weights, (n_columns,)."""
        return self.effective(weights) - 1


@dataclass(frozen=True)
class Clusters(Dependence):
    """Entities of one cluster depend on each other, entities of two clusters do not.

    Attributes:
        labels: (n_entities,) cluster of each entity, numbered from 0.
    """

    labels: IntArray

    @cached_property
    def n_clusters(self) -> int:
        """Number of clusters."""
        return int(self.labels.max(initial=-1)) + 1

    def sums(self, values: FloatArray) -> FloatArray:
        """Sums over each cluster, (n_clusters, n_columns)."""
        return sums_by(self.labels, self.n_clusters, values)

    def quadratic(self, values: FloatArray) -> FloatArray:
        """The squared cluster sums, added up."""
        return np.asarray((self.sums(values) ** 2).sum(axis=0))

    def freedom(self, weights: FloatArray) -> FloatArray:
        """Satterthwaite's, for clusters whose entities all have one value, the fewest that can be.

        Large clusters carry most of the variance, so these are fewer than the effective units, less one;
        of equal clusters they are their number, less one (Bell & McCaffrey, Survey Methodology 2002).
        """
        squares = self.sums(weights) ** 2
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(np.maximum(squares.sum(axis=0) ** 2 / (squares**2).sum(axis=0) - 1, 1.0))


@dataclass(frozen=True)
class Links(Dependence):
    """Entities that share a user depend on each other.

    The variance over a graph of dependence (Baldi & Rinott, Ann. Probab. 1989; Fafchamps & Gubert, J. Dev.
    Econ. 2007), never smaller than that of independent entities.

    Attributes:
        matrix: (n_entities, n_entities) sparse, 1 where two entities share a user and on the diagonal.
    """

    matrix: csr_array

    def quadratic(self, values: FloatArray) -> FloatArray:
        """The products of linked entities, added up, at least the sum of squares."""
        linked = (values * (self.matrix @ values)).sum(axis=0)
        return np.asarray(np.maximum(linked, (values**2).sum(axis=0)))


def clusters(members: Segments, users: IntArray) -> Clusters:
    """The connected components of entities that share users.

    Args:
        members: which rows of `users` belong to which entity.
        users: (n_rows,) the members of each group; of a user, the user.
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    nodes = len(members) + int(users.max(initial=-1)) + 1
    edges = (members.of_row, len(members) + users)
    graph: Any = csr_array((np.ones(len(users)), edges), shape=(nodes, nodes))
    found = connected_components(graph, directed=False)[1][: len(members)]
    return Clusters(np.unique(found, return_inverse=True)[1].astype(np.int64))


def links(members: Segments, users: IntArray) -> Links:
    """Which entities share a user; arguments as of `clusters`."""
    from scipy.sparse import csr_array

    shape = (len(members), int(users.max(initial=-1)) + 1)
    belongs: Any = csr_array((np.ones(len(users)), (members.of_row, users)), shape=shape)
    shared = belongs @ belongs.T
    shared.data[:] = 1.0
    return Links(shared)
