"""Metrics of several rounds against plain loops, and their laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupbench.core.arrays import Segments
from groupbench.metrics import MemberRounds, definition, evaluate_rounds, make_request


@st.composite
def member_rounds(draw):
    """Satisfaction, utility and favorites of groups of 1 to 4 members, some of whom join late."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, sizes = draw(st.integers(1, 6)), draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    shape = n, sum(sizes)
    new = rng.random(shape) < draw(st.sampled_from([0.0, 0.3]))
    new[0] = False
    joined = np.maximum.accumulate(np.arange(n)[:, None] * new, axis=0)
    satisfied, utility = rng.random(shape), rng.exponential(5, shape)
    return MemberRounds(satisfied, utility, rng.integers(0, 3, shape), joined, Segments.from_sizes(sizes))


def after(members, group, k):
    """The metrics of one group after k rounds, from the definitions."""
    rows = range(*members.groups.offsets[group : group + 2])
    rounds = {row: range(members.joined[k - 1, row], k) for row in rows}
    overall = [np.mean([members.satisfaction[r, row] for r in rounds[row]]) for row in rows]
    use = np.array([np.mean([members.utility[r, row] for r in rounds[row]]) for row in rows])
    found = [sum(members.favorites[r, row] for r in rounds[row]) for row in rows]
    last = [members.satisfaction[k - 1, row] for row in rows]
    s, d = np.mean(overall), max(overall) - min(overall)
    return {
        "sat_o": s,
        "dis_o": d,
        "dmae": np.mean(np.abs(use / use.sum() - 1 / len(use))),
        "f_sat_o": 2 * s * (1 - d) / (s + 1 - d),
        "min_sat_o": min(overall),
        "sat": np.mean(last),
        "dis": max(last) - min(last),
        "proportional_1_o": np.mean([one >= 1 for one in found]),
        "proportional_2_o": np.mean([one >= 2 for one in found]),
    }


@given(member_rounds())
def test_metrics_are_those_of_plain_loops(members):
    n = len(members.satisfaction)
    found = evaluate_rounds(members, tuple(range(1, n + 3)))
    assert {int(name.partition("@")[2]) for name in found} == set(range(1, n + 1))
    for k in range(1, n + 1):
        for group in range(len(members.groups)):
            for name, value in after(members, group, k).items():
                assert found[f"{name}@{k}"][group] == pytest.approx(value, abs=1e-12), name


@given(member_rounds(), st.randoms(use_true_random=False))
def test_the_order_of_members_does_not_matter(members, random):
    rows = np.arange(len(members.joined[0]))
    for group in range(len(members.groups)):
        part = members.groups.rows(group, group + 1)
        shuffled = rows[part].tolist()
        random.shuffle(shuffled)
        rows[part] = shuffled
    parts = members.satisfaction, members.utility, members.favorites, members.joined
    other = MemberRounds(*(one[:, rows] for one in parts), members.groups)
    one, same = (evaluate_rounds(m, (len(members.satisfaction),)) for m in (members, other))
    for name, values in one.items():
        np.testing.assert_allclose(same[name], values, atol=1e-12)


@given(member_rounds())
def test_members_who_get_the_same_are_served_evenly(members):
    first = members.groups.offsets[:-1][members.groups.of_row]
    parts = (members.satisfaction, members.utility, members.favorites, members.joined)
    alike = MemberRounds(*(one[:, first] for one in parts), members.groups)
    found = evaluate_rounds(alike, (1, len(members.satisfaction)))
    for name, values in found.items():
        if name.startswith(("dis", "dmae")):
            np.testing.assert_allclose(values, 0, atol=1e-12)
        assert (values >= 0).all()
        assert (values <= 1 + 1e-12).all()
    k = len(members.satisfaction)
    np.testing.assert_allclose(found[f"sat_o@{k}"], found[f"min_sat_o@{k}"])


def test_nothing_for_anybody_is_even():
    zeros = np.zeros((2, 3))
    none = MemberRounds(zeros, zeros, zeros.astype(int), zeros.astype(int), Segments.from_sizes([3]))
    found = evaluate_rounds(none, (2,))
    assert found["dmae@2"] == found["dis_o@2"] == found["f_sat_o@2"] * 0 == 0


def test_only_what_is_wanted_is_given():
    ones = np.ones((3, 2))
    members = MemberRounds(ones, ones, ones.astype(int), ones.astype(int) * 0, Segments.from_sizes([2]))
    request = make_request(["sat_o@2", "dmae@9"])
    assert list(evaluate_rounds(members, request.cutoffs(()), request)) == ["sat_o@2"]


def test_disagreement_is_better_if_lower():
    assert [n for n in ("sat_o", "dis_o", "dmae", "sat", "dis") if definition(n).lower_is_better] == [
        "dis_o",
        "dmae",
        "dis",
    ]
