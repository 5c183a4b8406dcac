"""The report in a real browser: it loads nothing, sorts, filters, restores, fits and runs no foreign code."""

from __future__ import annotations

import time

import pytest

from groupbench import api
from groupbench.report.names import method_name
from groupbench.report.palette import look_of
from groupbench.report.render import table_frame

HOSTILE = "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'>"
VIEW = "#task=made%2C+paper&view=coupled&metric=precision%405&agg=borda&q=s&sort=seconds&dir=desc&refs=0"


@pytest.fixture(scope="module")
def figures(report):
    """Rows of every view, metric and aggregator, as tables show them."""
    return table_frame(
        api.load_records(report.with_name("results")), views="all", metrics="all", aggregator="all"
    )


def choice(shown, name):
    """The list of choices with this name."""
    return shown.page.get_by_role("combobox", name=name, exact=True)


def expected(figures, view, metric, aggregator):
    rows = figures[
        (figures["view"] == view) & (figures["metric"] == metric) & (figures["aggregator"] == aggregator)
    ]
    return rows.set_index(rows["method"].map(method_name))["mean"].sort_values(ascending=False)


def test_it_loads_nothing_and_complains_of_nothing(opened, report):
    with opened() as shown:
        assert shown.requests == [report.as_uri()]
        assert shown.complaints == []
        assert shown.page.evaluate("document.querySelectorAll('#board tbody tr').length") == 7


def test_rows_are_those_of_the_table_best_first(opened, figures):
    means = expected(figures, "rated-group", "ndcg@10", "average")
    with opened() as shown:
        assert shown.methods() == list(means.index)
        printed = [float(row[1].split("±")[0]) for row in shown.rows()]
        assert printed == pytest.approx(list(means), abs=6e-4)


def test_a_click_sorts_and_a_second_one_turns_round(opened, figures):
    with opened() as shown:
        button = shown.page.locator("#board [data-sort='precision@10']")
        button.click()
        order = list(expected(figures, "rated-group", "precision@10", "average").index)
        assert shown.methods() == order
        assert shown.page.locator("#board th[aria-sort='descending']").inner_text().startswith("precision@10")
        shown.page.keyboard.press("Enter")
        assert shown.methods() == order[::-1]
        assert shown.page.locator("#board th[aria-sort]").get_attribute("aria-sort") == "ascending"


def test_filters_leave_what_they_say(opened, figures):
    with opened() as shown:
        shown.page.get_by_label("Reference rows").uncheck()
        assert not {"Random", "Oracle"} & set(shown.methods())
        shown.page.get_by_label("Method contains").fill("S")
        assert set(shown.methods()) == {"SVD", "EASE", "ALS", HOSTILE}
        shown.page.get_by_label("Method family").select_option("family 3")
        assert shown.methods() == ["EASE"]
        shown.page.get_by_label("Method contains").fill("")
        shown.page.get_by_label("Method family").select_option("")
        shown.page.get_by_label("Reference rows").check()
        shown.page.get_by_label("Aggregator").select_option("borda")
        assert shown.methods() == list(expected(figures, "rated-group", "ndcg@10", "borda").index)
        shown.page.get_by_label("Aggregator").select_option("all")
        assert len(shown.methods()) == 14
        choice(shown, "K").select_option("5")
        shown.page.get_by_label("Aggregator").select_option("average")
        assert shown.methods() == list(expected(figures, "rated-group", "ndcg@5", "average").index)


def test_the_best_aggregator_of_each_method_is_the_better_one(opened, figures):
    both = [expected(figures, "rated-group", "ndcg@10", name) for name in ("average", "borda")]
    best = both[0].combine(both[1], max).sort_values(ascending=False)
    with opened("#agg=best") as shown:
        assert shown.methods() == list(best.index)


def test_seen_rows_can_be_left_out(opened, figures):
    with opened("#view=sampled-user") as shown:
        shown.page.get_by_label("Held-out rows").select_option("-clean")
        assert shown.methods() == list(expected(figures, "sampled-user-clean", "ndcg@10", "average").index)
        assert "view=sampled-user-clean" in shown.page.url
        shown.page.get_by_label("Held-out rows").select_option("")
        assert shown.methods() == list(expected(figures, "sampled-user", "ndcg@10", "average").index)


def test_an_address_restores_what_was_shown(opened):
    with opened() as shown:
        for label, value in {"View": "coupled", "Metric": "precision", "Aggregator": "borda"}.items():
            choice(shown, label).select_option(value)
        shown.page.get_by_label("Method contains").fill("s")
        shown.page.locator("#board [data-sort='seconds']").click()
        rows, address = shown.rows(), shown.page.url.partition("#")[2]
    with opened(f"#{address}") as again:
        assert again.rows() == rows
        assert again.page.get_by_label("Method contains").input_value() == "s"
        assert choice(again, "View").input_value() == "coupled"


@pytest.mark.parametrize("address", ["#view=nowhere&metric=none&agg=x&task=y", "#%", "#at=__proto__&sort=x"])
def test_an_address_of_another_report_does_no_harm(opened, address):
    with opened(address) as shown:
        assert len(shown.methods()) == 7
        assert shown.complaints == []


def test_the_theme_follows_the_system_and_the_button(opened):
    ground = "getComputedStyle(document.body).backgroundColor"
    with opened(scheme="light") as light, opened(scheme="dark") as dark:
        colours = {shown.page.evaluate(ground) for shown in (light, dark)}
        assert len(colours) == 2
        assert dark.page.locator("#theme").inner_text() == "Switch to light"
        light.page.get_by_role("button", name="Switch to dark").click()
        assert light.page.evaluate(ground) == dark.page.evaluate(ground)
        assert light.page.locator("#theme").inner_text() == "Switch to light"


def test_the_theme_button_follows_the_system(opened):
    with opened(scheme="light") as shown:
        shown.page.emulate_media(color_scheme="dark")
        shown.page.get_by_role("button", name="Switch to light").wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 768, 1280])
def test_the_page_is_never_wider_than_the_window(opened, width, scheme):
    with opened(VIEW, width=width, scheme=scheme) as shown:
        assert shown.overflow() <= 0
        for option in ("all", "best"):
            shown.page.get_by_label("Aggregator").select_option(option)
            assert shown.overflow() <= 0


CUT = """() => [...document.querySelectorAll(".scroll")].filter((box) =>
    box.scrollWidth > box.clientWidth + 1 || box.getBoundingClientRect().right > innerWidth + 1)
    .map((box) => box.querySelector("caption").innerText)"""
"""Captions of the tables that do not show all of their columns."""


@pytest.mark.parametrize("address", ["#agg=all", "#agg=best", "#view=coupled&metric=min-ndcg%4010"])
@pytest.mark.parametrize(("width", "media"), [(1280, "screen"), (1045, "print")])
def test_all_columns_show(opened, width, media, address):
    with opened(address, width=width) as shown:
        shown.page.emulate_media(media=media)
        assert shown.page.evaluate(CUT) == []
        assert shown.overflow() <= 0


def test_a_narrow_window_scrolls_tables_alone(opened):
    with opened(width=390) as shown:
        assert shown.overflow() <= 0
        assert shown.page.evaluate(CUT)
        assert shown.page.locator("#board tbody th").first.is_visible()


def test_print_has_no_controls(opened):
    with opened() as shown:
        shown.page.emulate_media(media="print")
        for hidden in ("#controls", "#theme", "#leaderboard .copying", "nav"):
            assert not shown.page.locator(hidden).is_visible()
        assert shown.page.locator("#board").is_visible()


def test_a_filter_without_hits_says_so(opened):
    with opened() as shown:
        shown.page.get_by_label("Method contains").fill("nobody")
        shown.page.get_by_label("Reference rows").uncheck()
        said = "No hits: none of 14 rows contains “nobody” and is no reference row and has scores of"
        for section in ("leaderboard", "cost", "ties", "groups"):
            assert said in shown.page.locator(f"#{section}").inner_text()
        assert said in shown.page.locator("#status").inner_text()
        assert shown.methods() == []


def test_tables_are_copied_as_csv_and_latex(opened, figures):
    with opened() as shown:
        shown.page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(); }")
        area = shown.page.locator("#leaderboard textarea")
        shown.page.locator("#leaderboard").get_by_role("button", name="Copy as CSV").click()
        header, first, *_ = area.input_value().splitlines()
        assert header.startswith("Method,ndcg@10,Family,")
        means = expected(figures, "rated-group", "ndcg@10", "average")
        assert first.startswith(f"{means.index[0]},{means.iloc[0]:.3f} ± ")
        shown.page.locator("#leaderboard").get_by_role("button", name="Copy as LaTeX").click()
        lines = area.input_value().splitlines()
        assert lines[1].startswith("\\begin{tabular}{lrl")
        assert lines[5].startswith(f"{means.index[0]} & {means.iloc[0]:.3f} $\\pm$ ")
        assert lines[-1] == "\\end{tabular}"
        assert "$<$script$>$" in area.input_value()


def test_untested_results_say_why(opened):
    with opened() as shown:
        said = shown.page.locator("#leaderboard").inner_text()
        assert "Differences were not tested: the page was made without significance tests." in said


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("address", ["", "#view=coupled"])
def test_axe_finds_nothing_serious(opened, scheme, address):
    from importlib import resources

    axe = pytest.importorskip("axe_playwright_python", reason="needs groupbench[browser]")
    source = next(file for file in resources.files(axe).iterdir() if file.name.endswith(".js"))
    with opened(address, scheme=scheme) as shown:
        shown.page.evaluate(source.read_text(encoding="utf-8"))
        outcome = shown.page.evaluate("axe.run()")
    found = {
        rule["id"]: [node["html"] for node in rule["nodes"]]
        for rule in outcome["violations"]
        if rule["impact"] in ("serious", "critical")
    }
    assert found == {}
    assert len(outcome["passes"]) > 20


def test_the_keyboard_reaches_everything(opened):
    with opened() as shown:
        shown.page.keyboard.press("Tab")
        assert shown.page.evaluate("document.activeElement.className") == "skip"
        shown.page.keyboard.press("Enter")
        assert shown.page.evaluate("document.activeElement.id") == "main"
        reached = set()
        for _ in range(30):
            shown.page.keyboard.press("Tab")
            focus = shown.page.evaluate(
                "({...document.activeElement.dataset, id: document.activeElement.id})"
            )
            reached |= set(focus.values())
        assert {"method", "metric", "seconds", "cost-by"} <= reached


def test_hostile_names_are_text(opened):
    with opened() as shown:
        assert HOSTILE in shown.methods()
        assert HOSTILE in shown.page.locator("#provenance pre").first.inner_text()
        assert shown.page.evaluate("window.hacked") is None
        assert shown.page.evaluate("document.querySelectorAll('img, script').length") == 2


def test_the_front_holds_what_nothing_beats(opened):
    with opened() as shown:
        front = [(float(row[2]), float(row[3])) for row in shown.rows("front")]
        assert front == sorted(front)
        headings = shown.page.locator("#board thead th").all_inner_texts()
        seconds = next(i for i, text in enumerate(headings) if text.startswith("seconds"))
        every = [(float(row[1].split("±")[0]), float(row[seconds])) for row in shown.rows()]
        named = dict(zip(shown.methods(), every, strict=True))
        for method, (figure, cost) in named.items():
            if method not in {*shown.methods("front"), "Random", "Oracle"}:
                assert any(better >= figure and cheaper <= cost for better, cheaper in front)


def test_energy_is_a_column_and_a_cost(opened):
    with opened() as shown:
        headings = shown.page.locator("#board thead th").all_inner_texts()
        column = next(i for i, text in enumerate(headings) if text == "J")
        assert all(float(row[column]) > 0 for row in shown.rows())
        shown.page.get_by_label("Cost").select_option("energy, J")
        assert "Pareto front of ndcg@10 and J" in shown.page.locator("#front caption").inner_text()
        assert shown.complaints == []


def test_a_method_has_the_mark_of_its_plots(opened):
    with opened() as shown:
        row = shown.page.locator("#board tbody tr", has_text="SVD")
        assert row.locator("svg path").first.get_attribute("fill") == look_of("svd").color
        marks = shown.page.locator("#cost .key path").all()
        looks = {(mark.get_attribute("fill"), mark.get_attribute("d")) for mark in marks}
        assert len(looks) == len(marks) > 3


def test_fairness_shows_the_worst_off_member(opened, figures):
    low = expected(figures, "coupled", "min-ndcg@10", "average").drop("Oracle")
    with opened("#view=coupled") as shown:
        assert shown.methods("fairness-table") == list(low.index)
        printed = [float(row[3]) for row in shown.rows("fairness-table")]
        assert printed == pytest.approx(list(low), abs=6e-4)


def test_a_large_report_opens_in_three_seconds(opened, large_report):
    assert large_report.stat().st_size < 10e6
    began = time.perf_counter()
    with opened(file=large_report) as shown:
        assert len(shown.methods()) == 100
        assert time.perf_counter() - began < 3
        assert "t-test corrected for shared training rows" in shown.page.locator("#leaderboard").inner_text()
        assert shown.complaints == []


def test_the_leaderboard_opens_in_three_seconds(opened, leaderboard):
    assert leaderboard.stat().st_size < 10e6
    began = time.perf_counter()
    with opened("#task=ml-100k, coupled&view=coupled", file=leaderboard) as shown:
        assert len(shown.methods()) > 20
        assert time.perf_counter() - began < 3
        assert "Holm's correction" in shown.page.locator("#leaderboard").inner_text()
        assert "values of single groups" in shown.page.locator("#groups").inner_text()
        assert shown.complaints == []


def test_failures_alone_are_shown_with_their_reasons(opened, failures):
    with opened(file=failures) as shown:
        assert shown.rows("missing-table") == [["SVD", "failed", f"ValueError: {HOSTILE}"]]
        assert shown.complaints == []
        assert shown.page.evaluate("window.hacked") is None
