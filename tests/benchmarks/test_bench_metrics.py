"""How fast the metrics kernel judges, next to other libraries; run with `--benchmark-only`.

Each comparison also asserts that both sides give the same values.
"""

from __future__ import annotations

import numpy as np
import pytest

from groupbench.metrics import families, judge

METRICS = [f"{name}@{k}" for name in ("precision", "recall", "ndcg", "map") for k in (5, 10, 20)]
TREC = {"precision": "P", "recall": "recall", "ndcg": "ndcg_cut", "map": "map_cut"}
WIDTH = 20


def narrow_lists(n_lists):
    rng = np.random.default_rng(0)
    scores = rng.permuted(np.tile(np.arange(WIDTH, dtype=float), (n_lists, 1)), axis=1)
    relevant = rng.random(scores.shape) < 0.3
    relevant[:, 0] = True
    return scores, relevant, np.ones_like(relevant)


def trec_names():
    return {f"{name}@{k}": f"{TREC[name]}_{k}" for name in TREC for k in (5, 10, 20)}


def as_dicts(scores, relevant):
    names = [f"d{c}" for c in range(WIDTH)]
    run = {f"q{i:07d}": dict(zip(names, row, strict=True)) for i, row in enumerate(scores.tolist())}
    truth = relevant.astype(int).tolist()
    return {f"q{i:07d}": dict(zip(names, row, strict=True)) for i, row in enumerate(truth)}, run


@pytest.fixture(scope="module")
def narrow():
    lists = narrow_lists(100_000)
    return lists, judge(*lists, METRICS)


@pytest.fixture(scope="module")
def wide():
    rng = np.random.default_rng(0)
    scores = rng.random((2000, 5000))
    relevant = rng.random(scores.shape) < 0.01
    lists = scores, relevant, np.ones_like(relevant)
    return lists, judge(*lists, METRICS)


@pytest.mark.benchmark(group="metrics: 100,000 lists of 20")
class TestNarrow:
    def test_groupbench(self, benchmark, narrow):
        lists, _ = narrow
        assert benchmark(judge, *lists, METRICS).keys() == set(METRICS)

    def test_groupbench_every_family(self, benchmark, narrow):
        lists, _ = narrow
        every = [f"{name}@{k}" for name in families() for k in (5, 10, 20)]
        assert benchmark(judge, *lists, every).keys() == set(every)

    def test_groupbench_with_ties(self, benchmark, narrow):
        lists, _ = narrow
        scores, relevant, valid = lists
        values = benchmark(judge, scores // 4, relevant, valid, METRICS)
        assert values["ndcg@10"].mean() < 1

    def test_pytrec_eval(self, benchmark, narrow):
        lists, ours = narrow
        pytrec_eval = pytest.importorskip("pytrec_eval")
        qrels, run = as_dicts(*lists[:2])
        evaluator = pytrec_eval.RelevanceEvaluator(qrels, {f"{name}.5,10,20" for name in TREC.values()})
        result = benchmark.pedantic(evaluator.evaluate, args=(run,), rounds=3)
        for name, theirs in trec_names().items():
            np.testing.assert_allclose(ours[name], [result[q][theirs] for q in run], atol=1e-9)

    def test_ranx_from_dicts(self, benchmark, narrow):
        lists, ours = narrow
        ranx = pytest.importorskip("ranx")
        qrels, run = as_dicts(*lists[:2])

        def evaluate():
            return ranx.evaluate(ranx.Qrels(qrels), ranx.Run(run), METRICS)

        result = benchmark.pedantic(evaluate, rounds=2, warmup_rounds=1)
        for name in METRICS:
            assert result[name] == pytest.approx(ours[name].mean(), abs=1e-9)

    def test_ranx_from_arrays(self, benchmark, narrow):
        """What is left of ranx when its rankings are sorted and typed beforehand."""
        lists, ours = narrow
        ranx = pytest.importorskip("ranx")
        scores, relevant, _ = lists
        order = np.argsort(-scores, axis=1)
        run = np.stack([order, np.take_along_axis(scores, order, axis=1)], axis=2)
        known = np.argsort(~relevant, axis=1, kind="stable")
        qrels = np.stack([known, np.take_along_axis(relevant, known, axis=1)], axis=2).astype(float)

        def evaluate():
            return ranx.evaluate(qrels, run, METRICS)

        result = benchmark.pedantic(evaluate, rounds=3, warmup_rounds=1)
        for name in METRICS:
            assert result[name] == pytest.approx(ours[name].mean(), abs=1e-9)


@pytest.mark.benchmark(group="metrics: 1,000,000 lists of 20")
def test_million_lists(benchmark):
    lists = narrow_lists(1_000_000)
    values = benchmark.pedantic(judge, args=(*lists, METRICS), rounds=3)
    few = judge(*(array[-1000:] for array in lists), METRICS)
    for name in METRICS:
        np.testing.assert_array_equal(values[name][-1000:], few[name])


@pytest.mark.benchmark(group="metrics: 2,000 lists of 5,000")
class TestWide:
    def test_groupbench(self, benchmark, wide):
        lists, _ = wide
        assert benchmark(judge, *lists, METRICS).keys() == set(METRICS)

    @pytest.mark.parametrize("tied", ["all", "all but the first 15", "in 40 levels"])
    def test_groupbench_with_ties(self, benchmark, wide, tied):
        lists, _ = wide
        scores, relevant, valid = lists
        scores = {
            "all": np.zeros_like(scores),
            "all but the first 15": np.where(scores > 0.997, scores, 0.0),
            "in 40 levels": np.floor(scores * 40),
        }[tied]
        values = benchmark(judge, scores, relevant, valid, METRICS)
        assert values["precision@20"].mean() == pytest.approx(0.01, abs=0.002)

    @pytest.mark.parametrize("select", ["sort", "partition"])
    def test_numpy_loop(self, benchmark, wide, select):
        """One list at a time, as scripts do it: sorted whole, or partitioned first."""
        lists, ours = wide
        scores, relevant, _ = lists

        def evaluate():
            return [one_by_one(s, r, select) for s, r in zip(scores, relevant, strict=True)]

        theirs = benchmark.pedantic(evaluate, rounds=2)
        for i, name in enumerate(METRICS):
            np.testing.assert_allclose(ours[name], [row[i] for row in theirs], atol=1e-9)


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
