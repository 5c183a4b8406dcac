"""Whether two scorings of the same candidates agree: on the first one, and on the order of all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from groupbench.core.arrays import chunks, ratio
from groupbench.metrics._definitions import Definition

if TYPE_CHECKING:
    from groupbench.core.arrays import BoolArray, FloatArray
    from groupbench.metrics._ranking import Ties

AGREEMENT = (
    Definition(
        name="first_choice",
        title="Agreement on the first choice",
        formula="1 if the first candidate of the list is the one that the truth puts first, else 0; the "
        "truth is the group's answer, or in the view agreement what an aggregation strategy makes of the "
        "members' own ratings",
        source="groupbench: the share of groups whose choice is told",
        undefined="NaN for a list without a candidate that has a truth",
        ties="several equally good first ones, in the list, the truth or both: the chance that two drawn at "
        "random are the same; --ties best counts any that both have, worst only what nothing ties with",
        cutoff=False,
    ),
    Definition(
        name="kendall",
        title="Kendall's rank correlation",
        formula="tau-b over the candidates with a truth: (concordant - discordant pairs) / sqrt(pairs that "
        "the list does not tie * pairs that the truth does not tie); -1 to 1",
        source="Kendall, Biometrika 1945, as scipy.stats.kendalltau, which has no value for a tied list",
        undefined="NaN where all candidates with a truth tie in the truth; 0 where they tie in the list",
        ties="equal scores are neither concordant nor discordant; the same under every --ties",
        normalizable=False,
        cutoff=False,
    ),
)
"""Metrics of views whose truth is an answer to the same question."""


def first_choice(
    scores: FloatArray, truth: FloatArray, valid: BoolArray, ties: Ties = "expected"
) -> FloatArray:
    """`first_choice` of every list, (n_lists,).

    Args:
        scores: (n_lists, width), finite where valid.
        truth: (n_lists, width) scores of what is compared with, NaN where a candidate has none.
        valid: (n_lists, width) False beyond the end of a list.
        ties: how equal ones count.
    """
    mine, theirs = _first(scores, valid), _first(truth, valid & ~np.isnan(truth))
    both = np.count_nonzero(mine & theirs, axis=1).astype(np.float64)
    pairs = np.count_nonzero(mine, axis=1) * np.count_nonzero(theirs, axis=1)
    if ties == "best":
        both = np.minimum(both, 1.0) * pairs
    elif ties == "worst":
        both = np.where(pairs == 1, both, 0.0)
    return ratio(both, pairs)


def first_is_tied(scores: FloatArray, truth: FloatArray, valid: BoolArray) -> BoolArray:
    """Whether several candidates are first in a list or its truth, (n_lists,); arguments as there."""
    firsts = _first(scores, valid), _first(truth, valid & ~np.isnan(truth))
    return np.asarray(np.any([np.count_nonzero(one, axis=1) > 1 for one in firsts], axis=0))


def kendall(scores: FloatArray, truth: FloatArray, valid: BoolArray) -> FloatArray:
    """`kendall` of every list, (n_lists,); arguments as of `first_choice`."""
    rated = valid & ~np.isnan(truth)
    out = np.empty(len(scores))
    for part in chunks(len(scores), scores.shape[1] ** 2):
        pairs = rated[part, :, None] & rated[part, None, :]
        signs = [
            np.where(pairs, np.sign(one[part, :, None] - one[part, None, :]), 0.0)
            for one in (scores, np.where(rated, truth, 0.0))
        ]
        together = (signs[0] * signs[1]).sum(axis=(1, 2))
        untied = [np.abs(one).sum(axis=(1, 2)) for one in signs]
        out[part] = ratio(together, np.sqrt(untied[0] * untied[1]), np.where(untied[1] > 0, 0.0, np.nan))
    return out


def _first(scores: FloatArray, valid: BoolArray) -> BoolArray:
    """The candidates of highest score, (n_lists, width)."""
    usable = np.where(valid, scores, -np.inf)
    return np.asarray(valid & (usable == usable.max(axis=1, keepdims=True, initial=-np.inf)))
