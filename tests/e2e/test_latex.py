"""Tables in a paper: what `table --format latex` prints compiles, and leaves the text around it alone."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

PAPER = r"""\documentclass{article}
\usepackage{booktabs}
\usepackage{graphicx}
\makeatletter
\begin{document}
Before.

%s

\typeout{size after: \f@size; tabcolsep after: \the\tabcolsep}After.
\end{document}
"""


@pytest.fixture(scope="module")
def latex():
    program = shutil.which("pdflatex")
    if program is None:
        pytest.skip("there is no pdflatex (apt-get install texlive-latex-recommended)")
    return program


@pytest.mark.parametrize(
    "options",
    [
        "--significance",
        "--view all --aggregator all --metrics all --ties all",
        "--layout wide --view all --no-std",
        "--view rated-group --caption '100% of C & D_2' --digits 4 --no-cost",
    ],
)
def test_a_paper_with_the_table_compiles_and_goes_on_as_before(latex, call, finished, tmp_path, options):
    status, text = call(f"groupbench table --results {finished} --format latex {options}")
    assert status == 0, text
    (tmp_path / "paper.tex").write_text(PAPER % text)
    ended = subprocess.run(
        [latex, "-interaction=nonstopmode", "-halt-on-error", "paper.tex"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout[-3000:]
    assert not re.findall(r"Overfull .hbox.*|LaTeX Warning: Float too large.*", ended.stdout)
    assert "size after: 10; tabcolsep after: 6.0pt" in ended.stdout
