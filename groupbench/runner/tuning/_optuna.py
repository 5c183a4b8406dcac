"""The trials of one method, kept in a journal: a kill at any moment loses the trial in progress at most."""

from __future__ import annotations

import fcntl
import math
import os
import statistics
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, cast

from groupbench.core.errors import ResultError
from groupbench.core.files import open_own
from groupbench.core.hyperparameters import Domain
from groupbench.core.seeding import generator, integer
from groupbench.results import store
from groupbench.runner.tuning._distributions import distribution, rounded
from groupbench.runner.tuning._strangers import require_trials
from groupbench.runner.tuning._trial import Status, TuningTrial

if TYPE_CHECKING:
    from optuna.study import Study
    from optuna.trial import FrozenTrial

_STATES: dict[str, Status] = {"COMPLETE": "done", "PRUNED": "pruned", "FAIL": "failed"}

FEW = 5
"""Trials that must have come as far before another one can be given up for being worse than their median."""

ATTEMPTS = 20
"""Settings that are drawn before one that was tried already is tried again."""


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
        self._distributions = {name: distribution(domain) for name, domain in space.items()}
        self._sign = 1.0 if lower_is_better else -1.0
        self._direction: Literal["minimize", "maximize"] = "minimize" if lower_is_better else "maximize"
        self._file = file
        self._lock = _locked(file)
        try:
            with _quiet():
                self._journal = self._opened(file, name)
                require_trials(self._journal.get_trials(), self._distributions)
                self._n_before = len(self._journal.get_trials())
                self._frozen, self._pending = self._settled()
                self._study(seed=0)  # Refuses what Optuna could not sample by.
        except OSError as error:
            self.close()
            raise ResultError(
                f"cannot use {file}: {error.strerror or error}; free space or choose another --results folder"
            ) from error
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
        tried = [trial.hyperparameters for trial in self.trials]
        if self._pending:
            return dict(self._pending[0].params)
        if not tried:
            return dict(self._defaults)
        for attempt in range(ATTEMPTS):
            setting = self._sample(integer(generator(*self._stream, len(tried), attempt)))
            if setting not in tried:
                break
        return setting

    def settle(self, trial: TuningTrial) -> None:
        """Keep a trial; it is on disk when this returns."""
        try:
            self._add(trial)
        except OSError as error:
            raise ResultError(
                f"cannot write {self._file}: {error.strerror or error}; free space and call it again"
            ) from error

    def _add(self, trial: TuningTrial) -> None:
        from optuna.trial import TrialState, create_trial

        states = {"done": TrialState.COMPLETE, "pruned": TrialState.PRUNED, "failed": TrialState.FAIL}
        self._journal.add_trial(
            create_trial(
                state=states[trial.status],
                value=trial.mean if trial.status == "done" else None,
                params=dict(trial.hyperparameters),
                distributions=self._distributions,
                intermediate_values=dict(enumerate(trial.values)),
                user_attrs={"seconds": trial.seconds, "reason": trial.reason, "again": trial.again},
            )
        )
        self._frozen, self._pending = self._settled()

    @property
    def lost_seconds(self) -> float:
        """Wall-clock seconds of trials that do not count, because they were or are to be made again."""
        counted = {frozen.number for frozen in self._frozen}
        others = [frozen for frozen in self._journal.get_trials() if frozen.number not in counted]
        return math.fsum(frozen.user_attrs["seconds"] for frozen in others)

    def _settled(self) -> tuple[list[FrozenTrial], list[FrozenTrial]]:
        """The trials that count, a repeated one in its first place, and those that are to be made again."""
        latest: list[tuple[int, FrozenTrial]] = []
        for number, frozen in enumerate(self._journal.get_trials()):
            places = [i for i, (_, other) in enumerate(latest) if _is_to_repeat(other, frozen)]
            if places:
                latest[places[0]] = number, frozen
            else:
                latest.append((number, frozen))
        left = [(number < self._n_before and _again(frozen), frozen) for number, frozen in latest]
        return [frozen for again, frozen in left if not again], [frozen for again, frozen in left if again]

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
        with _quiet():
            sampled = self._study(seed).ask(self._distributions).params
        return {name: rounded(sampled[name], domain) for name, domain in self._space.items()}

    def _study(self, seed: int) -> Study:
        """The settled trials in memory, to sample by."""
        import optuna

        sampler = optuna.samplers.TPESampler(seed=seed, multivariate=True)
        study = optuna.create_study(direction=self._direction, sampler=sampler)
        study.add_trials(self._frozen)
        return study

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


def _trial(frozen: FrozenTrial) -> TuningTrial:
    values = [frozen.intermediate_values[step] for step in sorted(frozen.intermediate_values)]
    facts = frozen.user_attrs
    known = float(facts["seconds"]), str(facts["reason"]), _again(frozen)
    return TuningTrial(frozen.params, _STATES[frozen.state.name], values, *known)


def _again(frozen: FrozenTrial) -> bool:
    return bool(frozen.user_attrs.get("again", False))


def _is_to_repeat(earlier: FrozenTrial, later: FrozenTrial) -> bool:
    return _again(earlier) and earlier.params == later.params


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
