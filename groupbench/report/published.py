"""Metric values reported elsewhere, to be shown beside ours: one TOML file per source in `papers/`."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from groupbench.core.errors import ResultError
from groupbench.report.aggregate import ResultRow, SeedStatistics
from groupbench.report.long import TIE_RULES, ResultKey

Text = Annotated[str, Field(min_length=1)]
Score = Annotated[float, Field(ge=0, le=1)]


class _Checked(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class ReportedRow(_Checked):
    """The scores of one method on one data set."""

    method: Text
    """The method as the source calls it."""
    ours: Text | None = None
    """Our name of the method, if it is registered."""
    dataset: Text
    """Our name of the data set."""
    values: Annotated[dict[str, Score], Field(min_length=1)]
    """The printed scores, in [0, 1], by our name of the metric."""


class Publication(_Checked):
    """A paper, or a run of its public code, and the scores it prints."""

    source: Text
    """Authors, venue, year and identifier."""
    url: str
    """Where to read it; empty if only here."""
    unstated: list[Text]
    """What the source leaves open about its protocol."""
    protocol: Text
    """The protocol beside which its scores may stand."""
    ties: Literal["expected", "best", "worst", "as coded", "unstated"]
    """Equal scores: in random order, in the method's favor, against it, or in whatever order came of it."""
    views: Annotated[list[Text], Field(min_length=1)]
    """The views beside which its scores may stand."""
    rows: Annotated[list[ReportedRow], Field(min_length=1)]
    """Its scores."""

    @property
    def provenance(self) -> str:
        """The source, and what keeps its scores from being comparable."""
        if not self.unstated:
            return self.source
        return f"{self.source}; the paper does not state: {', '.join(self.unstated)}"

    def stands_beside(self, protocol: str, view: str) -> bool:
        """Whether its scores may stand beside ours of a protocol, by its label, and a view."""
        return protocol.partition("+")[0] == self.protocol and view in self.views


def read_paper(file: Traversable) -> Publication:
    """Read and check one file.

    Raises:
        ResultError: if it is no TOML, lacks a key, has an unknown one or a score outside [0, 1].
    """
    try:
        return Publication.model_validate(tomllib.loads(file.read_text(encoding="utf-8-sig")))
    except ValidationError as error:
        first = error.errors()[0]
        location = ".".join(map(str, first["loc"]))
        raise ResultError(f"{file}: {location}: {first['msg']} (got {first['input']!r}); fix it") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ResultError(f"{file} is no TOML ({error}); fix it") from error


@cache
def papers() -> tuple[Publication, ...]:
    """All sources whose scores come with groupbench, by file name."""
    folder = resources.files("groupbench.report") / "papers"
    files = sorted(folder.iterdir(), key=lambda file: file.name)
    return tuple(read_paper(file) for file in files if file.name.endswith(".toml"))


def reported_rows(key: ResultKey, metrics: Sequence[str]) -> Iterator[ResultRow]:
    """The rows that papers report for the data set and view of `key` in one of `metrics`."""
    for paper in papers():
        for row in paper.rows:
            if row.dataset != key.dataset or not paper.stands_beside(key.protocol, key.view):
                continue
            mean = np.array([row.values.get(metric, np.nan) for metric in metrics])
            if not np.isnan(mean).all():
                std, seeds = np.full(len(mean), np.nan), np.zeros(len(mean), dtype=np.int64)
                scores = dict.fromkeys(TIE_RULES, SeedStatistics(mean, std, seeds))
                yield ResultRow(key, row.method, row.method, "", "reported", paper.provenance, 0, scores)
