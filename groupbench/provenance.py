"""What a run ran on: versions, processor, threads and command."""

from __future__ import annotations

import os
import platform
import shlex
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from groupbench import __version__

PACKAGES = ("numpy", "scipy", "pandas", "scikit-learn", "scikit-surprise", "implicit", "torch", "pyarrow")


@cache
def _static() -> dict[str, Any]:
    return {
        "groupbench": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "packages": {name: _version(name) for name in PACKAGES},
    }


def environment() -> dict[str, Any]:
    """Versions of groupbench, Python and the libraries, the CPU, and the threads of this process."""
    return {
        **_static(),
        "threads": os.environ.get("OMP_NUM_THREADS", ""),
        "command": os.environ.get("GROUPBENCH_COMMAND", shlex.join(sys.argv)),
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _cpu() -> str:
    try:
        with Path("/proc/cpuinfo").open() as lines:
            return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
