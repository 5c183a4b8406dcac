"""Environments on disk: a virtual environment each, in one folder of the user's."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from groupbench.core.environments._process import SERVER, EnvironmentProcess
from groupbench.core.errors import ConfigError, GroupbenchError
from groupbench.core.files import expanded, replacing

VARIABLE = "GROUPBENCH_ENVIRONMENTS"
"""Names the folder of environments, where it is not to be below the user's data."""

_RECORD = "environment.json"
"""What was asked for; written last, so that a folder without it is none."""

_DESCRIPTION = "description.json"


def root() -> Path:
    """The folder that holds all environments."""
    if given := os.environ.get(VARIABLE):
        return Path(expanded(given)).absolute()
    data = os.environ.get("XDG_DATA_HOME") or expanded("~/.local/share")
    return Path(data) / "groupbench" / "environments"


@dataclass(frozen=True)
class Environment:
    """A Python with packages of its own, in which the models of a library run.

    Attributes:
        name: the library's.
        folder: of the virtual environment.
    """

    name: str
    folder: Path

    @property
    def program(self) -> Path:
        """The Python of the environment."""
        return self.folder / "bin" / "python"

    def start(self, driver: Path, *, quiet: bool = False) -> EnvironmentProcess:
        """A process in it; arguments and errors as of `EnvironmentProcess`."""
        return EnvironmentProcess(self.program, driver, quiet=quiet)

    def described(self, driver: Path) -> Description:
        """What is in it, asked for again whenever packages or the driver have changed.

        Raises:
            ConfigError: if its Python or the library does not work.
        """
        return _described(self, driver, self._stamp(driver))

    def _stamp(self, driver: Path) -> str:
        """Changes when packages, or the files that describe them, change."""
        installed = sorted(
            f"{entry.name} {entry.stat().st_mtime_ns}"
            for packages in self.folder.glob("lib*/python*/site-packages")
            for entry in packages.iterdir()
            if entry.suffix in (".dist-info", ".egg-info", ".pth")
        )
        digest = hashlib.sha256(json.dumps([str(self.folder), *installed]).encode())
        for file in (driver, SERVER):
            digest.update(file.read_bytes())
        return digest.hexdigest()


@dataclass(frozen=True)
class Description:
    """What is in an environment.

    Attributes:
        python: its version.
        packages: versions of all packages by name.
        models: what a driver says of the library's models, by name.
    """

    python: str
    packages: Mapping[str, str]
    models: Mapping[str, Any]

    @property
    def versions(self) -> dict[str, str]:
        """Versions of Python and of all packages."""
        return {"python": self.python, **self.packages}

    def version(self, package: str) -> str:
        """The version of a package, however its name is written; empty without it."""
        wanted = _plain(package)
        return next((version for name, version in self.packages.items() if _plain(name) == wanted), "")


def _plain(package: str) -> str:
    return re.sub(r"[-_.]+", "-", package).lower()


@cache
def _described(environment: Environment, driver: Path, stamp: str) -> Description:
    file = environment.folder / _DESCRIPTION
    found = _stored(file, stamp)
    if found is None:
        try:
            process = environment.start(driver, quiet=True)
            found = process.describe()
            process.close()
        except (GroupbenchError, ImportError, OSError, MemoryError) as error:
            raise ConfigError(
                f"environment {environment.name} ({environment.folder}) does not work: {error}; make it "
                f"again after: groupbench env remove {environment.name}"
            ) from error
        # Where nothing can be written it is asked for again.
        with suppress(OSError), replacing(file) as temporary:
            temporary.write_text(json.dumps({"stamp": stamp, **found}, indent=1), encoding="utf-8")
    return Description(found["python"], found["packages"], found["models"])


def _stored(file: Path, stamp: str) -> Any:
    try:
        stored = json.loads(file.read_text(encoding="utf-8"))
        return stored if stored["stamp"] == stamp else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def find(name: str) -> Environment | None:
    """The environment of a library; None if it has none."""
    folder = root() / name
    is_there = name == folder.name and (folder / _RECORD).is_file()
    return Environment(name, folder) if is_there else None


def environments() -> Iterator[Environment]:
    """All environments, by name."""
    for record in sorted(root().glob(f"*/{_RECORD}")):
        yield Environment(record.parent.name, record.parent)


def make(name: str, steps: Sequence[Sequence[str]], python: str = "") -> Environment:
    """A new environment with packages from the package index; what an earlier try left is removed.

    Args:
        name: the library's, and the folder's.
        steps: the arguments of one `pip install` each.
        python: the Python to make it of; by default this one.

    Raises:
        ConfigError: if there is one already, or a step fails.
    """
    if find(name):
        raise ConfigError(
            f"environment {name} is there already; remove it first: groupbench env remove {name}"
        )
    environment = Environment(name, root() / name)
    shutil.rmtree(environment.folder, ignore_errors=True)
    try:
        _run([python or sys.executable, "-m", "venv", str(environment.folder)])
        for step in steps:
            _run([str(environment.program), "-m", "pip", "install", "--no-input", "--quiet", *step])
        return register(environment, steps)
    except BaseException:
        shutil.rmtree(environment.folder, ignore_errors=True)
        raise


def register(environment: Environment, steps: Sequence[Sequence[str]]) -> Environment:
    """Let an environment that is made count."""
    with replacing(environment.folder / _RECORD) as temporary:
        temporary.write_text(json.dumps({"name": environment.name, "steps": [list(s) for s in steps]}))
    return environment


def remove(name: str) -> Path:
    """Remove an environment with all that is in it; return where it was.

    Raises:
        ConfigError: if there is none of that name.
    """
    found = find(name)
    if found is None:
        raise ConfigError(f"there is no environment {name}; see groupbench env list")
    (found.folder / _RECORD).unlink()
    shutil.rmtree(found.folder, ignore_errors=True)
    return found.folder


def _run(command: Sequence[str]) -> None:
    try:
        subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
    except OSError as error:
        raise ConfigError(f"{command[0]}: {error.strerror}; give another --python") from error
    except subprocess.CalledProcessError as error:
        said = (error.stderr or error.stdout or "").strip().splitlines() or [
            f"exit status {error.returncode}"
        ]
        line = next((line for line in said if line.startswith("ERROR")), said[-1])
        raise ConfigError(
            f"{' '.join(command[1:6])} ...: {line}; give other packages or another --python"
        ) from error
