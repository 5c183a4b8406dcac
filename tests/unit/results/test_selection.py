from __future__ import annotations

import re
from dataclasses import replace

import pytest

from groupbench import api
from groupbench.core.errors import ConfigError, GroupbenchWarning
from groupbench.core.registry import methods
from groupbench.evaluation.evaluate import VERSION
from groupbench.report.render import render
from groupbench.report.select import gather
from groupbench.results import store
from groupbench.results.find import of_data
from groupbench.results.selection import CODE, select
from groupbench.results.store import EXTERNAL, ViewMetrics

FACTS = {"entities": 20, "skipped": 1, "tau": 3.5}


@pytest.fixture
def record(record):
    """A seed of a row that has code and facts of a view."""
    config = {**record.config, "content_hash": "aaaaaaaa11", "code": {"method": "1" * CODE}}
    values = ViewMetrics("rated-user", "none", {"ndcg@10": 0.5}, {"ndcg@10": 0.5}, {"ndcg@10": 0.5}, 0.0)
    return replace(record, config=config, metrics=(values,), views={"rated-user": FACTS})


def at(record, seed, day, **config):
    """Another seed, which ended on that day of January."""
    finished = f"2025-01-{day:02}T00:00:00.000+00:00"
    return replace(
        record, seed=seed, key=f"{seed}{day}", finished=finished, config={**record.config, **config}
    )


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"content_hash": "bbbbbbbb22"}, r"of other data \(content bbbbbbbb instead of aaaaaaaa\)"),
        ({"seed_label": "bbbbbbbb22"}, "whose splits were drawn in another way"),
        ({"evaluation": 3}, r"of another version of the evaluation \(3 instead of 4\)"),
        ({"protocol": {"name": "paper", "unit": "rows"}}, "under other options of the protocol"),
    ],
)
def test_a_table_holds_one_version_and_the_rest_is_named(record, change, why):
    old = [at(record, seed, 1, **change) for seed in (0, 1)]
    new = [replace(at(record, 2, 2), method="ease"), at(record, 2, 2)]
    found = select([*old, *new])
    assert list(found) == new
    (note,) = found.notes
    assert note.startswith("data, protocol paper: left out 2 records ")
    assert re.search(why, note)
    assert "(svd seeds 0, 1); " in note
    assert select(found) is found


def test_other_data_are_seen_by_their_content(record):
    old, new = at(record, 0, 1), at(record, 0, 2, content_hash="bbbbbbbb22")
    assert "see them with --dataset data@aaaaaaaa" in select([old, new]).notes[0]
    assert of_data([old, new], ["data@aaaaaaaa"]) == [old]
    assert of_data([old, new], ["data"]) == [old, new]
    with pytest.raises(ConfigError, match="unknown dataset of these results 'data@c'"):
        of_data([old, new], ["data@c"])


def test_contents_that_begin_alike_are_told_apart(record):
    other = at(record, 0, 2, content_hash="aaaaaaaa22")
    assert "--dataset data@aaaaaaaa11" in select([record, other]).notes[0]


def test_the_current_evaluation_counts_whatever_the_clock_said(record):
    old, new = at(record, 0, 9, evaluation=VERSION - 1), at(record, 1, 1, evaluation=VERSION)
    assert list(select([new, old])) == list(select([old, new])) == [new]


def test_a_failure_does_not_decide_which_data_are_shown(record):
    done, failed = at(record, 0, 1), at(record, 1, 2, content_hash="bbbbbbbb22")
    assert list(select([done, replace(failed, status="failed")])) == [done]


@pytest.mark.parametrize("name", ["tau", "entities", "skipped"])
def test_who_was_evaluated_otherwise_is_left_out(record, name):
    same = [replace(at(record, 0, 1), method=m) for m in ("a", "b")]
    other = replace(at(record, 0, 2), views={"rated-user": {**FACTS, name: 4}})
    found = select([*same, other])
    assert list(found) == same
    assert f"whose {name} in view rated-user is 4 instead of {FACTS[name]:g}" in found.notes[0]


def test_a_row_is_no_mean_over_versions_of_code(record):
    old = [at(record, seed, 1) for seed in (0, 1)]
    new = at(record, 2, 2, code={"method": "2" * CODE})
    found = select([*old, new])
    assert list(found) == [new]
    assert found.notes == (
        "data, protocol paper: left out 2 records made by other code (svd seeds 0, 1); run those seeds again",
    )
    again = [at(record, seed, 3, code=new.config["code"]) for seed in (0, 1)]
    found = select([*old, new, *again])
    assert list(found) == [new, *again]
    assert found.notes[0].endswith("; newer ones of the same seeds are shown")


def test_a_row_is_of_the_same_texts_where_both_are_known(record):
    unknown, old, new = at(record, 0, 1), at(record, 1, 2, text_hash="a"), at(record, 2, 3, text_hash="b")
    found = select([unknown, old, new])
    assert list(found) == [unknown, new]
    assert found.notes == (
        "data, protocol paper: left out 1 record of other texts (svd seed 1); run those seeds again",
    )


def test_an_aggregator_is_code_of_a_row_where_both_have_it(record):
    code = record.config["code"]
    plain = at(record, 0, 1)
    one, other = (at(record, n, n + 1, code={**code, "aggregator borda": str(n)}) for n in (1, 2))
    assert list(select([plain, one])) == [plain, one]
    assert list(select([plain, one, other])) == [plain, other]


def test_the_current_code_of_a_known_method_counts_whatever_the_clock_said(record):
    current = {"method": methods["svd"].source_hash[:CODE]}
    new, ahead = at(record, 0, 1, code=current), at(record, 0, 9)
    assert list(select([new, ahead])) == list(select([ahead, new])) == [new]
    unknown = [replace(r, name="not-registered") for r in (new, ahead)]
    assert list(select(unknown)) == [unknown[1]]


def test_a_time_that_is_still_to_come_counts_as_the_first(record):
    wrong = replace(at(record, 0, 1), finished="2999-01-01T00:00:00.000+00:00")
    right = at(record, 0, 2)
    assert list(select([wrong, right])) == list(select([right, wrong])) == [right]
    assert list(select([wrong])) == [wrong]


def test_code_that_was_not_recorded_is_known_by_sources_and_plugins(record):
    old = replace(record, config={**record.config, "code": None}, environment={"code": {"sha256": "x"}})
    one, other = at(old, 0, 1), at(old, 1, 2)
    assert list(select([one, other])) == [one, other]
    mine, edited = (at(old, n, n + 1, plugins={f"/{n}/mine.py": str(n)}) for n in (0, 1))
    assert list(select([mine, edited])) == [edited]
    listed = [at(old, n, n + 1, plugins=["/a/mine.py"]) for n in (0, 1)]
    assert list(select(listed)) == listed
    later = replace(at(record, 1, 3), environment={"code": {"sha256": "y"}})
    assert list(select([one, later])) == [later]


def test_one_label_with_two_sets_of_hyperparameters_is_two_rows(record):
    one, other = at(record, 0, 1), replace(at(record, 1, 2), hyperparameters={"n_factors": 7})
    found = select([one, other])
    assert list(found) == [other]
    assert "with other hyperparameters under the same label" in found.notes[0]


def test_rankings_from_elsewhere_have_no_code(record):
    files = [replace(at(record, n, n + 1, rankings={"a": str(n)}), family=EXTERNAL) for n in (0, 1)]
    assert list(select(files)) == files
    assert not select(files).notes


def test_a_ranking_of_one_view_says_nothing_of_the_others(record):
    both = replace(record, views={**record.views, "rated-group": FACTS})
    one = replace(both, method="mine", family=EXTERNAL, views={**both.views, "rated-group": {"entities": 0}})
    assert list(select([both, one])) == [both, one]


def test_every_reader_is_told_once(tmp_path, record):
    old, new = at(record, 0, 1), at(record, 0, 2, content_hash="bbbbbbbb22")
    for one in (old, new):
        store.write(store.folder_of(tmp_path, one.dataset, one.protocol, one.method, one.key), one)
    with pytest.warns(GroupbenchWarning, match="left out 1 record of other data") as told:
        found = api.load_records(tmp_path)
    assert (list(found), len(told)) == ([new], 1)
    lines: list[str] = []
    assert list(api.load_records(tmp_path, tell=lines.append)) == [new]
    assert lines == list(found.notes)
    assert list(api.load_records(tmp_path, ["data@aaaaaaaa"], lines.append)) == [old]
    assert len(lines) == 1


def test_a_table_says_what_it_leaves_out(record):
    metrics = (ViewMetrics("rated-user", "none", {"ndcg@10": 0.5}, {"ndcg@10": 0.5}, {"ndcg@10": 0.5}, 0.0),)
    done = replace(record, metrics=metrics)
    shown = [at(done, seed, 2, code={"method": "2" * CODE}) for seed in (1, 2)]
    text = render([at(done, 0, 1), *shown], format="plain")
    assert "2 seeds" in text
    assert "left out 1 record made by other code (svd seed 0); run those seeds again" in text


def test_values_that_are_reported_for_a_data_set_stand_by_no_folder_of_its_name(record):
    value = {"ndcg@10": 0.5}
    metrics = (ViewMetrics("sampled-group", "own", value, value, value, 0.0),)

    def reported(**config):
        made = replace(at(record, 0, 1, **config), dataset="mafengwo", protocol="given")
        made = replace(made, views={"sampled-group": FACTS}, metrics=metrics)
        return [row for section in gather([made], against="reported").sections for row in section.reported]

    assert reported(seed_label="mafengwo")
    assert not reported(seed_label="aaaaaaaa11")


def test_further_aggregators_of_a_seed_that_is_shown_are_named(record):
    (entry,) = record.metrics
    full = replace(at(record, 0, 1), metrics=(entry, replace(entry, aggregator="average")))
    later = replace(at(record, 0, 2), metrics=(entry, replace(entry, aggregator="p-mean[p=3]")))
    found = select([full, later])
    assert list(found) == [later]
    assert "1 record of a seed that is shown, with further aggregators (svd seed 0)" in found.notes[0]
    mine = [replace(one, family=EXTERNAL, method="mine") for one in (full, at(record, 0, 3))]
    assert list(select(mine)) == [mine[1]]
    fewer = replace(at(record, 0, 3), metrics=(entry,))
    assert list(select([full, fewer])) == [full]
    assert not select([full, fewer]).notes


def test_what_was_skipped_for_want_of_a_library_disappears_once_the_method_ran(record):
    missing = replace(at(record, 0, 1), method="cornac:BPR", name="cornac:BPR", metrics=())
    ran = replace(at(record, 0, 2), method="cornac:BPR@2.3[k=5]", name="cornac:BPR")
    other = replace(ran, method="cornac:BPR@2.3")
    assert list(select([missing, other])) == [other]
    assert select([missing, other]).notes == ()
    for stays in (ran, replace(other, finished="2024-01-01"), replace(other, protocol="coupled")):
        assert missing in select([missing, stays])
    assert missing in select([missing, replace(other, status="failed", metrics=())])
    assert list(select([replace(missing, finished="")])) == [replace(missing, finished="")]
    assert list(select([replace(missing, method="svd", name="svd"), other])) != [other]
