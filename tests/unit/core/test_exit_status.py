"""What is said of a process that ended in the middle of its work."""

from __future__ import annotations

import pytest

from groupbench.core.exit_status import cause, is_from_outside


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (0, "exit status 0"),
        (3, "exit status 3"),
        (-9, "SIGKILL (out of memory?)"),
        (-11, "SIGSEGV (a crash in compiled code)"),
        (-15, "SIGTERM"),
        (-35, "signal 35"),
    ],
)
def test_the_cause_of_an_end(code, said):
    assert said in cause(code)


def test_who_ended_it():
    assert [is_from_outside(code) for code in (-9, -15, -11, 3, 0)] == [True, True, False, False, False]
