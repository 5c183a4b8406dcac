"""Where results live: one folder a job, written so that a kill leaves either the whole record or none."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from groupbench.core import files
from groupbench.core.digests import plain
from groupbench.core.errors import DamagedError, ResultError

SCHEMA = 3
_SINCE = {"tuning": 2, "joules": 3}
"""The layout that each later field came with; a record of an earlier layout has its default."""
LONGEST = 150
"""Characters of a data set, protocol or method label that a folder name keeps."""

EXTERNAL = "external"
"""Family of the records of rankings that were made elsewhere."""

_KINDS = ("runs", "studies")
_DEPTH = 4  # folders of a job below its kind

Status = Literal["done", "failed", "timeout", "killed"]
_BOUNDS = ("best", "worst")
_BY_ROWS = "+unit=rows"
_ON_DISK = "figures"  # what `RunRecord.metrics` is called in `run.json`


@dataclass(frozen=True)
class ViewMetrics:
    """The means of one job under one view and aggregator.

    Attributes:
        view: name of the view.
        aggregator: name of the aggregator; `none` for lists of single users and for reference
            rows, `own` for a group method's own group scores.
        values: expected value of each metric over a random order of ties, by name (`ndcg@10`).
        best: the same with every tie broken in the method's favor.
        worst: the same with every tie broken against it.
        tied: share of top-10 places whose candidate is decided by a tie.
    """

    view: str
    aggregator: str
    values: dict[str, float]
    best: dict[str, float]
    worst: dict[str, float]
    tied: float

    def by_rule(self, rule: Literal["expected", "best", "worst"]) -> dict[str, float]:
        """The values with ties broken so."""
        return {"expected": self.values, "best": self.best, "worst": self.worst}[rule]


@dataclass(frozen=True)
class RunRecord:
    """What a job leaves behind, as `run.json`.

    Attributes:
        key: hash of all that decides the outcome.
        status: `done`, or how the job ended otherwise.
        reason: one line on why it did not finish, empty when done.
        dataset: name of the data set.
        simulated: whether a program made the data.
        protocol: label of the protocol with its non-default options.
        method: label of the method with its non-default hyperparameters.
        name: the registered name of the method.
        family: the file or package the method comes from.
        seed: number of the repetition.
        hyperparameters: every hyperparameter with its value.
        tuning: how they were found (`groupbench.runner.config.Tuned` as a mapping); empty if they were not
            tuned.
        config: the resolved protocol, aggregators and metrics.
        metrics: the metric values, one entry per view and aggregator.
        views: per view: evaluated and skipped entities, and tau.
        seconds: wall-clock seconds of fit, score, aggregate and metrics.
        peak_mb: growth of resident memory (MiB) in fit, score, aggregate and metrics.
        joules: energy of the same, measured or estimated as `environment["energy"]` says; `import` is what
            first imports of libraries took in all three, and is charged to none of the others.
        environment: versions, CPU, threads, command.
        finished: end of the job, ISO 8601, UTC.
        schema: version of this layout.
    """

    key: str
    status: Status
    reason: str
    dataset: str
    simulated: bool
    protocol: str
    method: str
    name: str
    family: str
    seed: int
    hyperparameters: dict[str, Any] = field(default_factory=dict, repr=False)
    tuning: dict[str, Any] = field(default_factory=dict, repr=False)
    config: dict[str, Any] = field(default_factory=dict, repr=False)
    metrics: tuple[ViewMetrics, ...] = field(default=(), repr=False)
    views: dict[str, dict[str, Any]] = field(default_factory=dict, repr=False)
    seconds: dict[str, float] = field(default_factory=dict, repr=False)
    peak_mb: dict[str, float] = field(default_factory=dict, repr=False)
    joules: dict[str, float] = field(default_factory=dict, repr=False)
    environment: dict[str, Any] = field(default_factory=dict, repr=False)
    finished: str = ""
    schema: int = SCHEMA

    @classmethod
    def from_json(cls, text: str) -> RunRecord:
        """Read a record, of an earlier layout too; `ValueError`, in one line, if it is none."""
        from groupbench.results.schema import checked, numbers, parsed

        stored = parsed(text)
        schema = stored.get("schema")
        if type(schema) is not int or not 1 <= schema <= SCHEMA:
            raise ValueError(f"record layout {str(schema)[:20]} instead of 1 to {SCHEMA}")
        names = {f.name for f in fields(cls) if _SINCE.get(f.name, 1) <= schema} - {"metrics"} | {_ON_DISK}
        if set(stored) != names:
            odd = f"{sorted(set(stored) ^ names)}"
            raise ValueError(f"keys {odd[:200]} are missing or unknown")
        stored = {"tuning": {}, "joules": {}, **stored, "schema": SCHEMA}
        held = checked(stored)
        _say_unit(stored)
        metrics = tuple(
            ViewMetrics(
                entry.view,
                entry.aggregator,
                numbers(entry.values),
                numbers({**entry.values, **entry.best}),
                numbers({**entry.values, **entry.worst}),
                math.nan if entry.tied is None else entry.tied,
            )
            for entry in held.figures
        )
        del stored[_ON_DISK]
        costs = {name: numbers(getattr(held, name)) for name in ("seconds", "peak_mb", "joules")}
        return cls(**{**stored, **costs, "metrics": metrics})

    def to_json(self) -> str:
        """The record as one line of JSON; bounds are written only where ties move a value, NaN as null."""
        from groupbench.results.schema import finite

        stored = {_ON_DISK if name == "metrics" else name: value for name, value in asdict(self).items()}
        for entry in stored[_ON_DISK]:
            for bound in _BOUNDS:
                expected = entry["values"]
                entry[bound] = {k: v for k, v in entry[bound].items() if repr(v) != repr(expected[k])}
        return json.dumps(finite(stored), default=plain, separators=(",", ":"), allow_nan=False) + "\n"


def _say_unit(stored: dict[str, Any]) -> None:
    """Say of a split of rows, made before pairs were the unit of splits, that it was one."""
    protocol = stored["config"].get("protocol")
    if isinstance(protocol, dict) and {"split", "ratio", "folds"} <= set(protocol) and "unit" not in protocol:
        protocol["unit"] = "rows"
        stored["protocol"] += _BY_ROWS


def folder_of(
    root: Path,
    dataset: str,
    protocol: str,
    method: str,
    key: str,
    kind: Literal["runs", "studies"] = "runs",
) -> Path:
    """The folder of a job: `root/runs/<dataset>/<protocol>/<method>/<key>`; of a trial below `studies`.

    A split of rows that was made before pairs were the unit of splits lies where it was written.
    """
    folder = root / kind / safe_name(dataset) / safe_name(protocol) / safe_name(method) / safe_name(key)
    if protocol.endswith(_BY_ROWS) and not folder.exists():
        older = folder_of(root, dataset, protocol.removesuffix(_BY_ROWS), method, key, kind)
        return older if older.exists() else folder
    return folder


def make_own(folder: Path) -> None:
    """Make the folder of a job, or one of those above it.

    Raises:
        OSError: if it cannot be made, or a link leads from it out of the results folder.
    """
    places = [parent for parent in (folder, *folder.parents)[: _DEPTH + 1] if parent.name in _KINDS]
    files.require_below(folder, places[-1].parent if places else folder.parent)
    folder.mkdir(parents=True, exist_ok=True)


def read(folder: Path) -> RunRecord | None:
    """The record in `folder`, or None where no job has ended there.

    Raises:
        UnreadableError: if the system does not let it be read; `DamagedError` if it is no record.
    """
    file = folder / "run.json"
    try:
        files.require_readable(file)
        return RunRecord.from_json(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DamagedError(
            f"{file} is not a run record ({error}); delete the folder or run the job again"
        ) from error


def write(folder: Path, record: RunRecord, tables: Mapping[str, object] | None = None) -> None:
    """Write a job's folder: parquet tables first, `run.json` last by rename.

    Tables are `pyarrow.Table`s by name, or the content of files that were written elsewhere. Where another
    run has done the same job meanwhile, a failure is not written over its success.

    Raises:
        ResultError: if the folder cannot be written.
    """
    try:
        make_own(folder)
        with files.alone(folder):
            if record.status != "done" and is_done(folder, record.tuning):
                return
            for name, table in (tables or {}).items():
                with files.replacing(folder / f"{name}.parquet") as temporary:
                    files.write_parquet(table, temporary)
            with files.replacing(folder / "run.json") as temporary:
                temporary.write_text(record.to_json(), encoding="utf-8")
    except OSError as error:
        raise ResultError(
            f"cannot write {folder}: {error.strerror or error}; free space or choose another --results folder"
        ) from error


def is_done(folder: Path, tuning: Mapping[str, object]) -> bool:
    """Whether a job with this `tuning` has succeeded there, and no file is damaged; or `UnreadableError`."""
    try:
        record = read(folder)
    except DamagedError:
        return False
    if record is None or record.status != "done" or record.tuning != tuning:
        return False
    return all(map(files.is_whole_parquet, folder.glob("*.parquet")))


def damaged(folder: Path) -> Path | None:
    """The file because of which a job that ended in `folder` counts as not done; None if all are whole."""
    try:
        if read(folder) is None:
            return None
    except DamagedError:
        return folder / "run.json"
    return next((file for file in sorted(folder.glob("*.parquet")) if not files.is_whole_parquet(file)), None)


def tidy(folder: Path) -> None:
    """Remove halves of files and an empty log, which killed processes left beside a record, if possible.

    What a link leads to stays.
    """
    with suppress(OSError):
        make_own(folder)
        _tidy(folder)


def _tidy(folder: Path) -> None:
    log = folder / "log.txt"
    with suppress(OSError):
        if log.stat().st_size == 0:
            log.unlink()
    with suppress(OSError):
        if any(folder.glob(files.UNFINISHED)):
            with files.alone(folder):
                pass


def records(root: Path) -> Iterator[RunRecord | ResultError]:
    """Every record below `root/runs`, in a fixed order; an unreadable one as the error it raises."""
    for file in sorted((root / "runs").glob("*/*/*/*/run.json")):
        try:
            record = read(file.parent)
        except ResultError as error:
            yield error
        else:
            if record is not None:
                yield record


def safe_name(name: str) -> str:
    """A folder name that every file system takes: hostile characters become `%XX`, long names a hash."""
    quoted = re.sub(r"[^A-Za-z0-9=+,@_.()\[\]-]", lambda m: f"%{ord(m[0]):02X}", name)
    if len(quoted) > LONGEST:
        quoted = f"{quoted[:LONGEST]}~{hashlib.sha256(name.encode()).hexdigest()[:8]}"
    return "%2E" + quoted[1:] if quoted.startswith(".") else quoted
