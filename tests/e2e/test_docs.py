"""The pages of the documentation: every command and snippet is run and prints what is shown."""

from __future__ import annotations

import doctest
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from groupbench.cli import main

DOCS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)
CALL = re.compile(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", flags=re.MULTILINE)
REFUSED = re.compile(r"^groupbench: |[1-9]\d* failed$", flags=re.MULTILINE)
LOOSELY = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def blocks(page):
    """Language and text of each fenced block of a page; those with a title in braces are directives."""
    return BLOCK.findall(page.read_text(encoding="utf-8"))


PAGES = [
    page for page in sorted(DOCS.glob("*.md")) if {"console", "python"} & {kind for kind, _ in blocks(page)}
]


def require_shown(what, shown, printed):
    """Fail unless `printed` is what is shown, in which `...` stands for anything."""
    assert doctest.OutputChecker().check_output(shown, printed, LOOSELY), f"{what}\n{printed}"


@pytest.fixture
def call(cli, monkeypatch, capsys):
    """Exit status and output of a command; one that loads plugins has a process of its own, as names stay."""
    monkeypatch.chdir(cli.folder)
    monkeypatch.setenv("GROUPBENCH_COMMAND", "")
    monkeypatch.delenv("GROUPBENCH_DATA", raising=False)

    def called(command):
        program, *arguments = shlex.split(command)
        assert program == "groupbench"
        if "--plugin" in arguments:
            ended = cli(*arguments)
            return ended.returncode, ended.stdout + ended.stderr
        monkeypatch.setattr(sys, "argv", [program, *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        return end.value.code, "".join(capsys.readouterr())

    return called


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_shows_what_is_printed(cli, call, page):
    shutil.copytree(DOCS / "examples", cli.folder, dirs_exist_ok=True)
    printed = ""
    for kind, text in blocks(page):
        if kind == "console":
            for command, shown in CALL.findall(text):
                status, said = call(command)
                assert (status != 0) == bool(REFUSED.search(shown)), f"{command}\n{said}"
                require_shown(command, shown, said)
        elif kind == "python":
            printed = subprocess.check_output([sys.executable, "-c", text], cwd=cli.folder, text=True)
        elif kind == "text" and printed:
            require_shown(page.name, text, printed)
            printed = ""
