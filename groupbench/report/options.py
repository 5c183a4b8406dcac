"""What tables show and how they are tested; each option declared once, for commands and Python functions."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Annotated, Literal, cast

from pydantic import Field, ValidationInfo, field_validator

from groupbench.core.errors import ConfigError
from groupbench.core.options import Cutoffs, Flag, Names, Options, split_names

if TYPE_CHECKING:
    from groupbench.report.select import TableOptions
    from groupbench.report.significance import Significance


class ResultFilter(Options):
    """Which results are meant, in the same words for every command that reads some.

    Names count in any case, with `*` for any characters; metrics also by what else they are called.
    """

    dataset: Annotated[Names | None, Flag("Rows", names=True, unset="all")] = None
    """Data sets; NAME@HASH for one of several contents."""
    protocol: Annotated[Names | None, Flag("Rows", names=True, unset="all")] = None
    """Protocols, by name or by label."""
    methods: Annotated[Names | None, Flag("Rows", names=True, unset="all")] = None
    """Methods, by name, label or pattern (svd, dmtl*)."""
    views: Annotated[
        Names | None, Flag("Rows", ("--view",), names=True, unset="the usual ones; report and export: all")
    ] = None
    """Views, or 'all'."""
    aggregator: Annotated[Names | None, Flag("Rows", names=True, unset="average; report and export: all")] = (
        None
    )
    """Aggregators, 'best' or 'all'; rows that need none are always there."""
    metrics: Annotated[
        Names | None,
        Flag("Rows", names=True, unset="precision, recall, ndcg; compare and plot: ndcg; report: all"),
    ] = None
    """Metrics (ndcg@5, or ndcg for each --k), or 'all'."""
    k: Annotated[Cutoffs | None, Flag("Rows", names=True, metavar="NUMBERS", unset="10")] = None
    """The K of metrics that are named without one."""

    @field_validator("*")
    @classmethod
    def _require_one(cls, names: object, info: ValidationInfo) -> object:
        if isinstance(names, list) and not names:
            spelling = "view" if info.field_name == "views" else info.field_name
            raise ConfigError(f"--{spelling}: name at least one, or leave it out")
        return names

    def one(self, field: str) -> str | None:
        """The only name of a field.

        Raises:
            ConfigError: if it has several.
        """
        names: list[str] = getattr(self, field) or []
        if len(names) > 1:
            spelling = "view" if field == "views" else field
            raise ConfigError(f"--{spelling} {','.join(names)}: name one at a time here")
        return names[0] if names else None

    def table_options(self, significance: Significance | None = None) -> TableOptions:
        """What `groupbench.report.select.gather` takes; data sets and protocols decide what is read."""
        options = self.model_dump(exclude={"dataset", "protocol"})
        return cast("TableOptions", {**options, "significance": significance})


class RowOptions(ResultFilter):
    """Which rows and metrics a table shows."""

    ties: Annotated[str | None, Flag("Rows", unset="expected")] = None
    """How equal scores are ordered: expected, best, worst, or all for expected with both bounds."""
    against: Annotated[str | None, Flag("Rows", unset="nothing")] = None
    """'reported' adds what papers print."""


class LabelOptions(Options):
    """What things are called instead of their names."""

    labels: Annotated[dict[str, str], Flag("Names", names=True, metavar="NAME=TEXT")] = Field({})
    """What a method, a metric or whatever else is named here is called (svd=SVD)."""

    @field_validator("labels", mode="before")
    @classmethod
    def _parse(cls, labels: object) -> object:
        if isinstance(labels, Mapping):
            return labels
        pairs = [str(text).partition("=") for text in cast("list[object]", split_names(labels))]
        for name, equals, text in pairs:
            if not (name.strip() and equals and text.strip()):
                raise ConfigError(f"--labels {name}{equals}{text}: write NAME=TEXT, as in svd=SVD")
        return {name.strip(): text.strip() for name, _, text in pairs}


class LayoutOptions(LabelOptions):
    """How a table for people is laid out, whatever it shows."""

    layout: Annotated[Literal["views", "wide"], Flag("Layout", metavar="views|wide")] = "views"
    """One table for each view, or one for all: rows are methods, columns data set x metric."""
    columns: Annotated[Names | None, Flag("Layout", names=True, unset="those that apply")] = None
    """Columns after the method, in this order: aggregator, tuning, metrics, norm, tied, n, seconds, mib,
    joules."""
    digits: Annotated[int, Flag("Layout")] = Field(3, ge=0, le=9)
    """Digits of metric values behind the point."""
    std: Annotated[bool, Flag("Layout", ("--std/--no-std",))] = True
    """Show the standard deviation over seeds, behind ±."""
    cost: Annotated[bool, Flag("Layout", ("--cost/--no-cost",))] = True
    """Show seconds and memory."""
    caption: Annotated[str | None, Flag("Layout", unset="nothing")] = None
    """What the caption of each table begins with; data, protocol, view and sizes follow."""

    @field_validator("layout", mode="before")
    @classmethod
    def _in_any_case(cls, layout: object) -> object:
        return layout.casefold() if isinstance(layout, str) else layout

    @field_validator("columns")
    @classmethod
    def _require_one(cls, columns: list[str] | None) -> list[str] | None:
        if columns is not None and not columns:
            raise ConfigError("--columns: name at least one, or leave it out")
        return columns

    def require_none(self, where: str, *, but: Collection[str] = ()) -> None:
        """Raise a `ConfigError` if any option but these was given `where` it changes nothing."""
        flags = {"std": "no-std", "cost": "no-cost"}
        if given := [f"--{flags.get(name, name)}" for name in sorted(self.model_fields_set - {*but})]:
            raise ConfigError(f"{where}; leave out {' and '.join(given)}")


class DrawingOptions(LabelOptions):
    """What a drawing says instead of the names that one types."""

    title: Annotated[str | None, Flag("Drawing", unset="data, protocol and view")] = None
    """What stands above the drawing; '' for nothing."""


class SignificanceOptions(Options):
    """How differences are tested."""

    reference: Annotated[str | None, Flag("Significance", unset="the best row")] = None
    """METHOD or METHOD:AGGREGATOR that rows are tested against."""
    test: Annotated[str, Flag("Significance")] = "bootstrap"
    """bootstrap, permutation, t or wilcoxon."""
    correction: Annotated[str, Flag("Significance")] = "holm"
    """holm, bh or none, over the rows of a metric."""
    level: Annotated[float, Flag("Significance")] = 0.05
    """Corrected p-values up to this are significant."""
