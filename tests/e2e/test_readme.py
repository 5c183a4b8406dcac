"""What the README and the pages claim of installing, of errors and of a folder of methods."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ADDED = re.search(r"```python\n(# \w+\.py\n.*?)```", README, flags=re.DOTALL)[1]
COMMANDS = [
    part.strip() for line in re.findall("^    (.*)$", README, flags=re.MULTILINE) for part in line.split("&&")
]


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_the_main_job(call):
    for command in (part for part in COMMANDS if part.startswith("groupbench ")):
        status, said = call(command)
        assert status == 0, said
    assert "dmtl" in said


def listed_in(folder, modules):
    """The methods that are listed where Python finds groupbench in `modules` and was started in `folder`."""
    program = "from groupbench.core.registry import methods; print(*methods)"
    environment = {**os.environ, "PYTHONPATH": str(modules)}
    return subprocess.check_output(
        [sys.executable, "-c", program], cwd=folder, env=environment, text=True
    ).split()


@pytest.mark.skipif(not (ROOT / "baselines").is_dir(), reason="needs a clone")
def test_a_file_in_baselines_is_found_in_a_clone_and_not_by_a_copy_that_is_installed(tmp_path):
    clone, installed = tmp_path / "clone", tmp_path / "installed"
    for name in ("baselines", "datasets", "groupbench"):
        shutil.copytree(ROOT / name, clone / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(clone / "groupbench", installed / "groupbench")
    for name in ("baselines", "datasets"):
        shutil.copytree(clone / name, installed / "groupbench" / name)
    shutil.copy(ROOT / "pyproject.toml", clone)
    (clone / "baselines" / "shrunken_mean.py").write_text(ADDED, encoding="utf-8")
    assert "shrunken-mean" in listed_in(tmp_path, clone)
    assert "svd" in listed_in(tmp_path, installed)
    assert "shrunken-mean" not in listed_in(tmp_path, installed)


def test_the_method_of_the_readme_passes_all_tests(cli):
    (cli.folder / "shrunken_mean.py").write_text(ADDED, encoding="utf-8")
    ended = cli("check", "shrunken-mean", "--plugin", "shrunken_mean.py")
    assert "0 failed" in ended.stdout
    assert ended.returncode == 0


def test_an_error_is_one_line_and_debug_adds_the_traceback(call):
    remedy = "if a file of yours registers it, add --plugin FILE"
    line = f"groupbench: unknown method 'svd+'; did you mean 'SVD++' or 'svd' or 'svdpp'? ({remedy})\n"
    assert call("groupbench run --methods svd+") == (2, line)
    status, said = call("groupbench run --methods svd+ --debug")
    assert status == 2
    assert said.startswith("Traceback")
    assert said.endswith(line)


def test_a_command_line_that_is_not_understood_is_one_line(call):
    line = "groupbench: no such option: --nosuch ('groupbench run --help' shows what there is)\n"
    assert call("groupbench run --nosuch") == (2, line)
