"""What a job cost stands in its record: its energy, and apart from that of the method what imports took."""

from __future__ import annotations

import pytest

from groupbench import api
from groupbench.results import store

LIBRARY = """
import time

time.sleep(1.0)
HELD = bytearray(100 << 20)
"""

PLUGIN = """
import sys
from dataclasses import dataclass

import numpy as np

import groupbench

sys.path.insert(0, {folder!r})


@groupbench.method("heavy")
@dataclass
class Heavy(groupbench.Recommender):
    \"\"\"Imports a library that it declares nowhere.\"\"\"

    def fit(self, train, *, rng):
        import heavy_library

        self.n_items = train.ratings.n_items
        return self

    def score(self, users):
        return np.tile(np.arange(self.n_items, dtype=float), (len(users), 1))
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("costs")
    (folder / "heavy_library.py").write_text(LIBRARY)
    (folder / "plugin.py").write_text(PLUGIN.format(folder=str(folder)))
    options = {"seeds": 1, "jobs": 1, "aggregators": "average", "watts": 20.0}
    api.run(["heavy", "random"], plugins=[str(folder / "plugin.py")], results=folder / "results", **options)
    return folder / "results"


def test_a_library_that_nobody_declared_is_charged_to_no_method(results):
    (record,) = (found for found in store.records(results) if found.method == "heavy")
    assert record.seconds["import"] >= 1.0
    assert record.seconds["fit"] < 0.5
    if record.peak_mb:
        assert record.peak_mb["import"] > 95
        assert record.peak_mb["fit"] < 50
    frame = api.load_results(results)
    heavy = frame[frame["method"] == "heavy"].iloc[0]
    assert heavy["seconds"] == pytest.approx(sum(record.seconds.values()) - record.seconds["import"])
    assert not heavy["peak_mb"] > 95


def test_energy_is_recorded_by_phase_with_how_it_was_found(results):
    for record in store.records(results):
        assert record.joules.keys() == record.seconds.keys()
        assert record.joules["metrics"] > 0
        if record.environment["energy"].startswith("estimate"):
            assert record.environment["energy"].startswith("estimate: 20 W times the processor seconds")
            # Whoever sleeps uses little.
            assert record.joules.get("import", 0) < 20 * 0.9


def test_a_card_says_of_a_fresh_run_what_its_records_hold(results):
    text = api.card(results).text()
    assert "476 users, 70 items, 5,230 ratings (counted); simulated by a program" in text
    assert "- **yes**: Is the energy given?" in text
    assert "- **no**: Are the data real? Simulated: itmrec-sim." in text
    assert "Not part of groupbench: heavy; publish it." in text
