"""What a record says it was made from, loaded again and checked."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from groupbench.core import plugins
from groupbench.core.errors import DatasetError, PluginError, ResultError
from groupbench.results.facts import seed_label, text_hash

if TYPE_CHECKING:
    from groupbench.data.dataset import Dataset
    from groupbench.results.store import RunRecord


class RecordedInputs:
    """Plugins and data sets of records, each loaded once.

    A record comes from anywhere, so that no file is imported because a record names it: only those that the
    user names, and of these only what has the recorded content.

    Args:
        data_dir: where original files lie.
        dataset: where the data set lies now, if it was a folder that has moved.
        plugins: files that the user names, wherever they lie now.
    """

    def __init__(
        self, data_dir: Path | None = None, dataset: str | None = None, plugins: Sequence[str] = ()
    ) -> None:
        self.data_dir = data_dir
        self._moved_dataset = dataset
        self._named = tuple(plugins)
        self._loaded: dict[str, Dataset] = {}

    def import_named(self, records: Sequence[RunRecord]) -> None:
        """Import the files that the user names.

        Raises:
            PluginError: if one is not there, cannot be imported, or is not the recorded one of its name.
        """
        known = {(Path(file).name, sha256) for record in records for file, sha256 in _plugins(record).items()}
        for file in self._named:
            found = _sha256(file)
            recorded_as = sorted(sha256 for name, sha256 in known if name == Path(file).name)
            if recorded_as and found not in {sha256 for _, sha256 in known}:
                raise _differs(file, found, recorded_as[0])
        plugins.load_plugins(self._named)

    def plugins(self, record: RunRecord) -> list[str]:
        """The files that the user names for the record's plugins, imported.

        Raises:
            PluginError: if the user names none for one of them, or its content is not the recorded one.
        """
        files = [self._plugin(record, file, sha256) for file, sha256 in _plugins(record).items()]
        plugins.load_plugins(files)
        return files

    def source(self, record: RunRecord) -> str:
        """The name or folder of the record's data set."""
        return self._moved_dataset or str(recorded(record, "source"))

    def dataset(self, record: RunRecord) -> Dataset:
        """The record's data set; its plugins must be imported.

        Raises:
            DatasetError: if it is not there, or has another content or other splits than recorded.
        """
        from groupbench.data.loading import load

        source = self.source(record)
        if source not in self._loaded:
            self._loaded[source] = load(source, self.data_dir)
        _require_same(record, self._loaded[source])
        return self._loaded[source]

    def _plugin(self, record: RunRecord, file: str, sha256: str) -> str:
        hashes = {named: _sha256(named) for named in self._named}
        for named, found in hashes.items():
            if found == sha256:
                return named
        for named, found in hashes.items():
            if Path(named).name == Path(file).name:
                raise _differs(named, found, sha256)
        raise PluginError(
            f"run {record.key} ({record.method}) needs the plugin {file}, and nothing is imported because a "
            f"record names it; if you trust it, say where it lies with --plugin path/to/{Path(file).name}"
        )


def _plugins(record: RunRecord) -> dict[str, str]:
    """The hash of each plugin of a record by its file; none where earlier versions recorded no hashes."""
    found = recorded(record, "plugins")
    return dict(found) if isinstance(found, dict) else dict.fromkeys(found, "")


def _sha256(file: str) -> str:
    try:
        return hashlib.sha256(Path(file).read_bytes()).hexdigest()
    except OSError as error:
        raise PluginError(
            f"plugin {file} cannot be read: {error.strerror}; give the path of a .py file"
        ) from error


def _differs(file: str, found: str, sha256: str) -> PluginError:
    expected = f"instead of {sha256[:12]}" if sha256 else "and the record holds none"
    return PluginError(
        f"plugin {file} is not known to be the recorded one: its sha256 is {found[:12]} {expected}; name the "
        "file that the run used, or run it again"
    )


def recorded(record: RunRecord, what: str) -> Any:
    """A part of the record's configuration; a `ResultError` if it has none."""
    if what not in record.config:
        raise ResultError(f"run {record.key} ({record.method}) does not record its {what}; run it again")
    return record.config[what]


def _require_same(record: RunRecord, dataset: Dataset) -> None:
    expected = str(recorded(record, "content_hash"))
    if dataset.content_hash != expected:
        raise DatasetError(
            f"dataset {record.dataset} is not what run {record.key} ({record.method}) used: its content hash "
            f"is {dataset.content_hash[:12]} instead of {expected[:12]}; take the same files and loader"
        )
    if (texts := text_hash(record)) and dataset.text_hash != texts:
        raise DatasetError(
            f"dataset {record.dataset}: its texts are not those of run {record.key}, with the "
            f"hash {dataset.text_hash[:12] or 'none'} instead of {texts[:12]}; take the same files and loader"
        )
    if dataset.seed_label == dataset.name != record.dataset:
        raise DatasetError(
            f"run {record.key} ({record.method}) used the data set {record.dataset!r}, not {dataset.name!r}; "
            "give the one of that name"
        )
    drawn_by = seed_label(record)
    if dataset.seed_label != drawn_by:
        raise DatasetError(
            f"run {record.key} ({record.method}) drew its split by {drawn_by!r}, and {dataset.name} draws it "
            f"by {dataset.seed_label[:60]!r}; give the data set that it used, or run it again"
        )
