"""Drawings of results: what is on the front, what is drawn, and which place options mean."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupbench.core.errors import ConfigError
from groupbench.core.registry import methods
from groupbench.report.long import REFERENCES, ResultKey
from groupbench.report.palette import look_of
from groupbench.report.plot_rows import one_key
from groupbench.report.plots import (
    SUFFIXES,
    draw_bars,
    draw_kinds,
    draw_pareto,
    draw_quantiles,
    on_front,
    save,
)
from groupbench.report.plots._style import whiskers

STARTS = {".svg": b"<?xml", ".png": b"\x89PNG", ".pdf": b"%PDF"}
NAMES = ["svd", "$a_b$", "<script>"]
MEANS = np.array([0.5, 0.4, 0.3])
POINTS = st.lists(st.tuples(st.integers(1, 6), st.integers(1, 6)), min_size=1, max_size=12)
DRAWINGS = {
    "bars": lambda: draw_bars(NAMES, MEANS, np.array([0.1, np.nan, 0.2]), metric="ndcg@10"),
    "pareto": lambda: draw_pareto(NAMES, MEANS, MEANS, metric="ndcg@10", unit="seconds"),
    "kinds": lambda: draw_kinds(
        NAMES,
        ["2", "3"],
        np.array([[0.5, 0.4], [0.3, np.nan], [0.1, 0.2]]),
        metric="ndcg@10",
        by="size",
    ),
    "quantiles": lambda: draw_quantiles(NAMES, [MEANS, MEANS, MEANS[:1]], metric="ndcg@10"),
}


@pytest.mark.parametrize("drawing", DRAWINGS)
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_drawing_is_written_in_every_format_and_repeats_itself(tmp_path, drawing, suffix):
    first, second = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
    for file in (first, second):
        save(DRAWINGS[drawing](), file)
    assert first.read_bytes().startswith(STARTS[suffix])
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize("drawing", DRAWINGS)
def test_names_are_text(tmp_path, drawing):
    save(DRAWINGS[drawing](), tmp_path / "a.svg")
    text = (tmp_path / "a.svg").read_text()
    assert "$a_b$" in text
    assert "&lt;script&gt;" in text
    assert "<script>" not in text


def test_bars_are_hatched_where_methods_share_a_color_and_only_there():
    names = sorted(
        filter(methods.is_built_in, set(methods) - REFERENCES), key=lambda name: look_of(name).color
    )
    first = next(one for one, other in pairwise(names) if look_of(one).color == look_of(other).color)
    same = [name for name in names if look_of(name).color == look_of(first).color]
    other = next(name for name in names if name not in same)
    means = np.linspace(0.1, 0.9, len(same) + 1)
    drawn = draw_bars([*same, other], means, means * np.nan, metric="ndcg@10")
    *hatched, plain = [bar.get_hatch() for bar in drawn.axes[0].patches]
    assert len(set(hatched)) == len(same)
    assert not plain


def test_fonts_of_a_pdf_are_embedded_as_outlines(tmp_path):
    save(DRAWINGS["bars"](), tmp_path / "a.pdf")
    held = (tmp_path / "a.pdf").read_bytes()
    assert b"/FontFile2" in held
    assert b"/Type3" not in held


def test_intervals_end_where_the_metric_does():
    lengths = whiskers(np.array([0.9, 0.05, 0.5, 1 + 1e-12]), np.array([0.3, 0.2, np.nan, 0.1]), (0.0, 1.0))
    np.testing.assert_allclose(lengths, [[0.3, 0.05, np.nan, 0.1], [0.1, 0.2, np.nan, 0.0]], atol=1e-9)
    assert whiskers(np.array([0.9]), np.array([0.3]), (-np.inf, np.inf)) == pytest.approx(0.3)


@given(POINTS)
def test_the_front_is_what_no_other_row_beats(points):
    cost, quality = np.array(points, dtype=float).T
    front = on_front(cost, quality)
    for row in range(len(points)):
        no_worse = (cost <= cost[row]) & (quality >= quality[row])
        beaten = no_worse & ((cost < cost[row]) | (quality > quality[row]))
        assert front[row] == (not beaten.any())


PLACES = [
    ResultKey("a", "paper", "x"),
    ResultKey("a", "paper", "y"),
    ResultKey("a", "coupled", "y"),
    ResultKey("b", "paper", "x"),
]


def test_of_several_views_the_first_is_drawn():
    assert one_key(PLACES[:2]) == PLACES[0]


@pytest.mark.parametrize(
    ("places", "said"),
    [
        (PLACES, "several data sets are there; choose one: --dataset a or b"),
        (PLACES[:3], "several protocols are there; choose one: --protocol paper or coupled"),
    ],
)
def test_several_data_sets_or_protocols_are_refused(places, said):
    with pytest.raises(ConfigError, match=said):
        one_key(places)
