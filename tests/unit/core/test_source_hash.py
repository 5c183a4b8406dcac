"""When results are re-run: what changes the hash of a method's source, and what does not."""

from __future__ import annotations

import ast
import functools
import importlib
import shutil
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import groupbench
from groupbench.core import plugins, registry
from groupbench.core.errors import PluginError
from groupbench.core.source_hash import source_hash
from groupbench.data.loading import load
from groupbench.runner.config import make_config
from groupbench.runner.plan import plan_jobs

ROOT = Path(groupbench.__file__).resolve().parents[1]

METHOD = '''
"""A module."""
from __future__ import annotations
from dataclasses import dataclass
import numpy as np
from {package}.helper import shrink, Base
from {package} import constants as c

SCALE = 3
UNUSED = 1

@dataclass
class Mine(Base):
    """Mine."""

    size: int = SCALE
    """How large."""

    def fit(self, train: np.ndarray) -> "Mine":
        # a comment
        from {package}.inner import late
        return late(np.mean(shrink(train)) * c.FACTOR)

class Other:
    def score(self):
        return UNUSED
'''
HELPER = """
def shrink(x, by=2):
    if by > 1:
        return x / by
    return even(x)

def even(n):
    return n == 0 or odd(n - 1)

def odd(n):
    match n:
        case None:
            return 0
    return n != 0 and even(n - 1)

class Base:
    bonus = 1

def unrelated():
    return 5
"""
FILES = {
    "methods.py": METHOD,
    "helper.py": HELPER,
    "constants.py": "FACTOR = 2\nIDLE = 3\n",
    "inner.py": "def late(x):\n    return x + 1\n",
}


@pytest.fixture
def hashed(tmp_path, monkeypatch):
    """Hash `module:name` of a package made of files given by name; each call is a package of its own."""
    number, made = iter(range(10_000)), []

    def hash_of(files, what="methods:Mine"):
        package = f"package_{next(number)}_of_this_test"
        made.append(package)
        folder = tmp_path / package / package
        folder.mkdir(parents=True)
        for name, text in {"__init__.py": "", **files}.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(text.replace("{package}", package))
        monkeypatch.syspath_prepend(folder.parent)
        module, _, name = what.partition(":")
        return source_hash(getattr(importlib.import_module(f"{package}.{module}"), name))

    yield hash_of
    for name in [n for n in sys.modules if n.partition(".")[0] in made]:
        del sys.modules[name]


def changed(file, old, new):
    assert old in FILES[file]
    return {**FILES, file: FILES[file].replace(old, new)}


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("methods.py", "SCALE = 3", "SCALE = 4"),
        ("methods.py", "np.mean", "np.median"),
        ("methods.py", "size: int", "size: float"),
        ("methods.py", "size:", "width:"),
        ("methods.py", "import shrink, Base", "import even as shrink, Base"),
        ("methods.py", "import numpy as np", "import math as np"),
        ("methods.py", "UNUSED = 1", "UNUSED = 1\nBase.bonus = 2"),
        ("methods.py", "@dataclass", "@dataclass(eq=False)"),
        ("helper.py", "by=2", "by=3"),
        ("helper.py", "by > 1", "by >= 1"),
        ("helper.py", "n != 0", "n > 0"),
        ("helper.py", "case None", "case False"),
        ("helper.py", "bonus = 1", "bonus = 2"),
        ("helper.py", "def unrelated", "TABLE = {}\nTABLE['x'] = 1\ndef unrelated"),
        ("constants.py", "FACTOR = 2", "FACTOR = 2.0"),
        ("inner.py", "x + 1", "x + 2"),
    ],
)
def test_a_change_of_what_a_method_depends_on_is_seen(hashed, file, old, new):
    assert hashed(FILES) != hashed(changed(file, old, new))


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("methods.py", "UNUSED = 1", "UNUSED = 2"),
        ("methods.py", '"""Mine."""', '"""Yours."""'),
        ("methods.py", '"""How large."""', ""),
        ("methods.py", "# a comment", "# another"),
        ("methods.py", "train: np.ndarray", "train: list[int]"),
        ("methods.py", "import numpy as np", "import json\nimport numpy as np"),
        ("methods.py", "np.mean", "(\n            np . mean)"),
        ("methods.py", "SCALE = 3", "SCALE: int = 3"),
        (
            "methods.py",
            "SCALE = 3",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import x\nSCALE = 3",
        ),
        ("methods.py", "UNUSED = 1", "UNUSED = 1\nif __name__ == '__main__':\n    print()"),
        ("helper.py", "return 5", "return 6"),
        ("helper.py", "def shrink(x,", "def shrink(x: float,"),
        ("constants.py", "IDLE = 3", "IDLE = 4"),
        ("constants.py", "FACTOR = 2\nIDLE = 3", "IDLE = 3\nFACTOR = 2"),
    ],
)
def test_a_change_that_alters_nothing_is_not(hashed, file, old, new):
    assert hashed(FILES) == hashed(changed(file, old, new))


def test_names_and_places_of_modules_do_not_matter(hashed):
    method = METHOD.replace("{package}.helper", "{package}.deep").replace("{package}.inner", "..inner")
    moved = {
        "deep/__init__.py": "from {package}.deep.tools import shrink, Base",
        "deep/tools.py": HELPER,
        "deep/mine.py": method.replace("from {package} import", "from .. import"),
        "constants.py": FILES["constants.py"],
        "inner.py": FILES["inner.py"],
    }
    assert hashed(FILES) == hashed(moved, "deep.mine:Mine")


def test_layout_does_not_matter(hashed):
    plain = {name: text.replace("{package}", "PACKAGE") for name, text in FILES.items()}
    again = {
        name: ast.unparse(ast.parse(text)).replace("PACKAGE", "{package}") for name, text in plain.items()
    }
    assert hashed(FILES) == hashed(again)


TWO = {"a.py": "class Scorer:\n    k = 1\n", "b.py": "class Scorer:\n    k = 2\n"}


def test_which_of_two_things_of_one_name_is_meant_is_seen(hashed):
    text = "from {package} import a, b\ndef make():\n    return a.Scorer(), b.Scorer()\n"
    swapped = text.replace("a.Scorer(), b.", "b.Scorer(), a.")
    other = swapped.replace("import a, b", "import a as b, b as a")

    first = hashed({**TWO, "m.py": text}, "m:make")
    assert first != hashed({**TWO, "m.py": swapped}, "m:make")
    assert first == hashed({**TWO, "m.py": other}, "m:make")


@pytest.mark.parametrize(
    "text",
    [
        "from {package}.tool import *\ndef make():\n    return f()",
        "from {package} import tool\ndef make(name):\n    return getattr(tool, name)()",
        "import {package}.tool as t\nALL = [t]\ndef make():\n    return ALL[0].f()",
        "import {package}.tool\ndef make():\n    return {package}.tool.f()",
        "try:\n    from {package}.tool import f\n"
        "except ImportError:\n    f = None\ndef make():\n    return f()",
        "import sys\nif sys.flags.debug:\n    f = 0\n"
        "else:\n    from .tool import f\ndef make():\n    return f()",
        "from functools import partial\nfrom .tool import f\n"
        "CALL = partial(f, 1)\ndef make():\n    return CALL()",
        "from .tool import f\nTABLE = {}\nfor k in 'ab':\n"
        "    TABLE[k] = f\ndef make():\n    return TABLE['a']()",
        "from .tool import f\nCALL = lambda: f()\ndef make():\n    return CALL()",
        "from .tool import deco\n@deco\ndef make():\n    return 1",
        "from .tool import f\ndef make(f=f):\n    return f()",
        "from .tool import f\ndef make():\n    return [f for f in f()]",
        "from .tool import f\ndef make():\n    return [f for f in ()] + f()",
        "def build():\n    from .tool import f\n"
        "    class Made:\n        a = f()\n    return Made\nmake = build()",
        "def make():\n    try:\n        from .tool import f\n"
        "    except ImportError:\n        f = None\n    return f()",
        "a = 0\ndef make():\n    global a\n    from .tool import f\n    a = a or f()\n    return a",
    ],
)
def test_definitions_are_found_however_they_are_reached(hashed, text):
    def with_value(value):
        tool = f"def f():\n    return [{value}]\ndef deco(x):\n    y = {value}\n    return x"
        return hashed({"tool.py": tool, "m.py": text}, "m:make")

    assert with_value(1) == with_value(1)
    assert with_value(1) != with_value(2)


def test_a_local_name_is_not_taken_for_a_definition(hashed):
    text = """
def rows():
    return VALUE
def make(rows, xs):
    return rows, [rows for rows in xs], (lambda rows: rows)
"""
    one, two = ({"m.py": text.replace("VALUE", value)} for value in "12")
    assert hashed(one, "m:make") == hashed(two, "m:make")


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.permutations(range(5)), st.integers(0, 4), st.sets(st.integers(0, 4)))
def test_a_constant_counts_for_those_who_reach_it_in_any_order(hashed, order, altered, called):
    """Definitions call those in `called` with a larger number; `f0` is hashed."""

    def text(places, value):
        parts = [
            f"def f{i}():\n    return {value if i == altered else 0}, "
            + ", ".join(f"f{j}" for j in sorted(called) if j > i)
            for i in places
        ]
        return "\n".join(parts)

    before, shuffled, after = (
        hashed({"m.py": source}, "m:f0") for source in (text(range(5), 0), text(order, 0), text(range(5), 1))
    )
    assert before == shuffled
    assert (before != after) == (altered == 0 or altered in called)


PLUGIN = """
import numpy as np
import {helper}
from groupbench import GroupRecommender, Recommender, method

FLOOR = 0.0

class Common(Recommender):
    def fit(self, train, *, rng):
        return self

@method("{name}")
class Plugged(Common):
    def score(self, users):
        return np.full((len(users), 1), {helper}.level()) + FLOOR
"""


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """A plugin file with a helper beside it, of names of their own; its entry and its folder."""
    monkeypatch.syspath_prepend(tmp_path)
    helper = f"helper_{tmp_path.name}".replace("-", "_")
    name = f"plugged-{tmp_path.name}"
    (tmp_path / f"{helper}.py").write_text("def level():\n    return 1\n")
    (tmp_path / "plug.py").write_text(PLUGIN.format(helper=helper, name=name))
    assert registry.methods
    plugins.load_plugin(tmp_path / "plug.py")
    yield registry.methods[name], tmp_path / "plug.py", tmp_path / f"{helper}.py"
    del registry.methods._values[name]


def test_a_plugin_and_its_helper_count_as_they_are_on_disk(plugin):
    entry, file, helper = plugin
    first = entry.source_hash
    file.write_text("# moved down\n" + file.read_text().replace('method("plugged', 'method("other'))
    assert entry.source_hash == first
    helper.write_text("def level():\n    return 10\n")
    second = entry.source_hash
    assert second != first
    file.write_text(file.read_text().replace("FLOOR = 0.0", "FLOOR = 0.5"))
    assert entry.source_hash not in (first, second)


def test_a_plugin_that_is_no_python_any_more_is_refused(plugin):
    entry, file, _ = plugin
    file.write_text("x = (")
    with pytest.raises(PluginError, match=r"plug\.py, cannot be read: .*fix the file"):
        _ = entry.source_hash


def test_the_keys_of_jobs_follow(plugin, tmp_path):
    entry, file, _ = plugin
    data = load("itmrec-sim", None)

    def keys():
        config = make_config(methods=[entry.name, "popularity"], seeds=1)
        return {job.method: job.key for job in plan_jobs(config, {"x": data}, tmp_path)}

    first = keys()
    file.write_text(file.read_text() + "\n# a comment\n")
    assert keys() == first
    file.write_text(file.read_text().replace("FLOOR = 0.0", "FLOOR = 0.5"))
    assert {name for name, key in keys().items() if key != first[name]} == {entry.name}


@pytest.mark.parametrize("make", [functools.partial(dict), dict, ast.AST, object()])
def test_what_has_no_readable_source_is_refused(make):
    with pytest.raises(PluginError, match="where its source cannot be read; write a class or a function"):
        source_hash(make)


def test_what_the_running_program_defines_is_refused():
    def make():
        return None

    make.__module__ = "__main__"
    with pytest.raises(PluginError, match="is defined in __main__"):
        source_hash(make)


def built_in():
    entries = {**registry.methods, **{f"agg:{k}": e for k, e in registry.aggregators.items()}}
    return {name: e for name, e in entries.items() if e.make.__module__.startswith("groupbench.")}


@pytest.fixture
def edited(tmp_path, monkeypatch):
    """The built-in names whose hash changes when a copy of the code is edited by `edit(root)`."""
    from groupbench.core.source_hash import _hash as module
    from groupbench.core.source_hash import _modules, _text

    specs = _modules._spec
    copy = tmp_path / "copy"
    apart = [name for name in ("baselines", "datasets") if (ROOT / name).is_dir()]  # In a checkout.
    for folder in ("groupbench", *apart):
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__", "assets"))

    def elsewhere(name):
        spec = specs(name)
        if spec is None or not spec.origin or ROOT not in Path(spec.origin).parents:
            return spec
        place = copy / Path(spec.origin).relative_to(ROOT)
        found = importlib.util.spec_from_file_location(name, place)
        found.submodule_search_locations = spec.submodule_search_locations
        return found

    def hashes():
        return {name: entry.source_hash for name, entry in built_in().items()}

    def forget():
        _modules._read.clear()
        _modules.find.cache_clear()
        _text.forget()
        module._digest.cache_clear()

    def edit(change):
        before = hashes()
        change(copy)
        after = hashes()
        return {name for name in before if before[name] != after[name]}

    plain = hashes()
    forget()
    monkeypatch.setattr(_modules, "_spec", elsewhere)
    assert hashes() == plain
    yield edit
    forget()


def replace(file, old, new):
    def change(root):
        changed = next(place for place in (root / file, root / "groupbench" / file) if place.exists())
        text = changed.read_text()
        assert old in text
        changed.write_text(text.replace(old, new, 1))

    return change


RANKING = {"dmtl-ranking", "dmtl-both", "dmtl-auto"} | {
    f"dmtl-ranking-{part}"
    for part in ("no-profile", "no-attention", "mean-attention", "no-shared", "ids", "ids-only")
}
SURPRISE = {"svd", "svdpp", "nmf", "co-clustering", "slope-one", "baseline-only"} | {
    f"knn-{kind}{of}" for kind in ("basic", "means", "zscore", "baseline") for of in ("", "-item")
}
"""They share one table of how each kind of model is evaluated, with neighbours in it."""


def test_rewriting_all_of_the_code_re_runs_nothing(edited):
    def rewrite(root):
        for file in root.rglob("*.py"):
            file.write_text("# A comment.\n" + ast.unparse(ast.parse(file.read_text())))

    assert edited(rewrite) == set()


@pytest.mark.parametrize(
    ("file", "old", "new", "names"),
    [
        ("baselines/linear.py", "_BYTES = 43", "_BYTES = 44", {"rp3beta"}),
        (
            "baselines/linear.py",
            "gram[np.diag_indices(n_items)] +=",
            "gram[np.diag_indices(n_items)] -=",
            {"ease"},
        ),
        ("baselines/_surprise_neighbors.py", "_ROWS = 64", "_ROWS = 65", SURPRISE),
        (
            "groupbench/models/deep/_bags.py",
            "power: float = 1.0",
            "power: float = 2.0",
            {"groupim", *RANKING},
        ),
        ("groupbench/models/text/_wordllama.py", "_BLOCK = 1024", "_BLOCK = 1025", RANKING),
        (
            "baselines/_networks/agree.py",
            "inside.sum(dim=1",
            "inside.sum(dim=0",
            {"agree", "ncf-group", "soagree"},
        ),
        ("groupbench/aggregation/welfare.py", '"""', '"""Reworded: ', set()),
    ],
)
def test_an_edit_of_a_built_in_re_runs_its_dependents(edited, file, old, new, names):
    assert edited(replace(file, old, new)) == names


def test_an_edit_of_a_base_class_re_runs_what_derives_from_it(edited):
    derived = {
        name
        for name, e in built_in().items()
        if "TrainedGroupRecommender" in {c.__name__ for c in e.make.__mro__}
    }
    assert "agree" in derived
    taking = {"dmtl-auto"}
    found = edited(replace("groupbench/models/deep/_recommender.py", "fused=True", "fused=False"))
    assert found == derived | taking
