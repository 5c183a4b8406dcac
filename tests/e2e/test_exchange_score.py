"""A split goes out without its truth, and rankings come back to the figures that a run here gets."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from groupbench import api
from groupbench.core.errors import ConfigError, DatasetError
from groupbench.data.dataset import Ratings
from groupbench.data.loading import load
from groupbench.results import store
from groupbench.results.archive import write_archive
from groupbench.results.exchange import PreparedSplit, export_task, score

PROTOCOLS = (
    {"name": "paper"},
    {"name": "coupled", "n_groups": 25},
    {"name": "natural"},
    {"name": "paper", "groups": "natural", "split": "leave-one-out"},
)


@pytest.fixture(scope="module")
def data():
    return load("itmrec-sim", None)


def test_a_row_of_a_plugin_keeps_its_name(answer, judge, tmp_path):
    answer.to_csv(tmp_path / "a.csv", index=False)
    ((record, _),) = judge(tmp_path / "a.csv", name="theirs")
    judge(tmp_path / "a.csv", name="theirs")
    for folder in (tmp_path / "results", tmp_path / "packed"):
        mine = replace(record, method="mine", name="mine", family="groupbench_plugin_1")
        if folder.name == "packed":
            write_archive([mine], tmp_path / "results", "x")
        else:
            store.write(store.folder_of(folder, mine.dataset, mine.protocol, "mine", mine.key), mine)
        with pytest.raises(ConfigError, match="the name 'mine' is taken by a method"):
            judge(tmp_path / "a.csv", name="mine")
        shutil.rmtree(tmp_path / "results")


@pytest.fixture(scope="module")
def native(tmp_path_factory):
    """Figures of the method `popularity` by protocol, view and metric."""
    folder = tmp_path_factory.mktemp("native")
    for options in PROTOCOLS:
        api.run("popularity", results=folder, seeds=1, jobs=1, protocol=options, references=False)
    return {record.protocol: record for record in api.load_records(folder)}


@pytest.fixture
def judge(data, tmp_path):
    """Scores files under a protocol."""

    def call(*files, options=PROTOCOLS[0], name="mine", **more):
        return score(
            [Path(f) for f in files],
            data,
            options,
            name=name,
            results=tmp_path / "results",
            source="itmrec-sim",
            **more,
        )

    return call


def ranked_elsewhere(task: Path) -> pd.DataFrame:
    """What somebody else makes of an exported task: popular items first, in all that is asked for."""
    card = json.loads((task / "task.json").read_text())
    read = {"dtype": str, "keep_default_na": False}
    popular = pd.read_csv(task / "train.csv", **read).groupby("item").size()
    answers = []
    for view, asked in card["views"].items():
        pairs = pd.read_csv(task / asked["file"], **read)
        if asked["file"].startswith("excluded"):
            entities = pd.read_csv(task / f"entities-{view}.csv", **read)
            everything = entities.merge(pd.read_csv(task / "items.csv", **read)[["item"]], how="cross")
            marked = everything.merge(pairs, how="left", on=["entity", "item"], indicator=True)
            pairs = marked[marked["_merge"] == "left_only"]
        answers.append(pairs[["entity", "item"]].assign(view=view))
    answer = pd.concat(answers)
    return answer.assign(score=answer["item"].map(popular).fillna(0))


@pytest.mark.parametrize("options", PROTOCOLS, ids=lambda o: "-".join(map(str, o.values())))
def test_rankings_from_elsewhere_get_the_figures_of_a_run_here(data, native, judge, tmp_path, options):
    split = PreparedSplit.make(data, options, 0)
    said = export_task(split, tmp_path / "task")
    answer = ranked_elsewhere(tmp_path / "task")
    answer.to_csv(tmp_path / "answer.csv", index=False)
    ((record, ranked),) = judge(tmp_path / "answer.csv", options=options)

    assert sum(one.missing + one.others for one in ranked) == 0
    ours = {f.view: f for f in native[split.protocol.label].metrics if f.aggregator in ("none", "average")}
    assert {f.view for f in record.metrics} == {view for view in said if ":" not in view}
    for figures in record.metrics:
        assert figures.values == pytest.approx(ours[figures.view].values, rel=0, abs=0, nan_ok=True)
        assert figures.best == pytest.approx(ours[figures.view].best, rel=0, abs=0, nan_ok=True)
        assert record.views[figures.view] == native[split.protocol.label].views[figures.view]


def test_a_task_holds_nothing_of_the_truth(data, tmp_path):
    """Other held-out ratings of the same pairs give the same files."""
    split = PreparedSplit.make(data, PROTOCOLS[0], 0)
    held = split.task.held_out
    turned = Ratings(held.users, held.items, 6.0 - held.values, held.n_users, held.n_items)
    task = type(split.task)(split.task.train, turned)
    cases, reasons = split.protocol.make_cases(task)
    other = PreparedSplit(data, split.protocol, 0, task, {j.view.name: j for j in cases}, reasons)
    export_task(split, tmp_path / "one")
    export_task(other, tmp_path / "other")
    files = sorted(f.name for f in (tmp_path / "one").iterdir())
    assert [(tmp_path / "one" / f).read_bytes() for f in files] == [
        (tmp_path / "other" / f).read_bytes() for f in files
    ]
    train = pd.read_csv(tmp_path / "one" / "train.csv")
    assert len(train) == len(split.task.train.ratings)
    assert train["rating"].sum() == split.task.train.ratings.values.sum()


@pytest.fixture
def answer(data, tmp_path):
    """A ranking of every candidate of rated-group with all scores different."""
    export_task(PreparedSplit.make(data, PROTOCOLS[0], 0), tmp_path / "task")
    pairs = pd.read_csv(tmp_path / "task" / "candidates-rated-group.csv", dtype=str)
    return pairs.assign(score=pairs.groupby("entity").cumcount())


def test_candidates_without_a_score_are_last_tied_and_counted(answer, judge, tmp_path):
    top = answer.sort_values("score", ascending=False).groupby("entity").head(20)
    top.to_parquet(tmp_path / "top.parquet")
    answer.to_csv(tmp_path / "all.csv", index=False)
    ((short, (one,)),) = judge(tmp_path / "top.parquet", name="short")
    ((whole, _),) = judge(tmp_path / "all.csv", name="whole")
    assert (one.missing, one.candidates) == (len(answer) - len(top), len(answer))
    values = {n: v for n, v in whole.metrics[0].values.items() if not n.startswith("tied")}
    assert {n: short.metrics[0].values[n] for n in values} == pytest.approx(values, abs=1e-12)

    answer.head(1).to_csv(tmp_path / "one.csv", index=False)
    ((lone, (one,)),) = judge(tmp_path / "one.csv", name="lone")
    assert one.missing == len(answer) - 1
    assert lone.metrics[0].values["tied_share@10"] > 0.5


def test_items_that_are_no_candidates_are_left_out_and_counted(data, answer, judge, tmp_path):
    known = set(zip(answer["entity"], answer["item"], strict=True))
    more = [("0", item) for item in data.item_ids if ("0", item) not in known]
    others = pd.DataFrame(more, columns=["entity", "item"]).assign(score=1e6)
    pd.concat([answer, others]).to_csv(tmp_path / "more.csv", index=False)
    answer.to_csv(tmp_path / "all.csv", index=False)
    ((record, (one,)),) = judge(tmp_path / "more.csv")
    ((plain, _),) = judge(tmp_path / "all.csv", name="plain")
    assert one.others == len(more) > 0
    assert record.metrics[0].values == plain.metrics[0].values


def test_a_record_like_any_other(answer, judge, tmp_path):
    answer.to_csv(tmp_path / "all.csv", index=False)
    ((record, _),) = judge(tmp_path / "all.csv", name="mine/v2")
    folder = store.folder_of(tmp_path / "results", record.dataset, "paper", "mine/v2", record.key)
    assert store.read(folder) == record
    assert (record.family, record.status, record.simulated) == ("external", "done", True)
    assert set(record.views) == {"rated-group", "rated-user", "rated-rows", "surprise-faq"}
    assert record.views["rated-user"]["reason"] == "no ranking for rated-user was given"
    assert "predicted to reach tau" in record.views["surprise-faq"]["reason"]
    table = api.table(tmp_path / "results")
    shown = table[table["metric"] == "ndcg@10"].iloc[0]
    assert (shown["method"], shown["aggregator"]) == ("mine/v2", "own")
    assert shown["mean"] == record.metrics[0].values["ndcg@10"]
    assert len(pq.read_table(folder / "entities.parquet")) == 20
    (again, _), *_ = judge(tmp_path / "all.csv", name="mine/v2")
    assert again.key == record.key
    other, *_ = judge(tmp_path / "all.csv", name="mine/v3")
    assert other[0].key != record.key


def test_several_repeats_and_views(data, answer, judge, tmp_path):
    export_task(PreparedSplit.make(data, PROTOCOLS[0], 1), tmp_path / "second")
    second = pd.read_csv(tmp_path / "second" / "candidates-rated-user.csv", dtype=str)
    both = [answer.assign(seed=0, view="rated-group"), second.assign(seed=1, view="rated-user", score=1)]
    pd.concat(both).to_csv(tmp_path / "both.csv", index=False)
    (zero, _), (one, _) = judge(tmp_path / "both.csv")
    assert (zero.seed, [f.view for f in zero.metrics]) == (0, ["rated-group"])
    assert (one.seed, [(f.view, f.aggregator) for f in one.metrics]) == (1, [("rated-user", "none")])

    answer.to_csv(tmp_path / "a.csv", index=False)
    ((record, _),) = judge(
        tmp_path / "a.csv", tmp_path / "a.csv", views=["rated-group", "rated-rows"], name="two"
    )
    assert [f.view for f in record.metrics] == ["rated-group", "rated-rows"]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"name": "svd"}, ConfigError, "the name 'svd' is taken"),
        ({"name": " "}, ConfigError, "the method has no name; give one with --name"),
        ({"name": "-"}, ConfigError, "the method has no name; give one with --name"),
        ({"name": "svd[n_factors=5]"}, ConfigError, "means something else"),
        ({"name": "svd:average"}, ConfigError, "means something else"),
        ({"name": "best"}, ConfigError, "means something else"),
        ({"name": "sv\u200bd"}, ConfigError, r"the name 'sv\\u200bd' is not what it looks like"),
        ({"name": "svd\ufe0f"}, ConfigError, "is not what it looks like"),
        ({"name": "\uff53vd"}, ConfigError, "is not what it looks like"),
        ({"views": ["rated-grup"]}, ConfigError, "unknown view of the protocol paper 'rated-grup'; did you"),
        ({"views": ["surprise-faq"]}, ConfigError, "view surprise-faq ranks what is predicted"),
        ({"views": ["rated-group", "rated-user"]}, ConfigError, "1 files for 2 views"),
        ({"views": ["rated-user"]}, DatasetError, r"a\.csv:2: unknown user '0'"),
        ({"options": {"name": "papr"}}, ConfigError, "unknown protocol 'papr'"),
    ],
)
def test_bad_usage(answer, judge, tmp_path, options, error, message):
    answer.to_csv(tmp_path / "a.csv", index=False)
    with pytest.raises(error, match=message):
        judge(tmp_path / "a.csv", **options)
    assert not (tmp_path / "results").exists()
