"""Asking what there is must not wait for heavy libraries."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from tests._heavy import HEAVY


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["list"], ["list", "svd"], ["run", "--help"]]
)
def test_listing_imports_no_heavy_library(arguments):
    program = (
        "import sys\n"
        "from groupbench.cli import main\n"
        f"sys.argv = ['groupbench', *{arguments!r}]\n"
        "try:\n"
        "    main()\n"
        "finally:\n"
        f"    print(sorted(sys.modules.keys() & {HEAVY!r}), file=sys.stderr)\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "[]\n")
    assert ended.stdout


@pytest.fixture(scope="module")
def indexed(tmp_path_factory):
    """A folder with an index of names."""
    folder = tmp_path_factory.mktemp("cache")
    _make_index(folder)
    return folder


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["list"], ["list", "methods"]])
def test_what_is_asked_most_needs_no_library(arguments, indexed):
    shown, loaded = _answered(arguments, indexed)

    assert ("Usage" in shown) or ("svd" in shown) or shown.startswith("groupbench ")
    assert not loaded & {"numpy", "pydantic", "rich", "typer", "groupbench.core.registry"}


def test_an_index_is_never_older_than_a_plugin(tmp_path):
    """A package that registers a method is installed, changed without a trace in size or time, removed."""
    plugin, installed = tmp_path / "mine_of_this_test.py", tmp_path / "mine-1.dist-info"
    text = (
        "from groupbench.core.registry import method\n"
        "@method('mine-of-this-test')\n"
        'def mine():\n    """Said {}."""\n'
    )
    plugin.write_text(text.format("once"))
    times = plugin.stat().st_atime_ns, plugin.stat().st_mtime_ns
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1\n")
    (installed / "entry_points.txt").write_text("[groupbench.methods]\nmine = mine_of_this_test\n")
    assert "Said once." in _answered(["list", "methods"], tmp_path)[0]
    _make_index(tmp_path)
    shown, loaded = _answered(["list", "methods"], tmp_path)
    assert "Said once." in shown
    assert "mine_of_this_test" not in loaded
    plugin.write_text(text.format("more"))
    os.utime(plugin, ns=times)
    assert "Said more." in _answered(["list", "methods"], tmp_path)[0]
    (installed / "entry_points.txt").unlink()
    assert "mine-of-this-test" not in _answered(["list", "methods"], tmp_path)[0]


def _make_index(folder):
    """List once all files have been left alone for long enough."""
    time.sleep(2.2)
    _answered(["list"], folder)


def _answered(arguments, folder):
    """What the program prints, and the modules that it imports, with a cache and packages in `folder`."""
    program = (
        "import sys\n"
        "from groupbench.cli import main\n"
        f"sys.argv = ['groupbench', *{arguments!r}]\n"
        "try:\n"
        "    main()\n"
        "finally:\n"
        "    print(*sys.modules, file=sys.stderr)\n"
    )
    cache = folder / "cache"
    cache.mkdir(exist_ok=True)
    path = os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache), "PYTHONPATH": path, "COLUMNS": "200"}
    environment["PYTHONDONTWRITEBYTECODE"] = "1"  # It would change folders.
    call = [sys.executable, "-c", program]
    ended = subprocess.run(call, env=environment, capture_output=True, text=True, check=True)
    return ended.stdout, set(ended.stderr.split())


def test_the_names_of_a_registry_import_no_heavy_library():
    program = (
        "import sys; from groupbench.core.registry import methods, aggregators, datasets; "
        "names = [*methods, *aggregators, *datasets]; "
        "print(len(names), *sorted({m.partition('.')[0] for m in sys.modules}))"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    count, *modules = found.stdout.split()

    assert int(count) > 30
    assert not HEAVY & set(modules)


def test_importing_dmtl_does_not_import_torch():
    program = "import sys, groupbench.baselines.dmtl; print('torch' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", program], text=True) == "False\n"
