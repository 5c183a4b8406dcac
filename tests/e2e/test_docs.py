"""README and documentation: every command and snippet is run and prints what is shown."""

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
README = ROOT / "README.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)
CALL = re.compile(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", flags=re.MULTILINE)
FILE = re.compile(r"# (\w+\.py)\n")
REFUSED = re.compile(r"^groupbench: |[1-9]\d* failed$", flags=re.MULTILINE)
REAL = re.compile(r"itmrec\b(?!-)|ml-100k|camra2011|mafengwo|movielens|scratch")
LOOSELY = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE

STUDIES = ("cluster", "group-models", "leaderboard", "reproduction", "scale", "speed", "text")
LONG = [page for page in sorted(DOCS.glob("*.md")) if page.stem in STUDIES]
"""Pages whose commands take hours, machines, or data that is not part of the repository."""


def read(page):
    return page.read_text(encoding="utf-8")


def blocks(page):
    """Language and text of each fenced block of a page; those with a title in braces are directives."""
    return BLOCK.findall(read(page))


def listed(page):
    """The commands of a page that stand without what they print, indented or in a block for a shell."""
    shell = [text for kind, text in blocks(page) if kind == "shell"]
    text = re.sub(r"^```.*?^```$", "", read(page), flags=re.MULTILINE | re.DOTALL)
    lines = [*re.findall(r"^    (.*)$", text.replace("\\\n", " "), flags=re.MULTILINE)]
    lines += [line for part in shell for line in part.splitlines()]
    parts = [part.split(" #")[0].strip() for line in lines for part in line.split("&&")]
    return [part for part in parts if part.startswith("groupbench ")]


PAGES = [
    page
    for page in [README, *sorted(set(DOCS.glob("*.md")) - set(LONG))]
    if {"console", "python", "shell"} & {kind for kind, _ in blocks(page)}
]


def briefly(command):
    """What makes a command short: one seed, two trials and, where all are meant, few methods."""
    words = command.split()
    fewer = ["--methods", "svd,popularity,random,oracle"] if "--methods all" in command else []
    seeds = ["--seeds", "1"] if words[1] == "run" and "--seeds" not in words else []
    return [*fewer, *seeds, *(["--trials", "2"] if words[1] == "tune" else [])]


def require_shown(what, shown, printed):
    """Fail unless `printed` is what is shown, in which `...` stands for anything."""
    assert doctest.OutputChecker().check_output(shown, printed, LOOSELY), f"{what}\n{printed}"


@pytest.mark.timeout(900)
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
        elif kind == "python" and (file := FILE.match(text)):
            (cli.folder / file[1]).write_text(text, encoding="utf-8")
        elif kind == "python":
            printed = subprocess.check_output([sys.executable, "-c", text], cwd=cli.folder, text=True)
        elif kind == "text" and printed:
            require_shown(page.name, text, printed)
            printed = ""
        elif kind == "shell":
            run_briefly(call, text)


def run_briefly(call, text):
    """Run the commands of a block for a shell that need no original data."""
    for line in text.splitlines():
        command = line.split(" #")[0].strip()
        if command.startswith("groupbench ") and not REAL.search(command):
            status, said = call(command, *briefly(command))
            assert status == 0, f"{command}\n{said}"


def found(words):
    """The command that is called by the first words, and the words behind."""
    command, rest = load_all(), list(words)
    while rest and hasattr(command, "commands"):
        command = command.commands[rest.pop(0)]
    return command, rest


def understood(command):
    """Fail unless the command line knows the command and takes its arguments; nothing is run."""
    called, arguments = found(shlex.split(command, comments=True)[1:])
    called.make_context(command, arguments)


@pytest.mark.parametrize("page", [README, *sorted(DOCS.glob("*.md"))], ids=lambda page: page.stem)
def test_listed_commands_are_understood(page):
    for command in listed(page):
        understood(command)


@pytest.mark.parametrize(
    "page", [README, ROOT / "CONTRIBUTING.md", *sorted(DOCS.glob("*.md"))], ids=lambda page: page.stem
)
def test_commands_in_sentences_exist(page):
    for words in map(str.split, re.findall("`groupbench ([^`]+)`", read(page))):
        if words[0] != "COMMAND" and not words[0].startswith("--"):
            command, rest = found(words)
            known = {option for parameter in command.params for option in parameter.opts}
            assert {word for word in rest if word.startswith("--")} <= known


def test_what_is_not_understood_is_seen():
    understood("groupbench plot bars --output x.pdf  # a comment")
    with pytest.raises(Exception, match="nosuch"):
        understood("groupbench run --nosuch")
    with pytest.raises(KeyError):
        understood("groupbench runn")


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_commands_on_real_data(call, real_data, monkeypatch):
    monkeypatch.setenv("GROUPBENCH_DATA", str(real_data))
    pages = ("exchange", "commands")
    for command in (c for page in pages for c in listed(DOCS / f"{page}.md") if REAL.search(c)):
        status, said = call(command)
        assert status == 0, f"{command}\n{said}"


def test_every_name_of_the_overview_exists(cli):
    there = set(re.findall(r"^  (\S+)", cli("list").stdout, flags=re.MULTILINE))
    rows = [line for line in read(DOCS / "index.md").splitlines() if line.startswith("| ") and "`" in line]
    named = {name for row in rows for name in re.findall("`([a-z][a-z0-9-]+)`", row)}
    assert len(named) > 80
    assert named <= there


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
