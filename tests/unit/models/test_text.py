"""Encoders of texts: what all of them promise, and what they say where something is missing."""

from __future__ import annotations

import os
import socket
import sys
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupbench.core.errors import ConfigError, PluginError
from groupbench.core.registry import text_encoder, text_encoders
from groupbench.models.text import _sentences, _wordllama
from groupbench.models.text.encoders import encode, require

TEXTS = ["the red fox", "", "a red car", "blue car, blue fox", "  ", "a red car"]
needs_wordllama = pytest.mark.skipif(find_spec("wordllama") is None, reason="wordllama is not installed")
BUILT_IN = ["tfidf", pytest.param("wordllama", marks=needs_wordllama)]


@pytest.fixture
def registered():
    """Registers an encoder for one test."""
    names = []

    def register(name, make):
        names.append(name)
        text_encoder(name)(make)

    yield register
    for name in names:
        del text_encoders._values[name]
        del text_encoders._homes[name]


@pytest.mark.parametrize("name", BUILT_IN)
def test_rows_without_text_are_zeros_and_equal_texts_equal(name):
    vectors = encode(name, TEXTS)
    assert vectors.dtype == np.float32
    assert vectors.shape[0] == len(TEXTS)
    assert not vectors[[1, 4]].any()
    np.testing.assert_array_equal(vectors[2], vectors[5])
    np.testing.assert_array_equal(vectors, encode(name, TEXTS))
    np.testing.assert_allclose(np.linalg.norm(vectors[[0, 2, 3]], axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("name", BUILT_IN)
def test_no_texts_at_all_are_no_trouble(name):
    assert len(encode(name, [])) == 0
    assert not encode(name, ["", ""]).any()


@needs_wordllama
def test_static_vectors_know_what_words_mean():
    texts = [
        "The judge heard the lawyer.",
        "A trial before a jury",
        "The chef kneads dough",
        "Bake it in the oven",
    ]
    alike = encode("wordllama", texts)
    alike = alike @ alike.T
    assert alike[0, 1] > alike[0, 2]
    assert alike[2, 3] > alike[1, 3]
    assert alike.shape == (4, 4)


@needs_wordllama
@given(st.lists(st.text(max_size=30), max_size=6))
def test_a_vector_does_not_depend_on_the_other_texts(texts):
    together = encode("wordllama", [*texts, "snow"])
    alone = np.vstack([encode("wordllama", [text]) for text in [*texts, "snow"]])
    np.testing.assert_allclose(together, alone, rtol=0, atol=1e-6)


@needs_wordllama
def test_nothing_is_asked_of_the_network(monkeypatch):
    def refuse(*_):
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket, "socket", refuse)
    assert encode("wordllama", ["snow"]).any()


def test_an_unknown_encoder_is_told_with_near_names():
    with pytest.raises(ConfigError, match="unknown text encoder 'tfid'; did you mean 'tfidf'"):
        encode("tfid", TEXTS)


@pytest.mark.parametrize(
    ("name", "remedy"),
    [("tfidf:large", "write tfidf"), ("sentence-transformers", "write sentence-transformers:NAME")],
)
def test_models_are_named_where_there_are_some(name, remedy):
    with pytest.raises(ConfigError, match=remedy):
        require(name)


def test_what_is_not_installed_is_named_with_its_extra(monkeypatch):
    for module, name in ((_wordllama, "wordllama"), (_sentences, "sentence-transformers:x")):
        monkeypatch.setattr(module, "find_spec", lambda _: None)
        with pytest.raises(ConfigError, match=f"not installed.* '{name.partition(':')[0]}' of groupbench"):
            encode(name, TEXTS)


def test_a_wheel_without_vectors_is_told_with_a_remedy(monkeypatch, tmp_path):
    spec = ModuleSpec("wordllama", None, is_package=True)
    spec.submodule_search_locations = [str(tmp_path)]
    monkeypatch.setattr(_wordllama, "find_spec", lambda _: spec)
    with pytest.raises(ConfigError, match=r"lacks l2_supercat_256\.safetensors.*--force-reinstall"):
        encode("wordllama", TEXTS)


class FakeTransformer:
    """Takes the place of the library's class: it has one model, and says how it was asked."""

    asked = None

    def __init__(self, model, **options):
        type(self).asked = (options, {name: os.environ.get(name) for name in _sentences._OFFLINE})
        if model != "mine":
            raise OSError("We couldn't connect to 'https://huggingface.co'\nand more")

    def encode(self, texts, **_):
        return np.array([[len(text), 1.0] for text in texts])


@pytest.fixture
def sentences(monkeypatch):
    module = ModuleType("sentence_transformers")
    module.SentenceTransformer = FakeTransformer
    monkeypatch.setitem(sys.modules, "sentence_transformers", module)
    monkeypatch.setattr(_sentences, "find_spec", lambda _: module)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setenv("TRANSFORMERS_OFFLINE", "0")
    return module


def test_models_of_sentence_transformers_are_local_ones(sentences):
    assert encode("sentence-transformers:mine", TEXTS)[:2].tolist() == [[11, 1], [0, 0]]
    options, offline = FakeTransformer.asked
    assert options["local_files_only"]
    assert not options["trust_remote_code"]
    assert options["model_kwargs"] == {"use_safetensors": True}
    assert set(offline.values()) == {"1"}
    assert os.environ.get("HF_HUB_OFFLINE") is None
    assert os.environ["TRANSFORMERS_OFFLINE"] == "0"


def test_a_model_that_is_not_there_is_told(sentences):
    with pytest.raises(ConfigError, match=r"sentence-transformers:other is neither .* nothing is downloaded"):
        encode("sentence-transformers:other", TEXTS)


def test_an_encoder_of_ones_own(registered):
    registered("lengths", lambda texts: [[len(text)] for text in texts])
    assert encode("lengths", TEXTS).ravel().tolist() == [11, 0, 9, 18, 0, 9]


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (lambda texts: np.zeros(len(texts)), r"gives \(3,\) for 3 texts"),
        (lambda texts: np.zeros((1, 2)), r"gives \(1, 2\) for 3 texts"),
        (lambda texts: np.full((len(texts), 1), np.nan), "not finite"),
        (lambda texts: [["x"] for _ in texts], "raised ValueError"),
    ],
)
def test_an_encoder_that_breaks_its_promise_is_told(registered, given, problem):
    registered("odd", given)
    with pytest.raises(PluginError, match=problem):
        encode("odd", TEXTS)


def test_a_name_that_means_something_else_is_no_encoder():
    with pytest.raises(PluginError, match="none"):
        text_encoder("none")(len)
