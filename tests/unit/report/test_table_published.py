"""Figures printed in papers: what is shipped, and what a file must hold."""

from __future__ import annotations

import pytest

from groupbench.core import registry
from groupbench.core.errors import ResultError
from groupbench.report.published import papers, read_paper

GOOD = """
source = "A and B, Venue 2020"
url = "https://example.org"
unstated = []
protocol = "paper"
ties = "unstated"
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
    assert paper.stands_beside("paper+ratio=0.85", "rated-user")
    assert not paper.stands_beside("given", "rated-user")


def test_what_public_code_gives_depends_on_how_it_breaks_ties():
    figures = {
        (paper.ties, row.method.partition(" (")[0], row.dataset): row.values
        for paper in papers()
        if paper.protocol == "given" and "without" not in paper.source
        for row in paper.rows
    }
    models = {model for _, model, _ in figures}
    assert {"AGREE", "GroupIM", "HyperGroup", "HHGR", "CubeRec", "ConsRec", "AlignGroup"} <= models
    assert figures["as coded", "HyperGroup", "camra2011"]["ndcg@10"] == 0.8748
    assert figures["expected", "HyperGroup", "camra2011"]["ndcg@10"] == 0.3574
    for model in models:
        for dataset in ("mafengwo", "camra2011"):
            as_coded, expected = (figures[ties, model, dataset] for ties in ("as coded", "expected"))
            assert as_coded.keys() == expected.keys() == {"hit@5", "hit@10", "ndcg@5", "ndcg@10"}
            assert all(expected[metric] < as_coded[metric] + 0.001 for metric in expected)


def test_what_is_said_to_be_ours_is_registered():
    named = {row.ours for paper in papers() for row in paper.rows} - {None}
    assert named
    assert named <= registry.methods.keys()


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
        ('protocol = "paper"', "", "protocol"),
        ('ties = "unstated"', 'ties = "lucky"', "ties"),
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
