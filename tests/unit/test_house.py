"""Rules of the whole code base that no linter knows, checked on its source; each test lists every offender.

Who may import whom between rooms is a contract of import-linter, in pyproject.toml.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections import Counter, defaultdict
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

from tests._heavy import HEAVY

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted(f for folder in ("groupbench", "baselines", "datasets") for f in (ROOT / folder).rglob("*.py"))
EVERYWHERE = FILES + sorted((ROOT / "tests").rglob("*.py"))

READS_ITS_OWN_BYTES = {"groupbench/testing/_elsewhere.py"}
"""Files that may unpickle: what they read they wrote themselves a moment before, through a pipe."""

PICKLES = {"pickle", "cPickle", "dill", "cloudpickle", "shelve", "marshal"}

NEEDS_THEM = (
    "baselines/_networks/",
    "groupbench/models/averaging.py",
    "groupbench/models/deep/",
    "groupbench/models/devices.py",
    "groupbench/models/dmtl/",
    "groupbench/models/layers.py",
    "groupbench/models/row_tables.py",
    "groupbench/models/training.py",
    "groupbench/report/",
)
"""Where everything is about a heavy library, so that it is imported at the top."""

SCANNED = (
    "baselines",
    "datasets",
    "groupbench/aggregation",
    "groupbench/aggregation/sequential",
    "groupbench/evaluation/protocols",
    "groupbench/evaluation/views",
    "groupbench/metrics",
    "groupbench/models/text",
)
"""Folders whose plain modules a registry finds; they may have a face, too."""

TOP_ENTRIES = 14
SHARED_CLASS_NAMES = 5
FUNCTION_LINES = 50
MODULE_LINES = 300


@cache
def tree_of(file):
    return ast.parse(file.read_text(encoding="utf-8"))


def path_of(file):
    return file.relative_to(ROOT).as_posix()


def dotted(node):
    """`a.b.c` for such an expression, else the attributes of it that are known."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def module_of(file):
    """The dotted name of a module, of a package without its `__init__`."""
    parts = file.relative_to(ROOT).with_suffix("").parts
    parts = parts if parts[0] in ("groupbench", "tests") else ("groupbench", *parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def targets(node, module, is_package=False):
    """The dotted names that an import statement may bring in."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    base = node.module or ""
    if node.level:
        parts = module.split(".")
        here = parts[: len(parts) - node.level + is_package]
        base = ".".join([*here, base]).rstrip(".")
    return [f"{base}.{alias.name}" for alias in node.names]


def running(tree, in_functions):
    """Statements but those for type checkers; those in functions only if wanted."""
    waiting = list(tree.body)
    while waiting:
        node = waiting.pop()
        if not in_functions and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and dotted(node.test) == "TYPE_CHECKING":
            waiting += node.orelse
            continue
        yield node
        waiting += ast.iter_child_nodes(node)


def at_import(tree):
    return running(tree, in_functions=False)


def anywhere(tree):
    return running(tree, in_functions=True)


@cache
def imports(file, nodes=ast.walk):
    """Pairs of a location in the source and the dotted name that is imported there."""
    module, is_package = module_of(file), file.stem == "__init__"
    return [
        (f"{path_of(file)}:{node.lineno}", name)
        for node in nodes(tree_of(file))
        for name in targets(node, module, is_package)
    ]


def top_level(files, wanted, nodes=ast.walk):
    """Imports of the top-level packages `wanted`, each with its location."""
    return [
        f"{where} imports {name}"
        for file in files
        for where, name in imports(file, nodes)
        if name.partition(".")[0] in wanted
    ]


def none(offenders):
    """Fail with all offenders, one a line."""
    __tracebackhide__ = True
    if offenders:
        pytest.fail("\n".join(offenders), pytrace=False)


def unpickles(call):
    """Whether a call may run code that a file holds."""
    package, _, name = dotted(call.func).rpartition(".")
    given = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
    if name == "load" and package in ("np", "numpy"):
        return given.get("allow_pickle", "False") != "False"
    if name == "load" and package == "torch":
        return given.get("weights_only") != "True"
    if name == "load" and package == "joblib":
        return True
    return name in ("read_pickle", "recv") or (name in ("load", "loads") and package == "pickle")


def circles(graph):
    """Groups of modules that import each other: strongly connected components, by Tarjan."""
    order, low, stack, found = {}, {}, [], []

    def visit(name):
        order[name] = low[name] = len(order)
        stack.append(name)
        for other in sorted(graph[name]):
            if other not in order:
                visit(other)
                low[name] = min(low[name], low[other])
            elif other in stack:
                low[name] = min(low[name], order[other])
        if low[name] == order[name]:
            at = stack.index(name)
            found.append(sorted(stack[at:]))
            del stack[at:]

    for name in sorted(graph):
        if name not in order:
            visit(name)
    return [group for group in found if len(group) > 1]


def import_graph():
    """The modules that each module imports, wherever in it; the packages around those do not count."""
    known = {module_of(file) for file in FILES}
    graph = {name: set() for name in known}
    for file in FILES:
        for _, name in imports(file, anywhere):
            module = name if name in known else name.rpartition(".")[0]
            if module in known and module != "groupbench":
                graph[module_of(file)].add(module)
        graph[module_of(file)].discard(module_of(file))
    return graph


def lines_without_docstring(function):
    first = function.body[0]
    documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    docstring = first.end_lineno - first.lineno + 1 if documented else 0
    return function.end_lineno - function.lineno + 1 - docstring


def has_face(package):
    return any(
        isinstance(node, ast.Assign) and dotted(node.targets[0]) == "__all__"
        for node in tree_of(package).body
    )


def public_classes(tree):
    return [node for node in tree.body if isinstance(node, ast.ClassDef) and not node.name.startswith("_")]


def fields_of(made):
    """The fields of a dataclass or a named tuple without a text of their own beneath."""
    marks = [*made.decorator_list, *made.bases]
    if not any(re.match(r"(dataclass|NamedTuple)\b", ast.unparse(mark)) for mark in marks):
        return []
    beneath = {id(first) for first, second in pairwise(made.body) if isinstance(second, ast.Expr)}
    return [
        dotted(node.target)
        for node in made.body
        if isinstance(node, ast.AnnAssign)
        and not dotted(node.target).startswith("_")
        and not ast.unparse(node.annotation).startswith("ClassVar")
        and id(node) not in beneath
    ]


def parameters_of(made):
    """What a class is made with, by an `__init__` of its own that does not say it itself."""
    inits = [node for node in made.body if isinstance(node, ast.FunctionDef) and node.name == "__init__"]
    found = [
        arg for init in inits for arg in [*init.args.posonlyargs, *init.args.args, *init.args.kwonlyargs]
    ]
    return [arg.arg for arg in found if arg.arg != "self" and not ast.get_docstring(inits[0])]


def undescribed(made, docs):
    """What of a class neither its own docstring nor that of a base describes, fields as `name: text`."""
    inherited = [docs.get(dotted(base).rpartition(".")[2], "") for base in made.bases]
    text = "\n".join([ast.get_docstring(made) or "", *inherited])
    described = {name for line in re.findall(r"^\s*([\w, ]+): ", text, re.M) for name in line.split(", ")}
    in_words = set(re.findall(r"\w+", text))
    fields = [name for name in fields_of(made) if name not in described]
    return fields + [name for name in parameters_of(made) if name not in in_words]


def test_what_a_class_is_made_with_is_described():
    """Shapes, units and meaning; that there are docstrings at all is checked by ruff."""
    classes = [(file, made) for file in FILES for made in public_classes(tree_of(file))]
    docs = {made.name: ast.get_docstring(made) or "" for _, made in classes}
    found = ((file, made, undescribed(made, docs)) for file, made in classes)

    assert len(classes) > 200
    none([f"{path_of(f)}:{made.lineno} {made.name}: {', '.join(names)}" for f, made, names in found if names])


def test_what_is_not_described_is_seen():
    code = (
        'class Base:\n    """A base.\n\n    Attributes:\n        a: one.\n    """\n'
        '@dataclass(frozen=True)\nclass One(Base):\n    """One."""\n'
        '    a: int\n    b: int\n    c: int\n    """C."""\n'
        'class Two:\n    """Made with d."""\n    def __init__(self, d, *, e): ...\n'
    )
    classes = public_classes(ast.parse(code))
    docs = {made.name: ast.get_docstring(made) for made in classes}
    assert [undescribed(made, docs) for made in classes] == [[], ["b"], ["e"]]


def test_no_pickle_is_read():
    files = [file for file in FILES if path_of(file) not in READS_ITS_OWN_BYTES]
    calls = [
        f"{path_of(file)}:{node.lineno} calls {ast.unparse(node)}"
        for file in files
        for node in ast.walk(tree_of(file))
        if isinstance(node, ast.Call) and unpickles(node)
    ]

    none(top_level(files, PICKLES) + calls)


def test_heavy_libraries_are_imported_where_they_are_needed():
    files = [file for file in FILES if not path_of(file).startswith(NEEDS_THEM)]

    assert len(files) > 50
    none(top_level(files, HEAVY, at_import))


def test_data_sets_and_baselines_are_imported_from_groupbench():
    none(top_level(EVERYWHERE, {"datasets", "baselines"}))


def test_no_modules_import_each_other():
    none([" and ".join(group) for group in circles(import_graph())])


def test_private_modules_are_imported_in_their_package_only():
    private = {module_of(file) for file in FILES if re.search(r"\._[^_]", module_of(file))}
    wrong = []
    for file in FILES:
        for where, name in imports(file):
            module = name if name in private else name.rpartition(".")[0]
            owner = module.partition("._")[0]
            if module in private and not f"{module_of(file)}.".startswith(f"{owner}."):
                wrong.append(f"{where} imports {module}")

    none(wrong)


def test_a_package_with_a_face_has_private_modules_only():
    wrong = [
        path_of(file)
        for package in (file for file in FILES if file.name == "__init__.py" and has_face(file))
        for file in sorted(package.parent.glob("*.py"))
        if package.parent != ROOT / "groupbench"
        and path_of(package.parent) not in SCANNED
        and not file.stem.startswith("_")
    ]

    none(wrong)


def test_every_package_says_what_belongs_there():
    packages = [file for file in FILES if file.name == "__init__.py"]
    none([path_of(file) for file in packages if not ast.get_docstring(tree_of(file))])


def test_no_module_shares_its_name_with_a_function_of_its_package():
    """Else `import groupbench.x.name as m` gives the function."""
    wrong = []
    for package in (file for file in FILES if file.name == "__init__.py"):
        modules = {file.stem for file in package.parent.glob("*.py")}
        modules |= {folder.parent.name for folder in package.parent.glob("*/__init__.py")}
        for where, name in imports(package, at_import):
            module, _, last = name.rpartition(".")
            if last in modules and module != module_of(package):
                wrong.append(f"{where} imports {name}")

    none(wrong)


def test_few_public_classes_share_a_name():
    homes = defaultdict(set)
    for file in FILES:
        for node in tree_of(file).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes[node.name].add(path_of(file))
    shared = [f"{name} in {', '.join(sorted(files))}" for name, files in homes.items() if len(files) > 1]

    none(shared if len(shared) > SHARED_CLASS_NAMES else [])


def test_functions_and_modules_are_short():
    functions = [
        f"{path_of(file)}:{node.lineno} {node.name} has {lines_without_docstring(node)} lines"
        for file in FILES
        for node in ast.walk(tree_of(file))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and lines_without_docstring(node) > FUNCTION_LINES
    ]
    lengths = {path_of(file): len(file.read_text(encoding="utf-8").splitlines()) for file in FILES}
    modules = [f"{file} has {lines} lines" for file, lines in lengths.items() if lines > MODULE_LINES]

    none(functions + modules)


def test_the_package_has_few_entries():
    folder = ROOT / "groupbench"
    files = [f for f in folder.iterdir() if f.suffix == ".py" and f.name != "__main__.py"]
    entries = [*files, *(f for f in folder.iterdir() if (f / "__init__.py").exists())]

    assert len(entries) <= TOP_ENTRIES, sorted(entries)


def test_pyproject_names_every_package():
    """setuptools cannot find packages that lie in folders of other names, so that they are listed."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    elsewhere = {ROOT / folder: name for name, folder in declared["package-dir"].items()}
    packages = {module_of(file) for file in FILES if file.name == "__init__.py"}

    assert Counter(declared["packages"]) == Counter(packages | set(elsewhere.values()))
    none([str(folder) for folder in elsewhere if not folder.is_dir()])


def test_contributing_names_files_that_exist():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = re.findall(r"`((?:groupbench|baselines|datasets|tests|results|docs)/[\w./-]*)`", text)

    assert len(named) > 20
    none([name for name in named if not (ROOT / name).exists()])


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


def test_imports_are_seen():
    code = (
        "import numpy\nclass A:\n    import scipy\n    def f(self):\n        import torch\n"
        "if TYPE_CHECKING:\n    import pandas\n"
        "try:\n    from sklearn import x\nexcept ImportError:\n    pass\n"
    )
    at_once = [name for node in at_import(ast.parse(code)) for name in targets(node, "groupbench.x")]
    ever = [name for node in anywhere(ast.parse(code)) for name in targets(node, "groupbench.x")]
    beside, above = (ast.parse(line).body[0] for line in ("from ._helper import x", "from .. import store"))

    assert sorted(at_once) == ["numpy", "scipy", "sklearn.x"]
    assert sorted(ever) == ["numpy", "scipy", "sklearn.x", "torch"]
    assert targets(beside, "groupbench.baselines.als") == ["groupbench.baselines._helper.x"]
    assert targets(beside, "groupbench.baselines", True) == ["groupbench.baselines._helper.x"]
    assert targets(above, "groupbench.runner.jobs") == ["groupbench.store"]


def test_circles_are_seen():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": {"e"}, "e": set()}) == [["a", "b", "c"]]
