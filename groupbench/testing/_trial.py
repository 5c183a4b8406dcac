"""A method under test on small data: made, fitted and scored, once for all checks that only look."""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from groupbench.core.arrays import FloatArray
from groupbench.core.entry import Entry
from groupbench.core.errors import MethodError
from groupbench.core.seeding import generator, global_seeds
from groupbench.models.recommender import GroupRecommender, Method, Recommender, ReferenceRow, TrainingData
from groupbench.testing._small import small_training, small_truth
from groupbench.testing._watch import global_states, snapshot


@dataclass(frozen=True)
class Watched:
    """What one watched run of a method left behind.

    Attributes:
        scores: its scores for everyone.
        printed: what it wrote to standard output.
        changed: names of the training arrays it changed.
        touched: names of the global generators whose state it changed.
    """

    scores: FloatArray
    printed: str
    changed: tuple[str, ...]
    touched: tuple[str, ...]


class MethodTrial:
    """The runs of one registered method that its checks look at; each is made when first asked for.

    Args:
        entry: the registered method.
    """

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self.train = small_training()

    @cached_property
    def fitted(self) -> Any:
        """The method, fitted."""
        return fit(self.entry.create(), self.train)

    @cached_property
    def scores(self) -> FloatArray:
        """The scores of `fitted` for everyone."""
        return everyone(self.fitted, self.train)

    @cached_property
    def watched(self) -> Watched:
        """What the same fit does on data of its own and under other global seeds, when it is watched."""
        import torch  # noqa: F401 - only then its generator is seeded, too

        train, truth = small_training(), small_truth()
        before = snapshot(train) | {"truth": truth.copy()}
        with global_seeds(12345), contextlib.redirect_stdout(io.StringIO()) as printed:
            states = global_states()
            scores = everyone(fit(self.entry.create(), train), train, truth)
            later = global_states()
        after = snapshot(train) | {"truth": truth}
        return Watched(
            scores=scores,
            printed=printed.getvalue(),
            changed=tuple(name for name in before if not np.array_equal(before[name], after[name])),
            touched=tuple(name for name in states if states[name] != later[name]),
        )


def fit(made: object, train: TrainingData) -> Method | ReferenceRow:
    """Fit a method with the same seed each time; reference rows are scored without a fit.

    Raises:
        MethodError: if `made` keeps none of the contracts, or its fit does not return itself.
    """
    if isinstance(made, ReferenceRow):
        return made
    if not isinstance(made, Method):
        raise MethodError("no method: derive the class from Recommender or GroupRecommender")
    if made.fit(train, rng=generator("conformance")) is not made:
        raise MethodError("fit does not return the method itself: end it with 'return self'")
    return made


def everyone(fitted: object, train: TrainingData, truth: FloatArray | None = None) -> FloatArray:
    """All scores a method can give, one below the other: of users, then of groups, or of the `truth`."""
    parts = []
    if isinstance(fitted, Recommender):
        parts.append(fitted.score(np.arange(train.ratings.n_users)))
    if isinstance(fitted, GroupRecommender):
        parts.append(fitted.score_groups(train.groups))
    if isinstance(fitted, ReferenceRow):
        parts.append(fitted.score_truth(small_truth() if truth is None else truth))
    return np.concatenate(parts)
