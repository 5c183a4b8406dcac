"""Figures by size, cohesion and activity against a plain pandas computation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from groupbench import api
from groupbench.core.errors import ConfigError
from groupbench.report.breakdown import breakdown_frame, render_breakdown


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("breakdown")
    api.run(
        ["random", "item-mean"],
        "itmrec-sim",
        results=folder,
        protocol={"name": "coupled", "n_groups": 60, "sizes": [2, 4]},
        seeds=2,
        jobs=2,
        references=False,
    )
    return folder


def test_sizes_are_kinds_of_their_own(results):
    records = api.load_records(results)
    found = breakdown_frame(results, records, by="size", metric="recall@5")

    assert set(found["kind"]) == {"2", "4"}
    for (method, aggregator, view), rows in found.groupby(["method", "aggregator", "view"]):
        for row in rows.itertuples():
            by_seed = []
            for file in sorted(results.glob(f"runs/*/*/{method}/*/entities.parquet")):
                values = pd.read_parquet(file).astype({"view": str, "aggregator": str})
                sizes = pd.read_parquet(file.with_name("groups.parquet")).set_index("group")["size"]
                values = values[(values["view"] == view) & (values["aggregator"] == aggregator)]
                of_size = values[values["entity"].map(sizes) == int(row.kind)]
                by_seed.append(of_size["recall@5"].dropna().mean())
            assert row.seeds == 2
            assert row.mean == pytest.approx(np.mean(by_seed))
            assert row.std == pytest.approx(np.std(by_seed, ddof=1))


@pytest.mark.parametrize("by", ["cohesion", "activity"])
def test_thirds_hold_every_group_once(results, by):
    found = breakdown_frame(results, api.load_records(results), by=by)
    rows = found[(found["method"] == "item-mean") & (found["view"] == "coupled")]

    assert list(rows["kind"])[:3] == [f"low {by}", f"middle {by}", f"high {by}"]
    sizes = breakdown_frame(results, api.load_records(results), by="size")
    same = sizes[(sizes["method"] == "item-mean") & (sizes["view"] == "coupled")]
    assert rows["groups"].sum() == pytest.approx(same["groups"].sum())


def test_captions_name_simulated_data_and_formats_are_escaped(results):
    found = breakdown_frame(results, api.load_records(results), by="size")
    plain = render_breakdown(found, format="plain")
    assert "itmrec-sim (simulated data), protocol coupled" in plain
    assert render_breakdown(found, format="csv").splitlines()[0].startswith("dataset,simulated,protocol")
    hostile = found.assign(method="<script>")
    assert "<script>" not in render_breakdown(hostile, format="html")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"by": "sise"}, "did you mean 'size'"),
        ({"by": "size", "metric": "ndcg@11"}, "ndcg@11"),
        ({"by": "size", "aggregator": "avrage"}, "avrage"),
    ],
)
def test_what_is_not_there_is_named(results, options, said):
    records = [r for r in api.load_records(results) if r.method == "item-mean"]
    with pytest.raises(ConfigError, match=said):
        breakdown_frame(results, records, **options)


def test_formats_are_checked(results):
    found = breakdown_frame(results, api.load_records(results), by="size")
    with pytest.raises(ConfigError, match="unknown format"):
        render_breakdown(found, format="docx")
