"""Rules of the whole code base, checked on its source: who imports whom, and what is never read."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted(f for folder in ("groupbench", "baselines", "datasets") for f in (ROOT / folder).rglob("*.py"))
EVERYWHERE = FILES + sorted((ROOT / "tests").rglob("*.py"))

LAYERS = (
    {"errors", "memory"},
    {"source_hash"},
    {"arrays", "atomic", "seeding", "measure", "registry", "hyperparameters"},
    {"data", "groups"},
    {"leaks"},
    {"recommender", "metrics"},
    {"task", "team", "group_rows"},
    {"aggregation", "splits", "formation", "views", "loading", "dmtl", "deep"},
    {"lessons"},
    {"baselines", "bundles", "datasets", "diagnosis", "protocol", "scoring", "sequential", "testing"},
    {"collect", "validation"},
    {"evaluation"},
    {"store", "config", "provenance", "catalogue", "stats"},
    {"packing", "plots", "report", "runner"},
    {"benchmarks", "page", "tuning", "reproduction"},
    {"exchange", "running"},
    {"api"},
    {"studies"},
    {"cli"},
)
"""Parts of the package, upstream first: a part imports from layers before its own only."""

TOGETHER = {"data": "groups", "groups": "data"}
"""Parts of one layer that name each other in annotations."""

READS_ITS_OWN_BYTES = {"groupbench/testing/elsewhere.py"}
"""Files that may unpickle: what they read they wrote themselves a moment before, through a pipe."""

HEAVY = {"implicit", "matplotlib", "pandas", "plotly", "pyarrow", "scipy", "sklearn", "surprise", "torch"}


def name_of(file):
    return str(file.relative_to(ROOT))


def module_of(file):
    parts = file.relative_to(ROOT).with_suffix("").parts
    return parts if parts[0] == "groupbench" else ("groupbench", *parts)


def part_of(file):
    return module_of(file)[1]


def targets(node, module):
    """The dotted names that an import statement may bring in."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    base = node.module or ""
    if node.level:
        here = module[: len(module) - node.level]
        base = ".".join([*here, base]).rstrip(".")
    return [f"{base}.{alias.name}" for alias in node.names]


def imports(file, nodes=None):
    tree = ast.parse(file.read_text(encoding="utf-8"))
    module = module_of(file)
    for node in nodes(tree) if nodes else ast.walk(tree):
        yield from targets(node, module)


def on_import(tree):
    """Statements that run when a module is imported: not those in functions or for type checkers only."""
    waiting = list(tree.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            waiting += node.orelse
            continue
        yield node
        waiting += ast.iter_child_nodes(node)


def parts_used(file):
    """Parts of groupbench that a file imports; what the package itself offers counts as none."""
    known = set().union(*LAYERS)
    for name in imports(file):
        top, _, rest = name.partition(".")
        part = rest.partition(".")[0]
        if top == "groupbench" and (part in known or (ROOT / "groupbench" / f"{part}.py").exists()):
            yield part


def dotted(node):
    return ast.unparse(node) if isinstance(node, ast.Attribute | ast.Name) else ""


def calls(file):
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]


def keyword(call, name):
    return next((ast.unparse(k.value) for k in call.keywords if k.arg == name), None)


def unpickles(call):
    """Whether a call may run code that a file holds."""
    name = dotted(call.func).rpartition(".")
    if name[2] == "load" and name[0] in ("np", "numpy"):
        return keyword(call, "allow_pickle") not in (None, "False")
    if name[2] == "load" and name[0] == "torch":
        return keyword(call, "weights_only") != "True"
    if name[2] == "load" and name[0] == "joblib":
        return True
    return name[2] in ("read_pickle", "recv") or (name[2] in ("load", "loads") and name[0] == "pickle")


def test_every_part_has_its_layer():
    found = {part_of(file) for file in FILES if len(module_of(file)) > 2 or file.stem != "__init__"}

    assert found <= set().union(*LAYERS), "give the new part its place in LAYERS"
    assert len(FILES) > 50


@pytest.mark.parametrize(
    "file", [f for f in FILES if module_of(f) != ("groupbench", "__init__")], ids=name_of
)
def test_nothing_downstream_is_imported(file):
    place = {part: layer for layer, parts in enumerate(LAYERS) for part in parts}
    own = part_of(file)
    wrong = {
        part
        for part in parts_used(file)
        if part != own and part != TOGETHER.get(own) and place[part] >= place[own]
    }

    assert not wrong, f"{own} is upstream of {sorted(wrong)}"


@pytest.mark.parametrize("file", EVERYWHERE, ids=name_of)
def test_data_sets_and_baselines_are_imported_from_groupbench(file):
    tops = {name.partition(".")[0] for name in imports(file)}

    assert not tops & {"datasets", "baselines"}


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_no_pickle_is_read(file):
    if name_of(file) in READS_ITS_OWN_BYTES:
        return
    tops = {name.partition(".")[0] for name in imports(file)}

    assert not tops & {"pickle", "cPickle", "dill", "cloudpickle", "shelve", "marshal"}
    assert not [ast.unparse(call) for call in calls(file) if unpickles(call)]


@pytest.mark.parametrize(
    "file", [f for f in FILES if part_of(f) not in ("deep", "dmtl", "report")], ids=name_of
)
def test_heavy_libraries_are_imported_where_they_are_needed(file):
    tops = {name.partition(".")[0] for name in imports(file, on_import)}

    assert not tops & HEAVY


def test_listing_names_imports_no_heavy_library():
    code = (
        "import sys; from groupbench.core.registry import methods, aggregators, datasets; "
        "names = [*methods.all(), *aggregators.all(), *datasets.all()]; "
        "print(len(names), *sorted({m.partition('.')[0] for m in sys.modules}))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    count, *modules = found.stdout.split()

    assert int(count) > 30
    assert not HEAVY & set(modules)


@pytest.mark.parametrize(
    ("code", "bad"),
    [
        ("np.load(f)", False),
        ("np.load(f, allow_pickle=False)", False),
        ("np.load(f, allow_pickle=True)", True),
        ("torch.load(f)", True),
        ("torch.load(f, weights_only=True)", False),
        ("joblib.load(f)", True),
        ("pd.read_pickle(f)", True),
        ("pipe.recv()", True),
        ("pipe.recv_bytes()", False),
        ("json.loads(f)", False),
    ],
)
def test_the_guard_against_pickles_sees_them(code, bad):
    assert unpickles(ast.parse(code, mode="eval").body) is bad


def test_the_guard_against_heavy_imports_sees_what_runs():
    code = (
        "import numpy\nclass A:\n    import scipy\n    def f(self):\n        import torch\n"
        "if TYPE_CHECKING:\n    import pandas\n"
        "try:\n    from sklearn import x\nexcept ImportError:\n    pass\n"
    )
    found = [n for node in on_import(ast.parse(code)) for n in targets(node, ("groupbench", "x"))]

    assert sorted(found) == ["numpy", "scipy", "sklearn.x"]


def test_relative_imports_are_resolved():
    node = ast.parse("from ._helper import x").body[0]
    parent = ast.parse("from .. import store").body[0]

    assert targets(node, ("groupbench", "baselines", "als")) == ["groupbench.baselines._helper.x"]
    assert targets(parent, ("groupbench", "runner", "jobs")) == ["groupbench.results.store"]
