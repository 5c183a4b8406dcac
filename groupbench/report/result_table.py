"""The frame behind a table that notebooks show, and papers print, as the table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Unpack

import pandas as pd

from groupbench.core.files import expanded, writing
from groupbench.report.options import LayoutOptions
from groupbench.report.render import render, table_frame
from groupbench.report.select import TableOptions
from groupbench.results.store import RunRecord


class ResultTable(pd.DataFrame):
    """One row per metric value; as a whole it is shown as `groupbench table` shows it.

    What is selected from it is an ordinary frame.
    """

    _metadata = ["_write"]  # noqa: RUF012  (pandas' way to name attributes)
    _write: Callable[..., str]

    @classmethod
    def of(
        cls,
        records: Sequence[RunRecord],
        layout: LayoutOptions | None = None,
        **options: Unpack[TableOptions],
    ) -> ResultTable:
        """The table of `records`, shown in a layout; as of `groupbench.report.render.render`."""
        table = cls(table_frame(records, **options))
        table._write = partial(render, records, layout=layout, **options)
        return table

    @property
    def _constructor(self) -> type[pd.DataFrame]:
        return pd.DataFrame

    def to_latex(self, buf: str | Path | None = None) -> str:  # type: ignore[override]
        """The tables as LaTeX, as of `groupbench table --format latex`; written to a file if one is given."""
        return self._written("latex", buf)

    def to_markdown(self, buf: str | Path | None = None) -> str:  # type: ignore[override]
        """The tables as Markdown; written to a file if one is given."""
        return self._written("markdown", buf)

    def _written(self, format: str, buf: str | Path | None) -> str:
        text = self._write(format=format)
        if buf is not None:
            with writing(Path(expanded(buf))) as temporary:
                temporary.write_text(f"{text}\n", encoding="utf-8")
        return text

    def __repr__(self) -> str:
        lines = self._write(format="plain").splitlines()
        most = pd.get_option("display.max_rows") or len(lines)
        more = [f"... {len(lines) - most} more lines; to_markdown() has all"] if len(lines) > most else []
        return "\n".join([*lines[:most], *more])

    def _repr_html_(self) -> str:
        return self._write(format="html")
