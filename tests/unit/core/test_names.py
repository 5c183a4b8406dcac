from __future__ import annotations

import pytest

from groupbench.core.errors import ConfigError
from groupbench.core.names import matching

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
