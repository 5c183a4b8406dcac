"""The report page: what it shows is what tables show, and nothing in it can run."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from typer.testing import CliRunner

from groupbench import api
from groupbench.cli import app
from groupbench.core.errors import ConfigError, ResultError
from groupbench.report.html import make_page, page_content
from groupbench.report.html._document import embedded
from groupbench.report.long import REFERENCES
from groupbench.report.palette import look_of
from groupbench.report.render import table_frame
from groupbench.report.resolution import filtered
from groupbench.report.significance import Significance
from groupbench.report.statistics import half_widths
from groupbench.results import store
from groupbench.results.store import ViewMetrics
from tests._records import make_record, write_record

HOSTILE = "</script><script>window.hacked = 1</script><!--\u2028"
LIFTS = {"svd": 0.1, "ease": 0.12, "popularity": 0.02, "random": 0.0, "oracle": 0.4, HOSTILE: 0.05}
SIZES = (2, 3, 4)


def write_run(root, method, seed, *, view="rated-group", n=30, status="done", reason=""):
    """One job over groups of two to four members, with two aggregators and NDCG, precision and a minimum."""
    draws = np.random.default_rng([seed, *method.encode()])
    base = np.random.default_rng(seed).uniform(0.2, 0.5, n)
    members = {f"g{i}": [f"u{i}-{j}" for j in range(SIZES[i % 3])] for i in range(n)}
    figures, columns = [], {"view": [], "aggregator": [], "entity": [], "ndcg@10": [], "precision@10": []}
    for aggregator, more in (("average", 0.0), ("borda", 0.01)):
        ndcg = base + LIFTS.get(method, 0) + more + draws.normal(0, 0.02, n)
        values = {"ndcg@10": float(ndcg.mean()), "precision@10": float(ndcg.mean() / 2)}
        best = {**values, "ndcg@10": values["ndcg@10"] + 0.03 * (method == "popularity")}
        figures.append(store.ViewMetrics(view, aggregator, values, best, values, 0.1))
        columns["view"] += [view] * n
        columns["aggregator"] += [aggregator] * n
        columns["entity"] += list(members)
        columns["ndcg@10"] += ndcg.tolist()
        columns["precision@10"] += (ndcg / 2).tolist()
    done = status == "done"
    record = make_record(
        method,
        seed,
        key=f"{seed}-{list(LIFTS).index(method) if method in LIFTS else 99}",
        status=status,
        reason=reason,
        family="reference" if method in ("random", "oracle", "popularity") else "tests",
        config={"protocol": {"name": "paper", "split": "ratio"}, "source": "made", "content_hash": "abc123"},
        metrics=tuple(figures) if done else (),
        views={view: {"entity": "group", "entities": n, "skipped": 0, "tau": 3.5}} if done else {},
        seconds={"fit": 1.0 + LIFTS[method]} if done else {},
        peak_mb={"fit": 10.0} if done else {},
        environment={"groupbench": "0", "cpu": "a CPU", "command": "groupbench run"} if done else {},
        finished=f"2026-01-0{seed + 1}T00:00:00+00:00",
    )
    groups = {
        "group": list(members),
        "members": list(members.values()),
        "size": [len(m) for m in members.values()],
        "cohesion": np.linspace(0, 1, n).tolist(),
    }
    tables = {"entities": pa.table(columns), "groups": pa.table(groups)} if done else {}
    write_record(root, record, tables)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    root = tmp_path_factory.mktemp("results")
    for seed in range(3):
        for method in LIFTS:
            write_run(root, method, seed)
        write_run(root, "broken", seed, status="failed", reason="ValueError: </script><img src=x>")
    return root


@pytest.fixture(scope="module")
def shown(results):
    return page_content(results, api.load_records(results))


def page_rows(shown, metric):
    """By method and aggregator: mean and half width."""
    (place,) = shown["sections"]
    values, rows = place["values"][metric], place["rows"]
    names = [shown["methods"][number]["label"] for number in rows["method"]]
    aggregators = [shown["aggregators"][number] for number in rows["aggregator"]]
    found = zip(values["mean"], values["half"], strict=True)
    return dict(zip(zip(names, aggregators, strict=True), found, strict=True))


def test_methods_have_their_names_in_print_and_the_look_of_plots(shown):
    by_label = {method["label"]: method for method in shown["methods"]}
    assert by_label["random"]["title"] == "Random"
    assert (by_label["random"]["color"], by_label["random"]["marker"]) == look_of("random")[:2]
    assert shown["hidden"] == []


def test_a_filter_is_told_and_labels_are_names(results):
    label = next(name for name in LIFTS if name not in REFERENCES)
    found = page_content(results, api.load_records(results), methods=label, labels={label: "Ours"})
    others = sum(name not in REFERENCES for name in LIFTS) - 1
    assert found["hidden"] == [filtered(others)]
    assert "Ours" in {method["title"] for method in found["methods"]}


def test_energy_is_there_where_records_have_it(tmp_path, shown):
    (place,) = shown["sections"]
    assert set(place["rows"]["joules"]) == {None}
    values = ViewMetrics("rated-user", "none", {"ndcg@10": 0.5}, {"ndcg@10": 0.5}, {"ndcg@10": 0.5}, 0.0)
    records = [make_record(seed=seed, metrics=(values,), joules={"fit": 2.0 + seed}) for seed in (0, 1)]
    (place,) = page_content(tmp_path, records)["sections"]
    assert place["rows"]["joules"] == [2.5]


@pytest.mark.parametrize("metric", ["ndcg@10", "precision@10"])
def test_rows_are_those_of_the_table(results, shown, metric):
    rows = page_rows(shown, metric)
    frame = table_frame(api.load_records(results), views="all", metrics=metric, aggregator="all")
    frame = frame[frame["metric"] == metric]
    assert set(rows) == set(zip(frame["method"], frame["aggregator"], strict=True))
    for row in frame.itertuples():
        mean, half = rows[row.method, row.aggregator]
        assert mean == pytest.approx(row.mean, abs=1e-5)
        assert half == pytest.approx(row.std * stats.t.ppf(0.975, 2) / np.sqrt(3), abs=1e-5)


def test_marks_are_those_of_the_table(results, shown):
    frame = table_frame(api.load_records(results), metrics="ndcg@10", significance=Significance(results))
    tested = frame[frame["p_corrected"].notna()]
    (place,) = shown["sections"]
    marks = {method: (arrow, p) for method, _, arrow, p in place["tested"]["marks"]["ndcg@10"]}
    assert set(marks) == set(tested["method"])
    assert marks["random"][0] == "↓"
    for row in tested.itertuples():
        arrow = "" if row.p_corrected > 0.05 else "↑" if row.difference > 0 else "↓"
        assert marks[row.method] == (arrow, pytest.approx(row.p_corrected, abs=1e-5))


def test_ties_and_failures_are_told(shown):
    (place,) = shown["sections"]
    moved = {shown["methods"][place["rows"]["method"][row]]["label"] for row in place["rows"]["moved"]}
    assert moved == {"popularity"}
    (low, high), *_ = place["values"]["ndcg@10"]["ties"].values()
    assert high - low == pytest.approx(0.03, abs=1e-4)
    assert place["values"]["precision@10"]["ties"] == {}
    assert [line["status"] for line in place["failed"]] == ["failed"]
    assert "ValueError" in place["failed"][0]["reason"]


def test_groups_are_broken_down_by_size_and_cohesion(shown):
    (place,) = shown["sections"]
    by_size = place["by"]["size"]
    assert by_size["kinds"] == [["2", 10.0], ["3", 10.0], ["4", 10.0]]
    values = {method: means for method, _, means in by_size["rows"]}
    means = page_rows(shown, "ndcg@10")
    for method in LIFTS:
        assert np.mean(values[method]) == pytest.approx(means[method, "average"][0], abs=1e-4)
    assert [kind for kind, _ in place["by"]["cohesion"]["kinds"]] == [
        "low cohesion",
        "middle cohesion",
        "high cohesion",
    ]


def test_ranks_leave_references_out(shown):
    names = [name for name, _ in shown["ranking"]["methods"]]
    assert names[:2] == ["ease", "svd"]
    assert not {"random", "oracle", "popularity"} & set(names)
    assert all(first < last < len(names) for first, last in shown["ranking"]["alike"])


def test_where_figures_come_from_is_told(shown):
    assert shown["data"] == [{"dataset": "made", "simulated": True, "source": "made", "hash": "abc123"}]
    assert shown["commands"] == [{"command": "groupbench run", "jobs": 18}]
    assert shown["environments"] == [{"facts": {"groupbench": "0", "cpu": "a CPU"}, "jobs": 18}]
    assert shown["jobs"] == {"done": 18, "failed": 3}


def test_without_files_of_values_only_tests_and_kinds_are_missing(results, tmp_path):
    for file in results.glob("runs/**/run.json"):
        copy = tmp_path / file.relative_to(results)
        copy.parent.mkdir(parents=True)
        copy.write_bytes(file.read_bytes())
    (place,) = page_content(tmp_path, api.load_records(tmp_path))["sections"]
    assert place["by"] == {}
    assert place["tested"]["marks"] == {}
    assert place["tested"]["notes"][0].startswith("No significance tests are shown: these results keep means")
    assert str(tmp_path) not in json.dumps(place)
    assert len(place["values"]["ndcg@10"]["mean"]) == 2 * len(LIFTS)


def test_too_many_figures_leave_the_usual_aggregator(results, monkeypatch):
    records = api.load_records(results)
    monkeypatch.setattr("groupbench.report.html._content.MOST_VALUES", 12)
    cut = page_content(results, records, significance=False)
    assert cut["cut"] == "average"
    assert cut["aggregators"] == ["average"]
    asked = page_content(results, records, significance=False, aggregator="all")
    assert asked["cut"] is None
    assert asked["aggregators"] == ["average", "borda"]
    assert page_content(results, records, significance=False, metrics="ndcg@10")["cut"] is None


def test_unknown_names_are_refused(results):
    with pytest.raises(ConfigError, match="unknown aggregator"):
        page_content(results, api.load_records(results), aggregator="bordas")
    with pytest.raises(ResultError, match="no results"):
        page_content(results, [])


class Elements(HTMLParser):
    """Every element, and what scripts hold."""

    def __init__(self):
        super().__init__()
        self.tags, self.scripts = [], []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, text):
        if self.lasttag == "script" and self.scripts:
            self.scripts[-1] += text


def test_the_page_is_one_file_with_two_scripts_and_all_its_data(shown):
    page = Elements()
    page.feed(make_page(shown, title=HOSTILE).text)
    assert [tag for tag, _ in page.tags if tag == "script"] == ["script", "script"]
    assert not [tag for tag, _ in page.tags if tag in ("link", "img", "iframe", "base")]
    assert not [a for _, a in page.tags if any(key.startswith("on") or key == "src" for key in a)]
    assert json.loads(page.scripts[0]) == json.loads(json.dumps(shown))


def test_the_policy_allows_the_own_script_only(shown):
    text = make_page(shown).text
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text).group(1)
    assert policy.startswith("default-src &#39;none&#39;; script-src &#39;sha256-")
    assert "unsafe" not in policy
    assert "http://" not in text.replace("http://www.w3.org/2000/svg", "")


@given(st.text(), st.floats(allow_nan=False, allow_infinity=False))
def test_embedded_data_reads_back_and_ends_no_element(text, number):
    held = {text: [text, number, None]}
    made = embedded(held)
    assert json.loads(made) == held
    assert not set(made) & set("<>&\u2028\u2029")


def test_a_page_is_written_and_shown_in_a_frame(shown, tmp_path):
    page = make_page(shown)
    page.write(tmp_path / "new" / "report.html")
    assert (tmp_path / "new" / "report.html").read_text(encoding="utf-8") == page.text
    frame = Elements()
    frame.feed(page._repr_html_())
    ((tag, attributes),) = frame.tags
    assert tag == "iframe"
    assert attributes["srcdoc"] == page.text
    assert attributes["sandbox"] == "allow-scripts"
    with pytest.raises(ResultError, match=r"cannot write .*; choose another file"):
        page.write(tmp_path / "new" / "report.html" / "x.html")


def test_tables_of_the_interface_show_themselves_in_notebooks(results):
    shown = api.table(results, metrics="ndcg@10")._repr_html_()
    assert "<table" in shown
    assert "<script>" not in shown


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=8))
def test_intervals_are_those_of_students_t(values):
    std = np.std(values, ddof=1)
    (half,) = half_widths(np.array([std]), np.array([len(values)]))
    low, high = stats.t.interval(0.95, len(values) - 1, 0.0, std / np.sqrt(len(values)) or 1e-300)
    assert half == pytest.approx((high - low) / 2, abs=1e-12)


def test_one_seed_has_no_interval():
    assert np.isnan(half_widths(np.array([np.nan, 0.1]), np.array([1, 0]))).all()


def test_the_command_writes_the_page_and_says_how_large_it_is(results, tmp_path):
    file = tmp_path / "page.html"
    asked = ["report", "--results", str(results), "-o", str(file), "--title", "Ours", "--no-significance"]
    ended = CliRunner().invoke(app, asked)
    assert ended.exit_code == 0, ended
    assert ended.output.startswith("21 jobs, 1 views, ")
    text = file.read_text(encoding="utf-8")
    assert "<title>Ours</title>" in text
    assert '"tested":null' in text


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["-o", "report.pdf"], "report.pdf: the report is an HTML file; name it .html"),
        (["--dataset", "mad"], "unknown dataset of these results 'mad'; did you mean 'made'"),
        (
            ["--view", "rated-grupp"],
            "unknown view in these results 'rated-grupp'; did you mean 'rated-group'",
        ),
        (["--aggregator", "best"], "the page itself picks each method's best aggregator"),
        (["--aggregator", "nobody"], "unknown aggregator in these results 'nobody'"),
    ],
)
def test_bad_options_are_refused(results, tmp_path, monkeypatch, options, said):
    monkeypatch.chdir(tmp_path)
    ended = CliRunner().invoke(app, ["report", "--results", str(results), *options])
    assert isinstance(ended.exception, ConfigError)
    assert said in str(ended.exception)
    assert not list(tmp_path.iterdir())


def test_a_folder_of_failures_only_has_a_page_with_its_reasons(tmp_path):
    write_run(tmp_path, "svd", 0, status="failed", reason="ValueError: no")
    (place,) = (found := page_content(tmp_path, api.load_records(tmp_path)))["sections"]
    assert place["failed"] == [{"method": "svd", "status": "failed", "reason": "ValueError: no"}]
    assert place["values"] == {}
    assert "at least 3 methods" in found["ranking"]["missing"]
    assert "ValueError: no" in make_page(found).text
