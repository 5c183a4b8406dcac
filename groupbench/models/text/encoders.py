"""Encoders by name, and what all of them promise. None ever downloads anything or reads a pickle."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from groupbench.core.errors import ConfigError, GroupbenchError, PluginError
from groupbench.core.registry import text_encoder, text_encoders
from groupbench.models.text._sentences import sentence_transformers
from groupbench.models.text._wordllama import wordllama

if TYPE_CHECKING:
    from numpy.typing import NDArray


def tfidf(texts: Sequence[str]) -> NDArray[np.float32]:
    """TF-IDF of the 200 most frequent words of the texts, but for English stop words; needs nothing more."""
    from groupbench.data.loading import tfidf as words

    found = words(texts)
    return np.empty((len(texts), 0), np.float32) if found is None else found.values.astype(np.float32)


_BUILT_IN: dict[str, Callable[..., object]] = {
    "tfidf": tfidf,
    "wordllama": wordllama,
    "sentence-transformers": sentence_transformers,
}
for _name, _make in _BUILT_IN.items():  # A loop, so that results of methods depend on the code of all.
    text_encoder(_name)(_make)


def require(name: str) -> None:
    """Refuse what is no encoder, or lacks or has too much behind its colon.

    Raises:
        ConfigError: saying what to write instead.
    """
    kind, colon, model = name.partition(":")
    parameters = inspect.signature(text_encoders[kind].make).parameters
    if "model" not in parameters and colon:
        raise ConfigError(f"text encoder {kind} has no models to choose from; write {kind}")
    if "model" in parameters and parameters["model"].default is inspect.Parameter.empty and not model:
        raise ConfigError(f"text encoder {kind} needs a model; write {kind}:NAME or {kind}:FOLDER")


def encode(name: str, texts: Sequence[str]) -> NDArray[np.float32]:
    """Vectors of `texts`, (n, width): the same for the same texts, and zeros where there is no text.

    Args:
        name: a registered name, some with a model behind a colon, as in `sentence-transformers:NAME`.
        texts: n texts. An encoder may be fitted to them, so that theirs are to be encoded together.

    Raises:
        ConfigError: if there is no such encoder, or its library or model is not there.
        PluginError: if it fails, or what it gives is not as it should be.
    """
    require(name)
    kind, _, model = name.partition(":")
    entry = text_encoders[kind]
    distinct = sorted({text for text in texts if text.strip()})
    try:
        found = np.asarray(entry.make(distinct, model) if model else entry.make(distinct), np.float32)
    except (GroupbenchError, MemoryError):
        raise
    except Exception as error:
        raise PluginError(
            f"text encoder {name} raised {type(error).__name__}: {error} (at {entry.location})"
        ) from error
    if found.ndim != 2 or len(found) != len(distinct) or not np.isfinite(found).all():
        raise PluginError(
            f"text encoder {name} gives {found.shape} for {len(distinct)} texts, or not finite numbers; "
            f"give an array (n_texts, width) (at {entry.location})"
        )
    rows = dict(zip(distinct, range(len(distinct)), strict=True))
    index = np.array([rows.get(text, len(distinct)) for text in texts], dtype=np.int64)
    return np.vstack([found, np.zeros((1, found.shape[1]), np.float32)])[index]
