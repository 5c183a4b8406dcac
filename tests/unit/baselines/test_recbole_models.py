"""What RecBole is given: no text that it would evaluate, and names that are gone afterwards."""

from __future__ import annotations

import os
import sys

import numpy as np
import pytest

from groupbench.baselines._libraries import recbole_models


def test_a_list_is_written_as_text():
    assert recbole_models._default([600, 300]) == "[600, 300]"
    assert recbole_models._value("mlp_hidden_size", "[64, 32]") == [64, 32]
    assert recbole_models._default("1e-05") == 1e-5
    assert recbole_models._default("01") == "01"
    assert recbole_models._default(["1e-2", 3]) == "[0.01, 3]"
    assert recbole_models._value("loss_type", "BPR") == "BPR"
    assert recbole_models._value("epochs", 3) == 3


@pytest.mark.parametrize("text", ["__import__('os').system('x')", "[__import__('os')]", "a.b", "a b", "(1)"])
def test_text_that_would_be_evaluated_is_refused(text):
    with pytest.raises(ValueError):
        recbole_models._value("loss_type", text)


def test_what_it_misses_is_there_while_it_works_alone(monkeypatch):
    from scipy.sparse import dok_matrix

    monkeypatch.setattr(sys, "argv", ["groupbench", "--seeds=5"])
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    before = {name: vars(np).get(name) for name in recbole_models._ALIASES}
    with recbole_models._as_it_expects():
        setattr(np, "unicode", np.str_)  # noqa: B010 - as RecBole does
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
        cells = dok_matrix((2, 2))
        cells._update({(0, 1): 3.0})
        assert (getattr(np, "float_"), cells[0, 1], sys.argv) == (np.float64, 3.0, ["groupbench"])  # noqa: B009
    assert {name: vars(np).get(name) for name in recbole_models._ALIASES} == before
    assert not hasattr(dok_matrix, "_update")
    assert sys.argv == ["groupbench", "--seeds=5"]
    assert "CUDA_VISIBLE_DEVICES" not in os.environ
