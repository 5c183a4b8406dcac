from __future__ import annotations

import os
import sys
import threading
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Literal

import pytest

from groupbench.core import registry as module
from groupbench.core.entry import Entry
from groupbench.core.errors import ConfigError, PluginError
from groupbench.core.plugins import load_plugin, plugins_of
from groupbench.core.registry import EntryRegistry, Registry, datasets, methods


@pytest.fixture
def empty(monkeypatch):
    """A registry of its own with nothing built in."""
    made = EntryRegistry("thing", "groupbench.testing", "groupbench.nothing")
    made._loaded = True
    return made


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package whose modules can be written before it is first used."""
    folder = tmp_path / "things_of_this_test"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    yield folder
    for name in [n for n in sys.modules if n.startswith("things_of_this_test")]:
        del sys.modules[name]


@dataclass
class Thing:
    """A thing."""

    size: int = 3
    """How large."""
    kind: Literal["a", "b"] = "a"
    share: float = 0.5


@dataclass
class Other:
    """Another thing."""


def test_names_are_listed_in_the_order_they_were_added(empty):
    empty.add("z")(Thing)
    empty.add("a", size=9)(Thing)

    assert list(empty) == ["z", "a"]
    assert empty["z"].summary == "A thing."
    assert empty["a"].summary == "A thing. [size=9]"
    assert empty["a"].file.name == "test_registry.py"


def test_a_name_is_made_with_its_presets_unless_they_are_overridden(empty):
    empty.add("big", size=9)(Thing)

    assert empty["big"].create() == Thing(size=9)
    assert empty["big"].create(size=1, kind="b") == Thing(size=1, kind="b")
    assert empty["big"].parameters() == {"size": 9, "kind": "a", "share": 0.5}


def test_functions_are_called_with_their_presets(empty):
    empty.add("f", a=1)(lambda **given: given)

    assert empty["f"].create(b=2) == {"a": 1, "b": 2}
    assert empty["f"].parameters() == {"a": 1}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"sise": 1}, "unknown parameter of big 'sise'; did you mean 'size'"),
        ({"size": "large"}, r"big\.size: .*integer.* \(got 'large'\); see 'groupbench list big'"),
        ({"kind": "c"}, r"big\.kind: .*'a' or 'b'"),
    ],
)
def test_wrong_parameters_are_named(empty, given, says):
    empty.add("big", size=9)(Thing)
    with pytest.raises(ConfigError, match=says):
        empty["big"].create(**given)


def test_a_name_cannot_be_taken_by_something_else(empty):
    empty.add("x")(Thing)
    empty.add("x", size=4)(Thing)
    with pytest.raises(PluginError, match=r"thing 'x' is already defined in .*test_registry\.py"):
        empty.add("x")(Other)

    assert empty["x"].parameters()["size"] == 4


def test_an_unknown_name_gets_near_ones(empty):
    empty.add("popularity")(Thing)
    with pytest.raises(ConfigError, match="unknown thing 'populraity'; did you mean 'popularity'"):
        empty["populraity"]


def test_a_registry_is_a_mapping(empty):
    empty.add("a")(Thing)
    empty.add("b")(Other)

    assert [*empty] == ["a", "b"]
    assert len(empty) == 2
    assert empty.items() == {"a": Entry("a", Thing), "b": Entry("b", Other)}.items()
    assert "c" not in empty
    assert 3 not in empty
    assert empty.get("c") is None
    assert empty == {"a": empty["a"], "b": empty["b"]}


def test_an_unknown_name_is_a_key_error_that_reads_like_the_others(empty):
    empty.add("a")(Thing)
    with pytest.raises(KeyError) as raised:
        empty["b"]
    assert str(raised.value).startswith("unknown thing 'b'; known: a (if a file of yours registers it")


@dataclass(frozen=True)
class Value:
    name: str
    size: int = 0


def test_values_of_any_type_are_registered_by_a_name_of_their_own():
    made: Registry[Value] = Registry("value", "groupbench.testing", "groupbench.nothing")
    made._loaded = True
    assert made.register(Value("x")) is made["x"]
    assert dict(made) == {"x": Value("x")}
    with pytest.raises(PluginError, match=r"value 'best' cannot be asked for"):
        made.register(Value("best"))


def test_what_another_file_registers_is_not_replaced_but_the_same_file_may_run_again(tmp_path, monkeypatch):
    made: Registry[Value] = Registry("value", "groupbench.testing", "groupbench.nothing")
    made._loaded = True
    monkeypatch.setattr(sys.modules[__name__], "MADE", made, raising=False)
    file = tmp_path / "adds.py"
    text = (
        f"import sys\nsys.modules[{__name__!r}].MADE.register(sys.modules[{__name__!r}].Value('x', SIZE))\n"
    )
    for size in (1, 2):
        file.write_text(f"SIZE = {size}\n" + text)
        load_plugin(file)
        plugin = next(n for n, m in sys.modules.items() if getattr(m, "__file__", "") == str(file))
        monkeypatch.delitem(sys.modules, plugin)
    assert made["x"].size == 2
    with pytest.raises(PluginError, match=r"value 'x' is already defined in .*; choose another name"):
        made.register(Value("x", 3))


def test_names_that_are_added_are_told_from_built_in_ones_by_their_code(tmp_path, monkeypatch):
    made: Registry[Value] = Registry("value", "groupbench.testing", "groupbench.nothing")
    made._loaded = True
    made.register(Value("here"))
    first = made.added()
    assert list(first) == ["here"]
    assert len(first["here"]) == 64
    assert not made.is_built_in("here")
    assert methods.is_built_in("popularity")
    assert methods.added() == {}


def test_public_modules_of_the_package_are_imported_private_ones_are_not(package):
    (package / "_hidden.py").write_text("raise RuntimeError")
    (package / "seen.py").write_text("SEEN = True")
    made = Registry("thing", "things_of_this_test", "groupbench.nothing")

    assert dict(made) == {}
    assert sys.modules["things_of_this_test.seen"].SEEN


def test_a_module_that_cannot_be_imported_is_named_each_time(package):
    (package / "broken.py").write_text("x = 1\n1 / 0\n")
    made = Registry("thing", "things_of_this_test", "groupbench.nothing")
    for _ in range(2):
        with pytest.raises(PluginError, match=r"broken raised ZeroDivisionError .*broken\.py:2\); fix"):
            len(made)


def test_entry_points_are_imported(package, monkeypatch):
    (package / "pointed.py").write_text("FOUND = True")
    point = SimpleNamespace(name="mine", value="things_of_this_test.pointed:anything")
    groups = []
    monkeypatch.setattr(module, "entry_points", lambda group: groups.append(group) or [point])
    assert not Registry("thing", "groupbench.testing", "groupbench.things")

    assert groups == ["groupbench.things"]
    assert sys.modules["things_of_this_test.pointed"].FOUND


PLUGIN = """
from dataclasses import dataclass
from groupbench.models.recommender import Recommender
from groupbench.core.registry import method

@method({name!r})
@dataclass
class Mine(Recommender):
    '''Mine.'''
    def fit(self, train, *, rng):
        return self
    def score(self, users):
        return None
"""


@pytest.fixture
def forget(monkeypatch):
    """Undo what plugins of a test register."""
    monkeypatch.setattr(methods, "_values", dict(methods))


def test_a_plugin_file_adds_its_names_once(tmp_path, forget):
    file = tmp_path / "mine.py"
    file.write_text(PLUGIN.format(name="mine-of-this-test"))
    load_plugin(file)
    load_plugin(str(file))

    assert methods["mine-of-this-test"].file == file
    assert methods["mine-of-this-test"].summary == "Mine."
    assert plugins_of(methods["mine-of-this-test"].make) == [str(file)]
    assert plugins_of(methods["svd"].make) == []


def test_a_plugin_cannot_replace_a_built_in(tmp_path, forget):
    file = tmp_path / "thief.py"
    file.write_text(PLUGIN.format(name="popularity"))
    with pytest.raises(PluginError, match=r"method 'popularity' is already defined in .*reference\.py"):
        load_plugin(file)

    assert methods["popularity"].file.name == "reference.py"


def test_a_plugin_that_comes_before_a_built_in_is_told_that_it_is_one(empty, monkeypatch):
    empty.add("taken")(Thing)
    monkeypatch.setattr("groupbench.core.registry._calling_module", lambda: "groupbench.baselines.mine")
    with pytest.raises(PluginError, match=r"'taken' is built in; choose another name in .*test_registry\.py"):
        empty.add("taken")(type("Other", (Thing,), {}))


@pytest.mark.parametrize("text", ["1 / 0", "import no_such_module", "raise SystemExit(3)", "x ="])
def test_a_plugin_that_fails_says_where_and_can_be_fixed(tmp_path, forget, text):
    file = tmp_path / "broken.py"
    file.write_text(text)
    with pytest.raises(PluginError, match=r"plugin .*broken\.py raised \w+ when imported: .*fix the file"):
        load_plugin(file)
    file.write_text(PLUGIN.format(name="repaired-of-this-test"))
    load_plugin(file)

    assert "repaired-of-this-test" in methods


@pytest.mark.parametrize("name", ["", " ", "all", "best", "none", "a,b", "a:b", "a[b]", "a\nb"])
def test_a_name_that_no_option_could_ask_for_is_refused(empty, name):
    with pytest.raises(PluginError, match=r"cannot be asked for by that name; take letters"):
        empty.add(name)(Thing)
    assert not empty


def test_where_a_plugin_is_no_python_is_said(tmp_path):
    file = tmp_path / "broken.py"
    file.write_text("x = 1\ny = (\n")
    with pytest.raises(PluginError, match=rf"raised SyntaxError .*\(at {file}:2\); fix the file"):
        load_plugin(file)
    file.write_bytes(b"x = 1\0")
    with pytest.raises(PluginError, match=r"null bytes \(at no line in particular\); fix the file"):
        load_plugin(file)


@pytest.mark.parametrize("name", ["missing.py", "folder", "text.txt"])
def test_only_python_files_are_plugins(tmp_path, name):
    (tmp_path / "folder").mkdir()
    (tmp_path / "text.txt").write_text("")
    with pytest.raises(PluginError, match=r"no such Python file; give the path of a \.py file"):
        load_plugin(tmp_path / name)


def test_built_ins_know_their_family():
    assert methods["popularity"].family == "reference"
    assert datasets["ml-100k"].family == "datasets"


def test_threads_that_ask_first_all_get_all(package):
    (package / "slow.py").write_text(
        "import time\ntime.sleep(0.3)\nfrom names_of_this_test import things\nthings.add('slow')(dict)\n"
    )
    made = EntryRegistry("thing", "things_of_this_test", "groupbench.nothing")
    sys.modules["names_of_this_test"] = SimpleNamespace(things=made)
    found = []
    threads = [threading.Thread(target=lambda: found.append(list(made))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    del sys.modules["names_of_this_test"]
    assert found == [["slow"]] * 3


def test_a_plugin_is_blamed_at_its_own_line(tmp_path):
    plugin = tmp_path / "mine.py"
    plugin.write_text("from dataclasses import dataclass\n\n@dataclass\nclass Mine:\n    x: list = []\n")
    with pytest.raises(PluginError, match=r"mine\.py:3\); fix the file"):
        load_plugin(plugin)


@pytest.mark.timeout(20)
def test_a_pipe_is_no_plugin(tmp_path):
    os.mkfifo(tmp_path / "mine.py")
    with pytest.raises(PluginError, match="no such Python file"):
        load_plugin(tmp_path / "mine.py")


@pytest.mark.parametrize(
    ("name", "known"), [("SVD", "svd"), ("ALS", "als"), ("EASE", "ease"), ("Item-Mean", "item-mean")]
)
def test_names_are_found_and_near_in_any_case(name, known):
    assert name in methods
    assert methods[name].name == known
    with pytest.raises(ConfigError, match=f"did you mean '{known}'"):
        methods[f"{name}x"]


def test_a_misspelled_namespace_is_told_with_near_ones():
    with pytest.raises(ConfigError, match="unknown method 'cornak:BPR'; did you mean 'cornac:BPR'"):
        methods["cornak:BPR"]
