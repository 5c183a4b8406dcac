"""Exported runs and truth, judged by other tools: where no tie is open they find our figures."""

from __future__ import annotations

from collections import defaultdict
from itertools import product
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from groupbench import api
from groupbench.results import store
from groupbench.results.exchange import ExportFilter, export

CUTOFFS = (3, 5, 10, 20)
PLACES = [
    ("paper", "rated-group", "dmtl", "own"),
    ("paper", "rated-group", "svd", "average"),
    ("paper", "rated-group", "dmtl", "borda"),
    ("paper", "rated-user", "svd", "none"),
    ("coupled", "coupled", "svd", "least-misery"),
    ("coupled", "coupled", "dmtl", "own"),
    ("natural", "natural", "svd", "average"),
]


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """Ratings with natural groups and joint ratings, and ids that no TREC file takes as they are."""
    folder = tmp_path_factory.mktemp("data") / "odd-ids"
    folder.mkdir()
    rng = np.random.default_rng(5)
    pairs = rng.choice(60 * 30, 700, replace=False)
    rows = [f'u {p // 30},"é/{p % 30}, #1",{rng.integers(1, 6)}' for p in pairs]
    (folder / "ratings.csv").write_text("\n".join(["user,item,rating", *rows]), encoding="utf-8")
    members = [f"g%{u % 12},u {u}" for u in range(60)]
    (folder / "groups.csv").write_text("\n".join(["group,user", *members]), encoding="utf-8")
    joint = [
        f'g%{p // 30},"é/{p % 30}, #1",{rng.integers(1, 6)}' for p in rng.choice(360, 150, replace=False)
    ]
    (folder / "group_ratings.csv").write_text("\n".join(["group,item,rating", *joint]), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def results(tmp_path_factory, data) -> Path:
    """Runs under three protocols."""
    folder = tmp_path_factory.mktemp("results")
    for protocol in (
        {"name": "paper", "n_groups": 6},
        {"name": "coupled", "n_groups": 40},
        {"name": "natural"},
    ):
        methods = ["svd"] if protocol["name"] == "natural" else ["svd", "dmtl"]
        few = {"dmtl": {"epochs": 2}} if "dmtl" in methods else {}
        options = {"protocol": protocol, "set": few, "groups_as": "members"}
        api.run(methods, str(data), results=folder, seeds=1, jobs=2, references=False, **options)
    return folder


@pytest.fixture(scope="module")
def exported(tmp_path_factory, results) -> Path:
    out = tmp_path_factory.mktemp("out") / "trec"
    chosen = ExportFilter(aggregators=["average", "borda", "least-misery"])
    export(api.load_records(results), results, out, "trec", chosen=chosen)
    return out


def read_trec(file: Path) -> dict[str, dict[str, float]]:
    """Queries with their items: relevance of qrels, scores of runs."""
    held: dict[str, dict[str, float]] = defaultdict(dict)
    for line in file.read_text(encoding="utf-8").splitlines():
        columns = line.split()
        assert len(columns) in (4, 6)
        held[columns[0]][columns[2]] = float(columns[4 if len(columns) == 6 else 3])
    return held


def trec_eval(qrels, run):
    """Values of every query by our names for the metrics, from trec_eval itself."""
    import pytrec_eval

    names = {"precision": "P", "recall": "recall", "ndcg": "ndcg_cut", "map": "map_cut", "hit": "success"}
    measures = {f"{name}.{','.join(map(str, CUTOFFS))}" for name in names.values()} | {"recip_rank"}
    relevance = {query: {item: int(r) for item, r in items.items()} for query, items in qrels.items()}
    found = pytrec_eval.RelevanceEvaluator(relevance, measures).evaluate(run)
    return {
        query: {f"{ours}@{k}": values[f"{name}_{k}"] for (ours, name), k in product(names.items(), CUTOFFS)}
        | {"mrr@20": values["recip_rank"]}
        for query, values in found.items()
    }


def ranx(qrels, run):
    """The same from ranx, for which numba compiles for minutes."""
    import ranx

    names = {"precision": "precision", "recall": "recall", "ndcg": "ndcg", "map": "map", "hit": "hit_rate"}
    asked = {f"{ours}@{k}": f"{name}@{k}" for (ours, name), k in product(names.items(), CUTOFFS)}
    asked["mrr@20"] = "mrr@20"
    scored = ranx.Run(run)
    relevance = {query: {item: int(r) for item, r in items.items()} for query, items in qrels.items()}
    ranx.evaluate(ranx.Qrels(relevance), scored, list(asked.values()), return_mean=False)
    return {query: {ours: scored.scores[name][query] for ours, name in asked.items()} for query in run}


@pytest.mark.parametrize("place", PLACES, ids="-".join)
@pytest.mark.parametrize("tool", [trec_eval, pytest.param(ranx, marks=pytest.mark.slow)])
def test_other_tools_find_our_figures(tool, place, results, exported):
    pytest.importorskip("pytrec_eval" if tool is trec_eval else "ranx")
    protocol, view, method, aggregator = place
    records = {(r.config["protocol"]["name"], r.name): r for r in api.load_records(results)}
    record = records[protocol, method]
    folder = exported / record.dataset / store.safe_name(record.protocol) / view / "seed-0"
    name = record.method if aggregator == "none" else f"{record.method}+{aggregator}"
    run = read_trec(folder / f"{name}.run")
    values = tool(read_trec(folder / "qrels"), run)

    theirs = defaultdict(list)
    for query, found in values.items():
        theirs[query.partition("/")[0] if view == "coupled" else query].append(found)
    ours = untied(results, record, view, aggregator)
    assert len(ours) >= 3
    for entity, wanted in ours.items():
        found = theirs[entity.replace("%", "%25").replace(" ", "%20")]
        for metric in found[0]:
            mean = np.mean([values[metric] for values in found])
            assert mean == pytest.approx(wanted[metric], abs=1e-9), (entity, metric)
    whole = next(f for f in record.metrics if (f.view, f.aggregator) == (view, aggregator))
    if len(ours) == record.views[view]["entities"]:
        mean = np.mean([np.mean([v["ndcg@10"] for v in found]) for found in theirs.values()])
        assert mean == pytest.approx(whole.values["ndcg@10"], abs=1e-9)


def untied(results, record, view, aggregator):
    """Our values of every entity whose list has no open tie."""
    folder = store.folder_of(results, record.dataset, record.protocol, record.method, record.key)
    table = pq.read_table(folder / "entities.parquet").to_pylist()
    mine = [row for row in table if row["view"] == view and row["aggregator"] == aggregator]
    return {row["entity"]: row for row in mine if row["tied_share@20"] == 0}


def test_graded_truth_is_in_the_tables(tmp_path, results):
    export(
        api.load_records(results), results, tmp_path / "out", "parquet", chosen=ExportFilter(methods=["svd"])
    )
    truth = pq.read_table(tmp_path / "out" / "truth.parquet").to_pandas()
    lists = pq.read_table(tmp_path / "out" / "lists.parquet").to_pandas()
    rated = truth[truth["view"] == "rated-group"]
    assert (rated["relevant"] == (rated["rating"] >= 3.5)).all()
    assert rated["rating"].nunique() > 5
    assert set(lists["method"]) == {"svd"}
    shown = lists[lists["view"] == "rated-group"].merge(
        rated, on=["dataset", "protocol", "seed", "entity", "item"]
    )
    assert len(shown) == len(lists[lists["view"] == "rated-group"])
    places = ["dataset", "protocol", "view", "seed", "method", "aggregator", "entity", "list"]
    assert (lists.groupby(places)["rank"].max() == lists.groupby(places)["item"].nunique()).all()
    assert truth[truth["view"] == "coupled"]["member"].notna().all()
