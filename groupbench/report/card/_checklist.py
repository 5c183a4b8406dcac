"""The questions that reviewers of recommender papers ask of a reproducible experiment, answered from records.

They follow what has been found missing in published work: code, data and tuning of the baselines (Ferrari
Dacrema et al., ACM TOIS 2021; Shehzad et al., RecSys 2025), splits, candidates and metrics that are named
(Zangerle and Bauer, ACM Computing Surveys 2022), and resources. Records know nothing of the paper itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from groupbench.core import registry
from groupbench.core.text import count
from groupbench.report.card._methods import space_of
from groupbench.report.card._section import Entry, Section
from groupbench.report.long import REFERENCES, joules_of, seconds_of, tuning_label
from groupbench.report.names import Wording
from groupbench.results.facts import is_registered
from groupbench.results.store import EXTERNAL, RunRecord

_NAMED = 6
"""Names that an answer lists."""


class _Answer(NamedTuple):
    """A question, `yes`, `no` or `not known`, and where to see it."""

    question: str
    answer: str
    where: str


def checklist(records: Sequence[RunRecord], wording: Wording) -> Section:
    """All questions with their answers."""
    done = [record for record in records if record.status == "done"]
    own = [r for r in done if r.metrics and r.name not in REFERENCES and r.family != EXTERNAL]
    answers = [
        *_of_code(done, wording),
        *_of_data(records),
        *_of_evaluation(done),
        *_of_tuning(own, wording),
        *_of_runs(records, wording),
    ]
    text = (
        "Answers come from the run records; what they cannot show is not known, and for the authors to say."
    )
    entries = [Entry(found.answer, f"{found.question} {found.where}") for found in answers]
    return Section("Reproducibility checklist", text, tuple(entries))


def _yes(holds: bool) -> str:
    return "yes" if holds else "no"


def _some(names: Iterable[str]) -> str:
    listed = list(dict.fromkeys(names))
    more = f" and {len(listed) - _NAMED} more" if len(listed) > _NAMED else ""
    return ", ".join(listed[:_NAMED]) + more


def _of_code(done: Sequence[RunRecord], wording: Wording) -> Iterator[_Answer]:
    codes = [record.environment.get("code") or {} for record in done]
    named = bool(codes) and all(code.get("sha256") for code in codes)
    modified = sum(code.get("state") == "modified" for code in codes)
    where = f"{count(modified, 'job')} ran on a checkout with changes." if modified else ""
    yield _Answer(
        "Is the code that made the results identified?",
        _yes(named and not modified),
        where or "Software and hardware, code; environment.code of run.json.",
    )
    foreign = [
        wording.method(record.method) for record in done if not registry.methods.is_built_in(record.name)
    ]
    yield _Answer(
        "Is the code of all compared methods public, baselines included?",
        "not known" if foreign else "yes",
        f"Not part of groupbench: {_some(foreign)}; publish it."
        if foreign
        else "All are part of groupbench.",
    )
    versions = bool(done) and all(record.environment.get("packages") for record in done)
    yield _Answer("Are versions of the libraries given?", _yes(versions), "Software and hardware, libraries.")
    commands = bool(done) and all(record.environment.get("command") for record in done)
    yield _Answer("Are the commands given that repeat it?", _yes(commands), "Software and hardware, command.")


def _of_data(records: Sequence[RunRecord]) -> Iterator[_Answer]:
    folders = [record.dataset for record in records if not is_registered(record)]
    yield _Answer(
        "Can others get the data?",
        "not known" if folders else "yes",
        f"Folders of the authors: {_some(folders)}." if folders else "Data; 'groupbench data info NAME'.",
    )
    hashed = all(record.config.get("content_hash") for record in records)
    yield _Answer("Is the version of the data fixed by a hash?", _yes(hashed), "Data.")
    simulated = [record.dataset for record in records if record.simulated]
    yield _Answer(
        "Are the data real?",
        _yes(not simulated),
        f"Simulated: {_some(simulated)}." if simulated else "Data.",
    )


def _of_evaluation(done: Sequence[RunRecord]) -> Iterator[_Answer]:
    split = bool(done) and all(record.config.get("protocol") for record in done)
    yield _Answer("Are splits and groups described, and drawn again from seeds?", _yes(split), "Protocol.")
    views = [facts for record in done for facts in record.views.values() if facts.get("entities")]
    defined = bool(views) and all(facts.get("definition") for facts in views)
    sampled = {n for r in done for n, f in r.views.items() if n.startswith("sampled") and f.get("entities")}
    yield _Answer(
        "Are the candidates that are ranked defined, and who is left out?",
        _yes(defined),
        f"Protocol, views; sampled in {_some(sorted(sampled))}." if sampled else "Protocol, views.",
    )
    yield _Answer("Are metrics, cutoffs, relevance and equal scores defined?", _yes(defined), "Protocol.")
    tables: dict[tuple[str, str], set[str]] = defaultdict(set)
    for record in done:
        tables[record.dataset, record.protocol].add(record.name)
    lacking = [
        f"{dataset}, {protocol}"
        for (dataset, protocol), names in tables.items()
        if not {"random", "popularity"} <= names or not names - REFERENCES
    ]
    yield _Answer(
        "Do rows for random and popular items stand beside the methods?",
        _yes(bool(tables) and not lacking),
        f"Missing: {_some(lacking)}." if lacking else "Methods.",
    )


def _of_tuning(own: Sequence[RunRecord], wording: Wording) -> Iterator[_Answer]:
    tunable = [record for record in own if tuning_label(record)]
    tuned = [record for record in tunable if record.tuning]
    untuned = dict.fromkeys(
        f"{wording.method(r.method)} ({r.dataset}, {r.protocol})" for r in tunable if not r.tuning
    )
    yield _Answer(
        "Are all compared methods tuned on the same data?",
        _yes(bool(tuned) and not untuned),
        f"Not tuned: {_some(untuned)}." if untuned else "Methods." if tuned else "No method is tuned.",
    )
    budgets: dict[tuple[str, str], set[int]] = defaultdict(set)
    for record in tuned:
        budgets[record.dataset, record.protocol].add(record.tuning["trials"])
    unequal = [f"{d}, {p} ({min(n)} to {max(n)})" for (d, p), n in budgets.items() if len(n) > 1]
    yield _Answer(
        "Did every method get the same number of trials?",
        _yes(bool(tuned) and not untuned and not unequal),
        f"Trials differ: {_some(unequal)}." if unequal else "Methods.",
    )
    unknown = [wording.method(record.method) for record in tuned if not space_of(record)[0]]
    yield _Answer(
        "Are search spaces and chosen values given for every tuned method?",
        "no" if not tuned else "not known" if unknown else "yes",
        f"Search space not known: {_some(unknown)}." if unknown else "Methods.",
    )
    yield _Answer(
        "Was tuning kept from the held-out rows?",
        "yes" if tuned else "not known",
        "Values are chosen on validation rows, cut from training rows."
        if tuned
        else "Nothing was tuned here.",
    )


def _of_runs(records: Sequence[RunRecord], wording: Wording) -> Iterator[_Answer]:
    done = [record for record in records if record.status == "done"]
    seeds: dict[tuple[str, str, str], set[int]] = defaultdict(set)
    for record in done:
        seeds[record.dataset, record.protocol, record.method].add(record.seed)
    fewest = min(map(len, seeds.values()), default=0)
    yield _Answer(
        "Are there several seeds, so that variation can be shown?",
        _yes(fewest > 1),
        f"At least {count(fewest, 'seed')} a row; Methods.",
    )
    yield _Answer(
        "Are differences tested?",
        "not known",
        "Tests are part of tables: 'groupbench table --significance' makes them from these results.",
    )
    repeated = [record.environment.get("deterministic") for record in done]
    yield _Answer(
        "Do the same seeds give the same values again?",
        "not known" if None in repeated else _yes(all(repeated)),
        "environment.deterministic of run.json; 'groupbench reproduce' checks it.",
    )
    failed = [wording.method(record.method) for record in records if record.status != "done"]
    yield _Answer(
        "Did all jobs finish?",
        _yes(not failed),
        f"Not all of {_some(failed)}; Methods." if failed else "Methods.",
    )
    timed = bool(done) and all(seconds_of(r) == seconds_of(r) for r in done if r.metrics)
    yield _Answer("Are hardware, time and memory given?", _yes(timed), "Software and hardware; Methods.")
    energy = [joules_of(record) == joules_of(record) for record in done if record.metrics]
    yield _Answer(
        "Is the energy given?",
        _yes(bool(energy) and all(energy)),
        "Methods; Software and hardware says how it is measured or estimated.",
    )
