"""The conformance checks: what every method owes, each as a small function that says what to fix."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np

from groupbench.core.arrays import BoolArray
from groupbench.core.entry import Entry
from groupbench.core.errors import GroupbenchError, MethodError
from groupbench.core.seeding import global_seeds
from groupbench.data.groups import Groups
from groupbench.models.contract import make_method
from groupbench.models.recommender import (
    GroupRecommender,
    Method,
    Recommender,
    ReferenceRow,
    ScoresPairs,
    TrainingData,
)
from groupbench.testing._cold_groups import verify_cold_groups
from groupbench.testing._elsewhere import scores_elsewhere
from groupbench.testing._outcome import CheckOutcome, ConformanceCheck, close, crash, equal, need
from groupbench.testing._small import COLD_ITEMS, COLD_USERS, small_training, small_truth
from groupbench.testing._trial import MethodTrial, everyone, fit

_CHECKS: list[ConformanceCheck] = []
_ANY = (Method, ReferenceRow)


def _check(*kinds: type) -> Callable[[Callable[[MethodTrial], None]], Callable[[MethodTrial], None]]:
    def add(verify: Callable[[MethodTrial], None]) -> Callable[[MethodTrial], None]:
        _CHECKS.append(ConformanceCheck(verify.__name__.replace("_", "-"), verify, kinds))
        return verify

    return add


def checks_for(entry: Entry) -> tuple[ConformanceCheck, ...]:
    """The checks that apply to a method, first `contract`, which the others build on."""
    made = entry.create()
    return tuple(c for c in _CHECKS if isinstance(made, c.kinds) or c.verify is contract)


def check(entry: Entry) -> list[CheckOutcome]:
    """Run all conformance checks that apply to a method.

    If `contract` fails, or the method skips data like that of the checks, the others are left out.
    """
    try:
        made = make_method(entry, {})
    except GroupbenchError as error:
        return [CheckOutcome("contract", False, str(error))]
    trial = MethodTrial(entry)
    if isinstance(made, Method) and (reason := made.skip(trial.train)):
        return [
            CheckOutcome(
                "contract", True, f"skips the small data of the checks, so no more is known: {reason}"
            )
        ]
    first, *others = checks_for(entry)
    outcome = first.run(trial)
    return [outcome, *(c.run(trial) for c in others)] if outcome.passed else [outcome]


@_check(*_ANY)
def contract(trial: MethodTrial) -> None:
    """It can be fitted and gives scores of the right shape and type."""
    fitted, train = trial.fitted, trial.train
    users, n_items = np.arange(train.ratings.n_users), train.ratings.n_items
    if isinstance(fitted, Recommender):
        _shaped("score(users)", fitted.score(users), (len(users), n_items))
    if isinstance(fitted, GroupRecommender):
        _shaped("score_groups(groups)", fitted.score_groups(train.groups), (len(train.groups), n_items))
    if isinstance(fitted, ReferenceRow):
        _shaped("score_truth(truth)", fitted.score_truth(small_truth()), small_truth().shape)


@_check(*_ANY)
def parameters(trial: MethodTrial) -> None:
    """It says what it is, and its parameters can be written to a run record."""
    made = trial.entry.make
    written = bool(made.__doc__) and not str(made.__doc__).startswith(f"{made.__name__}(")
    need(written, "give the class a docstring: its first line is what 'list' shows")
    try:
        json.dumps(trial.entry.parameters(), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise MethodError(
            f"default parameters cannot be recorded ({error}); use numbers, text, lists, None"
        ) from error


@_check(*_ANY)
def finite(trial: MethodTrial) -> None:
    """Users (groups) and items with training rows get finite scores."""
    wrong = ~np.isfinite(trial.scores) & ~_cold(trial)
    need(not wrong.any(), f"{wrong.sum()} scores are NaN or infinite; {_where(wrong)}")


@_check(Method)
def cold(trial: MethodTrial) -> None:
    """Users, groups and items without training rows get finite scores too, if the others do."""
    wrong = ~np.isfinite(trial.scores)
    need(
        not wrong.any() or bool((wrong & ~_cold(trial)).any()),
        f"{wrong.sum()} scores of users, groups or items without training rows are NaN or infinite; "
        f"fall back to a mean, a popularity or 0; {_where(wrong)}",
    )


@_check(*_ANY)
def deterministic(trial: MethodTrial) -> None:
    """The same rng gives the same scores, whatever the global seeds are, unless the method says `never`."""
    never = getattr(trial.entry.make, "deterministic", "always") == "never"
    if never or equal(trial.scores, trial.watched.scores):
        return
    with global_seeds(12345):
        again = everyone(fit(trial.entry.create(), small_training()), trial.train)
    if equal(again, trial.watched.scores):
        raise MethodError(
            "scores depend on the global seeds of random, numpy or torch: draw from rng, or seed a generator "
            "of your own with groupbench.core.seeding.integer(rng)"
        )
    raise MethodError(
        "two fits with the same rng differ: draw all randomness from rng; where a library makes that "
        "impossible, say deterministic = 'never'"
    )


@_check(*_ANY)
def leaves_input_alone(trial: MethodTrial) -> None:
    """It does not change what it is given."""
    changed = ", ".join([*trial.watched.changed, *_changed_when_asked(trial.fitted, trial.train)])
    need(not changed, f"changes its input ({changed}): work on a copy")


@_check(*_ANY)
def leaves_global_state_alone(trial: MethodTrial) -> None:
    """It neither seeds nor draws from the global generators."""
    touched = ", ".join(trial.watched.touched)
    need(
        not touched,
        f"changes the state of the global generators of {touched}: draw from rng, or give the library "
        "a generator of your own seeded with groupbench.core.seeding.integer(rng)",
    )


@_check(*_ANY)
def quiet(trial: MethodTrial) -> None:
    """It writes nothing to standard output, where tables and JSON go."""
    line = trial.watched.printed.strip().partition("\n")[0]
    need(not trial.watched.printed, f"writes to standard output ({line!r}): turn it off or use logging")


@_check(Recommender)
def user_order(trial: MethodTrial) -> None:
    """A user's scores do not depend on who else is asked for, in which order or how often."""
    fitted, users = trial.fitted, np.arange(trial.train.ratings.n_users)
    full = fitted.score(users.copy())
    asked = np.random.default_rng(0).integers(0, len(users), 50)
    need(close(fitted.score(asked.copy()), full[asked]), f"score(users) gives other rows {_ORDER}")
    blocks = np.concatenate([fitted.score(users[i : i + 5].copy()) for i in range(0, len(users), 5)])
    need(close(blocks, full), "score(users) gives other rows in blocks of 5: it must not depend on the block")
    if isinstance(fitted, ScoresPairs) and getattr(fitted, "same_pairs", False):
        items = np.tile(np.arange(full.shape[1]), (len(users), 1))
        same = np.array_equal(fitted.score_pairs(users.copy(), items), full)
        need(same, "score_pairs gives other numbers than score: leave `same_pairs = True` out")


@_check(GroupRecommender)
def group_order(trial: MethodTrial) -> None:
    """A group's scores do not depend on which other groups are asked for, or in which order."""
    fitted, groups = trial.fitted, trial.train.groups
    full = fitted.score_groups(groups)
    order = np.arange(len(groups))[::-1]
    need(
        close(fitted.score_groups(groups.take(order)), full[order]),
        f"score_groups(groups) gives other rows {_ORDER}",
    )
    blocks = [fitted.score_groups(groups.take(np.array([g]))) for g in range(len(groups))]
    need(
        close(np.concatenate(blocks), full),
        "score_groups(groups) gives other rows one group at a time: it must not depend on the block",
    )


@_check(GroupRecommender)
def member_order(trial: MethodTrial) -> None:
    """A group is a set: its scores do not depend on the order of its members."""
    fitted, groups = trial.fitted, trial.train.groups
    turned = Groups.from_lists([groups[g][::-1] for g in range(len(groups))], groups.ids)
    same = close(fitted.score_groups(turned), fitted.score_groups(groups))
    need(same, "score_groups depends on the order of the members: a group is a set of users")


@_check(GroupRecommender)
def cold_groups(trial: MethodTrial) -> None:
    """Groups without joint ratings get what `serves_cold_groups` promises."""
    verify_cold_groups(trial)


@_check(Method)
def refit(trial: MethodTrial) -> None:
    """A second fit starts afresh."""
    made = fit(trial.entry.create(), small_training(seed=1))
    again = everyone(fit(made, small_training()), trial.train)
    reproducible = equal(trial.scores, trial.watched.scores)
    need(
        equal(trial.scores, again) or not reproducible,
        "a second fit of the same instance differs from a first: fit must forget what it learned before",
    )


@_check(Method)
def bare_data(trial: MethodTrial) -> None:
    """Without features and joint ratings it works, or says what it misses: by `skip`, or in a typed error."""
    train, made = small_training(bare=True), trial.entry.create()
    if made.skip(train):
        return
    try:
        scores = everyone(fit(made, train), train)
    except GroupbenchError:
        return
    except Exception as error:
        raise MethodError(
            f"on data without features and joint ratings: {crash(error)}; "
            "do without them or raise a MethodError that names what is missing"
        ) from error
    need(scores.shape == trial.scores.shape, "without features or joint ratings the scores change shape")


@_check(*_ANY)
def other_process(trial: MethodTrial) -> None:
    """A fitted instance can be sent to another process and scores the same there."""
    scores = scores_elsewhere(trial.fitted, trial.entry.file)
    need(
        close(scores, trial.scores),
        "scores differently in another process: keep all it learned in its attributes, not in globals",
    )


_ORDER = "when asked in another order: a row must depend on its own index only"


def _changed_when_asked(fitted: object, train: TrainingData) -> list[str]:
    """The arrays into which a recommender of users writes when it is asked for scores, by name."""
    users = np.arange(train.ratings.n_users)
    items = np.tile(np.arange(train.ratings.n_items), (len(users), 1))
    asked = {"users": users.copy(), "items": items.copy()}
    if isinstance(fitted, Recommender):
        fitted.score(asked["users"])
    if isinstance(fitted, ScoresPairs):
        fitted.score_pairs(asked["users"], asked["items"])
    return [
        name for name, was in (("users", users), ("items", items)) if not np.array_equal(asked[name], was)
    ]


def _shaped(call: str, scores: Any, shape: tuple[int, ...]) -> None:
    need(isinstance(scores, np.ndarray), f"{call} gives a {type(scores).__name__}, not a numpy array")
    need(scores.shape == shape, f"{call} has shape {scores.shape}, not {shape}")
    need(scores.dtype == np.float64, f"{call} has dtype {scores.dtype}: convert with .astype('float64')")


def _cold(trial: MethodTrial) -> BoolArray:
    """Which of `trial.scores` belong to users, groups or items without training rows."""
    mask = np.zeros(trial.scores.shape, dtype=bool)
    if isinstance(trial.fitted, ReferenceRow):
        return mask
    mask[:, COLD_ITEMS] = True
    if isinstance(trial.fitted, Recommender):
        mask[COLD_USERS] = True
    if isinstance(trial.fitted, GroupRecommender):
        mask[-1] = True
    return mask


def _where(wrong: BoolArray) -> str:
    row, item = np.argwhere(wrong)[0] if wrong.any() else (0, 0)
    return f"the first is in row {row}, item {item}"
