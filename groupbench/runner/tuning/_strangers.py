"""Journals that a stranger wrote: Optuna reads what is there without looking."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial


def require_trials(frozen: Sequence[FrozenTrial], space: Mapping[str, BaseDistribution]) -> None:
    """Raise a `ValueError` unless these are trials of a space, as `TrialJournal.settle` writes them."""
    for trial in frozen:
        values = [*trial.intermediate_values.values(), *(trial.values or [])]
        seconds, reason = trial.user_attrs.get("seconds"), trial.user_attrs.get("reason")
        known = trial.params.keys() == space.keys() and all(
            space[name]._contains(space[name].to_internal_repr(value)) for name, value in trial.params.items()
        )
        if trial.state.name not in ("COMPLETE", "PRUNED", "FAIL") or not known:
            raise ValueError(f"trial {trial.number} is none of this space")
        if not all(isinstance(value, float | int) and math.isfinite(value) for value in values):
            raise ValueError(f"trial {trial.number} has values that are no numbers")
        if not isinstance(seconds, float | int) or not 0 <= seconds < math.inf or not isinstance(reason, str):
            raise ValueError(f"trial {trial.number} does not say how long it took, or why it failed")
        if trial.state.name == "COMPLETE" and not trial.intermediate_values:
            raise ValueError(f"trial {trial.number} succeeded without a value")
