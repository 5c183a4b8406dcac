"""A fitted method in another process: what workers and clusters do to it."""

from __future__ import annotations

import io
import pickle  # noqa: TID251 - only bytes that this module wrote itself, through a pipe
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np

from groupbench.core.errors import MethodError
from groupbench.core.plugins import load_plugin
from groupbench.testing._small import small_training
from groupbench.testing._trial import everyone

if TYPE_CHECKING:
    from pathlib import Path

    from groupbench.core.arrays import FloatArray

_TIMEOUT = 300.0
"""Seconds that the other process may take."""


def scores_elsewhere(fitted: object, file: Path) -> FloatArray:
    """The scores for everyone that `fitted`, defined in `file`, gives in a new process.

    Raises:
        MethodError: if the instance cannot be sent, or the other process fails.
    """
    try:
        sent = pickle.dumps(fitted)
    except Exception as error:
        raise MethodError(
            f"cannot be sent to another process ({type(error).__name__}: {error}); define the class at the "
            "top level of its file and keep arrays, not open files, locks or lambdas, in its attributes"
        ) from error
    plugin = str(file) if type(fitted).__module__.startswith("groupbench_plugin_") else ""
    command = [sys.executable, "-P", "-m", __name__, plugin]
    done = subprocess.run(command, input=sent, capture_output=True, timeout=_TIMEOUT, check=False)
    if done.returncode != 0:
        last = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise MethodError(f"cannot score in another process ({last}); keep all it needs in its attributes")
    return np.asarray(np.load(io.BytesIO(done.stdout), allow_pickle=False))


def _main(plugin: str) -> None:
    """Score what comes in through standard input; only the scores go out."""
    out, sys.stdout = sys.stdout.buffer, sys.stderr
    if plugin:
        load_plugin(plugin)
    scores = everyone(pickle.load(sys.stdin.buffer), small_training())
    held = io.BytesIO()
    np.save(held, scores, allow_pickle=False)
    out.write(held.getvalue())


if __name__ == "__main__":
    _main(sys.argv[1])
