"""Every metric that can occur can be explained, from one table of definitions that says how peers differ."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from groupbench import metrics
from groupbench.cli import _describe as describe
from groupbench.cli._glossary import ALIASES, WORDS
from groupbench.core.errors import ConfigError, PluginError
from groupbench.core.registry import aggregators
from groupbench.core.stopwatch import Stopwatch
from groupbench.data.dataset import Ratings
from groupbench.evaluation.evaluate import evaluate
from groupbench.evaluation.task import Task
from groupbench.evaluation.views import CUTOFFS, VIEWS
from groupbench.metrics import definition, definitions, evaluate_scores, explain, lower_is_better
from groupbench.models.recommender import Recommender
from groupbench.report import render, wide
from groupbench.report.cells import BLANK
from groupbench.report.long import VALUE_COLUMNS
from groupbench.report.verdicts import VERDICT_COLUMNS
from tests.conftest import with_answers, with_rounds

K = 10


class Guess(Recommender):
    """Some predicted ratings."""

    predicts_ratings = True

    def fit(self, train, *, rng):
        return self

    def score(self, users):
        return np.random.default_rng(0).uniform(1, 5, (30, 20))[users]


@pytest.fixture
def measured(training):
    """The names in the figures of one view of each kind."""
    rng = np.random.default_rng(3)
    users, items = rng.integers(0, 30, 200), rng.integers(0, 20, 200)
    task = Task(training, Ratings(users, items, rng.integers(1, 6, 200), 30, 20))
    task = with_answers(with_rounds(task))
    names = ("rated-user", "coupled", "decoupled", "sequential", "aggregate")
    cases = [VIEWS[name].make_case(task) for name in names]
    made = {"average": aggregators["average"].create()}
    return {name for j in evaluate(Guess(), task, cases, made, Stopwatch()) for name in j.means("expected")}


def test_what_can_be_explained_is_exactly_what_is_measured(measured):
    defined = {
        f"{found.name}@{k}" if found.cutoff else found.name
        for found in definitions().values()
        for k in CUTOFFS
    }

    assert {name for name in measured if not name.endswith("@1")} == defined


@pytest.mark.parametrize("name", definitions())
def test_an_explanation_says_all_that_is_defined(name):
    found = definition(name)
    asked = f"{name}@5" if found.cutoff else name
    text = explain(asked)

    assert text.startswith(f"{asked}: {found.title}")
    for part in (found.formula, found.ties, found.undefined, found.source, *found.differs):
        assert part
        assert f"  {part}\n" in f"{text}\n"
    assert f"better     {'lower' if found.lower_is_better else 'higher'}\n" in text
    assert describe.explanation(asked) == describe.listing(asked) == text
    assert definition(f" {asked.upper()} ") is found
    assert f"  {found.pattern} " in describe.listing("metrics")


def test_names_without_a_cutoff_are_explained_at_10_and_errors_have_none():
    assert describe.explanation("min-NDCG") == explain("min-ndcg@10")
    assert describe.explanation("novelty") == explain("novelty@10")
    assert describe.explanation("RMSE") == explain("rmse")
    assert "K =" not in explain("rmse")
    with pytest.raises(ConfigError, match="metric 'rmse' has no cutoff; leave out '@10'"):
        describe.explanation("rmse@10")


def test_a_synonym_is_explained_by_the_name_that_tables_show():
    assert describe.explanation("bounded_recall@5") == explain("recall_capped@5")
    assert "synonym    bounded_recall\n" in explain("recall_capped@5")
    assert "Barile, Delić & Peska" in explain("bounded_recall@10")


def test_fairness_by_predictions_is_explained_with_its_shares():
    assert "best 5%" in explain("proportional_2@10")
    assert "find 2 or more of their favorites" in explain("proportional_2@10")
    assert "best 25%" in explain("envy_free_1@10")
    assert "better     lower" in explain("envy-relevance@10")
    assert "undefined for a single member" in explain("envy-ndcg@10")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("novlty@10", "unknown metric 'novlty'; did you mean 'novelty'"),
        ("min-ncdg@10", "did you mean 'min-ndcg'"),
        ("min-map@10", "unknown metric 'min-map'"),
        ("zrecall@x", "needs a cutoff K of 1 or more, not 'x'; write it as zrecall@10"),
        ("rsme", "did you mean 'rmse'"),
        ("diversty", "did you mean 'diversity@K'"),
        ("envy", "did you mean 'envy-ndcg@K'"),
    ],
)
def test_unknown_names_get_near_ones(name, says):
    with pytest.raises(ConfigError, match=says):
        describe.explanation(name)


def test_which_metrics_are_better_when_lower():
    lower = {name for name in definitions() if lower_is_better(f"{name}@10")}
    spreads = {
        f"{how}-{name}"
        for how in ("std", "gini", "envy")
        for name in ("precision", "recall", "ndcg", "relevance")
    }

    assert lower - spreads == {
        "rmse",
        "mae",
        "dis",
        "dis_o",
        "dmae",
        "zrecall",
        "zrecall_all",
        "proportionality_error",
        "popularity_share",
        "tied_share",
    }
    assert spreads <= lower
    assert lower_is_better("rmse")
    assert not lower_is_better("of-a-plugin-that-is-gone@10")


@pytest.mark.parametrize("name", ["coverage", "zrecall", "relevance", "rmse"])
def test_a_new_family_cannot_take_the_name_of_any_metric(name):
    with pytest.raises(PluginError, match=f"metric '{name}' is already defined"):
        metrics.METRICS.register(replace(metrics.families()["ndcg"], name=name))


def test_every_head_and_mark_of_a_table_is_explained():
    heads = {
        *wide.COLUMNS,
        *render.COLUMNS,
        *VERDICT_COLUMNS,
        *VALUE_COLUMNS,
        "MiB",
        "J",
        "rank",
        "saturated",
    }
    marks = {BLANK, "±", "†", "↑", "↓", "*", "_"}
    for name in {*heads, *marks, *WORDS, "(ref)"}:
        word = name.strip("()").casefold()
        assert f"{ALIASES.get(word, word)}: {WORDS[ALIASES.get(word, word)]}" in describe.explanation(name)


def test_what_stands_before_or_behind_a_colon_has_to_be_known():
    assert describe.explanation("svd:average").startswith("svd (method, ")
    for name, said in {
        "cornak:BPR": "unknown name 'cornak:BPR'; did you mean 'cornac:BPR'",
        "svd:avergae": "unknown name 'avergae'; did you mean 'average'",
    }.items():
        with pytest.raises(ConfigError, match=said):
            describe.explanation(name)


# How peers differ -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lists():
    """2,000 lists of 30 candidates with distinct scores, fewer or more than K of them relevant."""
    rng = np.random.default_rng(7)
    scores = rng.permuted(np.tile(np.arange(30.0), (2000, 1)), axis=1)
    relevant = rng.random(scores.shape) < rng.beta(0.5, 1.5, (2000, 1))
    # implicit also computes the AUC, for which something has to be relevant and something not.
    relevant[:, -1] = False
    relevant[:, 0] |= ~relevant.any(axis=1)
    return scores, relevant


@pytest.fixture(scope="module")
def ours(lists):
    scores, relevant = lists
    names = [f"{name}@{K}" for name in ("precision", "recall", "recall_capped", "map", "map_capped")]
    found = evaluate_scores(scores, relevant, np.ones_like(relevant), names)
    return {name.partition("@")[0]: values.mean() for name, values in found.items()}


def test_trec_eval_divides_by_all_that_is_relevant(lists, ours):
    pytrec_eval = pytest.importorskip("pytrec_eval")
    scores, relevant = lists
    qrels = {str(i): {str(c): 1 for c in np.flatnonzero(row)} for i, row in enumerate(relevant)}
    run = {str(i): {str(c): float(s) for c, s in enumerate(row)} for i, row in enumerate(scores)}
    asked = {f"map_cut.{K}", f"recall.{K}", f"P.{K}"}
    values = pytrec_eval.RelevanceEvaluator(qrels, asked).evaluate(run).values()
    theirs = {name: np.mean([v[f"{name}_{K}"] for v in values]) for name in ("map_cut", "recall", "P")}

    assert theirs["P"] == pytest.approx(ours["precision"])
    assert theirs["recall"] == pytest.approx(ours["recall"])
    assert theirs["recall"] < ours["recall_capped"] - 0.01
    assert theirs["map_cut"] == pytest.approx(ours["map"])
    assert theirs["map_cut"] < ours["map_capped"] - 0.01


@pytest.mark.slow
def test_ranx_agrees_with_trec_eval(lists, ours):
    ranx = pytest.importorskip("ranx")
    scores, relevant = lists
    qrels = ranx.Qrels({str(i): {str(c): 1 for c in np.flatnonzero(row)} for i, row in enumerate(relevant)})
    run = ranx.Run({str(i): {str(c): float(s) for c, s in enumerate(row)} for i, row in enumerate(scores)})
    theirs = ranx.evaluate(qrels, run, [f"map@{K}", f"recall@{K}", f"precision@{K}"])

    for name in ("map", "recall", "precision"):
        assert theirs[f"{name}@{K}"] == pytest.approx(ours[name])


def test_implicit_caps_average_precision_and_pools_precision(lists, ours):
    evaluation = pytest.importorskip("implicit.evaluation")
    from scipy.sparse import csr_matrix

    scores, relevant = lists

    class Given:
        def recommend(self, users, *_, N, **__):
            order = np.argsort(-scores[users], axis=1)[:, :N].astype(np.int32)
            return order, -np.sort(-scores[users], axis=1)[:, :N]

    known = csr_matrix(np.eye(1, 30, dtype=np.float32).repeat(len(scores), axis=0))
    held_out = csr_matrix(relevant.astype(np.float32))
    theirs = evaluation.ranking_metrics_at_k(Given(), known, held_out, K=K, show_progress=False)
    hits = ours["precision"] * K * len(scores)

    assert theirs["map"] == pytest.approx(ours["map_capped"])
    assert theirs["map"] > ours["map"] + 0.01
    assert theirs["precision"] == pytest.approx(hits / np.minimum(relevant.sum(axis=1), K).sum())
    assert theirs["precision"] > ours["precision"] + 0.01


@pytest.mark.parametrize(
    ("name", "figures"),
    [
        ("precision", (".155", ".201 by implicit")),
        ("recall", (".168 by trec_eval (recall)", ".202 by LensKit")),
        ("recall_capped", (".168", ".202")),
        ("map", (".091 by trec_eval (map)", ".106 by LensKit, RecBole and implicit", ".179 by Elliot")),
        ("map_capped", (".091", ".106", ".179")),
    ],
)
def test_explanations_say_how_much_others_differ(name, figures):
    text = explain(f"{name}@10")

    assert "  differs    on the same 10,000 lists" in text
    for figure in figures:
        assert figure in text
