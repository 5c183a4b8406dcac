"""Parameters of aggregators are set as those of methods are, and show in the name of the row."""

from __future__ import annotations

import pytest

from groupbench.core.errors import ConfigError
from groupbench.core.registry import aggregators
from groupbench.data.loading import load
from groupbench.runner.aggregators import labels, make_aggregator
from groupbench.runner.config import make_config
from groupbench.runner.plan import plan_jobs


def test_what_is_set_shows_in_the_name_and_is_made_from_it():
    (label,) = labels(["p-mean"], {"p-mean": {"p": 3, "floor": 0.02}})
    assert label == "p-mean[floor=0.02,p=3]"
    made = make_aggregator(label)
    assert (made.p, made.floor) == (3.0, 0.02)


def test_defaults_keep_the_bare_name():
    assert labels(["p-mean"], {"p-mean": {"p": -1}}) == ["p-mean"]
    assert labels(["all"], {}) == list(aggregators)


def test_one_aggregator_can_stand_there_with_several_parameters():
    assert labels(["p-mean", "p-mean[p=2]", "P-Mean[p=2]"], {}) == ["p-mean", "p-mean[p=2]"]


@pytest.mark.parametrize(
    ("asked", "tables", "says"),
    [
        (["averge"], {}, "unknown aggregator 'averge'; did you mean 'average'"),
        (["p-mean[p]"], {}, r"p-mean\[p\]: write NAME\[KEY=VALUE\]"),
        (["p-mean"], {"p-mean": {"q": 1}}, "unknown parameter of p-mean 'q'"),
        (["average"], {"p-mean": {"p": 3}}, r"unknown aggregator among those .* \(set p-mean"),
    ],
)
def test_what_is_wrong_is_named(asked, tables, says):
    with pytest.raises(ConfigError, match=says):
        labels(asked, tables)


def test_keys_change_with_parameters_alone(tmp_path):
    data = {"itmrec-sim": load("itmrec-sim", None)}

    def key(**asked):
        (job,) = plan_jobs(make_config(methods=["ease"], seeds=1, **asked), data, tmp_path)
        return job.key

    assert key() == key(set={"p-mean": {"p": -1}})
    assert key(set=["p-mean.p=3"]) == key(set=["p-mean.p=3.0"]) != key()
