"""A real browser without a window, and the report that it opens."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from groupbench import api
from groupbench.report.html import make_page, page_content
from groupbench.results import store
from tests._records import make_record, write_record

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
HOSTILE = "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'>"
VIEWS = ("rated-group", "coupled", "sampled-user", "sampled-user-clean")
METRICS = tuple(f"{name}@{k}" for name in ("ndcg", "precision", "min-ndcg", "recall") for k in (5, 10))


@dataclass
class Opened:
    """A page in the browser and what went wrong in it."""

    page: object
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def rows(self, table="board"):
        """The text of the cells of a table's rows; of the leaderboard without its drawings."""
        script = (
            "id => [...document.querySelectorAll(`#${id} tbody tr`)]"
            ".map(row => [...row.children].map(cell => cell.innerText.trim()))"
        )
        return self.page.evaluate(script, table)

    def methods(self, table="board"):
        """The first words of a table's first column."""
        script = "id => [...document.querySelectorAll(`#${id} tbody th`)].map(c => c.firstChild.textContent)"
        return self.page.evaluate(script, table)

    def overflow(self):
        """By how many pixels the page is wider than the window."""
        return self.page.evaluate("document.documentElement.scrollWidth - innerWidth")


@pytest.fixture(scope="session")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="needs groupbench[browser]")
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        pytest.skip(f"needs a browser: none of {', '.join(PROGRAMS)} is installed")
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=program, args=list(FLAGS), headless=True)
        yield started
        started.close()


@pytest.fixture
def opened(browser, report):
    """Opens the report, with a state in the address if wanted; closed at the end of the `with`."""

    @contextmanager
    def open_report(address="", width=1280, height=900, scheme="light", file=report) -> Iterator[Opened]:
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        context.set_default_timeout(5000)
        found = Opened(context.new_page())
        found.page.on("request", lambda request: found.requests.append(request.url))
        found.page.on("pageerror", lambda error: found.complaints.append(str(error)))
        found.page.on("console", lambda message: found.complaints.append(message.text))
        found.page.goto(file.as_uri() + address)
        yield found
        context.close()

    return open_report


N_GROUPS = 4


def values_of_groups(record) -> dict[str, pa.Table]:
    """What a job keeps of groups with users of their own: values around its figures."""
    draws = np.random.default_rng([len(record.method), record.seed])
    names = [f"group {i}" for i in range(N_GROUPS)]
    means = {name: [figures.values[name] for figures in record.metrics] for name in record.metrics[0].values}
    spread = draws.uniform(-0.05, 0.05, N_GROUPS * len(record.metrics))
    entities = {
        "view": np.repeat([figures.view for figures in record.metrics], N_GROUPS),
        "aggregator": np.repeat([figures.aggregator for figures in record.metrics], N_GROUPS),
        "entity": names * len(record.metrics),
        **{name: np.repeat(values, N_GROUPS) + spread for name, values in means.items()},
    }
    groups = {
        "group": names,
        "size": [2 + i % 2 for i in range(N_GROUPS)],
        "cohesion": draws.uniform(-1, 1, N_GROUPS),
        "members": [[f"{i}-{member}" for member in range(2 + i % 2)] for i in range(N_GROUPS)],
    }
    return {"entities": pa.table(entities), "groups": pa.table(groups)}


def write_runs(root: Path, methods, views=VIEWS, metrics=METRICS, n_seeds=3, of_groups=False) -> None:
    """Finished jobs whose figures are drawn at random, if wanted with the values of their groups."""
    for number, method in enumerate(methods):
        for seed in range(n_seeds):
            draws = np.random.default_rng([number, seed])
            figures = []
            for view in views:
                for aggregator in ("average", "borda"):
                    means = dict(zip(metrics, draws.uniform(0.2, 0.8, len(metrics)), strict=True))
                    worst = {name: value - 0.02 * (number % 2) for name, value in means.items()}
                    figures.append(store.ViewMetrics(view, aggregator, means, means, worst, 0.1))
            record = make_record(
                method,
                seed,
                key=f"{number}-{seed}",
                family="reference" if method in ("random", "oracle") else f"family {number % 7}",
                metrics=tuple(figures),
                views={
                    view: {"entity": "group", "entities": N_GROUPS, "skipped": 1, "tau": 3.5}
                    for view in views
                },
                seconds={"fit": float(draws.uniform(1, 100))},
                peak_mb={"fit": float(draws.uniform(1, 500))},
                joules={"fit": float(draws.uniform(1, 50))},
                config={"protocol": {"split": "ratio", "ratio": 0.8}},
                environment={"groupbench": "0", "command": f"groupbench run --methods '{HOSTILE}'"},
                finished="2026-01-01T00:00:00+00:00",
            )
            write_record(root, record, values_of_groups(record) if of_groups else None)


@pytest.fixture(scope="session")
def failures(tmp_path_factory) -> Path:
    """A report of a folder in which every job failed."""
    root = tmp_path_factory.mktemp("failures")
    write_record(root, make_record(status="failed", reason=f"ValueError: {HOSTILE}"))
    make_page(page_content(root, api.load_records(root))).write(root / "report.html")
    return root / "report.html"


def write_report(root: Path, *methods, of_groups=False, **options) -> Path:
    """Runs and their report, with tests where there are values of single groups."""
    write_runs(root / "results", methods, of_groups=of_groups, **options)
    found = page_content(root / "results", api.load_records(root / "results"), significance=of_groups)
    make_page(found).write(root / "report.html")
    return root / "report.html"


@pytest.fixture(scope="session")
def methods():
    return ("random", "oracle", "svd", "ease", "als", "nmf", HOSTILE)


@pytest.fixture(scope="session")
def report(tmp_path_factory, methods) -> Path:
    return write_report(tmp_path_factory.mktemp("report"), *methods)


@pytest.fixture(scope="session")
def large_report(tmp_path_factory) -> Path:
    """A hundred methods in twenty views with five seeds and 28 metrics, tested and by size of the group."""
    families = ("ndcg", "precision", "recall", "hit", "mrr", "map", "novelty")
    names = [f"{name}@{k}" for name in families for k in (3, 5, 10, 20)]
    options = {"views": [f"view-{i}" for i in range(20)], "metrics": names, "n_seeds": 5, "of_groups": True}
    return write_report(tmp_path_factory.mktemp("large"), *(f"method-{i}" for i in range(100)), **options)


@pytest.fixture(scope="session")
def leaderboard(tmp_path_factory) -> Path:
    """The page of the results that come with groupbench."""
    results = Path(__file__).parents[2] / "results" / "leaderboard"
    file = tmp_path_factory.mktemp("leaderboard") / "report.html"
    make_page(page_content(results, api.load_records(results))).write(file)
    return file
