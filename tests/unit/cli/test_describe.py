from __future__ import annotations

import pytest

from groupbench import metrics
from groupbench.cli import _describe as describe
from groupbench.cli._describe import explanation, listing
from groupbench.core import plugins, registry
from groupbench.core.errors import ConfigError, PluginError
from groupbench.data.formation import KINDS as KINDS_OF_GROUPS
from groupbench.evaluation.protocols import PROTOCOLS
from groupbench.evaluation.views import VIEWS

KINDS = ("methods", "aggregators", "datasets", "metrics", "views")


def test_the_listing_has_every_name_of_every_kind():
    text = listing()
    words = set(text.split())

    assert [line for line in text.splitlines() if line in KINDS] == list(KINDS)
    for held in (registry.methods, registry.aggregators, registry.datasets):
        assert set(held) <= words
    assert {f"{name}@K" for name in metrics.families()} <= words
    assert set(VIEWS) <= words


def test_protocols_are_listed_by_the_first_lines_of_their_classes():
    listed = " ".join(listing("protocols").split())

    for name, kind in PROTOCOLS.items():
        assert f"{name} {kind.__doc__.partition(chr(10))[0]}" in listed


def test_listings_fit_a_narrow_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert max(map(len, listing().splitlines())) <= 80


@pytest.mark.parametrize(
    "name",
    [
        *(n.replace("@K", "@10") for n in describe.names()),
        "[both]",
        "(ref)",
        "svd[tuned]",
        "MiB",
        "sdaa",
        "SVD",
    ],
)
def test_whatever_is_shown_is_explained(name):
    assert explanation(name).strip()


def test_a_label_is_explained_part_by_part():
    text = explanation("ease[both]")
    assert text.startswith("ease (method")
    assert "both: A recommender of users is fitted on rows of users and" in text
    assert "camra2011 (dataset" in (clean := explanation("camra2011:clean"))
    assert "clean: A variant of a data set" in clean
    assert "classic (tag)" in explanation("classic")


def test_kinds_of_groups_that_are_formed_are_explained():
    for kind in (*KINDS_OF_GROUPS, "kmeans", "natural"):
        assert f"{kind} (groups): " in explanation(kind)


@pytest.mark.parametrize("kind", [*KINDS, "protocols"])
def test_one_kind_can_be_listed(kind):
    assert listing(kind) in listing()
    assert listing(kind).startswith(f"{kind}\n  ")


@pytest.mark.parametrize("name", [*registry.methods, *registry.aggregators, *registry.datasets])
def test_every_name_is_explained_with_its_parameters(name):
    text = explanation(name)
    entry = next(
        held[name] for held in (registry.methods, registry.aggregators, registry.datasets) if name in held
    )

    assert text.startswith(f"{name} (")
    assert entry.file.name in text
    assert entry.summary.partition(" [")[0] in text
    for parameter, value in entry.parameters().items():
        if "Parameters of this name" in text:
            assert f"{parameter}: " in text
            assert f"= {value!r}" in text
    assert listing(name) == text


@pytest.mark.parametrize("name", VIEWS)
def test_views_are_explained_by_their_definition(name):
    said = f"{name} (view): {VIEWS[name].definition} (tau {VIEWS[name].tau} of 1 to 5)"
    assert explanation(name).partition("\n")[0] == said


@pytest.mark.parametrize(
    ("name", "same"), [("ndcg@5", "ndcg@5"), ("NDCG@5", "ndcg@5"), ("Recall", "recall@10")]
)
def test_metrics_are_explained_with_any_capitals_and_with_or_without_k(name, same):
    assert explanation(name) == metrics.explain(same)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("populraity", "did you mean 'popularity'"),
        ("ndgc@10", "unknown metric 'ndgc'; did you mean 'ndcg'"),
        ("ndcg@ten", "needs a cutoff K of 1 or more"),
        ("rated-gruop", "did you mean 'rated-group'"),
    ],
)
def test_unknown_names_get_near_ones(name, says):
    for ask in (explanation, listing):
        with pytest.raises(ConfigError, match=says):
            ask(name)


@pytest.mark.parametrize(("name", "method"), [("SVD++", "svdpp"), ("userknn", "knn-basic"), ("SVD", "svd")])
def test_names_of_print_are_explained(name, method):
    assert explanation(name) == explanation(method)


def test_plugins_are_listed_once_loaded(tmp_path, monkeypatch):
    monkeypatch.setattr(registry.aggregators, "_values", dict(registry.aggregators))
    file = tmp_path / "mine.py"
    file.write_text(
        "from groupbench.core.registry import aggregator\n"
        "@aggregator('mine-of-this-test')\n"
        "def mine():\n    '''Mine it is.'''\n"
    )
    plugins.load_plugins([str(file)])

    assert "mine-of-this-test" in describe.listing("aggregators")
    assert "Mine it is." in explanation("mine-of-this-test")
    with pytest.raises(PluginError):
        plugins.load_plugins([str(tmp_path / "missing.py")])
