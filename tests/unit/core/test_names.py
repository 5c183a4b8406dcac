from __future__ import annotations

import pytest

from groupbench.core.errors import ConfigError
from groupbench.core.names import matching, unregistered

KNOWN = {"svd": (), "svdpp": ("SVD++",), "dmtl": (), "dmtl-single": (), "Ease": (), "svd[tuned]": ("svd",)}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (["svd"], ["svd"]),
        (["SVD"], ["svd"]),
        (["svd++"], ["svdpp"]),
        (["ease", "svd"], ["Ease", "svd"]),
        (["DMTL*"], ["dmtl", "dmtl-single"]),
        (["svd?p", "svd*"], ["svdpp", "svd", "svd[tuned]"]),
        (["svd[tuned]"], ["svd[tuned]"]),
    ],
)
def test_what_names_mean(written, meant):
    assert matching("method", written, KNOWN) == meant


@pytest.mark.parametrize(("written", "said"), [("svpp", "did you mean 'svdpp'"), ("zzz*", "known: ")])
def test_what_means_nothing_is_refused_with_near_names(written, said):
    with pytest.raises(ConfigError, match=r"unknown method '") as caught:
        matching("method", [written], KNOWN)
    assert said in str(caught.value)


NAMED = """
from groupbench.core.registry import method

@method("mine")
class Mine: ...

RANKED = dict(name="half@K")
"""


@pytest.mark.parametrize(
    ("kind", "name", "said"),
    [
        ("method", "mine", "unknown method 'mine'; own.py registers it: add --plugin own.py"),
        ("name", "mine", "unknown name 'mine'; own.py registers it"),
        ("aggregator", "mine", "did you mean 'mean'"),
        ("metric", "half@K", "own.py registers it"),
        ("method", "half@K", "known: mean (if a file of yours registers it, add --plugin FILE)"),
        ("method", "mea(n", "did you mean 'mean'"),
    ],
)
def test_a_name_that_a_file_here_registers_is_told_with_the_file(kind, name, said, tmp_path, monkeypatch):
    (tmp_path / "own.py").write_text(NAMED)
    (tmp_path / "odd.py").write_bytes(b"\xff")
    (tmp_path / "folder.py").mkdir()
    monkeypatch.chdir(tmp_path)
    assert said in unregistered(kind, name, ["mean"])
