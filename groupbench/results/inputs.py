"""What a record says it was made from, loaded again and checked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from groupbench.core import registry
from groupbench.core.errors import DatasetError, PluginError, ResultError
from groupbench.results.selection import seed_label

if TYPE_CHECKING:
    from groupbench.data.dataset import Dataset
    from groupbench.results.store import RunRecord


class RecordedInputs:
    """Plugins and data sets of records, each loaded once.

    Args:
        data_dir: where original files lie.
        dataset: where the data set lies now, if it was a folder that has moved.
        plugins: where plugins lie now; each replaces the recorded one with its file name.
    """

    def __init__(
        self, data_dir: Path | None = None, dataset: str | None = None, plugins: Sequence[str] = ()
    ) -> None:
        self.data_dir = data_dir
        self._moved_dataset = dataset
        self._moved = {Path(file).name: file for file in plugins}
        self._loaded: dict[str, Dataset] = {}

    def plugins(self, record: RunRecord) -> list[str]:
        """The files of the record's plugins, imported.

        Raises:
            PluginError: if one is not there, or cannot be imported.
        """
        files = [self._plugin(record, file) for file in recorded(record, "plugins")]
        for file in files:
            registry.load_plugin(file)
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

    def _plugin(self, record: RunRecord, file: str) -> str:
        file_now = self._moved.get(Path(file).name, file)
        if not Path(file_now).is_file():
            raise PluginError(
                f"run {record.key} ({record.method}) needs the plugin {file_now}, which is not there; "
                f"say where it lies now with --plugin path/to/{Path(file).name}"
            )
        return file_now


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
    drawn_by = seed_label(record)
    if dataset.seed_label != drawn_by:
        raise DatasetError(
            f"run {record.key} ({record.method}) drew its split by {drawn_by!r}, and {dataset.name} draws it "
            f"by {dataset.seed_label[:60]!r}; give the data set that it used, or run it again"
        )
