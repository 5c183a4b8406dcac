"""A search turns trials into jobs and their outcomes into settled trials, whatever becomes of them."""

from __future__ import annotations

import math

import pytest

from groupbench.core.errors import ConfigError
from groupbench.data.loading import load
from groupbench.results import store
from groupbench.results.store import ViewMetrics
from groupbench.runner.config import make_config
from groupbench.runner.plan import plan_jobs
from groupbench.runner.pool import JobOutcome
from groupbench.runner.tuning import Search, TuningOptions, search_all
from groupbench.runner.tuning._optuna import FEW


@pytest.fixture(scope="module")
def data():
    return load("itmrec-sim", None)


@pytest.fixture
def begun(data, tmp_path):
    """Opens a search for a method; closes it at the end."""
    searches = []

    def call(method="ease", fixed=None, **options) -> Search:
        config = make_config(methods=[method], set={method: fixed or {}}, seeds=[2])
        (job,) = plan_jobs(config, {"itmrec-sim": data}, tmp_path)
        asked = TuningOptions(view="rated-group", **{"trials": 4, "repeats": 2, **options})
        search = Search(job, asked, fixed or ())
        search.open()
        searches.append(search)
        return search

    yield call
    for search in searches:
        search.close()


def figures(aggregator, value, metric="ndcg@10"):
    return ViewMetrics("rated-group", aggregator, {metric: value}, {metric: value}, {metric: value}, 0.0)


def done(job, *found: ViewMetrics, reason="", seconds=1.0):
    """The outcome of a job that left these figures."""
    views = {"rated-group": {"entities": 3, "skipped": 0, "reason": reason}}
    store.write(job.folder, job.record("done", metrics=found, views=views))
    return JobOutcome(job, "done", "", seconds)


def average(job, value, seconds=1.0):
    return done(job, figures("average", value), seconds=seconds)


def go_through(search, values):
    """Give each next job one of the values, None for a crash, until the search is over."""
    job = search.begin()
    for value in values:
        job = search.take(JobOutcome(job, "killed", "crashed", 1.0) if value is None else average(job, value))
    assert job is None
    return [(trial.status, list(trial.values)) for trial in search.trials]


def test_a_job_for_every_repeat_of_every_trial(begun):
    search = begun()
    job = search.begin()
    assert (job.validation, job.views, job.aggregators, job.seed) == (0, ("rated-group",), ("average",), 2)
    assert job.overrides == {"l2": 500.0, "positive": 0.75}
    following = search.take(average(job, 0.5))
    assert (following.validation, following.overrides) == (1, job.overrides)
    assert search.trials == []
    third = search.take(average(following, 0.7))
    assert third.validation == 0
    assert third.overrides != job.overrides
    (trial,) = search.trials
    assert (trial.status, trial.values, trial.mean, trial.seconds) == ("done", [0.5, 0.7], 0.6, 2.0)
    assert not search.over


def test_failures_are_trials_too(begun):
    found = go_through(begun(), [0.5, 0.6, None, 0.7, None, 0.1, 0.2])
    assert found == [("done", [0.5, 0.6]), ("failed", []), ("failed", [0.7]), ("done", [0.1, 0.2])]


def test_what_the_machine_did_is_tried_again_by_the_next_call(begun):
    def crash(job, seconds=1.0, *, by_method):
        return JobOutcome(job, "killed", "the end", seconds, by_method=by_method)

    search = begun(repeats=1, trials=3)
    default = search.begin()
    second = search.take(crash(default, by_method=False))
    third = search.take(crash(second, by_method=True))
    assert search.take(average(third, 0.5)) is None
    assert [trial.status for trial in search.trials] == ["failed", "failed", "done"]
    assert search.over
    search.close()

    again = begun(repeats=1, trials=3)
    assert (len(again.trials), again.over) == (2, False)
    job = again.begin()
    assert job.overrides == default.overrides
    assert again.take(average(job, 0.7)) is None
    assert [(trial.status, trial.values) for trial in again.trials] == [
        ("done", [0.7]),
        ("failed", []),
        ("done", [0.5]),
    ]
    assert (again.seconds, again.best.mean) == (4.0, 0.7)
    again.close()
    assert begun(repeats=1, trials=3).begin() is None


def test_time_that_is_up_stays_up_until_there_is_more(begun):
    search = begun(repeats=1, trials=2, timeout_per_method=5.0)
    job = search.begin()
    assert search.take(JobOutcome(job, "timeout", "late", 5.0, by_method=False)) is None
    assert search.failed
    search.close()
    same = begun(repeats=1, trials=2, timeout_per_method=5.0)
    assert same.begin() is None
    assert same.failed
    same.close()
    longer = begun(repeats=1, trials=2, timeout_per_method=50.0)
    assert longer.begin().overrides == job.overrides


def test_the_best_one_and_the_reason_of_a_failure(begun):
    search = begun(repeats=1)
    go_through(search, [0.5, None, 0.9, 0.7])
    assert search.best.mean == 0.9
    assert search.trials[1].reason == "crashed"
    assert (search.seconds, search.over, search.failed) == (4.0, True, False)


def test_where_all_fail_there_is_no_best(begun):
    search = begun(repeats=1, trials=2)
    go_through(search, [None, None])
    assert search.best is None
    assert search.failed


def test_a_hopeless_trial_is_given_up_after_its_first_repeat(begun):
    search = begun(trials=FEW + 2)
    values = [v for n in range(FEW) for v in (0.5 + n / 10, 0.5)]
    found = go_through(search, [*values, 0.1, 0.9, 0.9])
    assert found[FEW] == ("pruned", [0.1])
    assert found[FEW + 1] == ("done", [0.9, 0.9])


def test_no_trial_begins_when_time_is_up(begun):
    search = begun(timeout_per_method=5.0)
    job = search.begin()
    for seconds in (2.0, 2.0, 2.0):
        job = search.take(average(job, 0.5, seconds))
    assert not search.over, "a trial that began may end"
    assert search.take(average(job, 0.5, 2.0)) is None
    assert search.over
    assert [trial.seconds for trial in search.trials] == [4.0, 4.0]
    search.close()
    assert begun(timeout_per_method=5.0).begin() is None


def test_it_goes_on_where_it_stopped_and_a_larger_number_adds(begun):
    search = begun(repeats=1)
    job = search.begin()
    second = search.take(average(job, 0.5))
    search.close()
    again = begun(repeats=1)
    assert again.begin() == second
    go_through(again, [0.6, 0.7, 0.4])
    again.close()
    assert begun(repeats=1).begin() is None


def test_with_fewer_trials_the_rest_does_not_count(begun):
    search = begun(repeats=1)
    go_through(search, [0.5, 0.6, 0.7, 0.8])
    search.close()
    fewer = begun(repeats=1, trials=2)
    assert fewer.over
    assert (fewer.best.mean, len(fewer.trials), fewer.seconds) == (0.6, 2, 2.0)


@pytest.mark.parametrize("other", [{"metric": "recall@5"}, {"repeats": 1}, {"aggregator": "borda"}])
def test_another_question_starts_anew(begun, other):
    search = begun()
    go_through(search, [0.5] * 8)
    search.close()
    assert begun(**other).trials == []


def test_a_hyperparameter_fixed_at_its_default_is_fixed(begun):
    search = begun(fixed={"l2": 500.0})
    assert search.space.keys() == {"positive"}
    search.close()
    assert begun(fixed={"l2": 500.0, "positive": 0.75}).unsuited == "has no hyperparameter to tune"


def test_a_fixed_hyperparameter_stays_and_is_another_question(begun):
    search = begun(fixed={"l2": 7.0})
    job = search.begin()
    assert search.space.keys() == {"positive"}
    assert job.overrides == {"l2": 7.0, "positive": 0.75}
    go_through(search, [0.5] * 8)
    search.close()
    assert begun().trials == []


@pytest.mark.parametrize("kinds", [("own", "average"), ("average", "none"), ("average",)])
def test_whose_figure_counts(begun, kinds):
    search = begun(repeats=1)
    job = search.begin()
    values = {"own": 0.3, "none": 0.2, "average": 0.1, "borda": 0.9}
    search.take(done(job, *(figures(kind, values[kind]) for kind in ("borda", *kinds))))
    assert search.trials[0].mean == max(values[kind] for kind in kinds)


@pytest.mark.parametrize("found", [[], [figures("borda", 0.5)], [figures("average", 0.5, "rmse")]])
def test_a_method_without_that_figure_is_unsuited_and_has_no_trial(begun, found):
    search = begun()
    job = search.begin()
    assert search.take(done(job, *found)) is None
    assert search.unsuited == "the view rated-group gives it no ndcg@10"
    assert (search.trials, search.over, search.best) == ([], True, None)


def test_a_method_that_declines_says_why(begun):
    search = begun()
    search.take(done(search.begin(), reason="learns from joint ratings"))
    assert search.unsuited == "learns from joint ratings"


def test_an_undefined_figure_later_on_is_a_failure(begun):
    search = begun(trials=2)
    assert go_through(search, [0.5, 0.5, math.nan]) == [("done", [0.5, 0.5]), ("failed", [])]


def test_nothing_is_left_of_a_job_but_its_line(begun, tmp_path):
    search = begun(repeats=1)
    go_through(search, [0.5, 0.6, 0.7, 0.8])
    files = [file.relative_to(tmp_path).as_posix() for file in tmp_path.rglob("*") if file.is_file()]
    assert files == ["studies/itmrec-sim/paper/ease.log"]
    assert not (tmp_path / "studies/itmrec-sim/paper/ease").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"trial": 3}, "did you mean 'trials'"),
        ({"trials": 0}, "trials=0"),
        ({"repeats": "many"}, "repeats='many'"),
        ({"timeout_per_method": math.inf}, "finite"),
        ({"metric": "ndgc@10"}, "unknown metric 'ndgc@10'"),
        ({"aggregator": "averag"}, "did you mean 'average'"),
    ],
)
def test_wrong_options(options, said):
    with pytest.raises(ConfigError, match=said):
        TuningOptions.make(**options)


def test_options_left_out_have_their_defaults():
    assert TuningOptions.make(trials=None, seed=3) == TuningOptions(seed=3)


@pytest.mark.parametrize(
    ("config", "options", "said"),
    [
        ({}, {"view": "coupled"}, "unknown view of the protocol paper 'coupled'"),
        ({"protocol": {"name": "natural", "folds": 9999}}, {}, "folds=9999"),
        ({"protocol": {"tau": 9}}, {"view": "rated-user"}, "tau=9"),
        ({"set": {"ease": {"l3": 1}}}, {}, "did you mean 'l2'"),
    ],
)
def test_wrong_questions(data, tmp_path, config, options, said):
    with pytest.raises(ConfigError, match=said):
        search_all(
            make_config(methods=["ease"], **config), TuningOptions.make(**options), {"x": data}, tmp_path
        )
    assert not list(tmp_path.iterdir())
