"""What data cannot answer is refused before anything is split or fitted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from groupbench.core.errors import ConfigError
from groupbench.data.loading import load
from groupbench.evaluation.evaluate import unsuited
from groupbench.evaluation.protocols import make_protocol
from groupbench.models.group_adapter import GroupsAsUsers
from groupbench.models.recommender import Recommender
from groupbench.runner.config import make_config
from groupbench.runner.plan import plan_jobs


@pytest.fixture(scope="module")
def data():
    return load("itmrec-sim", None)


def with_ratings(data, value, scale=(1.0, 5.0)):
    rows = replace(data.ratings, values=np.full(len(data.ratings), value), timestamps=None)
    return replace(data, ratings=rows, scale=scale)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"tau": 6}, "no rating reaches tau=6 .they are 1 to 5., .*; give a --tau above 1 and at most 5"),
        ({"tau": 1}, "every rating reaches tau=1 .*; give a --tau above 1 and at most 5"),
        ({"name": "coupled", "tau": 6}, "no rating reaches tau=6 .*; give a --tau of at most 5"),
        ({"split": "temporal"}, "split=temporal needs timestamps, and this data has none; use split=ratio"),
        ({"name": "given"}, "came without a split; use --protocol paper or natural"),
        ({"n_groups": 10_000}, "n_groups=10000, but itmrec-sim has .* users with ratings; ask for fewer"),
    ],
)
def test_options_that_the_data_cannot_answer(data, options, says):
    bare = replace(data, ratings=replace(data.ratings, timestamps=None), given=None)
    with pytest.raises(ConfigError, match=says):
        make_protocol(options).require(bare)


def test_one_valued_ratings_have_nothing_irrelevant(data):
    for value, says in ((5.0, "so that all is relevant"), (1.0, "so that nothing is relevant")):
        with pytest.raises(ConfigError, match=f"{says}; a protocol that ranks unrated items too"):
            make_protocol({}).require(with_ratings(data, value))
    make_protocol({"name": "coupled"}).require(with_ratings(data, 5.0))


def test_a_plan_refuses_once_for_all_jobs(data, tmp_path):
    config = make_config(methods=["svd", "ease"], protocol={"tau": 6})
    with pytest.raises(ConfigError, match="no rating reaches tau=6"):
        plan_jobs(config, {"itmrec-sim": data}, tmp_path)


class Flat(Recommender):
    def fit(self, train, *, rng):
        return self

    def score(self, users):
        raise AssertionError


@pytest.mark.parametrize(("held", "knows"), [("groups", False), ("rows", True)])
def test_rows_of_groups_tell_nothing_of_cold_groups(data, tmp_path, held, knows):
    options = {"name": "natural", "held": held}
    protocol = make_protocol(options)
    reason = unsuited(GroupsAsUsers(Flat(), "rows"), protocol.prepare(data, 0))
    assert (reason == "") == protocol.knows_groups == knows
    config = make_config(methods=["ease"], seeds=1, protocol=options, groups_as=["members", "rows", "both"])
    assert len(plan_jobs(config, {"itmrec-sim": data}, tmp_path)) == (3 if knows else 1)
