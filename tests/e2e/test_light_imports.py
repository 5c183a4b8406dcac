"""Asking what there is must not wait for heavy libraries."""

from __future__ import annotations

import subprocess
import sys

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
