"""Rankings that were made elsewhere, evaluated as if a method had made them here."""

from __future__ import annotations

import glob
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from groupbench.core import provenance, registry
from groupbench.core.arrays import Segments
from groupbench.core.digests import digest
from groupbench.core.errors import ConfigError, unknown
from groupbench.evaluation import evaluate
from groupbench.evaluation.accumulate import CaseResult, MetricAccumulator
from groupbench.evaluation.accumulators import accumulator_of
from groupbench.evaluation.agreement import OwnRatings, compared
from groupbench.evaluation.scored import Scored
from groupbench.results import store, tables
from groupbench.results.archive import read_archive
from groupbench.results.exchange._numbered import TaskFolder
from groupbench.results.exchange._read import STDIN, RankingRows, read_rows, scores_of
from groupbench.results.exchange._task_split import PreparedSplit, unsuited

if TYPE_CHECKING:
    from groupbench.data.dataset import Dataset
    from groupbench.evaluation.views import EvaluationCase


_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""Characters that count as printable and show nothing."""


@dataclass(frozen=True)
class RankedView:
    """One view of one repetition, evaluated.

    Attributes:
        results: its values; one for each strategy in a view that compares with them.
        candidates: candidates of the evaluated lists.
        missing: those without a score, which share the last rank of their list.
        others: rows of the file whose item is no candidate of any of its entity's lists.
    """

    results: tuple[CaseResult, ...]
    candidates: int
    missing: int
    others: int


def score(
    files: Sequence[Path],
    dataset: Dataset,
    options: Mapping[str, object],
    *,
    name: str,
    results: Path,
    source: str,
    seed: int = 0,
    views: Sequence[str] = (),
    task: TaskFolder | None = None,
) -> list[tuple[store.RunRecord, list[RankedView]]]:
    """Evaluate rankings from files and write a run record for each repetition, of the family `external`.

    A candidate without a score is ranked last, tied with the others of its list that have none. Scores only
    order: they are never taken as predicted ratings.

    Args:
        files: what `read_rows` reads; one for each of `views`, or one with a column `view`.
        dataset: the data set.
        options: `name` and options of the protocol.
        name: of the method, in tables.
        results: the results folder.
        source: the data set as it was asked for.
        seed: number of the repetition, where a file has no column `seed`.
        views: by default the first one of the protocol that rankings can answer.
        task: the folder whose numbers the files have in the place of ids; `options` and `seed` are then its.

    Returns:
        The records, and how each view was evaluated.

    Raises:
        ConfigError: if the protocol or a view is unknown, a view takes no rankings, or the name is taken.
        DatasetError: if a file cannot be read, or a row is wrong; it is named.
        ResultError: if a record cannot be written.
    """
    _require_free(name, results)
    if task is not None:
        options, seed = task.protocol, task.seed
    parts = _parts(files, views, seed, _reader(task, dataset))
    hashes = {str(rows.file): rows.sha256 for rows in parts.values()}
    scored = []
    for repetition in sorted({seed for seed, _ in parts}):
        split = PreparedSplit.make(dataset, dict(options), repetition)
        requested = {view: rows for (number, view), rows in parts.items() if number == repetition}
        ranked = [
            _ranked(split, case, rows) for view, rows in requested.items() for case in _cases(split, view)
        ]
        record = _record(split, ranked, name, source, hashes)
        folder = store.folder_of(results, record.dataset, record.protocol, record.method, record.key)
        store.write(folder, record, tables.tables(dataset, split.task, _results(ranked)))
        scored.append((record, ranked))
    return scored


def _reader(task: TaskFolder | None, dataset: Dataset) -> Callable[[Path, str], RankingRows]:
    """What reads a file of scores that is for a view, or for those of its column where the view is ""."""
    if task is None:
        return lambda file, view: read_rows(file)
    split = PreparedSplit.make(dataset, dict(task.protocol), task.seed)
    return lambda file, view: task.rows(file, view, split)


def _require_free(name: str, results: Path) -> None:
    """Refuse a name that is, or looks like, that of another row."""
    if not name.strip() or name == STDIN:
        raise ConfigError("the method has no name; give one with --name")
    if name != unicodedata.normalize("NFKC", name).strip() or not name.isprintable() or _UNSEEN.search(name):
        raise ConfigError(f"the name {name!a} is not what it looks like; choose plain letters with --name")
    if set(name) & set(",:[]") or name in registry.RESERVED:
        raise ConfigError(
            f"the name {name!r} means something else in tables and options; choose one without , : [ ] that "
            f"is none of {', '.join(sorted(registry.RESERVED))}, with --name"
        )
    if name in registry.methods or any(record.family != store.EXTERNAL for record in _named(name, results)):
        raise ConfigError(f"the name {name!r} is taken by a method; choose another one with --name")


def _named(name: str, results: Path) -> Iterator[store.RunRecord]:
    """The records of a folder that have the label `name`."""
    for file in sorted((results / "runs").glob(f"*/*/{glob.escape(store.safe_name(name))}/*/run.json")):
        record = store.read(file.parent)
        if record is not None:
            yield record
    yield from (record for record in read_archive(results) if record.method == name)


def _parts(
    files: Sequence[Path], views: Sequence[str], seed: int, read: Callable[[Path, str], RankingRows]
) -> dict[tuple[int, str], RankingRows]:
    """The rows of each repetition and view; the view is empty where none was named."""
    if len(files) != max(1, len(views)):
        raise ConfigError(
            f"{len(files)} files for {len(views)} views; give one --view for each file, in order"
        )
    parts: dict[tuple[int, str], RankingRows] = {}
    for number, file in enumerate(files):
        rows = read(file, views[number] if views else "")
        if views and "view" in rows.frame:
            raise ConfigError(f"{file} has a column view; leave out --view {views[number]}")
        names = rows.frame["view"].to_numpy(dtype=object) if "view" in rows.frame else None
        seeds = rows.frame["seed"].to_numpy() if "seed" in rows.frame else np.full(len(rows.frame), seed)
        for repetition in np.unique(seeds).tolist():
            here = seeds == repetition
            if names is None:
                parts[repetition, views[number] if views else ""] = rows.take(here)
            else:
                parts |= {
                    (repetition, view): rows.take(here & (names == view))
                    for view in dict.fromkeys(names[here])
                }
    return parts


def _cases(split: PreparedSplit, view: str) -> list[EvaluationCase]:
    """The view of that name, or the first that rankings can answer and those that compare answers."""
    first = _case(split, view)
    if view:
        return [first]
    return [first, *(c for c in split.cases.values() if c.view.truth_from == "strategies" and c is not first)]


def _case(split: PreparedSplit, view: str) -> EvaluationCase:
    """The view of that name, or the first that rankings can answer."""
    suited = {name: j for name, j in split.cases.items() if not unsuited(j)}
    if view in suited:
        return suited[view]
    if view in split.cases:
        raise ConfigError(f"view {view} {unsuited(split.cases[view])}; it cannot be scored")
    if view in split.reasons:
        raise ConfigError(split.reasons[view])
    if view or not suited:
        raise ConfigError(unknown(f"view of the protocol {split.protocol.name}", view, suited))
    return next(iter(suited.values()))


def _ranked(split: PreparedSplit, case: EvaluationCase, rows: RankingRows) -> RankedView:
    """Evaluate the rows of one view, list after list in blocks."""
    lists, view = case.lists, case.view
    scores = scores_of(rows, view.entity, split.entity_ids(case), split.dataset.item_ids)
    aggregator = "none" if view.entity == "user" else "own"
    strategies = {name: entry.create() for name, entry in registry.aggregators.items()}
    own, accumulators = OwnRatings(split.task, strategies), dict[str, MetricAccumulator]()
    candidates = missing = 0
    met = np.zeros(len(scores.keys), dtype=bool)
    everyone = Segments.from_sizes(np.ones(len(lists.entities), dtype=np.int64))
    for start, stop in everyone.blocks(lists.sizes, evaluate.BLOCK):
        part = np.arange(start, stop)
        block = lists.block(part)
        positions = scores.positions(lists.entities[part], block.items)
        scored = Scored(np.where(positions < 0, 0.0, scores.order[positions]))
        for name, truth in compared(case, aggregator, block, lists.entities[part], own):
            if name not in accumulators:
                accumulators[name] = accumulator_of(view)(case, name, None, split.task.train)
            accumulators[name].add(part, truth, scored)
        counted = block.valid & case.evaluated[part][:, None]
        candidates += int(counted.sum())
        missing += int((counted & (positions < 0)).sum())
        met[positions[block.valid & (positions >= 0)]] = True
    results = tuple(one.finish() for one in accumulators.values())
    return RankedView(results, candidates, missing, int((~met).sum()))


def _results(ranked: Sequence[RankedView]) -> list[CaseResult]:
    return [result for one in ranked for result in one.results]


def _record(
    split: PreparedSplit, ranked: Sequence[RankedView], name: str, source: str, hashes: Mapping[str, str]
) -> store.RunRecord:
    evaluated = _results(ranked)
    here = {one.case.view.name: one.case for one in evaluated}
    others = {view: unsuited(j) or f"no ranking for {view} was given" for view, j in split.cases.items()}
    others = {view: reason for view, reason in (others | split.reasons).items() if view not in here}
    config = {
        "protocol": split.protocol.model_dump(),
        "aggregators": [],
        "source": source,
        "content_hash": split.dataset.content_hash,
        "seed_label": split.dataset.seed_label,
        "plugins": {},
        "evaluation": evaluate.VERSION,
    }
    decides = {**config, "name": name, "seed": split.seed, "views": list(here), "of": list(hashes.values())}
    return store.RunRecord(
        key=digest(decides),
        status="done",
        reason="",
        dataset=split.dataset.name,
        simulated=split.dataset.simulated,
        protocol=split.protocol.label,
        method=name,
        name=name,
        family=store.EXTERNAL,
        seed=split.seed,
        config={**config, "rankings": dict(hashes)},
        metrics=tuple(map(tables.view_metrics, evaluated)),
        views={
            **{view: tables.summary(case, "", evaluated) for view, case in here.items()},
            **{view: tables.not_evaluated(view, reason) for view, reason in others.items()},
        },
        environment=provenance.environment(),
        finished=datetime.now(UTC).isoformat(timespec="milliseconds"),
    )
