"""What a record says of where it belongs: its table, its data, when it ended."""

from __future__ import annotations

from datetime import UTC, datetime

from groupbench.results.store import RunRecord


def table_of(record: RunRecord) -> tuple[str, str]:
    """Data set and protocol, by their labels."""
    return record.dataset, record.protocol


def id_of(record: RunRecord) -> tuple[str, str, str, str]:
    """What one record is stored of: data set and protocol by their labels, method and key."""
    return record.dataset, record.protocol, record.method, record.key


def unversioned(record: RunRecord) -> str:
    """The label of the method without the version of the library that it is from."""
    rest = record.method.removeprefix(f"{record.name}@")
    _, bracket, parameters = rest.partition("[")
    return f"{record.name}{bracket}{parameters}"


def seed_label(record: RunRecord) -> str:
    """What the record's random numbers are drawn by: once the data set's name, whatever its content."""
    return str(record.config.get("seed_label", record.dataset))


def is_registered(record: RunRecord) -> bool:
    """Whether the record's data set is the registered one of its name, not a folder that is called so."""
    return seed_label(record) == record.dataset


def ended(record: RunRecord) -> str:
    """When the job ended; a time that is still to come is of a wrong clock, and counts as the first."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    return record.finished if record.finished <= now else ""


def content(record: RunRecord) -> str:
    """The hash of the content of the record's data set."""
    return str(record.config.get("content_hash", ""))


def text_hash(record: RunRecord) -> str:
    """The hash of the texts of the record's data set; empty where it has none, or none are recorded."""
    return str(record.config.get("text_hash", ""))


def is_of_current_evaluation(record: RunRecord) -> bool:
    """Whether metrics are still computed from scores as they were."""
    from groupbench.evaluation.evaluate import VERSION

    return record.config.get("evaluation") == VERSION
