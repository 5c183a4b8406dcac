"""Names, tags and patterns select methods; without any there is a tour."""

from __future__ import annotations

import pytest

from groupbench.core.errors import ConfigError
from groupbench.core.registry import methods
from groupbench.runner.config import make_config
from groupbench.runner.tags import TAGS, select, tags_of


def test_names_tags_and_patterns_mix():
    found = select(["svd", "linear", "Dmtl-no-*", "svd"])
    assert found[:3] == ["svd", *(name for name, e in methods.items() if "linear" in tags_of(e))][:3]
    assert {"dmtl-no-profile", "dmtl-no-shared", "ease", "rp3beta"} <= set(found)
    assert len(found) == len(set(found))
    assert select(["all"]) == list(methods)


@pytest.mark.parametrize("tag", TAGS)
def test_every_tag_has_methods(tag):
    assert select([tag]) == select([tag.upper()])
    assert len(select([tag])) >= 2


def test_tags_say_what_methods_are():
    assert tags_of(methods["svd"]) == ["tour", "classic"]
    assert tags_of(methods["agree"]) == ["deep", "groups"]
    assert tags_of(methods["dmtl-ids-only"]) == ["deep", "ablations", "groups"]
    assert tags_of(methods["member-count"]) == ["tour", "linear", "groups"]


def test_names_of_print_are_taken_in_any_case_and_suggested():
    assert select(["SVD++", "userknn", "ItemKNN (cosine)"]) == ["svdpp", "knn-basic", "item-knn-cosine"]
    for text, name in (("SVD", "svd"), ("EASE", "ease"), ("Dmtl-Single", "dmtl-single")):
        with pytest.raises(ConfigError, match=f"unknown method '{text}'; did you mean '{name}'"):
            select([text])
    with pytest.raises(ConfigError, match="unknown method 'UserKN'; did you mean 'UserKNN'"):
        select(["UserKN"])


def test_near_names_are_told():
    with pytest.raises(ConfigError, match="unknown method 'clasic'; did you mean 'classic'"):
        select(["clasic"])


def test_a_run_without_options_is_a_tour():
    tour = make_config(jobs=2).as_tour()
    assert make_config().is_bare
    assert tour.method_names() == select(["tour"])
    assert (tour.jobs, len(tour.seed_list())) == (2, 3)
    for asked in ({"methods": ["all"]}, {"dataset": ["ml-100k"]}, {"seeds": 5}, {"plugins": ["a.py"]}):
        assert not make_config(**asked).is_bare


def test_a_model_in_several_modules_is_of_one_family():
    for name, tags in (("dmtl-ranking", ["deep", "groups"]), ("dmtl-ranking-no-profile", ["deep", "groups"])):
        assert methods[name].family == "dmtl"
        assert set(tags) <= set(tags_of(methods[name]))
    assert "ablations" in tags_of(methods["dmtl-ranking-no-profile"])
    assert "ablations" not in tags_of(methods["dmtl-ranking"])
