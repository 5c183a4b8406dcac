"""The example notebook of the documentation prints what it was saved with."""

from __future__ import annotations

from pathlib import Path

import pytest

NOTEBOOK = Path(__file__).parents[2] / "docs" / "example.ipynb"

nbformat = pytest.importorskip("nbformat", reason="needs groupbench[docs]")
nbclient = pytest.importorskip("nbclient", reason="needs groupbench[docs]")


def printed(notebook):
    """The text of every output, cell by cell."""
    return [
        [output.get("text") or output["data"]["text/plain"] for output in cell["outputs"]]
        for cell in notebook.cells
        if cell["cell_type"] == "code"
    ]


def test_the_notebook(tmp_path):
    saved = nbformat.read(NOTEBOOK, as_version=4)
    again = nbformat.read(NOTEBOOK, as_version=4)
    nbclient.NotebookClient(again, timeout=600, resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert sum(map(len, printed(saved))) >= 4
    assert printed(again) == printed(saved)
    assert (tmp_path / "report.html").stat().st_size > 100_000


def test_no_path_of_a_machine_is_saved():
    text = NOTEBOOK.read_text(encoding="utf-8")
    assert "/home/" not in text
    assert "/tmp/" not in text
