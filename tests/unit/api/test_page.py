"""The page of the Python interface names whatever the pages on adding something use."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from pkgutil import resolve_name

import pytest

import groupbench
from groupbench.models import deep

DOCS = Path(__file__).parents[3] / "docs"
REGISTRIES = {"METRICS", "PROTOCOLS", "VIEWS"}


def imported(source):
    """The names that code imports from groupbench."""
    nodes = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom))
    return {f"{node.module}.{one.name}" for node in nodes for one in node.names if _ours(node.module)}


def _ours(module):
    return (module or "").partition(".")[0] == "groupbench"


def used(page):
    """The names of groupbench that a page shows, in its text, its code and the files that it includes."""
    text = page.read_text(encoding="utf-8")
    files = [DOCS / file for file in re.findall(r"literalinclude\} (\S+\.py)", text)]
    code = [file.read_text(encoding="utf-8") for file in files] + re.findall(
        r"```python\n(.*?)```", text, re.DOTALL
    )
    return set(re.findall(r"\{py:\w+\}`(groupbench\.[\w.]+)`", text)).union(*map(imported, code))


def listed():
    text = (DOCS / "api.md").read_text(encoding="utf-8")
    assert "<!-- definitions: api -->" in text
    public = {f"groupbench.{name}" for name in groupbench.__all__}
    named = re.findall(r"(?:autoclass|autofunction|py:data):: (\S+)", text)
    registries = {
        f"groupbench.{home}.{name}"
        for name, home in re.findall(r"`([A-Z]+)` in\s`groupbench\.([\w.]+)`", text)
    }
    return public | set(named) | registries


PAGES = [*sorted(DOCS.glob("add-*.md")), DOCS / "deep-models.md"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_a_page_uses_is_on_it(page):
    names = used(page)
    assert len(names) >= 2
    assert names <= listed()


def test_the_whole_trainer_is_on_it():
    assert {f"groupbench.models.deep.{name}" for name in dir(deep)} <= listed()


def test_what_is_on_it_exists():
    assert all(resolve_name(name) is not None for name in listed())
