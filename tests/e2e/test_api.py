"""`run`, `table` and `load_results` on small runs in this process's workers."""

from __future__ import annotations

import pytest

from groupbench import api
from groupbench.core.errors import ConfigError, ResultError
from groupbench.runner.config import make_config


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("api") / "results"
    api.run(["random", "item-mean"], results=folder, seeds=1, jobs=2, references=False)
    return folder


def test_run_returns_what_was_asked_for_alone(results):
    frame = api.run("item-mean", results=results, seeds=1, references=False)
    assert set(frame["method"]) == {"item-mean"}
    held = api.load_results(results)
    assert set(held["method"]) == {"random", "item-mean"}
    same = held[held["method"] == "item-mean"].reset_index(drop=True)
    assert frame.reset_index(drop=True).equals(same)
    assert {"dataset", "protocol", "view", "aggregator", "metric", "seed", "value", "status"} <= set(held)


def test_names_may_be_a_text_with_commas(results):
    frame = api.run("item-mean,random", "itmrec-sim", results=str(results), seeds=1, references=False)
    assert set(frame["method"]) == {"random", "item-mean"}


def test_start_reports_each_job_and_skips_what_is_there(results):
    events = []
    config = make_config(methods=["random", "popularity"], seeds=1, jobs=1, references=False)
    jobs = api.start(config, results, lambda event, ended, total: events.append((ended, total)))
    assert events == [(0, 1), (1, 1)]
    assert [record.method for record in api.collect(jobs)] == [job.label for job in jobs]


def test_table_takes_views_and_metrics(results):
    frame = api.table(results, views=["rated-user"], metrics=["ndcg@5"])
    assert set(frame["view"]) == {"rated-user"}
    assert set(frame["metric"]) == {"ndcg@5"}


def test_a_table_takes_what_the_command_takes(results):
    assert api.table(results, views="rated-user", metrics="ndcg@5,recall@5")["metric"].nunique() == 2
    with pytest.raises(ConfigError, match="did you mean 'views'"):
        api.table(results, vieww=["rated-user"])
    with pytest.raises(ConfigError, match="did you mean 'correction'"):
        api.table(results, significance={"corection": "bh"})


def test_tests_are_asked_for_as_of_the_command(results):
    tested = api.table(results, views="rated-user", metrics="ndcg@5", reference="random", test="permutation")
    assert "p_corrected" in tested
    assert "p_corrected" not in api.table(results, views="rated-user", metrics="ndcg@5")
    for options, said in (
        ({"test": "permutatoin"}, "unknown test 'permutatoin'; did you mean 'permutation'"),
        ({"reference": "item-meen"}, "did you mean 'item-mean'"),
        ({"correction": "holmes"}, "did you mean 'holm'"),
        ({"level": 7}, "level=7: give the share of false alarms"),
    ):
        with pytest.raises(ConfigError, match=said):
            api.table(results, **options)


@pytest.mark.parametrize("method", ["svd", "member-count"])
def test_a_method_evaluated_here_has_the_values_of_a_run_to_the_last_bit(method, tmp_path):
    options = {"seeds": [0, 3], "aggregators": ["average", "borda"], "ratio": 0.7, "n_groups": 15}
    frame = api.run(method, results=tmp_path / "results", jobs=2, references=False, **options)
    key = ["view", "aggregator", "seed", "metric"]
    theirs = frame.set_index(key)["value"].sort_index()
    ours = api.evaluate(method, api.load("itmrec-sim"), **options).set_index(key)["value"].sort_index()
    assert len(ours) > 50
    assert ours.equals(theirs)


def test_report_returns_a_page_that_notebooks_show_and_writes_it_where_asked(results, tmp_path):
    file = tmp_path / "pages" / "small.html"
    page = api.report_page(results, file, title="Two rows", views=["rated-user"], significance=False)
    assert file.read_text(encoding="utf-8") == page.text
    assert "Two rows" in page.text
    assert page._repr_html_().startswith("<iframe")
    assert "Two rows" not in api.report_page(results, significance=False).text
    assert [found.name for found in file.parent.iterdir()] == ["small.html"]


@pytest.mark.parametrize("read", [api.table, api.load_results, api.report_page])
def test_no_results(tmp_path, read):
    with pytest.raises(ResultError, match="make some with 'groupbench run'"):
        read(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"methods": "svdd"}, "did you mean 'svd'"),
        ({"methods": [dict]}, "register your class"),
        ({"methods": "random", "seed": 3}, "did you mean 'seeds'"),
        ({"methods": "random", "protocol": {"rato": 0.5}}, "did you mean 'ratio'"),
    ],
)
def test_wrong_options_leave_no_results(tmp_path, options, said):
    with pytest.raises(ConfigError, match=said):
        api.run(results=tmp_path / "results", **options)
    assert not (tmp_path / "results").exists()
