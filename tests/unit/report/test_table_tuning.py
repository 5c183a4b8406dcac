"""Which rows of a table were tuned, and what is said where only some were."""

from __future__ import annotations

import pytest

from groupbench.report.render import render, table_frame
from groupbench.results.store import ViewMetrics
from tests._records import make_record

VALUES = {"ndcg@10": 0.5}


def record(method, seed=0, trials=0, **changes):
    name = method.partition("[")[0]
    tuning = {"trials": trials, "seconds": 9.0, "metric": "ndcg@10", "view": "rated-user", "seed": seed}
    made = {
        "dataset": "ml-100k",
        "simulated": False,
        "name": name,
        "hyperparameters": {"n": 1},
        "tuning": tuning if trials else {},
        "metrics": (ViewMetrics("rated-user", "none", VALUES, VALUES, VALUES, 0.0),),
        "views": {"rated-user": {"entities": 10, "skipped": 0, "tau": 3.5, "definition": "", "reason": ""}},
        "peak_mb": {"fit": 1.0},
    }
    return make_record(method, seed, **{**made, **changes})


def test_tuned_rows_show_their_trials_and_others_that_they_ran_at_defaults():
    held = [record("dmtl[tuned]", trials=20), record("svd"), record("slope-one", hyperparameters={})]
    lines = render([*held, record("random")], format="plain").splitlines()
    assert lines[2].split()[:2] == ["method", "tuning"]
    cells = {line.split()[0]: line for line in lines[4:8]}
    assert "tuned (20)" in cells["dmtl[tuned]"]
    assert "default" in cells["svd"]
    assert "default" not in cells["slope-one"]
    assert "default" not in cells["random"]
    assert "svd ran at defaults while dmtl[tuned] was tuned: tune them alike" in "\n".join(lines)
    assert "slope-one ran at defaults" not in "\n".join(lines)
    assert "no row is tuned" not in "\n".join(lines)


def test_many_tuned_rows_are_counted():
    held = [record("dmtl[tuned]", trials=20), record("bpr[tuned]", trials=20), record("svd"), record("als")]
    text = render(held, format="plain")
    assert "als, svd ran at defaults while 2 rows were tuned: tune them alike" in text


def test_without_tuned_rows_there_is_no_column_but_one_sentence():
    text = render([record("svd"), record("dmtl")], format="plain")
    assert "tuning" not in text
    assert text.count("no row is tuned") == 1


def test_a_method_that_was_tuned_may_stand_beside_its_defaults():
    text = render([record("svd[tuned]", trials=20), record("svd")], format="plain")
    assert "ran at defaults" not in text


@pytest.mark.parametrize(("trials", "said"), [(20, False), (5, True)])
def test_different_numbers_of_trials_are_pointed_out(trials, said):
    text = render([record("a[tuned]", trials=20), record("b[tuned]", trials=trials)], format="plain")
    assert ("different numbers of trials" in text) is said


def test_seeds_of_one_row_that_differ_show_both():
    frame = table_frame([record("a", 0, trials=20), record("a", 1, trials=10), record("b", 0)])
    assert frame["tuning"].tolist() == ["tuned (10) and tuned (20)", "default"]


def test_the_frame_has_it_for_every_row():
    named = ("b", "b[both]", "c[n=2]", "c[rows,n=2]", "oracle")
    held = [record("a[tuned]", trials=7), *map(record, named)]
    frame = table_frame(held)
    assert dict(zip(frame["method"], frame["tuning"], strict=True)) == {
        "a[tuned]": "tuned (7)",
        "b": "default",
        "b[both]": "default",
        "c[n=2]": "set by hand",
        "c[rows,n=2]": "set by hand",
        "oracle": "",
    }
