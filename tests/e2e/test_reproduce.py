"""Records are done again and keep or break their promise; reported values are reached or not."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from groupbench import api
from groupbench.cli import app
from groupbench.core import registry
from groupbench.core.errors import ConfigError, DatasetError, PluginError, ResultError
from groupbench.report.published import Publication, ReportedRow
from groupbench.results import store
from groupbench.results.environment import changes, promised
from groupbench.results.store import RunRecord, ViewMetrics
from groupbench.runner.reproduction import (
    CLOSE,
    RecordedInputs,
    agreement,
    beside_ours,
    find_runs,
    format_repeat,
    format_reported,
    format_summary,
    repeatable_runs,
    reported_for,
    reproduce,
)
from tests._records import make_record

PLUGIN = '''
"""A method that is never the same."""
import os
from dataclasses import dataclass
import numpy as np
from groupbench import Recommender, method

@method("moody")
@dataclass
class Moody(Recommender):
    """Scores that nobody can repeat."""
    deterministic = "never"
    strength: float = 1.0
    """How much they vary."""
    def fit(self, train, *, rng):
        self._n = train.ratings.n_items
        return self
    def score(self, users):
        return np.random.default_rng(int.from_bytes(os.urandom(8))).random((len(users), self._n))
'''


@pytest.fixture(scope="module", autouse=True)
def _forget_plugins():
    """Other tests run all methods there are, in workers that know no plugin of this file."""
    assert registry.methods
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry.methods, "_values", dict(registry.methods._values))
        yield


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A results folder with runs of built-in methods and of a plugin."""
    folder = tmp_path_factory.mktemp("done")
    (folder / "moody.py").write_text(PLUGIN)
    results = folder / "results"
    alone = {"results": results, "seeds": 1, "references": False}
    api.run(["svd", "oracle"], jobs=2, set={"svd": {"n_factors": 3}}, **alone)
    api.run("moody", plugins=[str(folder / "moody.py")], set={"moody": {"strength": 2}}, **alone)
    return results


@pytest.fixture
def records(done):
    return {r.name: r for r in api.load_records(done)}


def again(*records, **inputs):
    return list(reproduce(list(records), RecordedInputs(**inputs)))


def test_runs_are_repeated_from_their_records_alone(done, records, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    plugin = str(done.parent / "moody.py")
    repeats = {r.recorded.name: r for r in again(*records.values(), plugins=[plugin])}
    assert [r.holds for r in repeats.values()] == [True] * 3
    assert list(tmp_path.iterdir()) == []
    for name in ("svd", "oracle"):
        found = repeats[name].agreement
        assert found.differing == found.only_first == found.only_second == ()
        assert found.compared == 3 * sum(len(f.values) for f in records[name].metrics)
        assert repeats[name].promise.tolerance == 0.0
        assert repeats[name].changes == ()
    moody = repeats["moody"]
    assert moody.promise.tolerance is None
    assert moody.agreement.differing
    assert "not promised" in format_repeat(moody)
    assert "deterministic: never" in format_repeat(moody)
    assert "3 runs: 2 reproduced, 0 not, 0 failed; not promised: moody[strength=2.0]" in format_summary(
        list(repeats.values())
    )


def tampered(record, value):
    """The record with one other figure."""
    first, *others = record.metrics
    return replace(record, metrics=(replace(first, values={**first.values, "ndcg@10": value}), *others))


def test_a_figure_that_is_not_found_again_breaks_the_promise(records):
    svd = records["svd"]
    value = svd.metrics[0].values["ndcg@10"]
    (repeat,) = again(tampered(svd, value + 1e-6))
    assert not repeat.holds
    (broken,) = repeat.broken
    assert (broken.location.metric, broken.first - broken.second) == ("ndcg@10", pytest.approx(1e-6))
    assert format_repeat(repeat).startswith("DIFFERS ")
    assert "1 run: 0 reproduced, 1 not, 0 failed" in format_summary([repeat])
    (same,) = again(tampered(svd, value * (1 + 1e-12)))
    assert same.holds


def test_metrics_of_one_side_are_named_and_the_others_compared(records):
    svd = records["svd"]
    first, *others = svd.metrics
    values = {name: value for name, value in first.values.items() if name != "mrr@3"}
    old = replace(first, values={**values, "gone@7": 0.5})
    record = replace(svd, metrics=(old, *(f for f in others if f.aggregator in (old.aggregator, "none"))))
    (repeat,) = again(record)
    assert not repeat.holds
    assert format_repeat(repeat).startswith("DIFFERS ")
    assert repeat.agreement.only_first == ("gone@7",)
    assert repeat.agreement.only_second == ("mrr@3",)
    assert "only in the record: gone@7; only in the repeat: mrr@3" in format_repeat(repeat)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda svd: {"method": "ease"}, "method 'ease' -> 'svd[n_factors=3]'"),
        (lambda svd: {"protocol": "natural"}, "protocol 'natural' -> 'paper'"),
        (lambda svd: {"views": {**svd.views, "more": {}}}, "view more only in the record"),
        (lambda svd: {"metrics": svd.metrics * 2}, "stands there 2 times"),
        (lambda svd: {"metrics": svd.metrics[1:]}, "only in the repeat: "),
        (lambda svd: {"views": {v: {**f, "entities": 7} for v, f in svd.views.items()}}, "entities 7 -> "),
    ],
)
def test_what_a_record_says_beside_its_figures_is_compared_too(records, change, said):
    (repeat,) = again(replace(records["svd"], **change(records["svd"])))
    assert not repeat.holds
    assert format_repeat(repeat).startswith("DIFFERS ")
    assert said in format_repeat(repeat)


def test_elsewhere_figures_need_only_be_close(records):
    svd = records["svd"]
    elsewhere = replace(svd, environment={**svd.environment, "cpu": "another", "platform": "other kernel"})
    value = svd.metrics[0].values["ndcg@10"]
    (near,) = again(tampered(elsewhere, value + CLOSE / 2))
    assert near.holds
    assert near.promise.tolerance == CLOSE
    assert format_repeat(near).startswith("close ")
    assert [c.name for c in near.changes] == ["platform", "cpu"]
    (far,) = again(tampered(elsewhere, value + CLOSE * 2))
    assert [str(d.location) for d in far.broken] == [str(near.agreement.differing[0].location)]
    assert any(line.startswith("changed since  cpu: another -> ") for line in format_summary([far]))


@pytest.mark.parametrize(
    ("level", "repeatable", "changed", "tolerance"),
    [
        ("always", True, {}, 0.0),
        ("always", True, {"code": 0}, 0.0),
        ("always", True, {"packages": {"numpy": "1"}}, CLOSE),
        ("one-thread", True, {"python": "2"}, CLOSE),
        ("one-thread", False, {}, None),
        ("one-machine", True, {"code": 0}, 0.0),
        ("one-machine", True, {"cpu": "another"}, None),
        ("never", False, {}, None),
    ],
)
def test_what_is_promised(records, level, repeatable, changed, tolerance):
    svd = records["svd"]
    if "code" in changed:
        changed = {"code": {**svd.environment["code"], "sha256": "0"}}
    if "packages" in changed:
        changed = {"packages": {**svd.environment["packages"], **changed["packages"]}}
    other = replace(svd, environment={**svd.environment, **changed})
    found = changes(svd, other)
    assert len(found) == len(changed)
    assert promised(level, repeatable, found).tolerance == tolerance


def test_what_is_no_more_is_named(records, tmp_path):
    svd, moody = records["svd"], records["moody"]
    config = {**svd.config, "content_hash": "0" * 64}
    with pytest.raises(
        DatasetError, match=r"dataset itmrec-sim is not what run \w+ \(svd.*000000000000; take"
    ):
        again(replace(svd, config=config))
    with pytest.raises(DatasetError, match="used the data set 'other', not 'itmrec-sim'"):
        again(replace(svd, dataset="other"))
    (file,) = moody.config["plugins"]
    with pytest.raises(PluginError, match=r"needs the plugin .*moody\.py.*--plugin path/to/moody\.py"):
        again(moody)
    (repeat,) = again(moody, plugins=[file])
    assert repeat.reason == ""
    lost = replace(moody, config={**moody.config, "plugins": {"/nowhere/moody.py": "0" * 64}})
    with pytest.raises(
        PluginError, match=r"moody\.py is not known .* its sha256 is \w{12} instead of 0{12};"
    ):
        again(lost, plugins=[file])
    with pytest.raises(ConfigError, match="unknown method 'sdv'"):
        again(replace(svd, name="sdv"))
    figures = replace(svd.metrics[0], aggregator="averag")
    renamed = replace(svd, metrics=(figures,), config={**svd.config, "aggregators": ["averag"]})
    with pytest.raises(ConfigError, match="unknown aggregator 'averag'"):
        again(renamed)
    with pytest.raises(ResultError, match="does not record its plugins"):
        again(replace(svd, config={}))


def test_a_repeat_that_fails_is_no_success(records):
    svd = replace(records["svd"], hyperparameters={**records["svd"].hyperparameters, "n_factors": 10**9})
    (repeat,) = again(svd)
    assert not repeat.holds
    assert format_repeat(repeat).startswith("FAILED ")


def test_runs_are_found_by_folder_and_by_key(done, records):
    svd = records["svd"]
    folder = store.folder_of(done, svd.dataset, svd.protocol, svd.method, svd.key)
    assert find_runs([str(folder)], done) == find_runs([svd.key], done) == [svd]
    assert len(find_runs([str(done)], done)) == 3
    assert len(find_runs([str(folder.parents[1]), svd.key[:6]], done)) == 3
    for asked, message in (
        ("nothing", "is no folder, and no key in"),
        ("*", "is no folder, and no key in"),
        (str(Path(__file__).parent), "holds no run"),
    ):
        with pytest.raises(ResultError, match=message):
            find_runs([asked], done.parent)


def test_trials_of_tuning_are_no_runs(tmp_path, records):
    record = records["svd"]
    for kind in ("runs", "studies"):
        store.write(store.folder_of(tmp_path, "d", "p", "m", kind, kind), replace(record, key=kind))
    assert [r.key for r in find_runs([str(tmp_path)], tmp_path)] == ["runs"]


def test_what_did_not_end_well_is_left_out(records):
    svd = records["svd"]
    failed = replace(svd, status="failed", reason="out of memory")
    external = replace(svd, family=store.EXTERNAL)
    assert repeatable_runs([failed, svd, external]) == [svd]
    with pytest.raises(
        ResultError, match="nothing to repeat: its rankings were made elsewhere; out of memory"
    ):
        repeatable_runs([failed, external])


def test_a_record_of_before_promises_were_written_can_be_repeated(records):
    """Older records hold the threads as text, a list of plugins, and neither code nor evaluation."""
    svd = records["svd"]
    environment = {k: v for k, v in svd.environment.items() if k not in ("code", "deterministic")}
    config = {k: v for k, v in svd.config.items() if k != "evaluation"}
    old = replace(svd, environment=environment | {"threads": "1"}, config={**config, "plugins": []})
    (repeat,) = again(RunRecord.from_json(json.dumps(json.loads(old.to_json()))))
    assert repeat.holds
    assert repeat.promise.tolerance == 0.0


def a_record(values):
    return replace(
        make_record("m", dataset="d", protocol="p"),
        metrics=(ViewMetrics("v", "average", values, values, values, 0.0),),
    )


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.floats(-10, 10) | st.just(math.nan)),
    st.dictionaries(st.sampled_from("abcdef"), st.floats(-10, 10) | st.just(math.nan)),
)
def test_agreement_is_what_one_by_one_comparison_finds(one, other):
    found = agreement(a_record(one), a_record(other))
    both = one.keys() & other.keys()
    apart = {
        name
        for name in both
        if not (math.isnan(one[name]) and math.isnan(other[name]))
        and not math.isclose(one[name], other[name], rel_tol=1e-9, abs_tol=1e-15)
    }
    assert found.compared == 3 * len(both)
    assert {d.location.metric for d in found.differing} == apart
    sizes = [d.size for d in found.differing]
    assert sizes == sorted(sizes, reverse=True)
    if both:
        assert set(found.only_first) == one.keys() - other.keys()
        assert set(found.only_second) == other.keys() - one.keys()


def a_source(ties="as coded", **values):
    row = ReportedRow(method="M (code)", ours="m", dataset="d", values=values)
    views = ["v", "w"]
    return Publication(source="S", url="", unstated=[], protocol="p", ties=ties, views=views, rows=[row]), row


def judged_as(seed, aggregator="own", **values):
    """A record of `m`, each metric as (worst, expected, best)."""
    worst, expected, best = ({name: bounds[i] for name, bounds in values.items()} for i in range(3))
    figures = ViewMetrics("v", aggregator, expected, best, worst, 0.0)
    return make_record("m", seed, dataset="d", protocol="p", metrics=(figures,))


def test_reported_figures_are_reached_by_expected_values_only():
    values = {"hit@5": 0.6, "hit@10": 0.7, "ndcg@5": 0.5, "ndcg@10": 0.6}
    source = a_source(**values)
    first = judged_as(0, **{"hit@5": (0.5, 0.58, 0.6), "hit@10": (0.2, 0.4, 0.7), "ndcg@5": (0.1, 0.2, 0.3)})
    second = judged_as(1, **{"hit@5": (0.5, 0.61, 0.7), "hit@10": (0.2, 0.4, 0.7), "ndcg@5": (0.1, 0.2, 0.3)})
    found = {b.metric: b for b in beside_ours([source], [first, second])}

    assert {metric: b.verdict for metric, b in found.items()} == {
        "hit@5": "reached",
        "hit@10": "only under best-case ties",
        "ndcg@5": "not reached",
        "ndcg@10": "not measured",
    }
    assert found["hit@5"].ours["expected"] == pytest.approx(0.595)
    assert found["hit@5"].seeds == 2
    assert beside_ours([source], [first, second], tolerance=0.0)[0].verdict == "only under best-case ties"
    said = "\n".join(format_reported(list(found.values())))
    assert "M (code)" in said
    assert "means of 2 seeds" in said
    assert "4 values: 1 reached, 1 only under best-case ties, 1 not reached, 1 not measured" in said
    assert "M (code): S" in said


def test_a_methods_own_lists_are_compared_before_averaged_ones():
    bounds = {"hit@5": (0.1, 0.1, 0.1)}
    own, averaged = judged_as(0, **bounds), judged_as(0, "average", **{"hit@5": (0.9, 0.9, 0.9)})
    both = replace(own, metrics=(*averaged.metrics, *own.metrics))
    assert [b.ours["expected"] for b in beside_ours([a_source(**{"hit@5": 0.9})], [both])] == [0.1]
    assert [b.ours["expected"] for b in beside_ours([a_source(**{"hit@5": 0.9})], [averaged])] == [0.9]


def test_what_failed_is_not_compared():
    failed = replace(judged_as(0), status="failed", reason="out of memory", metrics=())
    with pytest.raises(ResultError, match="no run ended well, so there is nothing to compare: out of memory"):
        beside_ours([a_source(**{"hit@5": 0.9})], [failed])
    elsewhere = judged_as(0)
    elsewhere = replace(elsewhere, metrics=(replace(elsewhere.metrics[0], view="x"),))
    with pytest.raises(ResultError, match="not evaluated in any view"):
        beside_ours([a_source(**{"hit@5": 0.9})], [elsewhere])


def test_what_is_reported_is_found_by_our_names():
    found = reported_for("agree", "mafengwo")
    assert list(found) == ["given"]
    assert {(row.ours, row.dataset) for _, row in found["given"]} == {("agree", "mafengwo")}
    assert {paper.ties for paper, _ in found["given"]} == {"as coded", "expected"}
    with pytest.raises(ConfigError, match="on itmrec are reported; there are some on camra2011, mafengwo"):
        reported_for("agree", "itmrec")
    with pytest.raises(ConfigError, match="methods that have some: agree, aligngroup"):
        reported_for("ease", "mafengwo")


def test_a_method_is_run_where_runs_are_missing_and_put_beside_what_is_reported(tmp_path, monkeypatch):
    row = ReportedRow(method="Mean", ours="item-mean", dataset="itmrec-sim", values={"ndcg@10": 0.01})
    paper = Publication(
        source="S", url="", unstated=[], protocol="paper", ties="best", views=["rated-user"], rows=[row]
    )
    monkeypatch.setattr("groupbench.runner.reproduction._reported.papers", lambda: (paper,))
    monkeypatch.chdir(tmp_path)
    asked = ["reproduce", "item-mean", "--dataset", "itmrec-sim", "--seeds", "2"]
    first = CliRunner().invoke(app, asked)
    assert first.exit_code == 0, first.output
    assert "[2/2] done" in first.output
    assert "1 value: 1 reached" in first.output
    again = CliRunner().invoke(app, [*asked, "--tolerance", "0"])
    assert "done" not in again.output
    assert again.output.splitlines()[0] == "item-mean on itmrec-sim, protocol paper"
    with pytest.raises(ConfigError, match="item-mean is a method: say with --dataset"):
        CliRunner().invoke(app, ["reproduce", "item-mean"], catch_exceptions=False)
