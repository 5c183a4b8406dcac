"""Every check finds exactly the fault that it is there for, and says what to fix."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from groupbench.core.entry import Entry
from groupbench.core.plugins import load_plugin
from groupbench.models.recommender import ReferenceRow
from groupbench.testing import check

FILE = Path(__file__).with_name("broken.py")


@pytest.fixture(scope="module")
def broken():
    load_plugin(FILE)
    plugins = [m for name, m in sys.modules.items() if name.startswith("groupbench_plugin_")]
    return next(m for m in plugins if m.__file__ == str(FILE))


def failures(make):
    return {o.name: o.message for o in check(Entry("tried", make)) if not o.passed}


@pytest.mark.parametrize("name", ["Sound", "SoundGroups", "Both", "AsksForFeatures", "NoWordOnCold"])
def test_sound_methods_pass(broken, name):
    assert failures(getattr(broken, name)) == {}


@pytest.mark.parametrize(
    ("name", "fault", "remedy"),
    [
        ("WrongShape", "contract", r"shape \(24, 32\), not \(32, 24\)"),
        ("SinglePrecision", "contract", "float32"),
        ("ReturnsNothing", "contract", "return self"),
        ("WritesToReadOnly", "contract", "read-only: work on a copy"),
        ("NoMethod", "contract", "derive the class"),
        ("NaNs", "finite", "NaN"),
        ("NoFallback", "cold", "fall back"),
        ("Unseeded", "deterministic", "draw all randomness from rng"),
        ("ReadsGlobalState", "deterministic", "global seeds"),
        ("SeedsGlobally", "leaves-global-state-alone", "numpy.random"),
        ("MutatesInput", "leaves-input-alone", r"ratings\.values"),
        ("SpoilsUsers", "leaves-input-alone", "users"),
        ("SpoilsTruth", "leaves-input-alone", "truth"),
        ("Chatty", "quiet", "epoch 1"),
        ("BlockMeans", "user-order", "another order"),
        ("RanksGroups", "group-order", "another order"),
        ("FirstMember", "member-order", "set of users"),
        ("ColdAlike", "cold-groups", "all alike; .* serves_cold_groups = False"),
        ("ColdById", "cold-groups", "go by the id; score it by its members"),
        ("Remembers", "refit", "forget"),
        ("NeedsFeatures", "bare-data", "MethodError that names"),
        ("KeepsLambda", "other-process", "lambda"),
        ("LearnsIntoGlobal", "other-process", "not in globals"),
        ("Unrecordable", "parameters", "recorded"),
        ("Undocumented", "parameters", "docstring"),
    ],
)
def test_one_fault_fails_one_check(broken, name, fault, remedy):
    found = failures(getattr(broken, name))

    assert list(found) == [fault]
    assert re.search(remedy, found[fault])


def test_a_failed_contract_leaves_the_other_checks_out(broken):
    assert [o.name for o in check(Entry("tried", broken.WrongShape))] == ["contract"]


def test_a_class_within_a_function_is_refused():
    class Nested(ReferenceRow):
        """Defined within a function."""

        def score_truth(self, truth):
            return truth.copy()

    found = failures(Nested)

    assert list(found) == ["other-process"]
    assert "top level of its file" in found["other-process"]
