"""Everything the doctor looks for, in one call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from groupbench.core.registry import datasets
from groupbench.data.doctor._claims import claims_finding
from groupbench.data.doctor._finding import EXAMPLES, Finding
from groupbench.data.doctor._groups import group_findings
from groupbench.data.doctor._heldout import held_out_findings
from groupbench.data.doctor._item_coverage import catalog_findings
from groupbench.data.doctor._joint import joint_findings
from groupbench.data.doctor._near_ids import id_findings
from groupbench.data.doctor._rows import row_findings
from groupbench.data.doctor._values import value_findings
from groupbench.data.loading import Note, card

if TYPE_CHECKING:
    from groupbench.data.dataset import Dataset


@dataclass(frozen=True)
class Diagnosis:
    """What the doctor found in a data set.

    Attributes:
        name: the name of the data set.
        findings: what was found, errors first.
        sound: what was looked for and not found.
    """

    name: str
    findings: tuple[Finding, ...]
    sound: tuple[Finding, ...]

    @property
    def fixable(self) -> bool:
        """Whether there is something that the clean variant does without."""
        return any(finding.fixable for finding in self.findings)

    def find(self, code: str, about: str) -> Finding:
        """The finding of that code and part of the data, found or not; a `KeyError` if it was not sought."""
        for finding in (*self.findings, *self.sound):
            if (finding.code, finding.about) == (code, about):
                return finding
        raise KeyError((code, about))


def diagnose(dataset: Dataset, claims: Mapping[str, float] | None = None) -> Diagnosis:
    """Look for leaks, repeats, gaps and contradictions in a data set.

    Args:
        dataset: the data set as it was loaded; the notes of its loader are findings too.
        claims: published counts by the names of `facts`; by default those of the registry, under the name
            of the data set.
    """
    source = ""
    if claims is None and dataset.name in datasets:
        known = card(dataset.name)
        claims, source = known.claims, known.claims_source
    sought = list(
        chain(
            held_out_findings(dataset),
            row_findings(dataset),
            group_findings(dataset),
            joint_findings(dataset),
            value_findings(dataset),
            id_findings(dataset),
            catalog_findings(dataset),
            _noted(dataset),
            [claims_finding(dataset, claims, source)] if claims else [],
        )
    )
    order = ("error", "warning", "note")
    found = sorted((f for f in sought if f.count), key=lambda f: order.index(f.severity))
    return Diagnosis(dataset.name, tuple(found), tuple(f for f in sought if not f.count))


def _noted(dataset: Dataset) -> Iterator[Finding]:
    """What the loader met in the files and repaired, so that the data set itself no longer shows it."""
    for note in dataset.notes:
        if isinstance(note, Note):
            yield Finding(note.code, "files", str(note), note.rows, note.total, note.examples[:EXAMPLES])
