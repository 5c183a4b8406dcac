"""Every registered method passes every conformance check that applies to it."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from groupbench.core.registry import methods
from groupbench.testing import MethodTrial, checks_for
from groupbench.testing._cold_groups import with_cold_twins
from groupbench.testing._trial import fit


@cache
def trial_of(name):
    return MethodTrial(methods[name])


ANEW = ("other-process", "refit")
"""Checks that fit once more: those of names that share a class are made once, all if slow."""


def promises():
    """Each method with each check."""
    checked = set()
    for name, entry in methods.items():
        for check in checks_for(entry):
            marks = [pytest.mark.process] * (check.name == "other-process")
            if check.name in ANEW:
                marks += [pytest.mark.slow] * ((entry.make, check.name) in checked)
                checked.add((entry.make, check.name))
            yield pytest.param(name, check, id=f"{name}-{check.name}", marks=marks)


@pytest.mark.parametrize(("name", "check"), promises())
def test_method_keeps_its_promise(name, check):
    outcome = check.run(trial_of(name))

    assert outcome.passed, f"{name}: {outcome.message}"


def test_every_built_in_family_is_covered():
    assert {"popularity", "item-mean", "random", "oracle", "als", "ease", "svdpp"} <= set(methods)


def test_a_built_in_method_that_serves_no_cold_groups_has_nothing_to_say_of_them():
    saying_no = [n for n, e in methods.items() if not getattr(e.make, "serves_cold_groups", True)]
    assert saying_no == ["group-gf"]
    train, twins = with_cold_twins(trial_of("group-gf").train)
    scores = fit(methods["group-gf"].create(), train).score_groups(twins)
    assert np.ptp(scores) == 0
