"""The other end of `_serve.py`: a process in an environment that fits one model and gives its scores."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import weakref
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from groupbench.core.errors import CrashError, MethodError
from groupbench.core.exit_status import cause, is_from_outside
from groupbench.core.files import scratch
from groupbench.core.stopwatch import add_peak

if TYPE_CHECKING:
    from groupbench.core.arrays import FloatArray, IntArray

SERVER = Path(__file__).with_name("_serve.py")
"""What the process runs."""

_LONGEST = 2**24
"""Characters of an answer."""

_GRACE = 5.0
"""Seconds that a process which hung up has to end."""

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


class EnvironmentProcess:
    """A process of another Python; it ends with this object, or with the process that made it.

    It works in a temporary folder of its own, which is removed with what libraries leave there. It has as
    many threads as this process is held to, or one.

    Args:
        python: the program.
        driver: the file that knows the library.
        quiet: whether what it says on standard error goes nowhere.
    """

    def __init__(self, python: Path, driver: Path, *, quiet: bool = False) -> None:
        self._stack = ExitStack()
        self._folder = self._stack.enter_context(scratch("groupbench-environment-"))
        self._end = weakref.finalize(self, self._stack.close)
        asked, requests = os.pipe()
        answers, given = os.pipe()
        self._requests: IO[bytes] = self._stack.enter_context(os.fdopen(requests, "wb", buffering=0))
        self._answers: IO[str] = self._stack.enter_context(os.fdopen(answers, encoding="utf-8"))
        try:
            self._process = subprocess.Popen(
                [python, "-I", "-W", "ignore", SERVER, driver, str(asked), str(given)],
                pass_fds=[asked, given],
                stdin=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL if quiet else None,
                cwd=self._folder,
                env={**dict.fromkeys(_THREADS, "1"), **os.environ, "TMPDIR": str(self._folder)},
                start_new_session=True,
            )
        except OSError as error:
            self.close()
            raise MethodError(
                f"{python} does not start: {error.strerror}; make the environment again"
            ) from error
        finally:
            os.close(asked)
            os.close(given)
        self._stack.callback(_kill, self._process)

    def close(self) -> None:
        """End the process, and remove its folder."""
        self._end()

    def load(self) -> None:
        """Import the library; errors as of `fit`."""
        self._ask("load")

    def describe(self) -> dict[str, Any]:
        """`python` and `packages` with their versions, and `models` as the driver describes them."""
        described = self._ask("describe")
        if not isinstance(described, dict):
            raise MethodError(f"its process describes its environment by {described!r:.60}")
        return described

    def fit(self, model: str, parameters: Mapping[str, object], seed: int, data: Mapping[str, Any]) -> None:
        """Fit a model.

        Raises:
            CrashError: if the process ends.
            MemoryError: if it has not enough memory.
            OSError: if the system refuses it something.
            ImportError: if it lacks a library.
            MethodError: for whatever else goes wrong there.
        """
        import numpy as np

        file = self._folder / "data.npz"
        np.savez(file, **data)
        self._ask("fit", model=model, parameters=parameters, seed=seed, data=str(file))
        file.unlink()

    def score(self, users: IntArray) -> FloatArray:
        """What users score all items, (len(users), n_items); errors as of `fit`."""
        import numpy as np

        np.save(self._folder / "asked.npy", users, allow_pickle=False)
        return self._scores("score", "asked.npy", len(users))

    def score_groups(self, groups: Sequence[IntArray]) -> FloatArray:
        """What groups, each by its members, score all items, (len(groups), n_items); errors as of `fit`."""
        import numpy as np

        offsets = np.cumsum([0, *map(len, groups)])
        np.savez(self._folder / "asked.npz", members=np.concatenate(groups), offsets=offsets)
        return self._scores("score_groups", "asked.npz", len(groups))

    def _scores(self, do: str, asked: str, rows: int) -> FloatArray:
        import numpy as np

        file = self._folder / "scores.npy"
        self._ask(do, asked=str(self._folder / asked), scores=str(file))
        try:
            scores = np.array(np.load(file, mmap_mode="r", allow_pickle=False))
        except (OSError, ValueError) as error:
            raise MethodError(f"its process left no scores: {error}") from error
        file.unlink()
        if scores.ndim != 2 or len(scores) != rows or scores.dtype != np.float64:
            raise MethodError(f"its process gives scores of shape {scores.shape} for {rows} rows")
        return scores

    def _ask(self, do: str, **arguments: object) -> Any:
        try:
            self._requests.write(json.dumps({"do": do, **arguments}).encode() + b"\n")
            line = self._answers.readline(_LONGEST)
        except (OSError, UnicodeDecodeError):
            line = ""
        if not line:
            raise self._ended()
        try:
            answer = json.loads(line)
            if "error" in answer:
                raise _error(answer["kinds"], answer["error"])
            add_peak(float(answer["peak_mb"]))
            return answer["value"]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise MethodError(f"its process answers {line[:60]!r}") from error

    def _ended(self) -> CrashError:
        try:
            code = self._process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            return CrashError("the process closed its connection to the job")
        return CrashError(cause(code), by_method=not is_from_outside(code))


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and its group, the leader of which it is."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _error(kinds: Sequence[str], text: str) -> Exception:
    """The error that stands here for one of another process: as much is its memory or its system to blame."""
    for kind in (MemoryError, ImportError):
        if kind.__name__ in kinds:
            return kind(text)
    if "OSError" in kinds:
        return OSError(text)
    return MethodError(f"{kinds[0]}: {text}" if text else kinds[0])
