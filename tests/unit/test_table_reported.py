"""Figures printed in papers: what is shipped, and what a file must hold."""

from __future__ import annotations

import pytest

from groupbench.errors import ResultError
from groupbench.report.reported import papers, read_paper

GOOD = """
source = "A and B, Venue 2020"
url = "https://example.org"
unstated = []
views = ["rated-user"]
[[rows]]
method = "M"
dataset = "d"
values = { "ndcg@10" = 0.5 }
"""


def test_what_the_dmtl_paper_prints():
    paper = next(p for p in papers() if "2504.06274" in p.source)
    printed = {(r.method, r.dataset): r.values for r in paper.rows}
    assert printed == {
        ("DMTL", "ml-100k"): {"precision@10": 0.6867, "recall@10": 0.8063},
        ("DMTL", "itmrec"): {"precision@10": 0.3182, "recall@10": 0.9306},
    }
    assert set(paper.views) == {"rated-user", "rated-group"}


def test_a_good_file(tmp_path):
    file = tmp_path / "paper.toml"
    file.write_text(GOOD)
    paper = read_paper(file)
    assert paper.rows[0].values == {"ndcg@10": 0.5}
    assert paper.provenance == "A and B, Venue 2020"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("0.5", "50", "rows.0.values.ndcg@10"),
        ('"ndcg@10" = 0.5', "", "rows.0.values"),
        ('method = "M"', "", "rows.0.method"),
        ('method = "M"', 'method = "M"\nseed = 1', "rows.0.seed"),
        ('url = "https://example.org"', "", "url"),
        ('views = ["rated-user"]', "views = []", "views"),
        ("unstated = []", "unstated = [", "is no TOML"),
    ],
)
def test_a_bad_file_is_refused_with_the_place(tmp_path, old, new, said):
    file = tmp_path / "paper.toml"
    file.write_text(GOOD.replace(old, new))
    with pytest.raises(ResultError) as caught:
        read_paper(file)
    assert str(file) in str(caught.value)
    assert said in str(caught.value)
