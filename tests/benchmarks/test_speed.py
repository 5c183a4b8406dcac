"""Saved benchmarks as tables, and the gate against growing slower."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from groupbench.core.errors import ConfigError, ResultError
from tests.benchmarks.speed import (
    Comparison,
    Growth,
    app,
    draw_growth,
    read,
    read_ratios,
    regressions,
    render,
    render_growth,
    renew,
    saved,
)

ONE = Comparison("test_a.py::test_a", "all scores", "peer 1.2", 0.05, 10.0, 3.0, 40.0, 0.01, 100.0, 1)
GROWTH = [Growth(axis, n, n / 1e4, n / 100) for axis in ("users", "items") for n in (1000, 2000, 4000)]


@pytest.fixture
def file(tmp_path):
    rows = [{"extra_info": saved(one)} for one in (ONE, replace(ONE, name="b", bar=None, share=1.0), *GROWTH)]
    machine = {"cpu": {"brand_raw": "A processor", "count": 4}, "python_version": "3.11.7"}
    path = tmp_path / "saved.json"
    path.write_text(json.dumps({"machine_info": machine, "benchmarks": [*rows, {"extra_info": {}}]}))
    return path


def test_what_was_saved_is_read(file):
    found = read(file)

    assert found.comparisons[0] == ONE
    assert found.comparisons[0].ratio == 200
    assert list(found.growth) == GROWTH
    assert found.machine == "A processor, 4 cores, Python 3.11.7"


@pytest.mark.parametrize("text", ["no json", "[]", "{}", '{"machine_info": {}, "benchmarks": [{}]}'])
def test_other_files_are_refused(tmp_path, text):
    other = tmp_path / "other.json"
    other.write_text(text)

    with pytest.raises(ResultError, match="tox -e bench"):
        read(other)


def test_a_row_of_another_version_is_refused(file):
    found = json.loads(file.read_text())
    found["benchmarks"][0]["extra_info"]["comparison"]["more"] = 1
    file.write_text(json.dumps(found))

    with pytest.raises(ResultError, match="this version"):
        read(file)


def test_a_table_has_both_sides():
    plain = render([ONE]).splitlines()
    markdown = render([ONE], "markdown").splitlines()

    assert plain[-1].split("  ")[0] == "all scores"
    assert [cell.strip() for cell in markdown[-1].strip("|").split("|")] == [
        "all scores",
        "50 ms",
        "peer 1.2",
        "10 s (scaled)",
        "200",
        "100",
        "3",
        "40",
    ]
    assert "scaled" not in render([replace(ONE, share=1.0)])
    assert "50 ms (8 GFLOP/s)" in render([replace(ONE, work=0.4, unit="FLOP")])
    with pytest.raises(ConfigError, match="markdown"):
        render([ONE], "markdwon")


def test_growth_is_shown_by_size():
    lines = render_growth(GROWTH).splitlines()[2:]

    assert [line.split() for line in lines][1] == ["users", "2,000", "200", "ms", "20"]
    assert len(lines) == 6


def test_growth_is_drawn(tmp_path):
    draw_growth(GROWTH, tmp_path / "growth.svg")
    drawn = (tmp_path / "growth.svg").read_text()

    assert all(word in drawn for word in ("users", "items", "linear", "seconds", "MiB"))
    with pytest.raises(ResultError, match="no growth"):
        draw_growth([], tmp_path / "none.svg")


def test_a_page_gets_the_tables_of_a_session(file, tmp_path):
    page, again = tmp_path / "page.md", tmp_path / "again.md"
    marks = [
        f"<!-- {name} -->\nold {name}\n<!-- end of {name} -->\n"
        for name in ("machine", "comparisons", "growth")
    ]
    page.write_text("first\n" + "between\n".join(marks) + "last\n")
    assert CliRunner().invoke(app, ["page", str(page), str(file)]).exit_code == 0
    written = page.read_text()

    assert "old" not in written
    assert written.startswith("first\n")
    assert written.count("between\n") == 2
    assert written.endswith("last\n")
    assert "A processor, 4 cores" in written
    assert "| all scores" in written
    assert "| users" in written
    again.write_text(written)
    CliRunner().invoke(app, ["page", str(again), str(file)])
    assert again.read_text() == written
    with pytest.raises(ResultError, match="growth"):
        renew(written.replace("<!-- growth -->\n", ""), read(file))


@pytest.mark.parametrize(("before", "slower"), [(100, 0), (399, 0), (401, 1)])
def test_less_than_half_of_a_committed_ratio_is_a_regression(before, slower):
    assert len(regressions([ONE], {ONE.name: before})) == slower


def test_a_ratio_that_was_not_measured_is_a_regression():
    (line,) = regressions([ONE], {"gone": 3})

    assert line.startswith("gone")


@pytest.mark.parametrize("text", ["[]", '{"a": "b"}', "", '{"a": null}'])
def test_other_ratios_are_refused(tmp_path, text):
    (tmp_path / "ratios.json").write_text(text)

    with pytest.raises(ResultError, match=r"ratios\.json"):
        read_ratios(tmp_path / "ratios.json")


def test_the_commands(file, tmp_path):
    runner, ratios = CliRunner(), tmp_path / "ratios.json"
    shown = runner.invoke(app, ["report", str(file), "--plot", str(tmp_path / "growth.png")])
    ratios.write_text(json.dumps({ONE.name: 150}))
    good = runner.invoke(app, ["check", str(ratios), str(file)])
    ratios.write_text(json.dumps({ONE.name: 1000}))
    bad = runner.invoke(app, ["check", str(ratios), str(file)])

    assert "all scores" in shown.stdout
    assert (tmp_path / "growth.png").stat().st_size > 1000
    assert (good.exit_code, bad.exit_code) == (0, 1)
    assert "200 times the peer's speed, 1e+03 before" in bad.output
