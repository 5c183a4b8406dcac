"""What README, changelog and pages say is so, as far as it shows without running anything."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import get_args

import pytest

from groupbench.cli._glossary import FORMATION, WORDS
from groupbench.core import registry
from groupbench.core.version import VERSION
from groupbench.data.formation import KINDS
from groupbench.data.loading import Card
from groupbench.data.loading._card import validated
from groupbench.data.loading._folder import FILES
from groupbench.data.loading._settings import Settings
from groupbench.evaluation.protocols import PROTOCOLS
from groupbench.report.breakdown import BY

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
PAGES = {page: page.read_text(encoding="utf-8") for page in sorted((ROOT / "docs").glob("*.md"))}
OF_DATA = PAGES[ROOT / "docs" / "add-data-set.md"]
TOML = [tomllib.loads(text) for text in re.findall(r"```toml\n(.*?)```", OF_DATA, flags=re.DOTALL)]


def test_the_readme_is_short():
    assert len(README.splitlines()) <= 120
    assert len(README.encode()) <= 7000


def test_the_method_of_the_readme_is_short():
    added = re.search(r"```python\n# \w+\.py\n(.*?)```", README, flags=re.DOTALL)[1]
    assert len(added.split("\n\n")) < len([line for line in added.splitlines() if line]) <= 15


def test_the_deep_model_of_its_page_is_short():
    text = (ROOT / "docs" / "examples" / "member_attention.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 40


def test_links_lead_somewhere():
    places = {ROOT / "README.md": README} | PAGES
    for page, text in places.items():
        for link in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", text):
            assert (page.parent / link).exists() or link.endswith("-report.html"), f"{page.name}: {link}"


def test_the_entry_to_cite_is_that_of_the_version():
    entry = re.search(r"```bibtex\n(@software.*?)```", README, flags=re.DOTALL)[1]
    assert f"version = {{{VERSION}}}" in entry
    assert f"\nversion: {VERSION}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", ["aggregators", "methods"])
def test_counts_are_those_of_the_registry(kind):
    held = getattr(registry, kind)
    for text in (README, CHANGELOG):
        assert {int(count) for count in re.findall(rf"\b(\d+) {kind}\b", text)} <= {len(held)}


def test_nothing_is_installed_by_name_before_there_is_a_release():
    assert "(unreleased)" in CHANGELOG
    named = {page.name: text for page, text in PAGES.items()} | {"README": README, "CHANGELOG": CHANGELOG}
    named |= {str(f): f.read_text(encoding="utf-8") for f in (ROOT / "groupbench").rglob("*.py")}
    assert [
        name for name, text in named.items() if re.search(r"groupbench\[\w|install groupbench", text)
    ] == []


def test_every_key_of_a_folder_is_documented():
    documented = next(block for block in TOML if "scale" in block)
    assert set(documented) == {field.name for field in fields(Settings)}
    validated(Settings, documented, "the page")
    for name, columns in FILES.items():
        assert f"`{name}`" in OF_DATA
        assert all(f"{column}" in OF_DATA for column in columns)


def test_every_key_of_a_registered_data_set_is_documented():
    documented = next(block for block in TOML if "picnic" in block)["picnic"]
    assert set(documented) == {field.name for field in fields(Card)} - {"name"}
    validated(Card, {"name": "picnic", **documented}, "the page")


def test_every_kind_of_group_is_explained():
    formed = {kind for p in PROTOCOLS.values() if "groups" in p.model_fields for kind in kinds_of(p)}
    assert set(FORMATION) == formed == {"natural", "kmeans", *KINDS}
    assert set(BY) <= set(WORDS)


def kinds_of(protocol):
    return get_args(protocol.model_fields["groups"].annotation)


def test_the_glossary_is_in_order_and_knows_the_words_of_a_table():
    page = PAGES[ROOT / "docs" / "glossary.md"]
    words = re.findall(r"^(.+)\n: ", page, flags=re.MULTILINE)
    assert words == sorted(words, key=str.casefold)
    assert {"ablation", "oracle", "random"} <= set(words)
    assert {"bounds", "protocol", "reference row", "relevant", "saturated", "view", "±", "†"} <= set(WORDS)
    assert not set(words) & set(WORDS)
