"""Finished runs and the truth that they were evaluated by, written for other tools."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from groupbench.core import provenance
from groupbench.core.errors import ResultError
from groupbench.core.files import new_folder
from groupbench.core.names import matching, one_of
from groupbench.results.exchange._ranked import recommended_lists
from groupbench.results.exchange._task_split import PreparedSplit, unsuited
from groupbench.results.exchange._truth import truth_of
from groupbench.results.exchange._writers import TableWriter, TrecWriter, Writer
from groupbench.results.inputs import RecordedInputs, recorded
from groupbench.results.selection import select
from groupbench.results.store import RunRecord

if TYPE_CHECKING:
    from groupbench.evaluation.views import EvaluationCase

FORMATS = ("trec", "parquet", "csv")

AVERAGES = {
    "list": "mean over the queries of the qrels; a query that a run lacks counts as 0",
    "members": "mean over each group's members (`group/member`), then over groups",
}
"""How scores come from the values of queries, by where the truth of a list comes from."""

_DUPLICATES = "its lists hold an item several times, with a truth each time, and other tools know one a query"


@dataclass(frozen=True)
class ExportFilter:
    """Names to export, in any case or as patterns; None or `all` for all of a kind.

    Attributes:
        datasets: names of data sets.
        methods: names or labels of methods.
        views: names of views.
        aggregators: names of aggregators.
    """

    datasets: Sequence[str] | None = None
    methods: Sequence[str] | None = None
    views: Sequence[str] | None = None
    aggregators: Sequence[str] | None = None

    def resolved(self, records: Sequence[RunRecord]) -> ExportFilter:
        """The same with the names that records know.

        Raises:
            ConfigError: if they know none of a name.
        """
        entries = [entry for record in records for entry in record.metrics]
        known: dict[str, dict[str, tuple[str, ...]]] = {
            "datasets": {record.dataset: () for record in records},
            "methods": {record.method: (record.name,) for record in records},
            "views": {name: () for record in records for name in record.views},
            "aggregators": {entry.aggregator: () for entry in entries},
        }
        found = {}
        for kind, names in known.items():
            written = getattr(self, kind)
            if written is not None and "all" not in written:
                found[kind] = matching(f"{kind.removesuffix('s')} of these results", written, names)
        return ExportFilter(**found)

    def run(self, record: RunRecord) -> bool:
        """Whether data set and method of the run are chosen."""
        of_method = self.methods is None or record.method in self.methods
        return of_method and (self.datasets is None or record.dataset in self.datasets)

    def view(self, name: str) -> bool:
        """Whether the view is chosen."""
        return self.views is None or name in self.views

    def aggregator(self, name: str) -> bool:
        """Whether the aggregator is chosen; lists that none made, `none` and `own`, always are."""
        return self.aggregators is None or name in (*self.aggregators, "none", "own")


@dataclass
class ExportSummary:
    """What an export came to.

    Attributes:
        runs: lists written, one for each run, view and aggregator.
        parts: data set, protocol, seed and views of each part, as written to `export.json`.
        left_out: what was not written, and why.
        tied: by run, the largest share of the first 10 places that ties decide.
    """

    runs: int = 0
    parts: list[dict[str, object]] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    tied: dict[str, float] = field(default_factory=dict)


def export(
    records: Sequence[RunRecord],
    results: Path,
    out: Path,
    form: str,
    *,
    chosen: ExportFilter | None = None,
    inputs: RecordedInputs | None = None,
) -> ExportSummary:
    """Write the recommended lists of finished runs, and the truth they were evaluated by, made again.

    Lists are as long as the record holds them. Scores in them only count ranks down, so what ties left open
    is settled by item order; scores at other K, or under ties, differ from the record's.

    Args:
        records: the runs; those are written that stand together (`groupbench.results.selection.select`).
        results: the folder they were read from.
        out: a new folder.
        form: `trec` for run files and qrels, or `csv` or `parquet` for tables.
        chosen: which methods, views and aggregators; by default all.
        inputs: where data sets and plugins are found.

    Raises:
        ConfigError: if a format or name is unknown, or `out` exists.
        DatasetError: if a data set is not there, or its content is not the recorded one.
        PluginError: if a plugin that the user names is not the recorded one.
        ResultError: if there is nothing to export, or lists are missing or damaged.
    """
    chosen, inputs = chosen or ExportFilter(), inputs or RecordedInputs()
    form = one_of("format", form, FORMATS)
    records = select(records)
    chosen = chosen.resolved(records)
    inputs.import_named(records)
    done = [record for record in records if record.metrics and chosen.run(record)]
    exported = ExportSummary()
    with new_folder(out) as folder:
        writer = TrecWriter(folder) if form == "trec" else TableWriter(folder, form)
        with closing(writer):
            for _, same in groupby(sorted(done, key=_split_key), key=_split_key):
                _write_split(writer, list(same), results, chosen, inputs, exported)
        if not exported.runs:
            reasons = "; ".join(exported.left_out.values()) or "no run that is chosen has figures"
            raise ResultError(f"there is nothing to export: {reasons}")
        manifest = {"environment": provenance.environment(), "parts": exported.parts}
        (folder / "export.json").write_text(json.dumps(manifest | {"left_out": exported.left_out}, indent=1))
    return exported


def _write_split(
    writer: Writer,
    same: list[RunRecord],
    results: Path,
    chosen: ExportFilter,
    inputs: RecordedInputs,
    exported: ExportSummary,
) -> None:
    """Write all runs of one data set, protocol and seed."""
    for record in same:
        dataset = inputs.dataset(record)
    split = PreparedSplit.make(dataset, recorded(same[0], "protocol"), same[0].seed)
    written = []
    for case in split.cases.values():
        name = case.view.name
        if not chosen.view(name):
            continue
        truth = truth_of(split, case)
        if reason := unsuited(case) or (_DUPLICATES if truth.has_duplicates else ""):
            exported.left_out[f"{split.dataset.name} {split.protocol.label} {name}"] = reason
            continue
        writer.truth(split, case, truth)
        written.append(case)
        for record in same:
            for shown in recommended_lists(results, record, split, case):
                if chosen.aggregator(shown.aggregator):
                    writer.lists(split, case, record, shown)
                    exported.runs += 1
                    _note_ties(record, case, shown.aggregator, exported)
    exported.parts.append(_part(split, written))


def _note_ties(record: RunRecord, case: EvaluationCase, aggregator: str, exported: ExportSummary) -> None:
    for entry in record.metrics:
        if (entry.view, entry.aggregator) == (case.view.name, aggregator) and entry.tied > 0:
            exported.tied[record.method] = max(entry.tied, exported.tied.get(record.method, 0.0))


def _part(split: PreparedSplit, cases: Sequence[EvaluationCase]) -> dict[str, object]:
    views = {
        case.view.name: {
            "definition": case.view.definition,
            "tau": case.tau,
            "scores": AVERAGES[case.view.truth_from],
        }
        for case in cases
    }
    return {
        "dataset": split.dataset.name,
        "content_hash": split.dataset.content_hash,
        "simulated": split.dataset.simulated,
        "protocol": split.protocol.model_dump(),
        "seed": split.seed,
        "views": views,
    }


def _split_key(record: RunRecord) -> tuple[str, str, int]:
    return record.dataset, record.protocol, record.seed
