"""The long results frame says all that the tables show, and tells apart what must not be compared."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groupbench.api import load_records
from groupbench.report.long import RUN_COLUMNS, TIE_RULES, VALUE_COLUMNS, long_frame, results_frame
from groupbench.report.render import table_frame
from groupbench.results.archive import shipped
from groupbench.results.selection import select
from groupbench.results.store import RunRecord, ViewMetrics

ROW = ["dataset", "protocol", "view", "method", "aggregator", "metric"]
METRICS = ("ndcg@10", "recall@10", "rmse")


@st.composite
def records(draw):
    """Runs of few methods, seeds and views, each with some of the metrics, some undefined, some failed."""
    made = []
    for method, seed in draw(st.sets(st.tuples(st.sampled_from("abc"), st.integers(0, 9)), min_size=1)):
        done = draw(st.booleans()) or not made
        views = draw(st.sets(st.sampled_from(("rated-group", "rated-user", "natural")), min_size=1))
        entries = []
        for view in sorted(views) if done else ():
            names = draw(st.sets(st.sampled_from(METRICS), min_size=1))
            value = st.one_of(st.floats(0, 1), st.just(np.nan))
            values, best, worst = ({name: draw(value) for name in sorted(names)} for _ in range(3))
            entries.append(
                ViewMetrics(view, draw(st.sampled_from(("none", "own"))), values, best, worst, 0.5)
            )
        status = "done" if done else "failed"
        made.append(record(method, seed, status=status, metrics=tuple(entries)))
    return made


def record(method, seed, **changes):
    made = RunRecord(f"{method}{seed}", "done", "", "d", False, "paper", method, method, "tests", seed)
    return replace(made, **changes)


def means(frame, rule):
    """Mean, std and number of seeds of every metric that any seed has, by row."""
    measured = frame[(frame["ties"] == rule) & frame["value"].notna()]
    return measured.groupby(ROW, observed=True)["value"].agg(["mean", "std", "count"])


def assert_same(frame, rule, table):
    shown = table[(table["metric"] != "") & (table["status"] == "done")].set_index(ROW)
    ours = means(frame, rule).loc[shown.index]
    assert len(ours) == len(shown)
    for column, name in (("mean", "mean"), ("std", "std"), ("count", "seeds")):
        np.testing.assert_allclose(ours[column], shown[name], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("rule", TIE_RULES)
@settings(deadline=None)
@given(runs=records())
def test_tables_are_means_of_the_frame(rule, runs):
    table = table_frame(runs, views="all", metrics="all", aggregator="all", ties=rule)
    frame = long_frame(runs)
    assert_same(frame, rule, table)
    if not any(np.isnan(v) for r in runs for e in r.metrics for v in e.values.values()):
        assert len(means(frame, rule)) >= len(table[table["metric"] != ""])


@settings(deadline=None)
@given(runs=records())
def test_the_frame_holds_every_run(runs):
    frame = results_frame(runs)
    assert set(zip(frame["method"], frame["seed"], strict=True)) == {(r.method, r.seed) for r in runs}
    assert set(frame.loc[frame["status"] == "failed", "metric"]) <= {""}
    values = sum(len(entry.values) for run in runs for entry in run.metrics)
    assert (frame["metric"] != "").sum() == values


def test_the_tables_of_the_leaderboard_are_means_of_its_frame():
    runs = [r for r in load_records(shipped()) if r.dataset in ("itmrec", "mafengwo")]
    assert len(runs) > 100
    table = table_frame(runs, views="all", aggregator="all")
    assert len(table) > 1000
    assert_same(long_frame(select(runs)), "expected", table)


def test_columns():
    frame = results_frame([record("a", 0), record("b", 1)])
    assert tuple(frame) == (*VALUE_COLUMNS, *RUN_COLUMNS)
    assert not any(isinstance(kind, pd.CategoricalDtype) for kind in frame.dtypes)


@pytest.mark.parametrize(
    ("column", "changes"),
    [
        ("content_hash", {"config": {"content_hash": "2"}}),
        ("evaluation", {"config": {"evaluation": 2}}),
        ("code", {"environment": {"code": {"sha256": "2"}}}),
        ("parameters", {"hyperparameters": {"k": 2}}),
        ("key", {"key": "2"}),
    ],
)
def test_what_was_made_from_other_data_or_code_is_told_apart(column, changes):
    values = {"ndcg@10": 0.5}
    one = record(
        "a",
        0,
        key="1",
        metrics=(ViewMetrics("rated-user", "none", values, values, values, 0.0),),
        config={"content_hash": "1", "evaluation": 1},
        environment={"code": {"sha256": "1"}},
        hyperparameters={"k": 1},
    )
    frame = results_frame([one, replace(one, **changes)])
    assert frame[column].nunique() == 2
    assert frame[[*VALUE_COLUMNS]].duplicated().sum() == 1


def test_only_what_is_asked_for_is_built():
    values = {"ndcg@10": 0.5, "rmse": 1.0}
    entries = tuple(ViewMetrics(v, "none", values, values, values, 0.0) for v in ("rated-user", "natural"))
    run = record("a", 0, metrics=entries)
    frame = long_frame([run], keys={("d", "paper", "natural")}, metrics=["rmse"], ties=["best"])
    assert frame[["view", "ties", "metric", "value"]].astype(object).to_numpy().tolist() == [
        ["natural", "best", "rmse", 1.0]
    ]
