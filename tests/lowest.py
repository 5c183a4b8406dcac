"""Prints, as constraints for pip, the lowest versions of its dependencies that pyproject.toml allows."""

import re
import tomllib
from pathlib import Path

PROJECT = Path(__file__).parents[1] / "pyproject.toml"

for requirement in tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["dependencies"]:
    name, version = re.match(r"([\w.-]+)>=([\w.]+)", requirement).groups()
    print(f"{name}=={version}")
