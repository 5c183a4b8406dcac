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

from groupbench.cli import load_all

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)
CALL = re.compile(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", flags=re.MULTILINE)
REFUSED = re.compile(r"^groupbench: |[1-9]\d* failed$", flags=re.MULTILINE)
LOOSELY = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def blocks(page):
    """Language and text of each fenced block of a page; those with a title in braces are directives."""
    return BLOCK.findall(page.read_text(encoding="utf-8"))


STUDIES = ("cluster", "group-models", "leaderboard", "reproduction", "scale", "speed")
LONG = [page for page in sorted(DOCS.glob("*.md")) if page.stem in STUDIES]
"""Pages whose commands take hours, machines, or data that is not part of the repository."""
PAGES = [
    page
    for page in sorted(set(DOCS.glob("*.md")) - set(LONG))
    if {"console", "python"} & {kind for kind, _ in blocks(page)}
]


def require_shown(what, shown, printed):
    """Fail unless `printed` is what is shown, in which `...` stands for anything."""
    assert doctest.OutputChecker().check_output(shown, printed, LOOSELY), f"{what}\n{printed}"


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


def found(words):
    """The command that is called by the first words, and the words behind."""
    command, rest = load_all(), list(words)
    while hasattr(command, "commands"):
        command = command.commands[rest.pop(0)]
    return command, rest


def understood(command):
    """Fail unless the command line knows the command and takes its arguments; nothing is run."""
    called, arguments = found(shlex.split(command, comments=True)[1:])
    called.make_context(command, arguments)


@pytest.mark.parametrize("page", LONG, ids=lambda page: page.stem)
def test_commands_that_take_long_are_understood(page):
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    for command in re.findall(r"^(?:\$ |    )(groupbench .*)$", text, flags=re.MULTILINE):
        understood(command)


@pytest.mark.parametrize(
    "page",
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.glob("*.md"))],
    ids=lambda page: page.stem,
)
def test_commands_in_sentences_exist(page):
    for words in map(str.split, re.findall("`groupbench ([^`]+)`", page.read_text(encoding="utf-8"))):
        if words[0] not in ("COMMAND", "--help"):
            command, rest = found(words)
            known = {option for parameter in command.params for option in parameter.opts}
            assert {word for word in rest if word.startswith("--")} <= known


def test_what_is_not_understood_is_seen():
    understood("groupbench plot bars --output x.pdf  # a comment")
    with pytest.raises(Exception, match="nosuch"):
        understood("groupbench run --nosuch")
    with pytest.raises(KeyError):
        understood("groupbench runn")


def read(page):
    return page.read_text(encoding="utf-8")


def test_the_documentation_builds_without_a_warning_and_holds_every_name(cli, tmp_path):
    pytest.importorskip("furo", reason="needs groupbench[docs]")
    build = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html"]
    ended = subprocess.run([*build, DOCS, tmp_path / "html"], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    for kind in ("methods", "aggregators", "datasets", "views", "protocols"):
        page = tmp_path / "html" / f"{kind.replace('datasets', 'data-sets')}.html"
        headings = re.findall("<h[23]>(<code.*?)<a class=.headerlink", read(page))
        there = set(re.findall('<span class="pre">(.*?)</span>', "".join(headings)))
        assert there == set(re.findall(r"^  (\S+)", cli("list", kind).stdout, flags=re.MULTILINE))
    assert "IDCG(K)" in read(tmp_path / "html" / "metrics.html")
    assert 'href="leaderboard-report.html"' in read(tmp_path / "html" / "leaderboard.html")
    assert "The leaderboard of groupbench" in read(tmp_path / "html" / "leaderboard-report.html")
