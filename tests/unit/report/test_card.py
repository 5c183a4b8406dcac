"""The methods section of a run, and the checklist that is filled in from its records."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from groupbench.api import card
from groupbench.cli import app
from groupbench.core.errors import ConfigError
from groupbench.report.card import CARD_FORMATS, Card, make_card
from groupbench.report.card._markup import _parts
from groupbench.report.formats import escape
from groupbench.report.options import LayoutOptions
from groupbench.report.render import render, table_frame
from groupbench.results.store import ViewMetrics
from tests._records import make_record, write_record

VALUES = {"ndcg@10": 0.5, "recall@10": 0.25}
REFERENCE_RUN = Path(__file__).parents[3] / "results" / "reference-run"
SVD = {"n_factors": 161, "n_epochs": 53, "biased": True}
TUNING = {
    **{"dataset": "itmrec", "protocol": "paper", "seed": 0, "repeats": 3, "view": "rated-user"},
    **{"metric": "ndcg@10", "aggregator": "average", "trials": 20, "failed": 1, "seconds": 12.0},
    **{"value": 0.5, "digest": "0"},
}
VIEW = {
    **{"entities": 20, "skipped": 3, "tau": 3.5, "entity": "user"},
    **{"definition": "users rank what they rated", "reason": ""},
}
ENVIRONMENT = {
    "groupbench": "0.1.0",
    "python": "3.11.7",
    "packages": {"numpy": "2.0", "torch": "not installed"},
    "code": {"commit": "c0ffee", "state": "clean", "sha256": "5e1f"},
    "command": "groupbench run",
    "deterministic": True,
    "energy": "estimated",
}


def record(method="svd", seed=0, **changes):
    made = {
        "dataset": "itmrec",
        "simulated": False,
        "name": method.partition("[")[0],
        "hyperparameters": SVD if method.startswith("svd") else {},
        "tuning": TUNING if method.endswith("[tuned]") else {},
        "config": {
            "protocol": {
                "name": "paper",
                "tau": None,
                "split": "ratio",
                "ratio": 0.8,
                "folds": 5,
                "unit": "pairs",
            },
            "source": "itmrec",
            "content_hash": "454ba30a",
            "counts": {"users": 476, "items": 70, "ratings": 5230, "training ratings": 4184 + seed},
        },
        "metrics": (ViewMetrics("rated-user", "average", VALUES, VALUES, VALUES, 0.25),),
        "views": {"rated-user": VIEW},
        "seconds": {"fit": 1.0 + seed, "import": 9.0},
        "peak_mb": {"fit": 2.0, "import": 90.0},
        "joules": {"fit": 3.0, "score": 4.0, "import": 50.0},
        "environment": ENVIRONMENT,
        "finished": f"2026-01-0{seed + 1}T00:00:00.000+00:00",
    }
    return make_record(method, seed, **{**made, **changes})


def section(records, title):
    made = records if isinstance(records, Card) else make_card(records)
    return next(found for found in made.sections if found.title.startswith(title))


def said(records, title, term):
    return next(text for name, text in section(records, title).entries if name == term)


def answer(records, start):
    entries = section(records, "Reproducibility checklist").entries
    return next(entry for entry in entries if entry.text.startswith(start))


def test_tuned_values_stand_with_their_search_and_others_are_plainly_not_tuned():
    records = [record("svd[tuned]"), record("svd"), record("svd[n_factors=9]"), record("random")]
    terms = ("SVD [tuned]", "SVD", "SVD [n_factors=9]", "Random")
    tuned, plain, by_hand, reference = (said(records, "Methods", term) for term in terms)
    assert "Tuned: 20 trials (1 failed, 12 s), chosen by ndcg@10 in view rated-user on 3 validation" in tuned
    assert "n_factors in 10 to 200, log" in tuned
    assert "Chosen: n_factors=161, n_epochs=53. Fixed: biased=True." in tuned
    assert "Not tuned: defaults n_factors=161, n_epochs=53, biased=True." in plain
    assert "Not tuned: set by hand" in by_hand
    assert "Reference row" in reference


def test_costs_are_means_over_seeds_without_what_imports_took():
    text = said([record(seed=0), record(seed=1)], "Methods", "SVD")
    assert "Seeds 0, 1. A job took 1.50 s (mean over seeds), 2 MiB, 7.0 J." in text


def test_methods_go_by_their_printed_names_with_what_to_type_where_that_is_another_name():
    records = [record("svdpp"), record("svd"), record("mine")]
    assert said(records, "Methods", "SVD++ (svdpp)")
    assert said(records, "Methods", "SVD")
    chosen = make_card(records, methods="mine", labels={"mine": "Ours"})
    assert said(chosen, "Methods", "Ours (mine)")
    assert said(chosen, "Left out", "left out") == "2 other methods are not shown"


def test_tables_show_energy_where_it_is_asked_for():
    records = [record("svd", seed) for seed in (0, 1)]
    assert " J\n" not in render(records, format="plain")
    layout = LayoutOptions.make(columns="metrics,joules")
    shown = render(records, format="plain", layout=layout).splitlines()
    assert shown[2].split() == ["method", "recall@10", "ndcg@10", "J"]
    assert shown[4].split()[-1] == "7.0"
    assert "J is its energy" in "\n".join(shown)
    assert set(table_frame(records)["joules"]) == {7.0}
    assert np.isnan(table_frame([record(joules={})])["joules"]).all()


def test_what_was_not_evaluated_or_did_not_finish_has_its_reason():
    refused = record("svd", metrics=(), views={"rated-user": {**VIEW, "reason": "no joint ratings"}})
    failed = record("nmf", status="failed", reason="it broke", metrics=())
    assert "Not evaluated: no joint ratings." in said([refused, failed], "Methods", "SVD")
    assert "1 of 1 job did not finish (failed: it broke)." in said([refused, failed], "Methods", "NMF")


def test_data_protocol_and_views_are_told_in_words():
    records = [record(seed=0), record(seed=1)]
    data = said(records, "Data", "itmrec")
    assert "476 users, 70 items, 5,230 ratings (counted)" in data
    assert "sha256 of the content 454ba30a" in data
    assert "Share of the ratings that is for training" in said(records, "Protocol", "ratio = 0.8")
    assert "4,184 to 4,185 training ratings" in said(records, "Protocol", "sizes")
    view = said(records, "Protocol", "view rated-user")
    assert view == (
        "users rank what they rated; 20 users, 3 left out (nothing relevant); relevant from tau = 3.5; "
        "K = 3, 5, 10, 20."
    )
    assert "At most 25.0% of the top-10 places" in said(records, "Protocol", "equal scores")
    assert "folds" not in make_card(records).text()


def test_the_card_of_folds_names_their_number():
    protocol = {"name": "natural", "held": "groups", "folds": 4}
    records = [record("svd", config=record("svd").config | {"protocol": protocol})]
    assert "Number of folds" in said(records, "Protocol", "folds = 4")


def test_machines_that_differ_are_counted():
    records = [
        record(seed=0),
        record(seed=1),
        record(seed=2, environment={**ENVIRONMENT, "python": "3.12.1"}),
    ]
    assert said(records, "Software", "Python") == "3.11.7 (2 records); 3.12.1 (1 record)"
    assert said(records, "Software", "libraries") == "numpy 2.0"


@pytest.mark.parametrize(
    ("records", "start", "wanted", "where"),
    [
        ([record()], "Is the code that made", "yes", ""),
        ([record(environment={})], "Is the code that made", "no", ""),
        ([record("mine")], "Is the code of all compared", "not known", "mine"),
        ([record(config={"seed_label": "x"})], "Can others get the data", "not known", "itmrec"),
        ([record(simulated=True)], "Are the data real", "no", "itmrec"),
        ([record(), record("random")], "Do rows for random", "no", "itmrec, paper"),
        ([record(), record("random"), record("popularity")], "Do rows for random", "yes", ""),
        ([record("svd[tuned]"), record("nmf", hyperparameters={"k": 1})], "Are all compared", "no", "NMF"),
        ([record("svd[tuned]"), record("random")], "Are all compared", "yes", ""),
        ([record("svd[tuned]")], "Did every method", "yes", ""),
        (
            [record("svd[tuned]"), record("nmf[tuned]", tuning={**TUNING, "trials": 3})],
            "Did every method",
            "no",
            "(3 to 20)",
        ),
        ([record("mine[tuned]")], "Are search spaces", "not known", "mine[tuned]"),
        ([record()], "Was tuning kept", "not known", ""),
        ([record()], "Are there several seeds", "no", "1 seed"),
        ([record(seed=0), record(seed=1)], "Are there several seeds", "yes", "2 seeds"),
        ([record()], "Are differences tested", "not known", "--significance"),
        ([record(environment={**ENVIRONMENT, "deterministic": False})], "Do the same seeds", "no", ""),
        ([record(), record("nmf", status="timeout", metrics=())], "Did all jobs", "no", "NMF"),
        ([record(joules={})], "Is the energy", "no", ""),
        ([record()], "Is the energy", "yes", ""),
    ],
)
def test_the_checklist_answers_from_records(records, start, wanted, where):
    found = answer(records, start)
    assert found.term == wanted
    assert where in found.text


def test_what_is_left_out_is_said():
    other = record(seed=1, config={**record().config, "content_hash": "0ther"})
    card = make_card([record(), replace(other, finished="2025-01-01")])
    assert "left out 1 record of other data" in card.text()
    assert said([record(), other], "Software", "groupbench") == "0.1.0"


def test_text_of_strangers_means_itself():
    hostile = record("a|b_<i>*$\\%#{}~^", environment={**ENVIRONMENT, "command": "x `y` \x1b[31m 中\n# z"})
    markdown, latex = (make_card([hostile]).text(format) for format in CARD_FORMATS)
    assert "\x1b" not in markdown + latex
    assert "**a\\|b\\_&lt;i&gt;\\*\\$\\\\%\\#{}\\~^**" in markdown
    assert "\n# z" not in markdown
    assert r"a\textbar{}b\_\textless{}i\textgreater{}{*}\$\textbackslash{}\%\#\{\}" in latex
    assert "[U+4E2D]" in latex


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="there is no pdflatex")
@pytest.mark.parametrize("columns", ["onecolumn", "twocolumn"])
def test_a_card_of_hostile_records_compiles_within_the_margins(columns, tmp_path):
    hostile = [
        record('a|b_<i>*$\\%#{}~^&"é±–', environment={**ENVIRONMENT, "command": "中 \x1b `y` " + "x" * 300})
    ]
    made = make_card([*hostile, record("svd[tuned]")])
    text = "\n".join(made.text("latex", short=short) for short in (False, True))
    head = f"\\documentclass[{columns}]{{article}}\n\\begin{{document}}\n\\section{{Experiments}}\n"
    whole = card(REFERENCE_RUN).text("latex")
    (tmp_path / "card.tex").write_text(f"{head}{text}\n{whole}\n\\end{{document}}\n", encoding="utf-8")
    ended = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "card.tex"],
        cwd=tmp_path,
        capture_output=True,
        timeout=120,
        check=False,
    )
    log = (tmp_path / "card.log").read_text(encoding="latin-1")
    assert ended.returncode == 0, log[-2000:]
    assert "Overfull \\hbox" not in log


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("itmrec-sim", ["itmrec-sim"]),
        ("popularity_share,", ["popularity_", "share,"]),
        ("https://github.com/irecsys.", ["https://", "github.", "com/", "irecsys."]),
        ("307e83f70e8a3ab86451be).", ["307e83f7", "0e8a3ab8", "6451be)."]),
        ("................................", ["................................"]),
    ],
)
def test_long_words_break_where_their_parts_are_joined_and_never_with_a_hyphen(word, parts):
    assert _parts(word) == parts
    written = make_card([record(word)]).text("latex")
    assert r"\allowbreak{}".join(escape(part, "latex") for part in parts) in written
    texts = [part for part in written.split("\\subsection") if "\\item" in part]
    assert all("\\hyphenpenalty=10000" in part for part in texts)


def test_the_short_form_is_one_paragraph_of_what_a_reader_has_to_know():
    records = [
        record("svd[tuned]"),
        record("svd[tuned]", 1),
        record("ease", hyperparameters={"l2": 3}, name="ease"),
    ]
    text = make_card([*records, record("random"), record("nmf", status="failed")]).text(short=True)
    assert "\n" not in text
    for said in (
        "On itmrec (476 users, 70 items, 5,230 ratings; sha256 454ba30a) we ran EASE, NMF and SVD ",
        "beside the reference row Random, under the protocol paper with seeds 0 and 1.",
        "Lists are evaluated in rated-user (20 users, relevant from 3.5).",
        "aggregated by average.",
        "of SVD \\[tuned\\] are tuned with 20 trials each, chosen by ndcg@10 in view rated-user",
        "Not tuned, at their defaults: EASE.",
        "Of 5 jobs 1 did not finish.",
        "groupbench 0.1.0 (sha256 of the sources 5e1f), Python 3.11.7",
    ):
        assert said in text
    untuned = make_card([record("svd"), record("nmf", hyperparameters={"k": 1})]).text(short=True)
    assert "Not tuned, at their defaults: all methods that have hyperparameters." in untuned
    assert "Random" not in untuned
    latex = make_card(records).text("latex", short=True)
    assert "subsection" not in latex
    assert latex.count("\\par}") == 1


def test_the_command_writes_a_file_or_to_the_terminal(tmp_path):
    write_record(tmp_path / "results", record())
    called = ["card", "--results", str(tmp_path / "results")]
    shown = CliRunner().invoke(app, called)
    assert shown.output.startswith("## Software and hardware\n\n1 job, made between 2026-01-01")
    file = tmp_path / "card.tex"
    told = CliRunner().invoke(app, [*called, "--format", "latex", "--output", str(file)])
    assert told.output == f"methods section of 1 job written to {file}\n"
    assert "\\subsection{Reproducibility checklist}" in file.read_text(encoding="utf-8")
    assert CliRunner().invoke(app, [*called, "--short"]).output.startswith("On itmrec (476 users, ")


def test_data_sets_protocols_and_methods_can_be_chosen(tmp_path):
    for each in (record("svd"), record("nmf"), record("random"), record("svd", 1, protocol="natural")):
        write_record(tmp_path, each)
    chosen = card(tmp_path, "itmrec", protocol="paper", methods="SV*")
    assert chosen.jobs == 2
    assert [found.title for found in chosen.sections if found.title.startswith("Methods")] == [
        "Methods: itmrec, protocol paper"
    ]


def test_an_unknown_format_is_refused_with_those_there_are():
    with pytest.raises(ConfigError, match="unknown format 'html'; known: latex, markdown"):
        make_card([record()]).text("html")
