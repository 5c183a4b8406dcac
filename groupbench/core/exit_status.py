"""What an exit status says of how a process ended."""

from __future__ import annotations

import signal

_FROM_OUTSIDE = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)
"""Signals that somebody else sends, the kernel among them where memory runs out."""

_HINTS = {"SIGKILL": " (out of memory?)", "SIGSEGV": " (a crash in compiled code)"}


def is_from_outside(code: int) -> bool:
    """Whether a process with this exit status, negative for a signal, was ended by somebody else."""
    return -code in _FROM_OUTSIDE


def cause(code: int) -> str:
    """Why a process ended in the middle of its work, by its exit status, negative for a signal."""
    if code >= 0:
        return f"the process left with exit status {code} in the middle of the job"
    name = {s.value: s.name for s in signal.Signals}.get(-code, f"signal {-code}")
    return f"the process was ended by {name}{_HINTS.get(name, '')}"
