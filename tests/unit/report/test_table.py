"""Tables: long_frame frames, layouts for people, and what they say about failures, ties and saturation."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groupbench.core.errors import ConfigError, ResultError
from groupbench.metrics import bounds
from groupbench.report.long import results_frame
from groupbench.report.options import LayoutOptions
from groupbench.report.render import COLUMNS, FORMATS, render, table_frame
from groupbench.results.store import ViewMetrics
from tests._records import make_record

HOSTILE = "<script>alert('x')</script>|&%$#_{}~^\\*[a](b)\n\x1b[31m"


def figures(view="rated-user", aggregator="none", gap=0.0, **values):
    named = {name.replace("_at_", "@"): value for name, value in values.items()}
    return ViewMetrics(
        view,
        aggregator,
        named,
        {k: v + gap for k, v in named.items()},
        {k: v - gap for k, v in named.items()},
        0.25,
    )


def record(method, seed=0, *held, views=None, **changes):
    facts = {
        "entities": 10 + seed,
        "skipped": 2,
        "tau": 3.5,
        "entity": "user",
        "definition": "",
        "reason": "",
    }
    made = make_record(
        method,
        seed,
        dataset="ml-100k",
        simulated=False,
        name=method.partition("(")[0],
        metrics=held,
        views={f.view: facts for f in held} if views is None else views,
        seconds={"fit": 1.0, "score": 0.5, "aggregate": 0.25, "metrics": 0.25},
        peak_mb={"fit": 30.0 + seed, "score": 3.0},
    )
    return replace(made, **changes)


def failed(method, seed=0, reason="ValueError: no", status="failed", **changes):
    return record(method, seed, status=status, reason=reason, seconds={}, peak_mb={}, **changes)


@pytest.fixture
def one_seed():
    return [
        record("random", 0, figures(precision_at_10=0.2, ndcg_at_10=0.4)),
        record("oracle", 0, figures(precision_at_10=0.6, ndcg_at_10=1.0)),
        record("svd", 0, figures(precision_at_10=0.4, ndcg_at_10=0.7)),
        record("knn", 0, figures(precision_at_10=0.4, ndcg_at_10=0.55)),
        failed("bpr"),
    ]


def test_the_plain_table(one_seed):
    assert render(one_seed, format="plain") == "\n".join(
        [
            "ml-100k, protocol paper, view rated-user: 10 users, 2 skipped, tau 3.5, 1 seed",
            "",
            "method        precision@10    ndcg@10      norm    seconds    MiB",
            "------------  --------------  ---------  ------  ---------  -----",
            "oracle (ref)  0.600           1.000       1.000       2.00     30",
            "svd           0.400*          0.700*      0.500       2.00     30",
            "knn           0.400*          0.550_      0.250       2.00     30",
            "random (ref)  0.200           0.400       0.000       2.00     30",
            "bpr (failed)  –               –               –          –      –",
            "1 seed: no uncertainty",
            "norm is (x - random) / (oracle - random) of ndcg@10",
            "bpr failed: ValueError: no",
            "",
            "best*, second best_ among the methods; (ref) marks reference rows, which are not ranked",
            "seconds and MiB (growth of memory) are of the whole job: every view and aggregator",
            "no row is tuned: methods ran at their defaults or at what was set by hand",
        ]
    )


def test_a_terminal_gets_codes_instead_of_letters(one_seed):
    coloured = render(one_seed, format="plain", color=True)
    assert "\x1b[1m0.700\x1b[0m" in coloured
    assert "\x1b[4m0.550\x1b[0m" in coloured
    assert "0.700*" not in coloured
    assert "\x1b" not in render(one_seed, format="plain")


def test_the_markdown_table(one_seed):
    assert render(one_seed[:4], format="markdown") == "\n".join(
        [
            "### MovieLens 100K, protocol paper, view rated-user: 10 users, 2 skipped, tau 3.5, 1 seed",
            "",
            "| Method       | Precision@10   | NDCG@10      |   Norm |   Seconds |   MiB |",
            "|:-------------|:---------------|:-------------|-------:|----------:|------:|",
            "| Oracle (ref) | 0.600          | 1.000        |  1.000 |      2.00 |    30 |",
            "| SVD          | **0.400**      | **0.700**    |  0.500 |      2.00 |    30 |",
            "| knn          | **0.400**      | <u>0.550</u> |  0.250 |      2.00 |    30 |",
            "| Random (ref) | 0.200          | 0.400        |  0.000 |      2.00 |    30 |",
            "",
            "- 1 seed: no uncertainty",
            "- norm is (x - random) / (oracle - random) of NDCG@10",
            "",
            "**best**, <u>second best</u> among the methods; "
            "(ref) marks reference rows, which are not ranked",
            "",
            "seconds and MiB (growth of memory) are of the whole job: every view and aggregator",
            "",
            "no row is tuned: methods ran at their defaults or at what was set by hand",
        ]
    )


def test_the_latex_table(one_seed):
    lines = render(one_seed, format="latex").splitlines()
    first = lines.index(r"\toprule")
    assert lines[0] == r"% needs \usepackage{booktabs} and \usepackage{graphicx}"
    assert lines[1:5] == [
        r"\begin{table}",
        r"\centering",
        r"\caption{MovieLens 100K, protocol paper, view rated-user: 10 users, 2 skipped, tau 3.5, 1 seed}",
        r"\label{tab:ml-100k-paper-rated-user}",
    ]
    assert lines[first - 1 : first + 5] == [
        r"\begin{tabular}{@{}lllrrr@{}}",
        r"\toprule",
        r"Method & Precision@10 & NDCG@10 & Norm & Seconds & MiB \\",
        r"\midrule",
        r"Oracle (ref) & 0.600 & 1.000 & 1.000 & 2.00 & 30 \\",
        r"SVD & \textbf{0.400} & \textbf{0.700} & 0.500 & 2.00 & 30 \\",
    ]
    assert r"knn & \textbf{0.400} & \underline{0.550} & 0.250 & 2.00 & 30 \\" in lines
    assert r"bpr (failed) & -- & -- & -- & -- & -- \\".replace("bpr", "BPR-MF") in lines
    assert "BPR-MF failed: ValueError: no." in lines
    assert lines.index(r"\bottomrule") < lines.index(r"\end{tabular}}") < lines.index(r"\end{table}")
    assert lines[-1] == r"\end{table}"


def test_a_caption_of_ones_own_and_what_is_not_shown_in_comments(one_seed):
    shown = [replace(r, metrics=(*r.metrics, figures("other", ndcg_at_10=0.5))) for r in one_seed]
    layout = LayoutOptions.make(caption="Users & groups", digits=2, cost=False)
    text = render(shown, format="latex", layout=layout)
    assert r"\caption{Users \& groups. MovieLens 100K, protocol paper, view rated-user: 10 users, " in text
    assert r"SVD & \textbf{0.40} & \textbf{0.70} & 0.50 \\" in text
    assert text.endswith("% also evaluated: other")


@pytest.mark.parametrize("form", ["latex", "html", "markdown"])
def test_what_is_printed_does_not_say_what_to_type(form):
    shown = [figures(ndcg_at_10=0.5), figures("other", ndcg_at_10=0.5)]
    facts = {"entities": 10, "skipped": 0, "tau": 3.5, "entity": "user"}
    held = [
        record("svdpp", 0, *shown, protocol="given"),
        record("svdpp", 1, *shown, protocol="given"),
        record("svdpp", 0, *shown, protocol="given", views={"rated-user": {**facts, "entities": 9}}),
    ]
    text = render(held, format=form)
    assert "SVD++" in text.replace("\\", "")
    assert "--" not in text.replace("---", "")
    assert "groupbench" not in text
    assert "run them again" not in text


class _Html(HTMLParser):
    """Collects the tags and the rows of cell texts."""

    def __init__(self):
        super().__init__()
        self.tags, self.rows, self.text = set(), [], ""

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        if tag == "tr":
            self.rows.append([])

    def handle_data(self, data):
        self.text += data

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self.rows[-1].append(self.text.strip())
        self.text = ""


def test_the_html_table(one_seed):
    text = render(one_seed, format="html")
    assert "<strong>0.700</strong>" in text
    assert "<u>0.550</u>" in text
    caption = "MovieLens 100K, protocol paper, view rated-user: 10 users, 2 skipped, tau 3.5, 1 seed"
    assert f"<figcaption>{caption}</figcaption>" in text
    parsed = _Html()
    parsed.feed(text.replace("<strong>", "").replace("</strong>", "").replace("<u>", "").replace("</u>", ""))
    assert parsed.rows[0] == ["Method", "Precision@10", "NDCG@10", "Norm", "Seconds", "MiB"]
    assert parsed.rows[2] == ["SVD", "0.400", "0.700", "0.500", "2.00", "30"]


def test_csv_and_json_are_the_tidy_rows(one_seed):
    frame = table_frame(one_seed)
    rows = list(csv.DictReader(io.StringIO(render(one_seed, format="csv"))))
    held = json.loads(render(one_seed, format="json"))
    assert list(frame.columns) == list(COLUMNS) == list(rows[0]) == list(held[0])
    assert len(rows) == len(held) == len(frame) == 9
    assert rows[0]["mean"] == "0.4"
    assert rows[0]["std"] == ""
    assert held[0] == {
        "dataset": "ml-100k",
        "protocol": "paper",
        "view": "rated-user",
        "method": "knn",
        "aggregator": "none",
        "metric": "precision@10",
        "mean": 0.4,
        "std": None,
        "seeds": 1,
        "status": "done",
        "reason": "",
        "tuning": "",
        "norm": pytest.approx(0.5),
        "seconds": 2.0,
        "joules": None,
        "mib": 30.0,
        "n": 10.0,
        "tau": 3.5,
    }
    assert held[-1]["status"] == "failed"
    assert held[-1]["mean"] is None


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=7), st.lists(st.floats(0, 1), min_size=1, max_size=7))
def test_means_and_deviations_are_those_of_numpy(ours, theirs):
    held = [record("a", s, figures(ndcg_at_10=v)) for s, v in enumerate(ours)]
    held += [record("b", s, figures(ndcg_at_10=v)) for s, v in enumerate(theirs)]
    frame = table_frame(held[::-1]).set_index("method")
    for method, values in (("a", ours), ("b", theirs)):
        assert frame.loc[method, "mean"] == pytest.approx(np.mean(values))
        assert frame.loc[method, "seeds"] == len(values)
        if len(values) > 1:
            assert frame.loc[method, "std"] == pytest.approx(np.std(values, ddof=1), abs=1e-12)
        else:
            assert np.isnan(frame.loc[method, "std"])


def test_the_order_of_records_does_not_matter(one_seed):
    assert render(one_seed, format="plain") == render(one_seed[::-1], format="plain")


def test_of_two_records_of_a_seed_the_newest_counts():
    held = [
        record("svd", 0, figures(ndcg_at_10=0.7), finished="2025-02-01"),
        record("svd", 0, figures(ndcg_at_10=0.1), finished="2025-01-01"),
    ]
    frame = table_frame(held)
    assert frame["mean"].tolist() == [0.7]
    assert frame["seeds"].tolist() == [1]


def test_seeds_that_failed_are_seen_beside_those_that_finished():
    held = [record("svd", s, figures(ndcg_at_10=0.5 + s / 10)) for s in range(3)]
    held += [
        failed("svd", 3, "killed by signal 9", "killed"),
        failed("svd", 4, "no end after 9 s", "timeout"),
    ]
    rows = table_frame(held).to_dict("records")
    assert [(r["metric"], r["seeds"], r["status"], r["reason"]) for r in rows] == [
        ("ndcg@10", 3, "done", ""),
        ("", 3, "killed", "1 of 5 seeds: killed by signal 9"),
        ("", 3, "timeout", "1 of 5 seeds: no end after 9 s"),
    ]
    assert rows[0]["mean"] == pytest.approx(0.6)
    lines = render(held, format="plain").splitlines()
    assert any(line.startswith("svd (3 of 5 seeds)  0.600 ± 0.100*") for line in lines)
    assert any(line.startswith("svd (killed)") for line in lines)
    assert "svd timeout: 1 of 5 seeds: no end after 9 s" in lines
    assert "10 to 12 users" in lines[0]


def test_different_reasons_of_one_status_are_all_kept():
    held = [record("a", 0, figures(ndcg_at_10=0.5)), failed("b", 0, "first"), failed("b", 1, "second")]
    rows = table_frame([*held, record("a", 1, figures(ndcg_at_10=0.5))])
    assert rows[rows.method == "b"].reason.tolist() == ["first; second"]


def test_a_failed_method_appears_once_in_every_view():
    shown = [figures(ndcg_at_10=0.5), figures("rated-group", "average", ndcg_at_10=0.6)]
    frame = table_frame([record("a", 0, *shown), failed("b")])
    assert frame[frame.method == "b"].view.tolist() == ["rated-group", "rated-user"]


def test_where_every_job_failed_the_reasons_are_shown():
    held = [failed("a", 0, "no memory"), failed("b", 0, "no luck")]
    frame = table_frame(held, views="rated-user", metrics="ndcg@10")
    assert frame[["view", "method", "reason"]].values.tolist() == [
        ["", "a", "no memory"],
        ["", "b", "no luck"],
    ]
    text = render(held, format="plain")
    assert text.startswith("ml-100k, protocol paper: no view was evaluated, 1 seed")
    assert "b failed: no luck" in text


def test_a_method_that_a_view_does_not_serve_is_skipped_with_its_reason():
    reason = "needs predicted ratings"
    held = [
        record("svd", 0, figures("faq", ndcg_at_10=0.5)),
        record("bpr", 0, figures("rated-user", ndcg_at_10=0.5), views={"faq": {"reason": reason}}),
    ]
    rows = table_frame(held, views="faq").to_dict("records")
    assert [(r["method"], r["status"], r["reason"]) for r in rows] == [
        ("svd", "done", ""),
        ("bpr", "skipped", reason),
    ]
    text = render(held, format="plain", views="faq")
    assert f"skipped: bpr: {reason}" in text
    assert text.count("bpr") == 1


def test_skipped_methods_share_one_line():
    facts = {"faq": {"reason": "no ratings"}}
    held = [record("svd", 0, figures("faq", ndcg_at_10=0.5))]
    held += [record(name, 0, figures(ndcg_at_10=0.5), views=facts) for name in ("als", "bpr")]
    assert "skipped: als, bpr: no ratings" in render(held, format="plain", views="faq").splitlines()


def aggregated():
    return [
        record(
            "svd",
            0,
            figures("rated-group", "average", precision_at_10=0.5, ndcg_at_10=0.7),
            figures("rated-group", "borda", precision_at_10=0.6, ndcg_at_10=0.6),
        ),
        record("agree", 0, figures("rated-group", "own", precision_at_10=0.4, ndcg_at_10=0.4)),
        record("random", 0, figures("rated-group", "none", precision_at_10=0.1, ndcg_at_10=0.1)),
    ]


@pytest.mark.parametrize(
    ("aggregator", "expected"),
    [
        ("average", ["own", "none", "average"]),
        ("borda", ["own", "none", "borda"]),
        ("best", ["own", "none", "borda"]),
        ("all", ["own", "none", "average", "borda"]),
        ("none", ["own", "none"]),
    ],
)
def test_which_aggregators_are_shown(aggregator, expected):
    frame = table_frame(aggregated(), metrics=["precision@10", "ndcg@10"], aggregator=aggregator)
    assert frame[frame.metric == "ndcg@10"].aggregator.tolist() == expected


def test_the_first_metric_picks_the_best_aggregator_and_the_table_calls_it_optimistic():
    picked = table_frame(aggregated(), metrics=["ndcg@10", "precision@10"], aggregator="best")
    assert picked[picked.method == "svd"].aggregator.unique().tolist() == ["average"]
    warning = "picked on the held-out rows: optimistic"
    assert warning in render(aggregated(), format="plain", aggregator="best")
    assert warning not in render(aggregated(), format="plain")


def test_errors_are_better_when_lower():
    held = [record(m, 0, figures(rmse=v)) for m, v in (("a", 0.9), ("b", 1.1), ("c", 1.0))]
    lines = render(held, format="plain", metrics="rmse").splitlines()
    assert [line.split()[:2] for line in lines[4:7]] == [["a", "0.900*"], ["c", "1.000_"], ["b", "1.100"]]


def test_values_that_print_alike_share_their_rank():
    held = [
        record(m, 0, figures(ndcg_at_10=v)) for m, v in (("a", 0.70001), ("b", 0.7), ("c", 0.69), ("d", 0.1))
    ]
    text = render(held, format="plain")
    assert text.count("0.700*") == 2
    assert "0.690_" in text
    assert "0.100_" not in text


def test_ties_move_a_line():
    held = [
        record("a", 0, figures(gap=0.006, ndcg_at_10=0.5)),
        record("b", 0, figures(gap=0.004, ndcg_at_10=0.4)),
    ]
    plain = render(held, format="plain")
    assert "a†  " in plain
    assert "b†" not in plain
    assert "† ties can move a shown metric by more than 0.01" in plain
    assert "tied" not in plain
    bounds = render(held, format="plain", ties="all")
    assert "0.500 [0.494, 0.506]*" in bounds
    assert "tied" in bounds
    assert "0.250" in bounds
    assert r"a$^{\dagger}$ & \textbf{0.500}" in render(held, format="latex")


def test_random_is_one_tie_and_neither_marked_nor_normalised_by_its_bounds():
    held = [
        record("random", 0, figures(gap=0.4, ndcg_at_10=0.5)),
        record("oracle", 0, figures(ndcg_at_10=0.9)),
        record("a", 0, figures(ndcg_at_10=0.7)),
    ]
    for ties in ("best", "worst", "expected"):
        text = render(held, format="plain", ties=ties)
        assert "†" not in text
        assert next(line for line in text.splitlines() if line.startswith("a ")).split()[2] == "0.500"


def test_tie_rules_choose_the_value():
    held = [record("a", 0, figures(gap=0.1, ndcg_at_10=0.5))]
    for rule, value in (("expected", 0.5), ("best", 0.6), ("worst", 0.4)):
        assert table_frame(held, ties=rule)["mean"].tolist() == pytest.approx([value])
        assert f"{value:.3f}*" in render(held, format="plain", ties=rule)
    every = table_frame(held, ties="all").set_index("metric")["mean"]
    assert every.to_dict() == pytest.approx({"ndcg@10": 0.5, "ndcg@10:best": 0.6, "ndcg@10:worst": 0.4})


def test_a_view_that_cannot_tell_random_from_the_oracle_says_so():
    held = [
        record("random", 0, figures(precision_at_10=0.23, recall_at_10=0.96, ndcg_at_10=0.9)),
        record("oracle", 0, figures(precision_at_10=0.23, recall_at_10=1.0, ndcg_at_10=1.0)),
    ]
    text = render(held, format="plain")
    assert "saturated: random and oracle differ by at most 5% in precision@10, recall@10\n" in text
    assert "saturated" not in render(held, format="plain", metrics="ndcg@10")


def test_a_flat_view_has_no_normalised_score():
    held = [record(m, 0, figures(ndcg_at_10=0.5)) for m in ("random", "oracle", "a")]
    row = next(line for line in render(held, format="plain").splitlines() if line.startswith("a "))
    assert row.split() == ["a", "0.500*", "–", "2.00", "30"]


@pytest.mark.parametrize("metric", ["jain-ndcg@10", "min-recall@10", "proportionality_error@10"])
def test_what_random_and_the_oracle_do_not_bound_has_no_norm(metric):
    values = {"random": 0.1, "oracle": 0.101, "a": 0.9}
    held = [record(name, 0, figures(**{metric: value})) for name, value in values.items()]
    text = render(held, format="plain", metrics=metric)
    assert "0.900" in text
    assert "norm" not in text
    assert "saturated" not in text


def test_without_an_oracle_there_is_no_norm(one_seed):
    assert "norm" not in render([r for r in one_seed if r.name != "oracle"], format="plain")


def test_a_parameterised_reference_row_is_still_one():
    held = [
        record("popularity(decay=2)", 0, figures(ndcg_at_10=0.9)),
        record("a", 0, figures(ndcg_at_10=0.5)),
    ]
    text = render(held, format="plain")
    assert "popularity(decay=2) (ref)  0.900 " in text
    assert "0.500*" in text


def test_simulated_data_is_labelled_wherever_it_shows():
    held = [record("a", 0, figures(ndcg_at_10=0.5), simulated=True, dataset="toy")]
    for form in FORMATS:
        assert "simulated data" in render(held, format=form)
    assert set(results_frame(held).reason) == {"simulated data"}


def test_protocols_and_data_sets_stand_side_by_side():
    held = [
        record("a", 0, figures(ndcg_at_10=0.5), dataset=d, protocol=p)
        for d, p in (("itmrec", "paper"), ("ml-100k", "paper"), ("ml-100k", "paper[ratio=0.85]"))
    ]
    text = render(held, format="markdown")
    captions = [line.partition(", view")[0] for line in text.splitlines() if line.startswith("###")]
    assert captions == [
        "### ITM-Rec, protocol paper",
        "### MovieLens 100K, protocol paper",
        r"### MovieLens 100K, protocol paper\[ratio=0.85\]",
    ]
    assert table_frame(held)[["dataset", "protocol"]].drop_duplicates().shape == (3, 2)


def test_other_judged_views_are_named_and_can_be_asked_for():
    held = [record("a", 0, *(figures(v, ndcg_at_10=0.5) for v in ("natural", "rated-user", "coupled")))]
    assert table_frame(held).view.tolist() == ["rated-user"]
    assert "also evaluated: coupled, natural (show them with --view NAME" in render(held, format="plain")
    assert table_frame(held, views=["natural", "coupled"]).view.tolist() == ["natural", "coupled"]
    every = render(held, format="plain", views="all")
    assert "also evaluated" not in every
    assert every.count("protocol paper") == 3


def test_views_without_the_usual_metrics():
    held = [record("a", 0, figures(ndcg_at_10=0.5), figures("sampled", hit_at_5=0.5))]
    assert table_frame(held, views="all", metrics="all").metric.tolist() == ["ndcg@10", "hit@5"]
    assert "none of ndcg@10 is measured in this view" in render(held, format="plain", views="sampled")
    assert table_frame([record("a", 0, figures(hit_at_5=0.5))]).metric.tolist() == ["hit@5"]


@pytest.mark.parametrize("form", ["plain", "markdown", "latex", "html"])
def test_hostile_names_are_text(form):
    held = [
        record(HOSTILE, 0, figures(ndcg_at_10=0.5), dataset=HOSTILE),
        failed("b", 0, HOSTILE, dataset=HOSTILE),
    ]
    text = render(held, format=form)
    assert "\x1b" not in text
    if form == "plain":
        assert "<script>alert('x')</script>|&%$#_{}~^\\*[a](b)\\n\\x1b[31m" in text
    if form == "markdown":
        assert "<script" not in text
        assert r"&lt;script&gt;alert('x')&lt;/script&gt;\|&amp;%\$\#\_{}\~^\\\*\[a\](b)\\n\\x1b\[31m" in text
    if form == "html":
        parsed = _Html()
        parsed.feed(text)
        assert "script" not in parsed.tags
        assert parsed.rows[1][0] == HOSTILE.replace("\n", "\\n").replace("\x1b", "\\x1b")
    if form == "latex":
        assert (
            r"\textless{}script\textgreater{}alert('x')\textless{}/script\textgreater{}\textbar{}\&\%\$\#\_\{\}"
            r"\textasciitilde{}\textasciicircum{}\textbackslash{}{*}{[}a{]}(b)\textbackslash{}n" in text
        )


@pytest.mark.parametrize("form", ["csv", "json"])
def test_hostile_names_survive_in_data(form):
    text = render([record(HOSTILE, 0, figures(ndcg_at_10=0.5))], format=form)
    rows = json.loads(text) if form == "json" else list(csv.DictReader(io.StringIO(text)))
    assert rows[0]["method"] == HOSTILE


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"views": "rated-usr"}, "unknown view in these results 'rated-usr'; did you mean 'rated-user'"),
        ({"metrics": ["ndcg@1O"]}, "unknown metric in these results 'ndcg@1O'; did you mean 'ndcg@10'"),
        ({"aggregator": "bord"}, "unknown aggregator in these results 'bord'; did you mean 'borda'"),
        ({"ties": "wrost"}, "unknown tie rule 'wrost'; did you mean 'worst'"),
        ({"against": "repotred"}, "unknown comparison 'repotred'; did you mean 'reported'"),
        ({"format": "latx"}, "unknown format 'latx'; did you mean 'latex'"),
    ],
)
def test_unknown_names_come_with_near_ones(options, message):
    held = [*aggregated(), record("a", 0, figures(ndcg_at_10=0.5))]
    with pytest.raises(ConfigError) as caught:
        render(held, **{"format": "plain", **options})
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"views": "rated-usr"}, "unknown view 'rated-usr'; did you mean 'rated-user'"),
        ({"metrics": ["ndgc@10"]}, "unknown metric 'ndgc'; did you mean 'ndcg'"),
    ],
)
def test_unknown_names_are_refused_where_every_job_failed(options, message):
    with pytest.raises(ConfigError) as caught:
        render([failed("a")], format="plain", **options)
    assert str(caught.value).startswith(message)
    assert "ValueError: no" in render([failed("a")], format="plain", views="rated-user", metrics=["mrr@5"])


@pytest.mark.parametrize(
    ("metric", "least", "most"),
    [
        ("ndcg@10", 0, 1),
        ("ndcg", 0, 1),
        ("envy-recall@5", 0, 1),
        ("rmse", 0, np.inf),
        ("novelty@3", 0, np.inf),
        ("nobody-knows@3", -np.inf, np.inf),
    ],
)
def test_what_values_a_metric_can_have(metric, least, most):
    assert bounds(metric) == (least, most)


@pytest.mark.parametrize("form", FORMATS)
def test_no_results_say_how_to_get_some(form):
    with pytest.raises(ResultError, match="groupbench run"):
        render([], format=form)


def test_reported_figures_stand_beside_ours_and_are_never_ranked():
    views = [
        figures(v, a, ndcg_at_10=0.5, precision_at_10=0.4)
        for v, a in (("rated-user", "none"), ("coupled", "average"))
    ]
    held = [record("svd", 0, *views), record("svd", 0, *views, dataset="itmrec")]
    frame = table_frame(held, views="all", against="reported")
    papers = frame[frame.status == "reported"]
    assert papers[["dataset", "view", "method", "metric", "mean"]].values.tolist() == [
        ["itmrec", "rated-user", "DMTL", "precision@10", 0.3182],
        ["ml-100k", "rated-user", "DMTL", "precision@10", 0.6867],
    ]
    assert papers.seeds.tolist() == [0, 0]
    assert papers.reason.str.contains("arXiv:2504.06274").all()
    text = render(held, format="plain", against="reported")
    assert "DMTL (reported)  0.687 " in text
    assert text.count("0.400*") == 2
    assert text.count("does not state: split, relevance threshold, denominators") == 2


def test_reported_figures_keep_away_from_other_data():
    held = [record("svd", 0, figures(ndcg_at_10=0.5, recall_at_10=0.5), dataset="itmrec-sim", simulated=True)]
    assert "reported" not in set(table_frame(held, against="reported").status)
    assert "no paper reports these metrics for this data set and view" in render(
        held, format="plain", against="reported"
    )


def test_a_method_without_the_chosen_aggregator_is_not_lost():
    other = record("knn", 0, figures("rated-group", "average", ndcg_at_10=0.3))
    rows = table_frame([*aggregated(), other], metrics="ndcg@10", aggregator="borda").set_index("method")
    assert rows.loc["knn", ["status", "reason"]].tolist() == ["skipped", "no scores with this aggregator"]


def test_a_value_that_is_undefined_in_every_seed_leaves_a_row():
    held = [record("a", 0, figures(ndcg_at_10=np.nan)), record("b", 0, figures(ndcg_at_10=0.5))]
    rows = table_frame(held).set_index("method")
    assert rows.loc["a", ["metric", "status", "reason"]].tolist() == [
        "",
        "done",
        "no value of the chosen metrics",
    ]
    assert np.isnan(rows.loc["a", "mean"])
    assert any(line.split()[:2] == ["a", "–"] for line in render(held, format="plain").splitlines())


def test_every_value_of_every_job():
    frame = results_frame([record("a", 3, figures(ndcg_at_10=0.5, rmse=0.9)), failed("b", 1, "why")])
    columns = ["dataset", "protocol", "view", "method", "aggregator", "seed", "metric", "status", "reason"]
    assert frame[columns].values.tolist() == [
        ["ml-100k", "paper", "rated-user", "a", "none", 3, "ndcg@10", "done", ""],
        ["ml-100k", "paper", "rated-user", "a", "none", 3, "rmse", "done", ""],
        ["ml-100k", "paper", "", "b", "", 1, "", "failed", "why"],
    ]
    assert frame.value[:2].tolist() == [0.5, 0.9]
    assert np.isnan(frame.value[2])


def test_a_metric_can_be_asked_for_by_a_synonym():
    held = [record("svd", 0, figures(recall_capped_at_10=0.625))]
    text = render(held, format="csv", metrics="bounded_recall@10")

    assert "recall_capped@10" in text
    assert "0.625" in text


@pytest.mark.parametrize(
    ("protocol", "second", "noted"),
    [
        ("given", 0.5, "the split that came with the data"),
        ("given", 0.6, ""),
        ("paper", 0.5, ""),
        ("paper+split=temporal", 0.5, "one split by time"),
        ("natural+held=rows+split=temporal", 0.5, "one split by time"),
    ],
)
def test_a_deviation_of_zero_over_seeds_that_share_a_split_is_explained(protocol, second, noted):
    held = [
        record(name, seed, figures(ndcg_at_10=value), protocol=protocol)
        for name, values in (("ease", (0.5, second)), ("oracle", (1.0, 1.0)))
        for seed, value in enumerate(values)
    ]
    text = render(held, format="plain", metrics=("ndcg@10",))
    assert ("± 0.000: all seeds have" in text) == bool(noted)
    assert f"all seeds have {noted}, and" in text or not noted
