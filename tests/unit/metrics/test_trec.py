"""TREC files: what they say is evaluated in the same way whatever reads them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from groupbench.core.errors import DatasetError
from groupbench.core.kernels import VARIABLE
from groupbench.metrics import evaluate_scores, evaluate_trec

METRICS = ["ndcg@3", "map@10", "recall@5"]
IDS = st.text("aé0-", min_size=1, max_size=17)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False).flatmap(
    lambda x: st.sampled_from([repr(x), f"{x:.3f}", f"{x:e}", f"{x:+.17g}", "1.", ".5"])
)
BLANK = st.sampled_from([" ", "\t", "  "])
MODES = pytest.mark.parametrize("mode", ["off", "on"])
RUN = "a Q0 x 1 2.5 t\na Q0 y 2 1.5 t\nb Q0 x 1 7 t\n"
QRELS = "a 0 y 1\na 0 z 2\na 0 z 2\nc 0 x 1\nb 0 x 0\n"


@pytest.fixture
def evaluated(tmp_path, monkeypatch):
    def of(mode, run, qrels, **options):
        monkeypatch.setenv(VARIABLE, mode)
        for name, text in (("run", run), ("qrels", qrels)):
            (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return evaluate_trec(tmp_path / "run", tmp_path / "qrels", METRICS, **options)

    return of


@MODES
def test_queries_of_both_files_are_evaluated(evaluated, mode):
    queries, values = evaluated(mode, RUN, QRELS)

    assert queries == ["a", "b"]
    np.testing.assert_allclose(values["recall@5"], [0.5, np.nan])
    np.testing.assert_allclose(values["map@10"], [0.25, np.nan])


@st.composite
def files(draw):
    """Rows in any order, parted by any white space, some lines empty; equal scores among them."""
    pairs = draw(st.lists(st.tuples(IDS, IDS), min_size=1, max_size=12, unique=True))
    levels = draw(st.lists(NUMBERS, min_size=1, max_size=12))
    part, end = draw(BLANK), draw(st.sampled_from(["\n", "\r\n", "\n\n"]))
    scores = [draw(st.sampled_from(levels)) for _ in pairs]
    run = [part.join((q, "Q0", d, "1", s, "tag")) for (q, d), s in zip(pairs, scores, strict=True)]
    judged = draw(st.lists(st.sampled_from(pairs), min_size=1))
    qrels = [part.join((q, "0", d, str(draw(st.integers(-1, 2))))) for q, d in judged]
    return end.join(run), end.join(qrels) + end


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(found=files())
def test_loops_read_what_is_read_line_by_line(evaluated, found):
    texts = found
    for ties in ("expected", "best"):
        queries, values = evaluated("off", *texts, ties=ties)
        looped, same = evaluated("on", *texts, ties=ties)
        assert looped == queries
        for name in METRICS:
            np.testing.assert_array_equal(same[name], values[name])


@MODES
def test_it_is_what_scores_give(evaluated, mode):
    rng = np.random.default_rng(0)
    scores, relevant = rng.integers(0, 9, (300, 12)).astype(float), rng.random((300, 12)) < 0.3
    cells = [(i, j) for i in range(300) for j in range(12)]
    run = "".join(f"query{i} Q0 a-long-document-{j} 1 {scores[i, j]} t\n" for i, j in cells)
    qrels = "".join(f"query{i} 0 a-long-document-{j} {relevant[i, j]:d}\n" for i, j in cells)

    _, values = evaluated(mode, run, qrels)

    for name, expected in evaluate_scores(scores, relevant, np.ones_like(relevant), METRICS).items():
        np.testing.assert_array_equal(values[name], expected)


@MODES
def test_a_mark_of_the_byte_order_is_no_part_of_the_first_query(evaluated, mode):
    _, expected = evaluated(mode, RUN, QRELS)

    queries, values = evaluated(mode, b"\xef\xbb\xbf" + RUN.encode(), QRELS)

    assert queries == ["a", "b"]
    np.testing.assert_array_equal(values["map@10"], expected["map@10"])


@MODES
def test_ids_may_be_of_any_bytes(evaluated, mode):
    run = b"q\xe9 Q0 x 1 2 t\nq\xe8 Q0 \xff 1 2 t\n\x0c\n"

    queries, values = evaluated(mode, run, b"q\xe8 0 \xff 1\nq\xe9\x0b0 \xff 1\n\x00")

    assert queries == [r"q\xe9", r"q\xe8"]
    np.testing.assert_array_equal(values["recall@5"], [0.0, 1.0])


@MODES
@pytest.mark.parametrize(
    ("run", "qrels", "message"),
    [
        (RUN + "a Q0 z 3\n", QRELS, "run: row 4 has other columns than `query Q0 document rank score tag`"),
        (RUN + "a Q0 z 3 1 t x y\n", QRELS, "run: row 4 has other columns"),
        (RUN.replace("\n", "\r"), QRELS, "run: row 1 has other columns"),
        (RUN + "a Q0 z 3 \N{ARABIC-INDIC DIGIT THREE} t", QRELS, "run: row 4 has the value"),
        (RUN, "a 0 y\n", "qrels: row 1 has other columns"),
        (RUN + "a Q0 z 3 nan t", QRELS, "run: row 4 has the value 'nan'; give a finite number"),
        (RUN, QRELS + "a 0 y yes\n", "qrels: row 6 has the value 'yes'"),
        (RUN + "a Q0 x 3 9 t\n", QRELS, "run: row 4 ranks a document that query 'a' has already"),
        (RUN, "c 0 x 1\n", "has no query of"),
        ("", QRELS, "has no query of"),
    ],
)
def test_what_is_wrong_is_said(evaluated, mode, run, qrels, message):
    with pytest.raises(DatasetError, match=message):
        evaluated(mode, run, qrels)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(DatasetError, match="cannot be read: No such file"):
        evaluate_trec(tmp_path / "run", tmp_path / "qrels", METRICS)
