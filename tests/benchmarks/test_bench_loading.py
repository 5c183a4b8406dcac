"""Loading a folder of ratings against what only reads its file: pandas and Arrow."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pyarrow import csv

from groupbench.data.loading import load

ROWS = {"small": 200_000, "large": 5_000_000}
"""How many rows a file has."""

MOST = {"small": 300, "large": 1229}
"""MiB that loading may take at the same time; those of `large` are 1.2 GiB."""

READERS = {
    "pandas": pd.read_csv,
    "pyarrow": lambda file: csv.read_csv(file).to_pandas(),
}


@pytest.fixture(scope="module", params=ROWS)
def folder(request, tmp_path_factory):
    """Each pair is rated once: ids are numbers, ratings halves from 0.5 to 5, times seconds."""
    rows, rng = ROWS[request.param], np.random.default_rng(0)
    n_items = rows // 200
    pairs = np.unique(rng.integers(0, n_items**2 * 4, rows + rows // 20))
    pairs = rng.permutation(pairs)[:rows]
    frame = pd.DataFrame(
        {
            "user": pairs // n_items + 1,
            "item": pairs % n_items + 1,
            "rating": rng.integers(1, 11, rows) / 2,
            "timestamp": rng.integers(800_000_000, 1_500_000_000, rows),
        }
    )
    made = tmp_path_factory.mktemp(request.param)
    frame.to_csv(made / "ratings.csv", index=False)
    (made / "dataset.toml").write_text("scale = [0.5, 5]\n")
    return made


@pytest.mark.parametrize("peer", READERS)
def test_folder(versus, with_peak, folder, peer):
    def equal(ours, theirs):
        rows = ours.ratings
        for ids, codes, column in ((ours.user_ids, rows.users, "user"), (ours.item_ids, rows.items, "item")):
            np.testing.assert_array_equal(np.array(ids, dtype=np.int64)[codes], theirs[column])
        np.testing.assert_array_equal(rows.values, theirs["rating"])
        np.testing.assert_array_equal(rows.timestamps, theirs["timestamp"])

    size = folder.name.rstrip("0123456789")
    _, peak = with_peak(lambda: load(folder))
    assert peak < MOST[size]
    versus(
        f"load a folder of {ROWS[size]:,} ratings",
        lambda: load(folder),
        lambda: READERS[peer](folder / "ratings.csv"),
        equal,
        against=peer,
        bar=0.4,
        rounds=5,
    )
