"""Figures: what is drawn, in which format, and the same file for the same figures."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest

from groupbench.core.errors import ConfigError, ResultError
from groupbench.report.names import method_name
from groupbench.report.palette import COLORS
from groupbench.report.plots import SUFFIXES, draw_ranks, save
from groupbench.report.statistics import average_ranks

STARTS = {".svg": b"<?xml", ".png": b"\x89PNG", ".pdf": b"%PDF"}


@pytest.fixture
def ranks():
    values = np.random.default_rng(0).normal(size=(12, 5)) + np.arange(5)
    return average_ranks(values, ["svd", "ease[both]", "a_b", "$x$", "dmtl"])


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_format_is_written_and_repeats_itself(ranks, tmp_path, suffix):
    first, second = tmp_path / f"new/cd{suffix}", tmp_path / f"again{suffix}"
    for file in (first, second):
        save(draw_ranks(ranks, title="Average ranks"), file)
    assert first.read_bytes().startswith(STARTS[suffix])
    assert first.read_bytes() == second.read_bytes()


def test_names_ranks_and_title_are_text(ranks, tmp_path):
    save(draw_ranks(ranks, title="Over 12 blocks\nat level $5"), tmp_path / "cd.svg")
    text = (tmp_path / "cd.svg").read_text()
    for name, rank in zip(ranks.names, ranks.ranks, strict=True):
        assert method_name(name) in text
        assert f"({rank:.2f})" in text
    assert "Over 12 blocks" in text
    assert "at level $5" in text


def test_bars_join_what_cannot_be_told_apart(tmp_path):
    order = np.arange(4.0)
    apart = average_ranks(np.tile(order, (200, 1)), list("abcd"))
    alike = average_ranks(np.tile(order, (2, 1)), list("abcd"))
    drawn = {}
    for name, ranks in (("apart", apart), ("alike", alike)):
        save(draw_ranks(ranks), tmp_path / f"{name}.svg")
        drawn[name] = (tmp_path / f"{name}.svg").read_text().count(COLORS["quiet"].lower())
    assert drawn == {"apart": 0, "alike": 1}


def test_other_formats_and_places_are_refused(ranks, tmp_path):
    with pytest.raises(ConfigError, match=r"unknown file format '.gif'"):
        save(draw_ranks(ranks), tmp_path / "cd.gif")
    (tmp_path / "file").write_text("")
    with pytest.raises(ResultError, match=r"cannot write .*; choose another file"):
        save(draw_ranks(ranks), tmp_path / "file/cd.svg")


def test_the_users_own_settings_move_nothing(ranks, tmp_path):
    save(draw_ranks(ranks), tmp_path / "a.svg")
    with mpl.rc_context({"text.usetex": True, "font.family": "serif", "axes.grid": True}):
        save(draw_ranks(ranks), tmp_path / "b.svg")
        assert mpl.rcParams["text.usetex"]
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
