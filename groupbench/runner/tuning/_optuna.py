"""The trials of one method, kept in a journal: a kill at any moment loses the trial in progress at most."""

from __future__ import annotations

import fcntl
import math
import os
import statistics
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, cast

from groupbench.core.errors import ResultError
from groupbench.core.files import open_own
from groupbench.core.hyperparameters import Choice, Domain, Range
from groupbench.core.seeding import generator, integer
from groupbench.results import store

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial

Status = Literal["done", "pruned", "failed"]

_STATES: dict[str, Status] = {"COMPLETE": "done", "PRUNED": "pruned", "FAIL": "failed"}

FEW = 5
"""Trials that must have come as far before another one can be given up for being worse than their median."""

ATTEMPTS = 20
"""Settings that are drawn before one that was tried already is tried again."""


@dataclass(frozen=True)
class TuningTrial:
    """One setting and how it fared.

    Attributes:
        hyperparameters: the values that were tried.
        status: `done`, `pruned` (given up early) or `failed`.
        values: the metric in each repeat that was run.
        seconds: wall-clock seconds.
        reason: why it failed.
    """

    hyperparameters: Mapping[str, object]
    status: Status
    values: Sequence[float]
    seconds: float
    reason: str = ""

    @property
    def mean(self) -> float:
        """The mean of the values."""
        return statistics.fmean(self.values)


class TrialJournal:
    """Asks for settings and keeps what became of them; the same trials lead to the same next question.

    Settings come from a tree-structured Parzen estimator (Bergstra et al., NeurIPS 2011; Optuna's
    `TPESampler`), the first one from the defaults. Only settled trials are written, each as one line, and
    the random numbers of a trial depend on its number alone: an interrupted study goes on as if it had not
    been interrupted.

    Args:
        file: the journal; one process at a time may use it.
        name: names the study within the journal; to be another one where the question is another one.
        space: where each hyperparameter may lie.
        defaults: the first setting, a value for each of them.
        stream: what the random numbers depend on.
        lower_is_better: whether the metric is an error.

    Raises:
        ResultError: if the journal cannot be used.
    """

    def __init__(
        self,
        file: Path,
        name: str,
        space: Mapping[str, Domain],
        defaults: Mapping[str, object],
        *,
        stream: Sequence[str | int],
        lower_is_better: bool,
    ) -> None:
        self._space, self._defaults, self._stream = space, dict(defaults), tuple(stream)
        self._distributions = {name: _distribution(domain) for name, domain in space.items()}
        self._sign = 1.0 if lower_is_better else -1.0
        self._direction: Literal["minimize", "maximize"] = "minimize" if lower_is_better else "maximize"
        self._lock = _locked(file)
        try:
            with _quiet():
                self._journal = self._opened(file, name)
                self._frozen: list[FrozenTrial] = self._journal.get_trials()
                _require_trials(self._frozen, self._distributions)
        except Exception as error:
            # Optuna reads what is there without looking: whatever it stumbles over, the file is no journal.
            self.close()
            why = " ".join(str(error).split())[:200] or type(error).__name__
            raise ResultError(f"{file} is no journal of trials ({why}); delete it") from error

    @property
    def trials(self) -> list[TuningTrial]:
        """All settled trials, in order."""
        return [_trial(frozen) for frozen in self._frozen]

    def close(self) -> None:
        """Let another process use the journal."""
        self._lock.close()

    def ask(self) -> dict[str, object]:
        """The next setting to try: a new one, unless the space is so small that none is found."""
        if not self._frozen:
            return dict(self._defaults)
        tried = [trial.hyperparameters for trial in self.trials]
        for attempt in range(ATTEMPTS):
            setting = self._sample(integer(generator(*self._stream, len(tried), attempt)))
            if setting not in tried:
                break
        return setting

    def settle(self, trial: TuningTrial) -> None:
        """Keep a trial; it is on disk when this returns."""
        from optuna.trial import TrialState, create_trial

        states = {"done": TrialState.COMPLETE, "pruned": TrialState.PRUNED, "failed": TrialState.FAIL}
        self._journal.add_trial(
            create_trial(
                state=states[trial.status],
                value=trial.mean if trial.status == "done" else None,
                params=dict(trial.hyperparameters),
                distributions=self._distributions,
                intermediate_values=dict(enumerate(trial.values)),
                user_attrs={"seconds": trial.seconds, "reason": trial.reason},
            )
        )
        self._frozen = self._journal.get_trials()

    def prunable(self, values: Sequence[float]) -> bool:
        """Whether a trial with these values so far does worse than the median trial did by then.

        Repeats differ in how hard they are, so means over the same repeats are compared.
        """
        n = len(values)
        others = [statistics.fmean(t.values[:n]) for t in self.trials if len(t.values) >= n]
        return len(others) >= FEW and self._cost(statistics.fmean(values)) > statistics.median(
            map(self._cost, others)
        )

    def best(self, n_trials: int) -> TuningTrial | None:
        """The best of the first `n_trials`, the earlier of equals; None if all failed."""
        done = [trial for trial in self.trials[:n_trials] if trial.status == "done"]
        return min(done, key=lambda trial: self._cost(trial.mean), default=None)

    def _sample(self, seed: int) -> dict[str, object]:
        import optuna

        with _quiet():
            sampler = optuna.samplers.TPESampler(seed=seed, multivariate=True)
            past = optuna.create_study(direction=self._direction, sampler=sampler)
            past.add_trials(self._frozen)
            sampled = past.ask(self._distributions).params
        return {name: _rounded(sampled[name], domain) for name, domain in self._space.items()}

    def _cost(self, value: float) -> float:
        return self._sign * value

    def _opened(self, file: Path, name: str) -> Any:
        import optuna
        from optuna.storages.journal import JournalFileBackend

        storage = optuna.storages.JournalStorage(JournalFileBackend(str(file), lock_obj=cast(Any, _NoLock())))
        if name in optuna.get_all_study_names(storage):
            return optuna.load_study(study_name=name, storage=storage)
        return optuna.create_study(study_name=name, storage=storage, direction=self._direction)


class _NoLock:
    """The lock that the journal asks for at each line: this process holds one from beginning to end."""

    def acquire(self) -> bool:
        return True

    def release(self) -> None:
        return


def _locked(file: Path) -> BinaryIO:
    """The journal, locked until this is closed; a line that a kill tore is cut off."""
    try:
        store.make_own(file.parent)
        handle = os.fdopen(open_own(file, os.O_WRONLY | os.O_APPEND), "ab")
    except OSError as error:
        why = error.strerror
        raise ResultError(f"cannot write {file}: {why}; choose another --results folder") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        handle.close()
        raise ResultError(
            f"{file} is in use by another 'groupbench tune'; wait for it, or choose another --results folder"
        ) from error
    handle.truncate(file.read_bytes().rfind(b"\n") + 1)
    return handle


def _require_trials(frozen: Sequence[FrozenTrial], space: Mapping[str, BaseDistribution]) -> None:
    """Raise a `ValueError` unless these are trials of a space, as `TrialJournal.settle` writes them."""
    for trial in frozen:
        values = [*trial.intermediate_values.values(), *(trial.values or [])]
        seconds, reason = trial.user_attrs.get("seconds"), trial.user_attrs.get("reason")
        known = trial.params.keys() == space.keys() and all(
            space[name]._contains(space[name].to_internal_repr(value)) for name, value in trial.params.items()
        )
        if trial.state.name not in _STATES or not known:
            raise ValueError(f"trial {trial.number} is none of this space")
        if not all(isinstance(value, float | int) and math.isfinite(value) for value in values):
            raise ValueError(f"trial {trial.number} has values that are no numbers")
        if not isinstance(seconds, float | int) or not 0 <= seconds < math.inf or not isinstance(reason, str):
            raise ValueError(f"trial {trial.number} does not say how long it took, or why it failed")
        if trial.state.name == "COMPLETE" and not trial.intermediate_values:
            raise ValueError(f"trial {trial.number} succeeded without a value")


def _distribution(domain: Domain) -> BaseDistribution:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(domain, Choice):
        return CategoricalDistribution(domain.values)
    if domain.whole:
        return IntDistribution(int(domain.low), int(domain.high), log=domain.log)
    return FloatDistribution(domain.low, domain.high, log=domain.log)


def _rounded(value: Any, domain: Domain) -> Any:
    """Four significant digits are enough, and can be read."""
    if not isinstance(domain, Range) or domain.whole or value == 0:
        return value
    short = round(value, 3 - math.floor(math.log10(abs(value))))
    return min(max(short, domain.low), domain.high)


def _trial(frozen: FrozenTrial) -> TuningTrial:
    values = [frozen.intermediate_values[step] for step in sorted(frozen.intermediate_values)]
    facts = frozen.user_attrs
    return TuningTrial(frozen.params, _STATES[frozen.state.name], values, facts["seconds"], facts["reason"])


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Optuna's log lines, and its notes on what it calls experimental, from the user's screen."""
    import optuna

    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield
    finally:
        optuna.logging.set_verbosity(before)
