"""Figures of what happens inside DMTL: what is drawn, in every format, and the same file each time."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from groupbench.core.errors import ConfigError
from groupbench.report.plots import SUFFIXES, draw_attention, draw_maps, draw_sweep, draw_training, save

LOSSES = {"mse": [2.0, 1.0, 0.5], "cross_entropy": [3.0, 2.5, 2.0], "weight": [0.1] * 3, "rmse": [np.nan] * 3}


def training():
    return draw_training({"dmtl": LOSSES}, title="Losses of $dmtl$")


def maps():
    points = np.random.default_rng(0).normal(size=(60, 2))
    return draw_maps(
        {"with": (points, np.arange(60) % 25), "without": (-points, np.arange(60) % 3)}, title="Maps"
    )


def attention():
    weights = np.array([[1.5, 0.2, 1.3], [2.5, 0.1, 0.4]])
    return draw_attention(["all items", "genre=a_b"], weights, np.array([2.6, 1.8]), title="Attention")


def sweep():
    figures = (("loss", "mse"), ("recommendation", "ndcg@10"), ("profiling", "F1"), ("profiling", "look-up"))
    rows = [(w, task, name, w + n, 0.1) for n, (task, name) in enumerate(figures) for w in (0.0, 0.1, 10.0)]
    frame = pd.DataFrame(rows, columns=["weight", "task", "metric", "mean", "std"])
    frame.loc[0, "std"] = np.nan
    return draw_sweep(frame, title="Sweep")


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("draw", [training, maps, attention, sweep])
def test_every_figure_is_written_in_every_format_and_repeats_itself(draw, suffix, tmp_path):
    first, second = tmp_path / f"new/a{suffix}", tmp_path / f"b{suffix}"
    save(draw(), first)
    save(draw(), second)
    assert first.stat().st_size > 1000
    assert first.read_bytes() == second.read_bytes()
    with pytest.raises(ConfigError, match="unknown file format"):
        save(draw(), tmp_path / "a.gif")


def drawn(draw, tmp_path):
    save(draw(), tmp_path / "drawn.svg")
    return (tmp_path / "drawn.svg").read_text()


def test_a_loss_that_never_moves_has_no_panel(tmp_path):
    text = drawn(training, tmp_path)
    assert "Losses of $dmtl$" in text
    assert ("mse" in text, "cross entropy" in text) == (True, True)
    assert ("weight" in text, "rmse" in text) == (False, False)


def test_a_single_epoch_is_drawn(tmp_path):
    save(draw_training({"dmtl": {"mse": [1.0]}}), tmp_path / "one.svg")
    assert "mse" in (tmp_path / "one.svg").read_text()


def test_each_user_of_a_map_is_a_point(tmp_path):
    text = drawn(maps, tmp_path)
    assert text.count("<use ") >= 120
    assert ("with" in text, "without" in text) == (True, True)


def test_attention_names_features_with_their_effective_units(tmp_path):
    text = drawn(attention, tmp_path)
    assert "genre=a_b  (1.8)" in text
    assert "weight times width" in text


def test_a_sweep_names_tasks_figures_and_weights(tmp_path):
    text = drawn(sweep, tmp_path)
    for word in (">mse<", ">ndcg@10<", ">profiling<", ">F1<", ">look-up<", ">0<", ">0.1<", ">10<"):
        assert word in text
