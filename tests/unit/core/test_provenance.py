"""What a run says of the code and the machine it ran on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import groupbench
from groupbench.core import provenance

ROOT = Path(groupbench.__file__).parents[1]


@pytest.fixture
def checkout(tmp_path):
    """A folder under git with one file of code, and how to call git there."""
    if shutil.which("git") is None:
        pytest.skip("needs git")

    def git(*arguments):
        environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
        identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
        command = ["git", "-C", str(tmp_path), *identity, *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout

    (tmp_path / "groupbench").mkdir()
    (tmp_path / "groupbench" / "a.py").write_text("1\n")
    git("init", "-q")
    git("add", ".")
    git("commit", "-q", "-m", "one")
    return tmp_path, git


def test_a_clean_checkout_and_what_makes_it_modified(checkout):
    folder, git = checkout
    commit = git("rev-parse", "HEAD").strip()
    assert provenance.git_state(folder) == (commit, "clean")
    (folder / "notes.txt").write_text("no code")
    assert provenance.git_state(folder) == (commit, "clean")
    (folder / "groupbench" / "new.py").write_text("2\n")
    assert provenance.git_state(folder) == (commit, "modified")
    (folder / "groupbench" / "new.py").unlink()
    (folder / "groupbench" / "a.py").write_text("2\n")
    assert provenance.git_state(folder) == (commit, "modified")


def test_asking_writes_nothing_into_the_repository(checkout):
    folder, _ = checkout
    (folder / "groupbench" / "a.py").touch()
    before = {f: f.stat().st_mtime_ns for f in folder.rglob("*")}
    provenance.git_state(folder)
    assert {f: f.stat().st_mtime_ns for f in folder.rglob("*")} == before


def test_a_folder_inside_somebody_elses_repository_has_no_state(checkout):
    folder, _ = checkout
    assert provenance.git_state(folder / "groupbench") == ("", "no git checkout (installed package)")


def test_git_that_is_missing_or_fails_is_said(checkout, monkeypatch, tmp_path):
    folder, _ = checkout
    (folder / ".git" / "HEAD").write_text("nonsense")
    commit, state = provenance.git_state(folder)
    assert commit == ""
    assert state.startswith("unknown: git says fatal: ")
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    assert provenance.git_state(folder) == ("", "unknown: there is no git program")


def test_threads_are_those_told_or_one_a_core(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert provenance.threads() == 3
    monkeypatch.setenv("OMP_NUM_THREADS", "")
    assert provenance.threads() == os.cpu_count()


def test_the_processor_and_its_vector_units():
    text = (
        "processor\t: 0\ncpu family\t: 6\nmodel\t\t: 85\nmodel name\t: A CPU\n"
        "flags\t\t: fpu avx avx2 avx512f\n"
        "\nprocessor\t: 1\nmodel name\t: Another\n"
    )
    assert provenance.cpu_kind(text) == "A CPU, cpu family 6, model 85, avx, avx2, avx512f"
    assert provenance.cpu_kind("model name : B\n") == "B"
    with pytest.raises(ValueError):
        provenance.cpu_kind("Hardware : a board\n")


def test_the_environment_holds_all_of_it():
    held = provenance.environment()
    assert set(held["code"]) == {"commit", "state", "sha256"}
    assert held["packages"]["numpy"].count(".") >= 1
    assert held["python"] == ".".join(map(str, sys.version_info[:3]))
    assert isinstance(held["threads"], int)
