"""Social ties: each pair once, whoever is named first."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from groupbench.data.social import SocialTies

PAIRS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=30)


@given(pairs=PAIRS, directed=st.booleans())
def test_ties_are_the_distinct_pairs(pairs, directed):
    users, friends = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    ties = SocialTies.of(users, friends, np.arange(len(pairs)) + 1.0, directed=directed)
    expected: dict[tuple[int, int], float] = {}
    for row, (user, friend) in enumerate(pairs):
        key = (user, friend) if directed else (min(user, friend), max(user, friend))
        if user != friend:
            expected.setdefault(key, row + 1.0)
    found = dict(zip(zip(ties.users.tolist(), ties.friends.tolist(), strict=True), ties.weights, strict=True))
    assert found == expected
    assert list(found) == sorted(found)
    matrix = ties.matrix(7).toarray()
    assert directed or (matrix == matrix.T).all()
    assert (np.diag(matrix) == 0).all()
    assert all(matrix[pair] == weight for pair, weight in expected.items())
    assert (matrix > 0).sum() == len(expected) * (1 if directed else 2)
