"""How things are shown: short where they are large, as a table or a bar where a notebook can show one."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import groupbench as gb
from groupbench import api
from groupbench.aggregation import MemberScores
from groupbench.api._notebook import NotebookProgress
from groupbench.core.arrays import Segments
from groupbench.core.registry import methods
from groupbench.evaluation.protocols import make_protocol
from groupbench.evaluation.views import VIEWS
from groupbench.metrics import METRICS
from groupbench.results import store
from groupbench.runner.config import make_config
from groupbench.runner.plan import plan_jobs
from groupbench.runner.pool import JobOutcome
from tests._records import make_record, write_record


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    root = tmp_path_factory.mktemp("results")
    for method, mean in {"svd": 0.6, "ease": 0.5, "random": 0.2, "oracle": 1.0}.items():
        means = {"ndcg@10": mean}
        record = make_record(
            method,
            key=method,
            metrics=(store.ViewMetrics("rated-group", "average", means, means, means, 0.0),),
            views={"rated-group": {"entity": "group", "entities": 12, "skipped": 0, "tau": 3.5}},
            seconds={"fit": 2.0},
            peak_mb={"fit": 10.0},
        )
        write_record(root, record)
    return root


def test_a_table_shows_norm_and_cost_and_writes_latex(results):
    table = gb.table(results, metric="ndcg@10")
    assert {"norm", "seconds", "mib"} <= set(table.columns)
    assert "<table" in table._repr_html_()
    assert all(word in table._repr_html_() for word in ("Norm", "Seconds", "MiB"))
    assert r"\begin{tabular}" in table.to_latex()
    assert table.to_markdown().startswith("#")
    assert repr(table).startswith("made")
    assert "seconds" not in repr(gb.table(results, metric="ndcg@10", cost=False))


def test_a_long_table_is_cut_as_frames_are(results):
    with pd.option_context("display.max_rows", 5):
        lines = repr(gb.table(results, metric="ndcg@10")).splitlines()
    assert len(lines) == 6
    assert lines[5].startswith("... ")
    assert lines[5].endswith(" more lines; to_markdown() has all")


def test_what_is_selected_from_a_table_is_a_frame(results):
    rows = gb.table(results)[["method", "mean"]]
    assert type(rows).__name__ == "DataFrame"
    assert "dataframe" in rows._repr_html_()


def test_large_things_have_short_names(results):
    data = gb.load("itmrec-sim")
    page = api.report_page(results, significance=False)
    protocol = make_protocol({"name": "natural"})
    task = protocol.prepare(data, 0)
    cases, _ = protocol.make_cases(task)
    records, scores = api.load_records(results), np.zeros((400, 70))
    members = MemberScores(scores, scores[:1] == 0, Segments.from_sizes([400]), scores[:, 0], None)
    fitted = gb.fit("ease", data)
    shown = [
        *(data, data.groups, data.groups.segments, data.ratings, data.item_features, page, gb.card(results)),
        *(fitted, fitted.method, members, records, *cases, *(case.lists for case in cases)),
        *(methods, methods["ease"], METRICS, VIEWS, gb.plot.bars(results, metric="ndcg@10")),
    ]
    assert {repr(one): len(repr(one)) for one in shown if len(repr(one)) > 150} == {}
    rows = gb.load_results(results), fitted.recommend(["1001"])
    whole = (
        records[0],
        task,
        task.train,
        protocol,
        make_config(),
        methods["dmtl"].create(),
        gb.table(results),
        *rows,
    )
    assert max(len(repr(one)) for one in whole) < 2000
    assert repr(data) == "Dataset('itmrec-sim': Ratings(5230 rows, 476 users, 70 items), 143 groups)"


def test_a_notebook_shows_how_far_a_run_is(monkeypatch, tmp_path):
    drawn = []

    class Handle:
        def display(self, bar):
            drawn.append((repr(bar), bar._repr_html_()))

        update = display

    config = make_config(methods="svd,ease", seeds=1)
    first, second = plan_jobs(config, {"itmrec-sim": gb.load("itmrec-sim")}, tmp_path)
    shell = SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(DisplayHandle=Handle))
    bar = NotebookProgress()
    bar.report(first, 0, 2)
    bar.report(JobOutcome(first, "done", "", 1.0), 1, 2)
    bar.report(JobOutcome(second, "failed", "no", 1.0), 2, 2)
    assert [text for text, _ in drawn] == [
        f"0 of 2 jobs  itmrec-sim  {first.label}  seed 0",
        f"1 of 2 jobs  itmrec-sim  {first.label}  seed 0",
        "2 of 2 jobs, 1 failed",
    ]
    assert drawn[1][1].startswith('<progress value="1" max="2"></progress> 1 of 2 jobs')


def test_nothing_is_shown_elsewhere(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: None))
    NotebookProgress().report(None, 0, 1)
    assert capsys.readouterr().out == ""
