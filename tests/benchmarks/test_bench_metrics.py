"""Metrics of ranked lists against other libraries, each in its best form in memory, and against NumPy loops.

One of twenty candidates in three is relevant, and every list has at least one relevant candidate.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from groupbench.metrics import evaluate_rankings, evaluate_scores, evaluate_trec, families, gather

WIDTH = 20
METRICS = [f"{name}@{k}" for name in ("precision", "recall", "ndcg", "map") for k in (5, 10, 20)]
FIVE = ["precision@10", "recall@10", "ndcg@10", "map@10", "hit@10"]
OF_LENSKIT = ["precision@10", "recall_capped@10", "ndcg@10", "mrr@10", "hit@10"]
OF_IMPLICIT = ["recall_capped@10", "ndcg@10", "map_capped@10"]
TREC = dict(zip(FIVE, ("P_10", "recall_10", "ndcg_cut_10", "map_cut_10", "success_10"), strict=True))
IR = dict(zip(FIVE, ("P@10", "R@10", "nDCG@10", "AP@10", "Success@10"), strict=True))


def narrow(n_lists):
    """Scores and relevance, (n_lists, WIDTH), without ties."""
    rng = np.random.default_rng(0)
    scores = rng.permuted(np.tile(np.arange(WIDTH, dtype=float), (n_lists, 1)), axis=1)
    relevant = rng.random(scores.shape) < 0.3
    relevant[:, 0] = True
    return scores, relevant


def judged(scores, relevant, metrics):
    """Mean of each metric."""
    values = evaluate_scores(scores, relevant, np.ones_like(relevant), metrics)
    return {name: found.mean() for name, found in values.items()}


def same_means(ours, theirs):
    for name, mean in theirs.items():
        assert ours[name] == pytest.approx(mean, abs=1e-6), name


def as_dicts(scores, relevant):
    """What libraries of information retrieval call qrels and run."""
    names = [f"d{c}" for c in range(WIDTH)]
    run = {f"q{i:07d}": dict(zip(names, row, strict=True)) for i, row in enumerate(scores.tolist())}
    truth = relevant.astype(int).tolist()
    return {f"q{i:07d}": dict(zip(names, row, strict=True)) for i, row in enumerate(truth)}, run


def test_pytrec_eval(versus):
    pytrec_eval = pytest.importorskip("pytrec_eval")
    lists = narrow(100_000)
    qrels, run = as_dicts(*lists)

    def theirs():
        measures = {"P.10", "recall.10", "ndcg_cut.10", "map_cut.10", "success.10"}
        values = pytrec_eval.RelevanceEvaluator(qrels, measures).evaluate(run).values()
        return {ours: np.mean([one[name] for one in values]) for ours, name in TREC.items()}

    versus(
        "5 metrics@10 of 100,000 lists of 20, from dicts",
        partial(judged, *lists, FIVE),
        theirs,
        same_means,
        against="pytrec-eval-terrier",
        bar=30,
        rounds=3,
    )


def test_ir_measures(versus):
    ir_measures = pytest.importorskip("ir_measures")
    lists = narrow(20_000)
    qrels, run = as_dicts(*lists)
    asked = {ours: ir_measures.parse_measure(name) for ours, name in IR.items()}

    def theirs():
        found = ir_measures.calc_aggregate(asked.values(), qrels, run)
        return {ours: found[measure] for ours, measure in asked.items()}

    versus(
        "5 metrics@10 of 20,000 lists of 20, from dicts",
        partial(judged, *lists, FIVE),
        theirs,
        same_means,
        against="ir_measures",
        bar=150,
        rounds=3,
    )


def test_ranx_from_dicts(versus):
    ranx = pytest.importorskip("ranx")
    lists = narrow(20_000)
    qrels, run = as_dicts(*lists)

    def theirs():
        names = {name.replace("hit@", "hit_rate@"): name for name in FIVE}
        found = ranx.evaluate(ranx.Qrels(qrels), ranx.Run(run), list(names))
        return {ours: found[name] for name, ours in names.items()}

    versus(
        "5 metrics@10 of 20,000 lists of 20, from dicts",
        partial(judged, *lists, FIVE),
        theirs,
        same_means,
        against="ranx",
        bar=250,
        rounds=3,
    )


def test_ranx_from_arrays(versus):
    """What is left of ranx when its rankings are sorted and typed beforehand."""
    ranx = pytest.importorskip("ranx")
    lists = scores, relevant = narrow(100_000)
    order = np.argsort(-scores, axis=1)
    run = np.stack([order, np.take_along_axis(scores, order, axis=1)], axis=2)
    known = np.argsort(~relevant, axis=1, kind="stable")
    qrels = np.stack([known, np.take_along_axis(relevant, known, axis=1)], axis=2).astype(float)

    def theirs():
        names = {name.replace("hit@", "hit_rate@"): name for name in FIVE}
        found = ranx.evaluate(qrels, run, list(names))
        return {ours: found[name] for name, ours in names.items()}

    versus(
        "5 metrics@10 of 100,000 lists of 20, from arrays (ranx: sorted before)",
        partial(judged, *lists, FIVE),
        theirs,
        same_means,
        against="ranx",
        bar=12,
    )


class Ranked:
    """What `implicit` takes for a model: rankings that are there already."""

    def __init__(self, ranked):
        self._ranked = ranked

    def recommend(self, users, rows, N, **options):
        return self._ranked[users][:, :N], None


def test_implicit(versus):
    evaluation = pytest.importorskip("implicit.evaluation")
    from scipy.sparse import csr_matrix

    scores, relevant = narrow(100_000)
    ranked = np.argsort(-scores, axis=1).astype(np.int32)
    truth, nothing = csr_matrix(relevant.astype(float)), csr_matrix(relevant.shape)
    n_relevant = np.diff(truth.indptr)

    def ours():
        values = evaluate_rankings(gather(relevant, ranked[:, :10]), n_relevant, OF_IMPLICIT)
        # What implicit calls precision: all hits by all that could be hit.
        reachable = np.minimum(n_relevant, 10)
        hits = (values["recall_capped@10"] * reachable).sum()
        return hits / reachable.sum(), values["ndcg@10"].mean(), values["map_capped@10"].mean()

    def theirs():
        found = evaluation.ranking_metrics_at_k(
            Ranked(ranked), nothing, truth, K=10, show_progress=False, num_threads=1
        )
        return found["precision"], found["ndcg"], found["map"]

    def equal(ours, theirs):
        np.testing.assert_allclose(ours, theirs, atol=1e-9)

    versus(
        "3 metrics@10 of 100,000 lists of 20, from rankings",
        ours,
        theirs,
        equal,
        against="implicit",
        bar=3,
    )


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A TREC run and its qrels, of 20,000 queries with 20 documents each."""
    scores, relevant = narrow(20_000)
    folder = tmp_path_factory.mktemp("trec")
    queries, documents = (np.repeat(np.arange(len(scores)), WIDTH), np.tile(np.arange(WIDTH), len(scores)))
    rows = list(zip(queries, documents, scores.ravel(), relevant.ravel(), strict=True))
    run, qrels = folder / "run.trec", folder / "qrels.trec"
    run.write_text("".join(f"q{q:07d} Q0 d{d} {WIDTH - s:.0f} {s} x\n" for q, d, s, _ in rows))
    qrels.write_text("".join(f"q{q:07d} 0 d{d} {r:d}\n" for q, d, _, r in rows))
    return run, qrels


def means_of_files(run, qrels):
    _, values = evaluate_trec(run, qrels, FIVE)
    return {name: found.mean() for name, found in values.items()}


def by_pytrec_eval(run, qrels):
    pytrec_eval = pytest.importorskip("pytrec_eval")
    measures = {"P.10", "recall.10", "ndcg_cut.10", "map_cut.10", "success.10"}
    with open(run) as ranked, open(qrels) as known:
        evaluator = pytrec_eval.RelevanceEvaluator(pytrec_eval.parse_qrel(known), measures)
        values = evaluator.evaluate(pytrec_eval.parse_run(ranked)).values()
    return {ours: np.mean([one[name] for one in values]) for ours, name in TREC.items()}


def by_ranx(run, qrels):
    ranx = pytest.importorskip("ranx")
    names = {name.replace("hit@", "hit_rate@"): name for name in FIVE}
    files = ranx.Qrels.from_file(str(qrels), kind="trec"), ranx.Run.from_file(str(run), kind="trec")
    found = ranx.evaluate(*files, list(names))
    return {ours: found[name] for name, ours in names.items()}


def by_ir_measures(run, qrels):
    ir_measures = pytest.importorskip("ir_measures")
    asked = {ours: ir_measures.parse_measure(name) for ours, name in IR.items()}
    files = ir_measures.read_trec_qrels(str(qrels)), ir_measures.read_trec_run(str(run))
    found = ir_measures.calc_aggregate(asked.values(), *files)
    return {ours: found[measure] for ours, measure in asked.items()}


@pytest.mark.parametrize(
    ("peer", "against", "bar"),
    [
        (by_pytrec_eval, "pytrec-eval-terrier", 8),
        (by_ranx, "ranx", 30),
        (by_ir_measures, "ir_measures", 25),
    ],
)
def test_from_files(versus, files, peer, against, bar):
    peer(*files)  # also lets ranx compile what it needs
    versus(
        "5 metrics@10 of 20,000 lists of 20, from TREC files",
        partial(means_of_files, *files),
        partial(peer, *files),
        same_means,
        against=against,
        bar=bar,
        rounds=3,
    )


def test_lenskit(versus):
    lenskit = pytest.importorskip("lenskit.metrics")
    import pandas as pd
    from lenskit.data import ItemListCollection

    n_lists = 2000
    lists = scores, relevant = narrow(n_lists)
    order = np.argsort(-scores, axis=1)
    runs = pd.DataFrame(
        {
            "user_id": np.repeat(np.arange(n_lists), WIDTH),
            "item_id": order.ravel(),
            "score": np.take_along_axis(scores, order, axis=1).ravel(),
            "rank": np.tile(np.arange(1, WIDTH + 1), n_lists),
        }
    )
    users, items = np.nonzero(relevant)
    run = ItemListCollection.from_df(runs, "user_id")
    truth = ItemListCollection.from_df(pd.DataFrame({"user_id": users, "item_id": items}), "user_id")
    ndcg = lenskit.NDCG(10, weight=lenskit.LogRankWeight(offset=1))
    others = (lenskit.Precision(10), lenskit.Recall(10), lenskit.RecipRank(10), lenskit.Hit(10))

    def theirs():
        analysis = lenskit.RunAnalysis(*others[:2], ndcg, *others[2:])
        return dict(zip(OF_LENSKIT, analysis.measure(run, truth).list_metrics().mean(), strict=True))

    versus(
        "5 metrics@10 of 2,000 lists of 20, from item lists",
        partial(judged, *lists, OF_LENSKIT),
        theirs,
        same_means,
        against="lenskit",
        bar=200,
        rounds=3,
    )


@pytest.mark.parametrize("select", ["sort", "partition"])
def test_numpy_loop(versus, select):
    """One list at a time, as scripts do it: sorted whole, or partitioned first."""
    rng = np.random.default_rng(0)
    scores = rng.random((2000, 5000))
    relevant = rng.random(scores.shape) < 0.01

    def theirs():
        return [one_by_one(s, r, select) for s, r in zip(scores, relevant, strict=True)]

    def equal(ours, theirs):
        for i, name in enumerate(METRICS):
            np.testing.assert_allclose(ours[name], [row[i] for row in theirs], atol=1e-9)

    versus(
        f"12 metrics of 2,000 lists of 5,000, {select}",
        partial(evaluate_scores, scores, relevant, np.ones_like(relevant), METRICS),
        theirs,
        equal,
        against="a loop with NumPy",
        bar=4,
    )


def one_by_one(scores, relevant, select):
    if select == "sort":
        top = np.argsort(-scores)[:20]
    else:
        top = np.argpartition(-scores, 20)[:20]
        top = top[np.argsort(-scores[top])]
    hits, positions, n_relevant = relevant[top], np.arange(1, 21), relevant.sum()
    found, discounts = np.cumsum(hits), 1 / np.log2(positions + 1)
    gain, ideal = np.cumsum(hits * discounts), np.cumsum(discounts)
    precisions = np.cumsum(hits * found / positions)
    values = {
        "precision": lambda k: found[k - 1] / k,
        "recall": lambda k: found[k - 1] / n_relevant,
        "ndcg": lambda k: gain[k - 1] / ideal[min(k, n_relevant) - 1],
        "map": lambda k: precisions[k - 1] / n_relevant,
    }
    return [values[name](k) for name in values for k in (5, 10, 20)]


@pytest.mark.parametrize("tied", ["none", "all", "all but the first 15", "in 40 levels"])
def test_ties_in_wide_lists(benchmark, tied):
    rng = np.random.default_rng(0)
    scores = rng.random((2000, 5000))
    relevant = rng.random(scores.shape) < 0.01
    scores = {
        "none": scores,
        "all": np.zeros_like(scores),
        "all but the first 15": np.where(scores > 0.997, scores, 0.0),
        "in 40 levels": np.floor(scores * 40),
    }[tied]
    values = benchmark(evaluate_scores, scores, relevant, np.ones_like(relevant), METRICS)
    assert values["precision@20"].mean() == pytest.approx(0.01, abs=0.002)


def test_every_family(benchmark):
    scores, relevant = narrow(100_000)
    every = [f"{name}@{k}" for name in families() for k in (5, 10, 20)]
    assert benchmark(evaluate_scores, scores, relevant, np.ones_like(relevant), every).keys() == set(every)


def test_million_lists(benchmark):
    scores, relevant = narrow(1_000_000)
    lists = scores, relevant, np.ones_like(relevant)
    values = benchmark.pedantic(evaluate_scores, (*lists, METRICS), rounds=3)
    few = evaluate_scores(*(array[-1000:] for array in lists), METRICS)
    for name in METRICS:
        np.testing.assert_array_equal(values[name][-1000:], few[name])
