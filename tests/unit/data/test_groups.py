from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupbench.core.arrays import Segments
from groupbench.core.errors import DatasetError
from groupbench.data.groups import Groups

member_lists = st.lists(
    st.lists(st.integers(0, 9), min_size=1, max_size=4, unique=True), min_size=1, max_size=5
)


@given(member_lists)
def test_lists_come_back_as_they_went_in(lists):
    groups = Groups.from_lists(lists)

    assert [groups[g].tolist() for g in range(len(groups))] == lists
    assert [members.tolist() for members in groups] == lists
    assert groups[-1].tolist() == lists[-1]
    assert groups.sizes.tolist() == [len(m) for m in lists]
    assert groups.ids == tuple(str(g) for g in range(len(lists)))


@given(member_lists, st.data())
def test_take_keeps_ids_members_and_order(lists, data):
    which = data.draw(st.lists(st.integers(0, len(lists) - 1), max_size=6))
    taken = Groups.from_lists(lists).take(np.array(which, dtype=int))

    assert [members.tolist() for members in taken] == [lists[g] for g in which]
    assert taken.ids == tuple(str(g) for g in which)


def test_labels_leave_negative_ones_out_and_keep_the_names_of_the_rest():
    groups = Groups.from_labels([7, -1, 2, 7, 2, -3])

    assert groups.ids == ("2", "7")
    assert [members.tolist() for members in groups] == [[2, 4], [0, 3]]


def test_there_may_be_no_groups():
    assert len(Groups.from_lists([])) == 0
    assert len(Groups.from_labels([-1, -1])) == 0


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Groups.from_lists([[1], []], ("a", "b")), "group 'b' has no member"),
        (lambda: Groups.from_lists([[1], [2]], ("a",)), "1 group ids for 2 groups"),
        (lambda: Groups(("a",), Segments.from_sizes([3]), np.array([1])), "of which 1 are given"),
    ],
)
def test_groups_that_do_not_add_up_are_refused(make, says):
    with pytest.raises(DatasetError, match=says):
        make()


def test_groups_are_read_only():
    groups = Groups.from_lists([[1, 2]])
    for array in (groups.members, groups[0], groups.sizes):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
