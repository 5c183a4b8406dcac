"""Any model of the library sentence-transformers that is on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from groupbench.core.errors import ConfigError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_OFFLINE = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")


def sentence_transformers(texts: Sequence[str], model: str) -> NDArray[np.float32]:
    """Vectors of a model of sentence-transformers: a folder, or a name that is in the library's cache.

    The model runs on the CPU and is read from safetensors; nothing is downloaded, and no code that comes with
    a model is run.

    Raises:
        ConfigError: if the library or the model is not there.
    """
    if find_spec("sentence_transformers") is None:
        raise ConfigError(
            f"the text encoder sentence-transformers:{model} needs a library that is not installed; "
            "install the extra 'sentence-transformers' of groupbench, or the library itself"
        )
    with _offline():
        from sentence_transformers import SentenceTransformer

        made = _loaded(SentenceTransformer, model)
        found = made.encode(list(texts), batch_size=32, show_progress_bar=False, convert_to_numpy=True)
    return np.asarray(found, np.float32)


def _loaded(make: Any, model: str) -> Any:
    try:
        return make(
            os.path.expanduser(model),
            device="cpu",
            local_files_only=True,
            trust_remote_code=False,
            model_kwargs={"use_safetensors": True},
        )
    except (OSError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise ConfigError(
            f"sentence-transformers:{model} is neither a folder with a model in safetensors nor in the "
            f"library's cache, and nothing is downloaded ({reason}); download it with the library first, or "
            "give the folder"
        ) from error


@contextmanager
def _offline() -> Iterator[None]:
    """Tell the libraries below to stay off the network, for as long as this lasts."""
    before = {name: os.environ.get(name) for name in _OFFLINE}
    os.environ.update(dict.fromkeys(_OFFLINE, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
