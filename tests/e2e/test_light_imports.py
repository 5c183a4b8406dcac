"""Asking what there is must not wait for heavy libraries."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("pandas", "torch", "scipy", "sklearn", "surprise", "implicit", "pyarrow", "matplotlib")


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
        f"    print(sorted(sys.modules.keys() & set({HEAVY!r})), file=sys.stderr)\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "[]\n")
    assert ended.stdout
