"""Static vectors of tokens, as they ship in the wheel of the library wordllama."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from groupbench.core.errors import ConfigError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from tokenizers import Tokenizer

_VECTORS, _TOKENIZER = "weights/l2_supercat_256.safetensors", "tokenizers/l2_supercat_tokenizer_config.json"
_BLOCK = 1024
"""Texts whose tokens are looked up at once."""


def wordllama(texts: Sequence[str]) -> NDArray[np.float32]:
    """Means of static token vectors (WordLlama, 256 wide), scaled to length 1; needs the library wordllama.

    The vectors and the tokenizer are those in the installed wheel; nothing is downloaded.

    Raises:
        ConfigError: if the library is not installed, or its wheel lacks them.
    """
    table, cut = _read(*_files())
    out = np.zeros((len(texts), table.shape[1]), np.float32)
    for start in range(0, len(texts), _BLOCK):
        block = cut.encode_batch(list(texts[start : start + _BLOCK]), add_special_tokens=False)
        sizes = np.array([len(one.ids) for one in block])
        tokens = np.concatenate([np.array(one.ids, np.int64) for one in block])
        filled = np.flatnonzero(sizes)
        starts = (np.cumsum(sizes) - sizes)[filled]
        if len(filled):
            out[start + filled] = np.add.reduceat(table[tokens].astype(np.float32), starts)
    lengths = np.linalg.norm(out, axis=1, keepdims=True)
    return np.asarray(out / np.maximum(lengths, 1e-12), np.float32)


@lru_cache(maxsize=1)
def _read(vectors: Path, tokenizer: Path) -> tuple[NDArray[np.float16], Tokenizer]:
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer

    cut = Tokenizer.from_file(str(tokenizer))
    cut.no_truncation()
    cut.no_padding()
    return load_file(vectors)["embedding.weight"], cut


def _files() -> tuple[Path, Path]:
    """Where the library keeps vectors and tokenizer; it is not imported."""
    spec = find_spec("wordllama")
    if spec is None or not spec.submodule_search_locations:
        raise ConfigError(
            "the text encoder wordllama needs a library that is not installed; install the extra 'wordllama' "
            "of groupbench, or 'wordllama>=0.4'"
        )
    folder = Path(spec.submodule_search_locations[0])
    files = folder / _VECTORS, folder / _TOKENIZER
    for file in files:
        if not file.is_file():
            raise ConfigError(
                f"the installed wordllama lacks {file.name}, and nothing is downloaded; install it anew: "
                "pip install --force-reinstall --no-deps 'wordllama>=0.4', or take the encoder tfidf"
            )
    return files
