"""A diagnosis as lines of text or as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict

from groupbench.data.doctor._diagnose import Diagnosis
from groupbench.data.doctor._finding import Finding


def format_diagnosis(diagnosis: Diagnosis) -> Iterator[str]:
    """Lines that say what was found, each finding with its examples below it, and what is sound."""
    for finding in diagnosis.findings:
        fixable = " (fixable)" if finding.fixable else ""
        yield (
            f"{finding.severity:8s} {finding.about}: {finding.title}: {finding.count:,} of "
            f"{finding.total:,}, {finding.share:.1%} [{finding.code}]{fixable}"
        )
        if finding.examples:
            yield f"         such as {'; '.join(finding.examples)}"
    found, sound = len(diagnosis.findings), len(diagnosis.sound)
    yield f"{diagnosis.name}: {found} finding{'s' * (found != 1)}, {sound} checks without any"


def format_repair(before: Diagnosis, after: Diagnosis) -> Iterator[str]:
    """Lines that say what the variant diagnosed in `after` changes, and how to use it."""
    for finding in before.findings:
        if finding.fixable:
            left = after.find(finding.code, finding.about)
            yield (
                f"{finding.about}: {finding.title}: {finding.count:,} of {finding.total:,} become "
                f"{left.count:,} of {left.total:,}"
            )
    yield (
        f"no file is changed: {after.name} is made when it is loaded, and results bear that name; "
        f"try: groupbench run --dataset {after.name}"
    )


def as_json(before: Diagnosis, after: Diagnosis | None = None) -> str:
    """The diagnosis as JSON: name, findings, sound; the same of the clean variant as `clean`."""
    held = _plain(before) | ({} if after is None else {"clean": _plain(after)})
    return json.dumps(held, indent=2, ensure_ascii=False)


def _plain(diagnosis: Diagnosis) -> dict[str, object]:
    def row(finding: Finding) -> dict[str, object]:
        return asdict(finding) | {"share": finding.share}

    return {
        "name": diagnosis.name,
        "findings": [row(finding) for finding in diagnosis.findings],
        "sound": [row(finding) for finding in diagnosis.sound],
    }
