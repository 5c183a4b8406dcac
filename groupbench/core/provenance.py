"""What a run ran on: code, versions, processor, threads and command."""

from __future__ import annotations

import hashlib
import os
import platform
import shlex
import subprocess
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from groupbench.core.version import VERSION

PACKAGES = ("numpy", "scipy", "pandas", "scikit-learn", "scikit-surprise", "implicit", "torch", "pyarrow")

_CHECKOUT = Path(__file__).parents[2]
_SOURCES = ("groupbench", "baselines", "datasets")
"""Folders of a checkout that hold the code."""

_VECTOR_UNITS = ("avx", "avx2", "fma", "avx512f")

_PATIENCE = 10.0
"""Seconds that git may take."""


def environment() -> dict[str, Any]:
    """Versions of groupbench, Python and the libraries, the CPU, and the threads of this process."""
    return {
        **_static(),
        "threads": threads(),
        "command": os.environ.get("GROUPBENCH_COMMAND", shlex.join(sys.argv)),
    }


def threads() -> int:
    """The threads that BLAS and OpenMP may take in this process: as told, or one a core."""
    told = os.environ.get("OMP_NUM_THREADS", "")
    return int(told) if told.isdecimal() else os.cpu_count() or 1


@cache
def code() -> dict[str, str]:
    """Which groupbench this is.

    Returns:
        `commit`, empty without a checkout; `state`, which is `clean`, `modified`, or says why there is no
        commit; and `sha256` of all source files, the same for a checkout and a wheel made from it.
    """
    commit, state = git_state(_CHECKOUT)
    return {"commit": commit, "state": state, "sha256": _source_hash()}


def git_state(checkout: Path) -> tuple[str, str]:
    """The commit of a folder that git keeps, and whether its code is `clean` or `modified`.

    Args:
        checkout: the top folder; one that merely lies in somebody's repository has no state of its own.

    Returns:
        The commit and the state; without a commit, nothing and the reason.
    """
    if not (checkout / ".git").exists():
        return "", "no git checkout (installed package)"
    try:
        commit = _git(checkout, "rev-parse", "HEAD")
        changed = _git(checkout, "status", "--porcelain", "--", *_SOURCES)
    except FileNotFoundError:
        return "", "unknown: there is no git program"
    except subprocess.CalledProcessError as error:
        return "", f"unknown: git says {error.stderr.strip().partition(chr(10))[0]}"
    except (OSError, subprocess.TimeoutExpired) as error:
        return "", f"unknown: {error}"
    return commit, "modified" if changed else "clean"


def _git(checkout: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", "-C", str(checkout), *arguments],
        env={**os.environ, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
        check=True,
    ).stdout.strip()


def _source_hash() -> str:
    """sha256 over name and content of every Python file, by the name under which it is imported."""
    files: dict[str, Path] = {}
    for package in ("groupbench", "groupbench.baselines", "groupbench.datasets"):
        spec = find_spec(package)
        for folder in spec.submodule_search_locations or () if spec else ():
            # A clone is on the package's path too, for its two folders of additions only.
            if package != "groupbench" or Path(folder) != _CHECKOUT:
                top = package.replace(".", "/")
                files |= {f"{top}/{f.relative_to(folder).as_posix()}": f for f in Path(folder).rglob("*.py")}
    digest = hashlib.sha256()
    for name in sorted(files):
        content = files[name].read_bytes()
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


@cache
def _static() -> dict[str, Any]:
    return {
        "groupbench": VERSION,
        "code": code(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "packages": {name: _version(name) for name in PACKAGES},
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _cpu() -> str:
    try:
        return cpu_kind(Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return platform.processor() or platform.machine()


def cpu_kind(cpuinfo: str) -> str:
    """Name and model numbers of the first processor, and its vector units, which decide how sums are rounded.

    Args:
        cpuinfo: what Linux says in `/proc/cpuinfo`.

    Raises:
        ValueError: if no processor is named.
    """
    lines = cpuinfo.partition("\n\n")[0].splitlines()
    said = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if "model name" not in said:
        raise ValueError("no processor has a name")
    numbers = [f"{name} {said[name]}" for name in ("cpu family", "model") if name in said]
    units = [unit for unit in _VECTOR_UNITS if unit in said.get("flags", "").split()]
    return ", ".join([said["model name"], *numbers, *units])
