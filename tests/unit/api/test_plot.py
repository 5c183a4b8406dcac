"""Figures of a results folder: what is drawn, under which title and by which names."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from matplotlib.figure import Figure

import groupbench as gb
from groupbench.core.errors import ConfigError
from groupbench.report.palette import look_of
from groupbench.results import store
from tests._records import make_record, write_record

MEANS = {"svd": 0.6, "ease": 0.5, "random": 0.2}
KINDS = {"size": [2, 3, 4, 5] * 3, "cohesion": [*np.linspace(0, 1, 9), np.nan, np.nan, np.nan]}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    root = tmp_path_factory.mktemp("results")
    names = [f"g{i}" for i in range(12)]
    for method, mean in MEANS.items():
        for seed in range(2):
            values = mean + np.linspace(-0.1, 0.1, 12)
            means = {"ndcg@10": float(values.mean())}
            record = make_record(
                method,
                seed,
                key=f"{method}-{seed}",
                metrics=(store.ViewMetrics("rated-group", "average", means, means, means, 0.0),),
                views={"rated-group": {"entity": "group", "entities": 12, "skipped": 0, "tau": 3.5}},
                seconds={"fit": 1.0 + mean},
                peak_mb={"fit": 10.0},
            )
            texts = {"view": ["rated-group"] * 12, "aggregator": ["average"] * 12, "entity": names}
            groups = {"group": names, "members": [[f"{name}-{i}" for i in "ab"] for name in names], **KINDS}
            tables = {"entities": pa.table({**texts, "ndcg@10": values}), "groups": pa.table(groups)}
            write_record(root, record, tables)
    return root


def axes_of(drawn):
    assert isinstance(drawn, Figure)
    return drawn.axes[0]


def rows_of(drawn):
    return [label.get_text() for label in axes_of(drawn).get_yticklabels()]


def test_the_namespace_has_what_the_command_has():
    assert dir(gb.plot) == ["bars", "by_size", "cd", "distribution", "pareto"]


@pytest.mark.parametrize("name", ["bars", "distribution"])
def test_rows_are_drawn_best_first_under_the_names_asked_for(results, name):
    drawn = getattr(gb.plot, name)(results, title="Ours", labels={"SVD": "Ours", "NDCG@10": "nDCG"})
    assert rows_of(drawn) == ["Ours", "EASE", "Random"]
    assert axes_of(drawn).get_xlabel().startswith("nDCG")
    assert axes_of(drawn).get_title(loc="left") == "Ours"
    assert "rated-group" in drawn.about
    assert drawn._repr_png_().startswith(b"\x89PNG")


def test_options_are_those_of_the_command(results):
    assert rows_of(gb.plot.bars(results, method="SVD,rand*", view="rated-group", metric="NDCG@10")) == [
        "SVD",
        "Random",
    ]
    with pytest.raises(TypeError, match="did you mean 'metrics'"):
        gb.plot.bars(results, metricks="ndcg@10")
    with pytest.raises(
        ConfigError, match=r"unknown name of --labels in this drawing 'svdd'; did you mean 'svd'"
    ):
        gb.plot.bars(results, labels={"svdd": "SVD"})
    with pytest.raises(ConfigError, match="--labels svd: write NAME=TEXT"):
        gb.plot.bars(results, labels="svd")


def test_quantiles_are_of_all_groups_and_seeds(results):
    drawn = gb.plot.distribution(results, methods="svd")
    thin, thick, *_ = axes_of(drawn).lines
    values = np.tile(0.6 + np.linspace(-0.1, 0.1, 12), 2)
    assert list(thin.get_xdata()) == pytest.approx(np.quantile(values, [0.05, 0.95]))
    assert list(thick.get_xdata()) == pytest.approx(np.quantile(values, [0.25, 0.75]))
    assert "24 groups over all seeds" in drawn.about


def test_no_line_leads_to_groups_without_a_place_in_the_order(results):
    drawn = gb.plot.by_size(results, by="cohesion")
    kinds = [label.get_text() for label in axes_of(drawn).get_xticklabels()]
    assert kinds == ["low cohesion", "middle cohesion", "high cohesion", "no cohesion"]
    joined = [
        line for line in axes_of(drawn).lines if line.get_linestyle() != "None" and len(line.get_xdata())
    ]
    assert len(joined) == len(MEANS)
    for line in joined:
        assert np.isnan(line.get_ydata()).tolist() == [False, False, False, True]
    marked = [line for line in axes_of(drawn).lines if line.get_linestyle() == "None"]
    assert not np.isnan([line.get_ydata() for line in marked]).any()


def test_a_method_has_one_color_in_all_drawings(results):
    bars = [bar.get_facecolor() for bar in axes_of(gb.plot.bars(results)).patches]
    thin = [line.get_color() for line in axes_of(gb.plot.distribution(results)).lines[::4]]
    points = {
        line.get_label().partition(" ")[0]: line.get_color()
        for line in axes_of(gb.plot.pareto(results)).lines
        if line.get_marker() != "None"
    }
    from matplotlib.colors import to_hex, to_rgba

    expected = [look_of(name).color for name in MEANS]
    assert bars == [to_rgba(color) for color in expected]
    assert list(map(to_hex, thin)) == list(map(str.lower, expected))
    assert points == {name.upper(): look_of(name).color for name in ("svd", "ease")}
