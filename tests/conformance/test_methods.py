"""Every registered method passes every conformance check that applies to it."""

from __future__ import annotations

from functools import cache

import pytest

from groupbench.core.registry import methods
from groupbench.testing import MethodTrial, checks_for


@cache
def trial_of(name):
    return MethodTrial(methods[name])


@pytest.mark.parametrize(
    ("name", "check"),
    [
        pytest.param(name, check, id=f"{name}-{check.name}")
        for name, entry in methods.items()
        for check in checks_for(entry)
    ],
)
def test_method_keeps_its_promise(name, check):
    outcome = check.run(trial_of(name))

    assert outcome.passed, f"{name}: {outcome.message}"


def test_every_built_in_family_is_covered():
    assert {"popularity", "item-mean", "random", "oracle", "als", "ease", "svdpp"} <= set(methods)
