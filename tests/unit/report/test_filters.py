"""Which results a table shows, and the wide layout of them."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest

from groupbench.core.errors import ConfigError
from groupbench.report.names import dataset_name, method_name, metric_name
from groupbench.report.options import LayoutOptions, ResultFilter
from groupbench.report.render import render, table_frame
from groupbench.results.find import of_protocols
from groupbench.results.store import ViewMetrics
from tests._records import make_record

FACTS = {"entities": 20, "skipped": 1, "tau": 3.5, "entity": "group", "definition": "", "reason": ""}


def values(view, aggregator="none", **named):
    by_name = {name.replace("_at_", "@"): value for name, value in named.items()}
    return ViewMetrics(view, aggregator, by_name, by_name, by_name, 0.0)


def record(method, *metrics, seed=0, dataset="ml-100k", name=None, **changes):
    views = {entry.view: FACTS for entry in metrics}
    name = name or method.partition("[")[0]
    return make_record(
        method, seed, dataset=dataset, simulated=False, name=name, metrics=metrics, views=views, **changes
    )


@pytest.fixture
def records():
    """Two data sets; the value of a method's NDCG@10 on the first, and its reverse on the second."""
    found = []
    for method, value in {"random": 0.1, "oracle": 0.9, "svd": 0.5, "svdpp": 0.7, "dmtl": 0.6}.items():
        native = "own" if method == "dmtl" else "average"
        aggregator = "none" if method in ("random", "oracle") else native
        for seed in (0, 1):
            shown = [
                values("rated-group", aggregator, ndcg_at_5=value, ndcg_at_10=value, recall_at_10=value),
                values("rated-user", ndcg_at_5=value, ndcg_at_10=value / 2, recall_capped_at_5=value),
            ]
            found.append(record(method, *shown, seed=seed))
            other = values("rated-group", aggregator, ndcg_at_10=1 - value)
            found.append(record(method, other, seed=seed, dataset="itmrec"))
    return found


@pytest.mark.parametrize(
    ("options", "methods", "metrics"),
    [
        ({"methods": "SVD*"}, {"svd", "svdpp"}, {"recall@10", "ndcg@10"}),
        ({"methods": ["svd++", "DMTL"]}, {"svdpp", "dmtl"}, {"recall@10", "ndcg@10"}),
        ({"methods": "svd", "metrics": "NDCG", "k": [5, 10]}, {"svd"}, {"ndcg@5", "ndcg@10"}),
        ({"methods": "svd", "k": [5]}, {"svd"}, {"ndcg@5"}),
        (
            {"methods": "svd", "metrics": "bounded_recall@5", "views": "Rated-User"},
            {"svd"},
            {"recall_capped@5"},
        ),
        ({"methods": "svd", "metrics": "*@5", "views": "rated-*"}, {"svd"}, {"ndcg@5", "recall_capped@5"}),
    ],
)
def test_names_in_any_case_by_alias_or_pattern(records, options, methods, metrics):
    frame = table_frame(records, **options).query("status == 'done' and metric != ''")
    assert set(frame.method) == methods
    assert set(frame.metric) == metrics


def test_the_legend_speaks_of_reference_rows_where_there_are_any(records):
    assert "(ref) marks reference rows" in render(records, format="latex")
    assert "(ref)" not in render(records, methods=["svd", "svdpp"], format="latex")


def test_views_without_rows_of_the_methods_are_left_out_and_named(records):
    alone = record("ease", values("rated-user", ndcg_at_10=0.4), dataset="groupfm")
    text = render([*records, alone], methods="ease", format="plain")
    assert "no row of these methods in itmrec, paper, rated-group and 2 more views" in text
    assert text.count("protocol paper, view") == 1
    assert "protocol paper, view rated-group" in render([*records, alone], format="plain")


def test_the_norm_of_chosen_methods_needs_no_reference_row_beside_them(records):
    (row,) = (
        table_frame(records, methods="svd", metrics="recall@10", views="rated-group")
        .query("dataset == 'ml-100k'")
        .to_dict("records")
    )
    assert row["norm"] == pytest.approx((0.5 - 0.1) / (0.9 - 0.1))
    assert (row["n"], row["tau"]) == (20, 3.5)


def test_a_label_counts_before_the_name_that_it_is_of(records):
    tuned = record("svd[tuned]", values("rated-group", "average", ndcg_at_10=0.8), name="svd")
    assert set(table_frame([*records, tuned], methods="svd").method) == {"svd"}
    assert set(table_frame([tuned], methods="SVD").method) == {"svd[tuned]"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"methods": "svdd"}, "unknown method in these results 'svdd'; did you mean 'svd'"),
        ({"aggregator": "averge"}, "unknown aggregator in these results 'averge'; did you mean 'average'"),
        ({"k": [7]}, "k=7: these results hold metrics at K of 5, 10 only; .* run again with --k 7"),
    ],
)
def test_what_is_not_there_is_refused_with_a_remedy(records, options, said):
    with pytest.raises(ConfigError, match=said):
        table_frame(records, **options)


def test_protocols_by_name_and_by_label():
    under = [record("svd", protocol=label) for label in ("paper", "paper+ratio=0.9", "coupled")]
    assert of_protocols(under, ["paper"]) == under[:1]
    assert of_protocols(under[1:], ["Paper"]) == under[1:2]
    assert of_protocols(under, ["paper+*"]) == under[1:2]


def test_columns_digits_and_no_cost(records):
    def heads(**options):
        layout = LayoutOptions.make(**options)
        return render(records, format="plain", layout=layout, views="rated-user", methods="svd").split()

    assert "seconds" in heads()
    assert not {"seconds", "MiB"} & set(heads(cost=False))
    assert "0.2500" in " ".join(heads(digits=4))
    assert "±" in heads()
    assert "±" not in heads(std=False)
    line = render(records, format="plain", layout=LayoutOptions.make(columns="n,norm"), methods="svd")
    assert line.splitlines()[2].split() == ["method", "n", "norm"]
    with pytest.raises(ConfigError, match="unknown column 'nrm'; did you mean 'norm'"):
        heads(columns="nrm")


def test_the_wide_layout_has_a_row_a_method_and_the_average_rank(records):
    wide = LayoutOptions.make(layout="wide", std=False)
    text = render(records, format="plain", layout=wide, views="rated-group", metrics="ndcg@10")
    rows = {line.split()[0]: line.split()[1:] for line in text.splitlines()[4:] if line}
    assert rows["svdpp"] == ["0.300", "0.700*", "2.00"]
    assert rows["dmtl:own"] == ["0.400_", "0.600_", "2.00"]
    assert rows["svd"] == ["0.500*", "0.500", "2.00"]
    assert rows["oracle"] == ["(ref)", "0.100", "0.900", "–"]
    latex = render(records, format="latex", layout=wide, views="rated-group", metrics="ndcg@10")
    assert r"& \multicolumn{1}{c}{ITM-Rec} & \multicolumn{1}{c}{MovieLens 100K} &" in latex
    assert r"SVD++ & 0.300 & \textbf{0.700} & 2.00 \\" in latex
    machine = LayoutOptions.make(layout="Wide")
    frame = list(
        csv.DictReader(io.StringIO(render(records, format="CSV", layout=machine, views="rated-group")))
    )
    assert frame[0]["method"] == "svdpp"
    assert float(frame[0]["average_rank"]) == pytest.approx((3 + 1 + 1) / 3)
    assert float(frame[0]["itmrec paper rated-group ndcg@10"]) == pytest.approx(0.3)
    with pytest.raises(ConfigError, match="--columns is for --layout views"):
        render(records, format="plain", layout=LayoutOptions.make(layout="wide", columns="norm"))


def test_a_row_without_a_value_in_each_column_has_no_average_rank(records):
    short = record("ease", values("rated-group", "average", ndcg_at_10=0.5))
    wide = LayoutOptions.make(layout="wide")
    text = render([*records, short], format="plain", layout=wide, views="rated-group", metrics="ndcg@10")
    (line,) = (line for line in text.splitlines() if line.startswith("ease"))
    assert line.split()[-1] == "–"


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        (method_name("svdpp"), "SVD++"),
        (method_name("ease[both]"), "EASE [both]"),
        (method_name("dmtl-single"), "DMTL-single"),
        (method_name("mine[x=1]"), "mine[x=1]"),
        (metric_name("ndcg@10"), "NDCG@10"),
        (metric_name("min-ndcg@5"), "min-NDCG@5"),
        (metric_name("rmse"), "RMSE"),
        (metric_name("nothing@5"), "nothing@5"),
        (dataset_name("camra2011:clean"), "CAMRa2011 households (clean)"),
        (dataset_name("lunch"), "lunch"),
    ],
)
def test_names_in_print(name, printed):
    assert name == printed


def test_a_filter_without_a_name_or_with_too_many_is_refused():
    with pytest.raises(ConfigError, match="--view: name at least one"):
        ResultFilter.make(views="")
    with pytest.raises(ConfigError, match="--metrics ndcg,recall: name one at a time"):
        ResultFilter.make(metrics="ndcg,recall").one("metrics")


def test_a_metric_that_not_all_have_says_how_many():
    shown = values("rated-group", ndcg_at_10=0.5, recall_at_10=0.5)
    views = {"rated-group": {**FACTS, "defined": {"recall@10": 18}}}
    held = [replace(record("svd", shown), views=views), record("svd", shown, seed=1)]
    frame = table_frame(held, metrics="all").set_index("metric")
    assert frame.n.to_dict() == {"ndcg@10": 20, "recall@10": 19}
    assert "not every group has a value of recall@10 (18)" in render(held, format="plain").splitlines()
