"""Groups of users who are like, or unlike, each other in an embedding."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from groupbench.core.arrays import BoolArray, FloatArray, IntArray
from groupbench.core.errors import ConfigError
from groupbench.core.options import Flag
from groupbench.core.seeding import generator
from groupbench.data.recipes._base import Formed
from groupbench.data.recipes._grown import GrownGroups
from groupbench.data.recipes._growth import Growth, presence
from groupbench.data.recipes._log import Tally, known_codes, own_rows, read_log

if TYPE_CHECKING:
    from groupbench.data.dataset import Ratings
    from groupbench.data.recipes._log import Log

PAIRS = 200_000
"""Pairs of users whose cosines tell the quantile; all pairs where there are fewer."""

ROUNDING = 1e-12
"""Ratings that differ by less than this share of the highest one from their user's mean are that mean."""


class SimilarByEmbedding(GrownGroups):
    """Groups in which the cosine of every pair of members is high (similar) or low (divergent).

    Vectors are a truncated singular value decomposition of the log (of ratings without each user's mean, or
    of choices), or those of a file. All members must have rated enough of the same items, which are the
    group's, with mean ratings. Vectors of the whole log have seen what is held out of it.
    """

    name: ClassVar[str] = "similar-by-embedding"
    source: ClassVar[str] = "cosines of users' vectors from a truncated singular value decomposition"
    implies: ClassVar[str] = (
        "groups never met; they were chosen by the whole log, held-out rows too, and their items are those "
        "that all members rated"
    )

    embedding: Annotated[Path | None, Flag("Input", metavar="FILE", unset="made of the log")] = None
    """Users' vectors: a CSV with the column user and one column per dimension."""
    relation: Annotated[Literal["similar", "divergent"], Flag("Groups")] = "similar"
    """Whether the cosines lie above the quantile or below that of the other end."""
    quantile: Annotated[float, Field(gt=0, lt=1), Flag("Groups")] = 0.75
    """Quantile of the cosines of all pairs; divergent groups lie below 1 - quantile."""
    dimensions: Annotated[int, Field(ge=1), Flag("Groups")] = 32
    """Dimensions of vectors that are made of the log."""
    min_items: Annotated[int, Field(ge=1), Flag("Groups")] = 5
    """Items of a group, at least."""

    def form(self, tally: Tally) -> Formed:
        """Groups by cosines, with their common items."""
        log = read_log(tally, self.log, rated=None)
        rows = own_rows(log, tally)
        rng = generator("recipe", self.name, self.seed)
        vectors = self._decomposed(rows, log, rng) if self.embedding is None else self._given(tally, log)
        lengths = np.linalg.norm(vectors, axis=1)
        able = lengths > 0
        tally.drop("users without a vector, who are in no group", int((~able).sum()))
        if able.sum() < 2:
            raise ConfigError("fewer than two users have a vector; use other vectors with --embedding")
        vectors = vectors / np.where(able, lengths, 1.0)[:, None]
        threshold = self._threshold(vectors[able], rng)
        tally.facts["threshold of the cosine"] = threshold

        def allowed(users: IntArray) -> BoolArray:
            cosines = vectors[users] @ vectors.T
            return np.asarray(cosines >= threshold if self.relation == "similar" else cosines <= threshold)

        matrix = presence(rows)
        growth = Growth(matrix, self.min_items, rng, able, allowed)
        remedy = "lower --min-items or --quantile, or"
        return self._formed(log, rows, matrix, growth, kind=self.relation, remedy=remedy)

    def _threshold(self, vectors: FloatArray, rng: np.random.Generator) -> float:
        n = len(vectors)
        if n * (n - 1) // 2 <= PAIRS:
            first, second = np.triu_indices(n, 1)
        else:
            first = rng.integers(0, n, PAIRS)
            second = (first + rng.integers(1, n, PAIRS)) % n
        cosines = np.einsum("ij,ij->i", vectors[first], vectors[second])
        return float(np.quantile(cosines, self.quantile if self.relation == "similar" else 1 - self.quantile))

    def _decomposed(self, rows: Ratings, log: Log, rng: np.random.Generator) -> FloatArray:
        """Vectors of users from the log, (n_users, dimensions); zeros where all ratings are alike."""
        from scipy.sparse import csr_array
        from scipy.sparse.linalg import svds

        fewest = min(rows.n_users, rows.n_items)
        if self.dimensions >= fewest:
            raise ConfigError(
                f"dimensions={self.dimensions}: the log has {fewest} users or items, and dimensions must be "
                "fewer; lower --dimensions"
            )
        matrix = presence(rows)
        values = rows.values
        if log.values is not None:
            sums = np.bincount(rows.users, weights=values, minlength=rows.n_users)
            values = values - (sums / np.maximum(np.diff(matrix.indptr), 1))[rows.users]
            values[np.abs(values) < ROUNDING * np.abs(rows.values).max()] = 0.0
        different = np.bincount(rows.users, weights=np.abs(values), minlength=rows.n_users) > 0
        if not different.any():
            return np.zeros((rows.n_users, self.dimensions))
        weighted = csr_array((values, matrix.indices, matrix.indptr), shape=matrix.shape)
        left, strengths, _ = svds(weighted, k=self.dimensions, v0=rng.random(fewest) + 0.5)
        return np.where(different[:, None], left * strengths, 0.0)

    def _given(self, tally: Tally, log: Log) -> FloatArray:
        """Vectors of users from a file, (n_users, n_columns); zeros for those whom it lacks."""
        table = tally.table("embedding", self.embedding).require("user")
        table.distinct(("user",))
        columns = [name for name in table.columns if name != "user"]
        if not columns:
            raise table.error(0, "there is no column beside user", "write one column per dimension")
        values = np.column_stack([table.numbers(name) for name in columns])
        users = known_codes(table, "user", log.user_ids)
        tally.drop("vectors of users who have no row", int((users < 0).sum()))
        vectors = np.zeros((len(log.user_ids), len(columns)))
        vectors[users[users >= 0]] = values[users >= 0]
        return vectors
