"""Metrics of several rounds for the same group: what its members got, and how evenly, up to a round."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from groupbench.core.arrays import ratio
from groupbench.metrics._definitions import Definition
from groupbench.metrics._request import EVERYTHING, MetricRequest

if TYPE_CHECKING:
    from groupbench.core.arrays import FloatArray, IntArray, Segments

_ENOUGH = (1, 2)
"""Members are enough served by so many of their favorites."""

_SATISFACTION = (
    "sat of a member and a round is the sum of its scores by the base method over the list shown, divided by "
    "that over as many of its own best candidates of the round; satO is the mean of sat over its rounds up "
    "to the K-th"
)
_STRATIGI = "Stratigi, Pitoura, Nummenmaa & Stefanidis, JIIS 2022 (first SAC 2020)"
_ORDER = (
    "equal scores: one order drawn by the seed, because what is shown decides the next rounds; the same "
    "under every --ties"
)
_ALWAYS = (
    "always defined up to the last round; a member to whom no candidate is worth anything is satisfied. "
    "Members are those of the K-th round"
)


def _defined(name: str, title: str, formula: str, source: str, *, lower: bool = False) -> Definition:
    return Definition(
        name=name,
        title=title,
        formula=formula,
        source=source,
        undefined=_ALWAYS,
        ties=_ORDER,
        lower_is_better=lower,
        normalizable=False,
    )


OF_ROUNDS = (
    _defined(
        "sat_o",
        "Overall satisfaction",
        f"mean of satO over the members after K rounds; {_SATISFACTION}",
        f"groupSatO of {_STRATIGI}",
    ),
    _defined(
        "dis_o",
        "Overall disagreement",
        f"highest minus lowest satO of the members after K rounds; {_SATISFACTION}",
        f"groupDisO of {_STRATIGI}, equation 6",
        lower=True,
    ),
    _defined(
        "dmae",
        "Discounted mean absolute error",
        "mean over members of |U / (sum of U) - 1/n|; U is the sum over a member's rounds up to the K-th of "
        "score / log2(rank + 1), divided by how many rounds these are",
        "Dokoupil & Peska, Knowledge and Information Systems, 2026",
        lower=True,
    ),
    _defined(
        "f_sat_o",
        "F-score of satisfaction and agreement",
        f"2 s (1 - d) / (s + 1 - d) of the group's sat_o s and dis_o d after K rounds; {_SATISFACTION}",
        f"after the F-score of {_STRATIGI}; here of each group, then their mean",
    ),
    _defined(
        "min_sat_o",
        "Overall satisfaction of the least satisfied member",
        f"lowest satO of the members after K rounds; {_SATISFACTION}",
        f"satO of {_STRATIGI}",
    ),
    _defined(
        "sat",
        "Satisfaction with one round",
        f"mean of sat over the members in the K-th round alone; {_SATISFACTION}",
        f"groupSat of {_STRATIGI}",
    ),
    _defined(
        "dis",
        "Disagreement on one round",
        f"highest minus lowest sat of the members in the K-th round alone; {_SATISFACTION}",
        f"groupDis of {_STRATIGI}, equation 5",
        lower=True,
    ),
    *(
        _defined(
            f"proportional_{m}_o",
            f"{m}-proportional members over rounds",
            f"share of the members to whom {m} or more of their favorites were shown in their rounds up to "
            "the K-th; favorites are the best 5% (rounded up) of all candidates by the base method's "
            "predictions for the member, and all that are predicted as high as the last of them",
            f"m-proportionality of Serbos et al., WWW 2017, for m = {m}, over all lists so far; 5% as in "
            "Sato, WSDM 2022",
        )
        for m in _ENOUGH
    ),
)
"""Metrics of groups that are recommended lists round after round; K is a number of rounds."""


@dataclass(frozen=True)
class MemberRounds:
    """What members of groups got in each round; whoever joins takes the place of one who leaves.

    Attributes:
        satisfaction: (n_rounds, n_rows) share of the best possible list.
        utility: (n_rounds, n_rows) discounted sum of scores.
        favorites: (n_rounds, n_rows) favorites that were shown.
        joined: (n_rounds, n_rows) the round, from 0, since which the member of the round is there.
        groups: which rows belong to which group.
    """

    satisfaction: FloatArray
    utility: FloatArray
    favorites: IntArray
    joined: IntArray
    groups: Segments

    def mean(self, values: FloatArray | IntArray, k: int) -> FloatArray:
        """Mean of `values`, (n_rounds, n_rows), over the rounds of each member of the `k`-th: (n_rows,)."""
        return np.asarray(self.total(values, k) / (k - self.joined[k - 1]))

    def total(self, values: FloatArray | IntArray, k: int) -> FloatArray | IntArray:
        """Their sum, (n_rows,)."""
        there = np.arange(k)[:, None] >= self.joined[k - 1]
        return np.asarray((values[:k] * there).sum(axis=0))


def evaluate_rounds(
    members: MemberRounds, cutoffs: tuple[int, ...], request: MetricRequest = EVERYTHING
) -> dict[str, FloatArray]:
    """The metrics `OF_ROUNDS` of every group, (n_groups,), by name, such as `sat_o@5` after five rounds.

    Args:
        members: what members got.
        cutoffs: after how many rounds; more than there are have no value.
        request: what is wanted.
    """
    known = [k for k in sorted(cutoffs, reverse=True) if k <= len(members.satisfaction)]
    return request.restrict({f"{name}@{k}": value for k in known for name, value in _after(members, k)})


def disagreement(values: FloatArray, groups: Segments) -> FloatArray:
    """Highest minus lowest of the members' `values`, (n_rows,), in each group, (n_groups,)."""
    return np.asarray(groups.reduce("max", values) - groups.reduce("min", values))


def uneven_parts(utilities: FloatArray, groups: Segments) -> FloatArray:
    """Mean over members of |u / sum of u - 1 / n|, (n_groups,), u being (n_rows,); nothing is even, too."""
    total = groups.reduce("sum", utilities)[groups.of_row]
    equal = 1 / groups.sizes[groups.of_row]
    return groups.mean(np.abs(ratio(utilities, total, equal) - equal))


def _after(members: MemberRounds, k: int) -> Iterator[tuple[str, FloatArray]]:
    """Every metric after `k` rounds by its name without a cutoff."""
    groups, one = members.groups, members.satisfaction[k - 1]
    overall = members.mean(members.satisfaction, k)
    satisfied, apart = groups.mean(overall), disagreement(overall, groups)
    yield "sat_o", satisfied
    yield "dis_o", apart
    yield "dmae", uneven_parts(members.mean(members.utility, k), groups)
    yield "f_sat_o", ratio(2 * satisfied * (1 - apart), satisfied + 1 - apart, 0.0)
    yield "min_sat_o", groups.reduce("min", overall)
    yield "sat", groups.mean(one)
    yield "dis", disagreement(one, groups)
    found = members.total(members.favorites, k)
    for m in _ENOUGH:
        yield f"proportional_{m}_o", groups.mean(found >= m)
