"""What a run does besides what is named: reference rows, and metrics at further K."""

from __future__ import annotations

from dataclasses import replace

import pytest

from groupbench.core.errors import ConfigError
from groupbench.evaluation.protocols import make_protocol
from groupbench.results.selection import select
from groupbench.runner.config import make_config
from groupbench.runner.keys import further_cutoffs
from tests._records import make_record


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({"methods": "ease"}, ["ease", "random", "oracle", "popularity", "popularity-liked"]),
        ({"methods": "oracle,ease"}, ["oracle", "ease", "random", "popularity", "popularity-liked"]),
        ({"methods": "ease", "references": False}, ["ease"]),
    ],
)
def test_reference_rows_are_run_beside_what_is_named(options, names):
    assert make_config(**options).with_references().method_names() == names


def test_only_a_k_that_some_view_lacks_is_another_job():
    paper = make_protocol({"name": "paper"})
    assert further_cutoffs([5, 10], paper) == ()
    assert further_cutoffs([15, 1, 5, 15], paper) == (1, 15)


@pytest.mark.parametrize("k", ["", "0", "1,x"])
def test_a_k_that_is_none_is_refused(k):
    with pytest.raises(ConfigError, match="k"):
        make_config(k=k)


def test_of_two_records_of_a_seed_that_with_more_k_counts():
    plain = make_record("svd", 0, finished="2026-01-02")
    more = make_record("svd", 0, finished="2026-01-01", config={**plain.config, "cutoffs": [1, 15]})
    assert select([plain, more]) == (more,)
    assert select([replace(more, config=plain.config), plain]) == (plain,)
