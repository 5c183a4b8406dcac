"""Item-based nearest neighbors from implicit feedback, by the `implicit` library."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

import numpy as np
from annotated_types import Interval

from groupbench.core.arrays import chunks, stable_order
from groupbench.core.hyperparameters import Above0, Count, Share, tunable
from groupbench.core.kernels import worthwhile
from groupbench.core.registry import method
from groupbench.models.recommender import Recommender

from ._feedback import feedback
from ._memory import neighbors_kept, require_memory
from ._products import product

if TYPE_CHECKING:
    from groupbench.core.arrays import FloatArray, IntArray
    from groupbench.models.recommender import TrainingData

_CELLS = 1 << 19
"""Scores that are made at once, of which some are wanted."""

_BYTES = 33
"""That the library's fit takes for each neighbor kept, as measured."""


@dataclass
class ImplicitItemKnn(Recommender):
    """What the item neighborhoods share: weigh the feedback, keep K neighbors an item, sum up similarities.

    A user's score for item i is the sum over the user's feedback j of weight(j) * similarity(j, i):
    0 everywhere for users without feedback.
    """

    libraries: ClassVar[tuple[str, ...]] = ("implicit",)
    same_pairs: ClassVar[bool] = True

    positive: Share | None = tunable(0.75, low=0, high=1)
    """Lowest rating that counts as feedback, as a share of the scale (0.75 is 4 of 1 to 5), all with weight
    1; better on validation rows than None, where every rating above 0 counts with its value as weight."""
    K: Count = tunable(20, low=5, high=500, log=True)
    """Neighbors kept for each item; the item itself is one of them."""
    num_threads: Count = 1
    """Threads of the fit; the outcome does not depend on them."""

    @abstractmethod
    def _weighted(self, item_users: Any) -> Any:
        """Weights of the (n_items, n_users) feedback whose row products are the similarities."""

    def fit(self, train: TrainingData, *, rng: np.random.Generator) -> Self:
        """Find each item's K most similar items.

        Raises:
            MethodError: if no rating counts as feedback, or the neighbors would need too much memory.
        """
        from implicit.nearest_neighbours import ItemItemRecommender
        from scipy.sparse import csr_array

        self._feedback = feedback(train, self.positive)
        n_items = train.ratings.n_items
        needed = _BYTES * neighbors_kept(self._feedback, self.K)
        require_memory(f"{self.K} neighbors of {n_items} items", needed, f"lower K={self.K}, or use als")
        with np.errstate(invalid="ignore"):
            weighted = self._weighted(self._feedback.T)
        # An item whose users all have an inverse frequency of 0 has no direction: 0 / 0.
        weighted.data = np.nan_to_num(weighted.data, nan=0.0)
        model = ItemItemRecommender(K=self.K, num_threads=self.num_threads)
        model.fit(weighted.T.tocsr(), show_progress=False)
        self._similarity = csr_array(model.similarity)
        return self

    def score(self, users: IntArray) -> FloatArray:
        """Similarities to each user's feedback, summed up: (len(users), n_items)."""
        return product(self._feedback[users], self._similarity)

    def score_pairs(self, users: IntArray, items: IntArray) -> FloatArray:
        """The same scores for some items of each user: `items` and result are (len(users), k)."""
        matrices = [self._feedback, self._similarity]
        if not worthwhile(items.size) or any(one.indptr.dtype != np.int32 for one in matrices):
            parts = chunks(len(users), self._similarity.shape[1], _CELLS)
            scored = [np.take_along_axis(self.score(users[part]), items[part], axis=1) for part in parts]
            return np.concatenate([np.empty((0, items.shape[1])), *scored])
        from . import _neighbor_kernels as kernels

        given = [array for one in matrices for array in (one.indptr, one.indices, one.data)]
        out, n_items = np.empty(items.shape), self._similarity.shape[1]
        order = stable_order(users, self._feedback.shape[0])
        kernels.sum_up(users, order, *given, n_items, np.ascontiguousarray(items), out)
        return out


@method("item-knn-cosine")
@dataclass
class ItemKnnCosine(ImplicitItemKnn):
    """Item neighbors by the cosine of their users' feedback."""

    def _weighted(self, item_users: Any) -> Any:
        from implicit.nearest_neighbours import normalize

        return normalize(item_users)


@method("item-knn-tfidf")
@dataclass
class ItemKnnTfidf(ImplicitItemKnn):
    """Item neighbors by the cosine of TF-IDF weights: busy users tell less about an item."""

    def _weighted(self, item_users: Any) -> Any:
        from implicit.nearest_neighbours import normalize, tfidf_weight

        return normalize(tfidf_weight(item_users))


@method("item-knn-bm25")
@dataclass
class ItemKnnBm25(ImplicitItemKnn):
    """Item neighbors by BM25 weights: busy users and popular items count less."""

    K1: Above0 = tunable(1.2, low=0.1, high=100, log=True)
    """How soon more feedback of one user stops to matter."""
    B: Annotated[float, Interval(ge=0, le=1)] = tunable(0.75, low=0, high=1)
    """How strongly items with much feedback are damped."""

    def _weighted(self, item_users: Any) -> Any:
        from implicit.nearest_neighbours import bm25_weight

        return bm25_weight(item_users, self.K1, self.B)
