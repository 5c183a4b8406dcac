"""Run records made by hand, for tests of what reads them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from groupbench.results import store
from groupbench.results.store import RunRecord


def make_record(method: str = "svd", seed: int = 0, **changes: Any) -> RunRecord:
    """A job that is done, without metric values; `changes` are further fields of the record."""
    fields = {
        "key": f"{method}-{seed}",
        "status": "done",
        "reason": "",
        "dataset": "made",
        "simulated": True,
        "protocol": "paper",
        "method": method,
        "name": method,
        "family": "tests",
        "seed": seed,
    }
    return RunRecord(**{**fields, **changes})


def write_record(root: Path, record: RunRecord, tables: Mapping[str, Any] | None = None) -> None:
    """Put a record and its tables where a run in the results folder `root` puts them."""
    folder = store.folder_of(root, record.dataset, record.protocol, record.method, record.key)
    store.write(folder, record, tables)
