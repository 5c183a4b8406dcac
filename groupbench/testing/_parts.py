"""Checks of what is no method: aggregators, metrics, data sets and views."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from groupbench.core import plugins, registry
from groupbench.core.arrays import FloatArray, IntArray, Segments
from groupbench.core.entry import Entry
from groupbench.core.errors import ConfigError, GroupbenchError
from groupbench.core.names import unregistered
from groupbench.data.dataset import Dataset, GivenSplit, HeldOutRows, Ratings
from groupbench.evaluation.rounds import Rounds
from groupbench.evaluation.task import Task
from groupbench.evaluation.views import VIEWS, View, rated_by_members
from groupbench.metrics import METRICS, Definition, Family, evaluate_scores, explain
from groupbench.models.text.encoders import encode
from groupbench.testing._aggregators import Step, of_aggregator, of_sequential
from groupbench.testing._outcome import CheckOutcome, crash, need
from groupbench.testing._small import small_training


def check_part(name: str, data_dir: Path | None = None) -> list[CheckOutcome]:
    """Check the aggregator, sequential or not, the metric, data set, text encoder or view of that name.

    Args:
        name: a registered name.
        data_dir: where the files of a data set lie.

    Raises:
        ConfigError: if nothing has that name, not even a method.
    """
    if name in registry.aggregators:
        return _run(of_aggregator(registry.aggregators[name]))
    if name in registry.sequential_aggregators:
        return _run(of_sequential(registry.sequential_aggregators[name]))
    if name in METRICS:
        return _run(_of_metric(METRICS[name]))
    if name in registry.datasets:
        return _run(_of_dataset(registry.datasets[name].name, data_dir))
    if name in registry.text_encoders:
        return _run(_of_encoder(registry.text_encoders[name]))
    if name in VIEWS:
        return _run(_of_view(VIEWS[name]))
    known = [one for kind in _kinds() for one in kind]
    files = [file.name for file in Path().glob("*.py")]
    names = [*known, *registry.methods.in_namespaces(name), *files]
    raise ConfigError(unregistered("name to check", name, names))


def named_in(file: str | Path) -> list[str]:
    """What a Python file registers and `check` or `check_part` checks, by name; it is imported as a plugin.

    Raises:
        PluginError: if it is no Python file or cannot be imported.
        ConfigError: if it registers nothing of the kind.
    """
    plugins.load_plugin(file)
    module = plugins.plugin_module(file)
    found = [name for known in _kinds() for name in known.registered_by(module)]
    if not found:
        raise ConfigError(
            f"{file} registers nothing to check; decorate a class with @method('name'), for example"
        )
    return list(dict.fromkeys(found))


def _kinds() -> tuple[registry.Registry[Any], ...]:
    """The registries of what can be checked."""
    entries = registry.methods, registry.aggregators, registry.sequential_aggregators, registry.datasets
    return *entries, registry.text_encoders, METRICS, VIEWS


def _run(steps: Iterator[Step]) -> list[CheckOutcome]:
    """The outcome of every step; after a first one that fails there is no other."""
    out: list[CheckOutcome] = []
    for name, verify in steps:
        message = ""
        try:
            verify()
        except GroupbenchError as error:
            message = str(error)
        except Exception as error:
            message = crash(error)
        out.append(CheckOutcome(name, not message, message))
        if message and len(out) == 1:
            break
    return out


def _of_metric(found: Definition) -> Iterator[Step]:
    def values(scores: FloatArray) -> FloatArray:
        return evaluate_scores(scores, relevant, np.ones_like(relevant), [f"{found.name}@5"])[
            f"{found.name}@5"
        ]

    def contract() -> None:
        made = values(rng.normal(size=relevant.shape))
        need(made.shape == (len(relevant),), f"compute gives shape {made.shape}, not (n_lists,)")

    def better() -> None:
        best, worst = values(relevant.astype(np.float64)), values(-relevant.astype(np.float64))
        if found.lower_is_better:
            best, worst = worst, best
        ordered = bool((np.nan_to_num(best) >= np.nan_to_num(worst) - 1e-12).all())
        need(ordered, "the best ranking has a worse value than the worst; see lower_is_better")

    rng = np.random.default_rng(0)
    relevant = rng.random((20, 12)) < 0.3
    yield "explained", lambda: _explained(found)
    if isinstance(found, Family):
        yield "contract", contract
        yield "better", better


def _explained(found: Definition) -> None:
    explain(f"{found.name}@10" if found.cutoff else found.name)
    for text in ("title", "formula", "source", "undefined"):
        need(bool(getattr(found, text)), f"say in {text} what 'groupbench explain {found.name}' shows")


def _of_dataset(name: str, data_dir: Path | None) -> Iterator[Step]:
    from groupbench.data.loading import load

    loaded: list[Dataset] = []
    yield "loads", lambda: loaded.append(load(name, data_dir))
    dataset = loaded[0]

    def ratings() -> None:
        rows, (low, high) = dataset.ratings, dataset.scale
        need(len(rows) > 0, "it has no ratings")
        need(
            (rows.n_users, rows.n_items) == (len(dataset.user_ids), len(dataset.item_ids)),
            "ids and counts differ",
        )
        need(
            rows.users.min() >= 0 and rows.users.max() < rows.n_users, "ratings name users that are not there"
        )
        need(
            rows.items.min() >= 0 and rows.items.max() < rows.n_items, "ratings name items that are not there"
        )
        inside = low <= rows.values.min() and rows.values.max() <= high
        need(bool(inside), f"ratings lie outside the scale {low:g} to {high:g}")

    def groups() -> None:
        members = np.empty(0) if dataset.groups is None else dataset.groups.members
        need(bool((members < dataset.ratings.n_users).all()), "groups have members that are no users")

    def repeatable() -> None:
        same = load(name, data_dir).content_hash == dataset.content_hash
        need(same, "loading it again gives other content: take a fixed seed and sort what has no order")

    yield "ratings", ratings
    yield "groups", groups
    yield "repeatable", repeatable


def _of_encoder(entry: Entry) -> Iterator[Step]:
    texts = ["a red fox", "", "a red car and a fox", "blue, blue sea"]

    def repeatable() -> None:
        same = bool((encode(entry.name, texts) == encode(entry.name, texts)).all())
        need(same, "the same texts get other vectors the second time: take a fixed seed")

    yield "contract", lambda: need(len(encode(entry.name, texts)) == len(texts), "it gives no vectors")
    yield (
        "described",
        lambda: need(bool(entry.make.__doc__), "give it a docstring: 'list' shows its first line"),
    )
    yield "repeatable", repeatable


def _of_view(view: View) -> Iterator[Step]:
    task = _small_task()

    def contract() -> None:
        case = view.make_case(task)
        n = task.held_out.n_users if view.entity == "user" else len(task.train.groups)
        need(bool((case.lists.entities < n).all()), f"lists belong to a {view.entity} that is not there")
        block = case.lists.block(np.arange(len(case.lists.entities)))
        need(
            block.items.shape == block.valid.shape == block.truth.shape,
            "items, valid and truth differ in shape",
        )

    def described() -> None:
        need(bool(view.definition), "say in definition who ranks what, against what truth")
        need(1 <= view.tau <= 5, f"tau={view.tau}: state it on a scale of 1 to 5")

    yield "contract", contract
    yield "described", described


def _small_task() -> Task:
    """Every third row of small data held out, of groups too, also as a split that came with negatives."""
    train = small_training()
    rows, held = _parted(train.ratings)
    rows = Ratings.joined([rows, _by_all(train.groups[0], rows)])
    assert train.group_ratings is not None
    joint, joint_held = _parted(train.group_ratings)
    given = GivenSplit(users=_sampled(held), groups=_sampled(joint_held))
    members = np.repeat(train.groups.members[None], 3, axis=0)
    rounds = Rounds(train.groups, members, 2, np.arange(rows.n_items))
    train = replace(train, ratings=rows, group_ratings=joint)
    options = rated_by_members(rows, train.groups, 0.3)
    return Task(train, held, joint=joint_held, given=given, options=options, rounds=rounds)


def _by_all(users: IntArray, rows: Ratings) -> Ratings:
    """A rating of each of the users on the first three items, so that there is a complete table."""
    who, what = np.repeat(users, 3), np.tile(np.arange(3), len(users))
    values = 1.0 + (who + what) % 5
    return Ratings(who, what, values.astype(np.float64), rows.n_users, rows.n_items)


def _parted(rows: Ratings) -> tuple[Ratings, Ratings]:
    held = np.arange(len(rows)) % 3 == 0
    return rows.take(~held), rows.take(held)


def _sampled(rows: Ratings) -> HeldOutRows:
    sizes = np.full(len(rows), 5)
    negatives = np.random.default_rng(0).integers(0, rows.n_items, sizes.sum())
    return HeldOutRows(rows, negatives, Segments.from_sizes(sizes))
