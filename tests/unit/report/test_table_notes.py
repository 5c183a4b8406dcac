"""What tables say of what they do not show, do not rank or cannot lay out, and by which names they go."""

from __future__ import annotations

import pytest

from groupbench.core.errors import ConfigError
from groupbench.report.aggregate import ResultRow, row_meant
from groupbench.report.breakdown import render_breakdown
from groupbench.report.compare import _facts
from groupbench.report.long import ResultKey
from groupbench.report.names import _METHODS, Wording, labels_meant, method_name, registered_name, split_label
from groupbench.report.options import LayoutOptions
from groupbench.report.render import render
from groupbench.report.significance import Significance
from groupbench.results.store import ViewMetrics
from tests._records import make_record

FACTS = {"entities": 20, "skipped": 1, "tau": 3.5, "entity": "group", "definition": "", "reason": ""}
VALUES = {"random": 0.1, "oracle": 0.9, "svd": 0.5, "ease": 0.6, "bpr": 0.7}


def record(method, value, seed=0, view="rated-group", **changes):
    aggregator = "none" if method in ("random", "oracle") else "average"
    values = {"ndcg@10": value, **changes.pop("further", {})}
    shown = ViewMetrics(view, aggregator, values, values, values, 0.0)
    name = split_label(method)[0]
    return make_record(
        method,
        seed,
        dataset="itmrec",
        simulated=False,
        name=name,
        metrics=(shown,),
        views={view: FACTS},
        **changes,
    )


def of_seeds(**seeds):
    return [record(m, VALUES[m] + 0.01 * s, s) for m, of_method in seeds.items() for s in of_method]


def cells(text):
    return {line.split()[0]: line.split() for line in text.splitlines() if line}


def test_a_filter_says_how_many_methods_it_hides():
    held = of_seeds(random=[0], oracle=[0], svd=[0], ease=[0], bpr=[0])
    one = render(held, format="plain", methods=["svd", "ease"])
    assert "1 other method is not shown (--methods): best and second best are among those shown" in one
    two = render(held, format="markdown", methods="svd")
    assert "- 2 other methods are not shown: best and second best are among those shown" in two.replace(
        "\\", ""
    )
    assert "not shown" not in render(held, format="plain")


def test_rows_of_several_kinds_of_processors_are_told():
    held = [
        record(m, VALUES[m], environment={"cpu": kind}) for m, kind in (("svd", "one"), ("ease", "other"))
    ]
    said = "jobs ran on 2 kinds of processors"
    assert said in render(held, format="plain")
    assert said not in render(held, format="plain", methods=["svd"])
    assert said not in render([held[0], record("ease", 0.6)], format="plain")


def test_rows_that_miss_seeds_are_not_marked_and_a_note_says_so():
    text = render(of_seeds(svd=[0, 1], ease=[0, 1], bpr=[0]), format="plain")
    assert cells(text)["ease"][4] == "0.007*"
    assert cells(text)["svd"][4] == "0.007_"
    assert not {"0.700*", "0.700_"} & set(text.split())
    assert "not ranked, as seeds are missing that others have: bpr; run them with the same --seeds" in text
    assert "not ranked, as" not in render(of_seeds(svd=[0, 1], ease=[0, 1]), format="plain")


def test_what_a_method_says_with_every_seed_is_a_note():
    said = [["svd is linear", "seed 0 was slow"], ["seed 1 was not", "svd is linear"]]
    held = [record("svd", 0.5, seed, config={"notices": notices}) for seed, notices in enumerate(said)]
    text = render([*held, *of_seeds(ease=[0, 1])], format="plain")
    assert text.count("svd: svd is linear") == 1
    assert "seed 0" not in text
    assert "svd is linear" not in render([*held, *of_seeds(ease=[0, 1])], format="plain", methods=["ease"])
    assert "svd is linear" not in render([held[0], *of_seeds(svd=[1])], format="plain")


@pytest.mark.parametrize("seeds", [{"svd": [0, 1, 2], "ease": [0]}, {"svd": [0, 1], "ease": [2, 3]}])
def test_nothing_is_marked_where_no_two_rows_have_all_seeds(seeds):
    text = render(of_seeds(**seeds), format="plain")
    assert "*" not in text
    assert "not ranked, as seeds are missing that others have: ease" in text


def test_rows_of_equally_few_seeds_are_marked_whatever_references_have():
    text = render(of_seeds(random=[0, 1], svd=[0], ease=[0]), format="plain")
    assert "0.600*" in text
    assert "not ranked, as" not in text


def test_the_average_rank_is_of_rows_with_all_seeds():
    layout = LayoutOptions.make(layout="wide", std=False)
    text = render(of_seeds(svd=[0, 1], ease=[0, 1], bpr=[0]), format="plain", layout=layout)
    assert [cells(text)[name][-1] for name in ("ease", "svd", "bpr")] == ["1.00", "2.00", "–"]


def test_a_metric_that_was_asked_for_and_is_not_measured_here_has_a_note():
    held = [record("svd", 0.5), record("ease", 0.5, view="rated-user", further={"rmse": 0.9})]
    asked = render(held, format="plain", metrics=["ndcg@10", "rmse"], views="all")
    assert asked.count("not measured in this view: rmse") == 1
    assert "not measured" not in render(held, format="plain", metrics="all", views="all")
    assert "none of rmse is measured in this view" in render(
        held, format="plain", metrics="rmse", views="all"
    )


def test_a_column_that_was_asked_for_and_is_not_there_has_a_note_and_tied_needs_no_rule():
    layout = LayoutOptions.make(columns="Norm,tuning,tied")
    text = render(of_seeds(random=[0], svd=[0]), format="plain", layout=layout)
    assert text.splitlines()[2].split() == ["method", "tied"]
    assert "no column norm (it needs" in text
    assert ", tuning (no row is tuned)" in text


def test_no_columns_at_all_are_refused():
    with pytest.raises(ConfigError, match="--columns: name at least one"):
        LayoutOptions.make(columns="")


@pytest.mark.parametrize("format", ["csv", "JSON"])
def test_formats_for_programs_refuse_a_layout(format):
    layout = LayoutOptions.make(columns="norm", cost=False)
    with pytest.raises(ConfigError, match="names as they are; leave out --columns and --no-cost"):
        render(of_seeds(svd=[0]), format=format, layout=layout)
    assert render(of_seeds(svd=[0]), format=format, layout=LayoutOptions.make(layout="wide"))


@pytest.mark.parametrize("layout", ["views", "wide"])
def test_a_caption_of_ones_own_stands_before_what_no_table_may_lack(layout):
    own = LayoutOptions.make(caption="Ours.", layout=layout)
    text = render(of_seeds(svd=[0]), format="html", layout=own)
    assert "<figcaption>Ours. ITM-Rec, protocol paper" in text


def test_rows_metrics_and_data_go_by_labels():
    layout = LayoutOptions.make(labels="SVD=Ours,NDCG@10=nDCG,itmrec=Course groups")
    held = [*of_seeds(svd=[0], ease=[0]), record("svd[tuned]", 0.5)]
    for format in ("plain", "latex"):
        text = render(held, format=format, layout=layout)
        assert {"Ours", "nDCG", "Course groups"} <= {
            w for w in ("Ours", "nDCG", "Course groups") if w in text
        }
        assert "Ours [tuned]" in text.replace("{[}", "[").replace("{]}", "]")
    with pytest.raises(
        ConfigError, match="unknown name of --labels in these results 'svdd'; did you mean 'svd'"
    ):
        render(held, format="plain", layout=LayoutOptions.make(labels="svdd=x"))


def test_printed_names_are_of_one_method_each_and_lead_back_to_it():
    assert len({printed.casefold() for printed in _METHODS.values()}) == len(_METHODS)
    for name, printed in _METHODS.items():
        assert registered_name(printed.upper()) == name
        assert method_name(f"{name}[both]") == f"{printed} [both]"
        assert method_name(f"{name} (borda)") == f"{printed} (borda)"
    assert registered_name("mine") == "mine"
    assert labels_meant({}, ["svd"], "x") == {}
    assert Wording().method("svdpp") == "svdpp"


def test_tables_by_kinds_of_groups_have_labels_digits_and_a_caption_and_refuse_the_rest():
    import pandas as pd

    row = {"dataset": "itmrec", "simulated": False, "protocol": "paper", "view": "coupled", "method": "svdpp"}
    row |= {"aggregator": "none", "metric": "ndcg@10", "by": "size", "kind": "2", "groups": 3, "mean": 0.5}
    frame = pd.DataFrame([row])
    layout = LayoutOptions.make(digits=1, caption="Ours", labels={"SVD++": "Mine"})
    text = render_breakdown(frame, format="Markdown", layout=layout)
    assert "### Ours. ITM-Rec, protocol paper, view coupled: NDCG@10 by size of the group" in text
    assert "| Mine " in text
    assert "0.5 |" in text
    assert "| SVD++ " in render_breakdown(frame, format="markdown")
    assert "svdpp " in render_breakdown(frame, format="plain")
    with pytest.raises(ConfigError, match="have one layout; leave out --layout and --no-std"):
        render_breakdown(frame, format="plain", layout=LayoutOptions.make(layout="wide", std=False))
    with pytest.raises(ConfigError, match=r"csv has all columns and digits.*leave out --digits"):
        render_breakdown(frame, format="csv", layout=LayoutOptions.make(digits=1))


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("SVD:AVERAGE", "svd:average"),
        ("svd++", "svdpp"),
        ("SVD++:Own", "svdpp:own"),
        ("Ease:none", "ease:none"),
    ],
)
def test_a_row_is_meant_in_any_case_and_by_its_printed_name(written, meant):
    key = ResultKey("itmrec", "paper", "rated-group")
    rows = [("svd", "average"), ("svdpp", "own"), ("ease", "none"), ("ease", "average")]
    assert row_meant("row", [ResultRow(key, m, m, aggregator) for m, aggregator in rows], written) == meant


def test_tests_and_ties_are_named_in_any_case(tmp_path):
    how = Significance(tmp_path, test="Permutation", correction="BH")
    assert (how.test, how.correction) == ("permutation", "bh")
    assert "ties: every tie is broken in" in render(of_seeds(svd=[0]), format="plain", ties="BEST")


def test_a_comparison_without_a_test_prints_no_nan():
    nan = float("nan")
    row = {"first": "a", "second": "b", "mean_first": 0.5, "mean_second": 0.4, "difference": 0.1}
    row |= dict.fromkeys(("low", "high", "units", "inflation", "cohen_d", "rank_biserial"), nan)
    row |= {f"p_{test}": nan for test in ("bootstrap", "permutation", "t", "wilcoxon")}
    row |= {"wins": 1, "ties": 0, "losses": 0, "unit": "why", "pairing": "none", "seeds": 1}
    told = dict(_facts(row, 0.05))
    assert "nan" not in str(told)
    assert told["unit"] == "no test: why"
