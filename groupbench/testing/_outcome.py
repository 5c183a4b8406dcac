"""How a check ends, and what the checks are written with."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from groupbench.core.arrays import FloatArray
from groupbench.core.errors import GroupbenchError, MethodError
from groupbench.testing._trial import MethodTrial


@dataclass(frozen=True)
class CheckOutcome:
    """How one check ended; `message` says what to fix if it did not pass.

    Attributes:
        name: of the check.
        passed: whether it passed; one that does not apply did.
        message: what to fix, or why it does not apply.
    """

    name: str
    passed: bool
    message: str = ""


@dataclass(frozen=True)
class ConformanceCheck:
    """One thing that methods of some kinds owe.

    Attributes:
        name: what the check is called in reports.
        verify: raises a `MethodError` that says what to fix.
        kinds: the contracts it is part of.
    """

    name: str
    verify: Callable[[MethodTrial], None]
    kinds: tuple[type, ...]

    def run(self, trial: MethodTrial) -> CheckOutcome:
        """Run the check; whatever the method raises is an outcome too."""
        try:
            self.verify(trial)
        except GroupbenchError as error:
            return CheckOutcome(self.name, False, str(error))
        except Exception as error:
            return CheckOutcome(self.name, False, crash(error))
        return CheckOutcome(self.name, True)


def need(kept: bool, message: str) -> None:
    """Raise a `MethodError` with `message` unless `kept`."""
    if not kept:
        raise MethodError(message)


def equal(a: FloatArray, b: FloatArray) -> bool:
    """Whether scores agree to the last bit; NaN agrees with NaN."""
    return np.array_equal(a, b, equal_nan=True)


def close(a: FloatArray, b: FloatArray) -> bool:
    """Whether scores agree up to rounding in single precision, relative to the largest."""
    largest = float(np.abs(b[np.isfinite(b)]).max(initial=0.0))
    return a.shape == b.shape and np.allclose(a, b, rtol=1e-5, atol=1e-6 * largest, equal_nan=True)


def crash(error: Exception) -> str:
    """Say what was raised and where, with the remedy for writing to read-only input."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    hint = "; training arrays are read-only: work on a copy" if "read-only" in str(error) else ""
    return f"{type(error).__name__}: {error} (at {frame.filename}:{frame.lineno}){hint}"
