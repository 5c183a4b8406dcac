"""DMTL on disk: fitted models, and the states of unfinished fits, as safetensors files."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from groupbench.core.errors import MethodError, ResultError
from groupbench.models.dmtl.devices import generator_states, restore_generators
from groupbench.models.dmtl.features import Inputs, Side
from groupbench.models.dmtl.losses import Epoch
from groupbench.models.dmtl.network import Network

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from groupbench.models.dmtl.recommender import DMTL
    from groupbench.models.dmtl.training import Trainer

M = TypeVar("M", bound="DMTL")

FORMAT = "groupbench-dmtl-1"
"""Changes whenever a model of an earlier version cannot be read any more."""


def write_model(path: Path, model: DMTL) -> None:
    """Write a fitted model: all weights and inputs, with hyperparameters, losses and notices beside them.

    Raises:
        ResultError: if the file cannot be written.
    """
    network = model._network
    about = {
        "hyperparameters": {f.name: getattr(model, f.name) for f in fields(model) if f.init},
        "history": model.history,
        "notices": model.notices,
        "mean": network.mean,
        "n_groups": network.n_groups,
    }
    _write(path, network.state_dict(), about)


def read_model(path: Path, make: type[M]) -> M:
    """Read what `write_model` wrote.

    Raises:
        ResultError: if the file is missing, or is no such model.
    """
    from groupbench.models.dmtl.devices import choose
    from groupbench.models.dmtl.fit import architecture

    tensors, about = _read(path)
    model = make(**about["hyperparameters"])
    made = architecture(model)
    network = Network(_inputs(tensors, about), made)
    network.load_state_dict(tensors)
    model._network = network.eval().to(choose(model.device)[0])
    model.history = [Epoch(*epoch) for epoch in about["history"]]
    model.notices = tuple(about["notices"])
    return model


def fingerprint(trainer: Trainer) -> str:
    """sha256 over all that a fit hangs on, its first weights included."""
    digest = hashlib.sha256(repr((trainer.schedule, trainer.network.made)).encode())
    states = generator_states(trainer.rows.values.device)
    parts = [*trainer.network.state_dict().values(), *trainer.rows, trainer.groups, *states.values()]
    for part in [*parts, *(trainer.validation or ())]:
        digest.update(part.detach().cpu().numpy().tobytes())
    return digest.hexdigest()


def write_trainer(path: Path, trainer: Trainer, mark: str) -> None:
    """Write the state of a fit after an epoch; `mark` is the `fingerprint` it had before the first one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    tensors = {f"{kind}.{name}": t for kind, part in _parts(trainer).items() for name, t in part.items()}
    about = {"mark": mark, "steps": trainer.steps, "history": trainer.history}
    _write(path, tensors, about)


def restore_trainer(path: Path, trainer: Trainer, mark: str) -> None:
    """Go back to the state that `write_trainer` wrote.

    Raises:
        MethodError: if the state is of a fit with another `mark`.
        ResultError: if the file is no such state.
    """
    tensors, about = _read(path)
    if about["mark"] != mark:
        raise MethodError(
            f"checkpoint {path} is of other data, hyperparameters or seed; remove it or use another folder"
        )
    parts: dict[str, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        kind, _, name = key.partition(".")
        parts.setdefault(kind, {})[name] = tensor
    trainer.steps = about["steps"]
    trainer.history = [Epoch(*epoch) for epoch in about["history"]]
    device = trainer.rows.values.device
    restore_generators(parts["generator"], device)
    with torch.no_grad():
        trainer.log_variances.copy_(parts["fit"]["log_variances"])
        for kind in ("weight", "average", "best"):
            for name, held in _parts(trainer)[kind].items():
                held.copy_(parts[kind][name])
    state = trainer.optimizer.state_dict()
    for key, tensor in parts.get("adam", {}).items():
        index, _, name = key.partition(".")
        state["state"].setdefault(int(index), {})[name] = tensor
    trainer.optimizer.load_state_dict(state)


def _parts(trainer: Trainer) -> dict[str, dict[str, Tensor]]:
    """The tensors that a fit goes on from, by kind and name."""
    adam = trainer.optimizer.state_dict()["state"]
    return {
        "weight": {name: p.detach() for name, p in trainer.network.named_parameters()},
        "average": trainer.averages,
        "best": trainer.best,
        "fit": {"log_variances": trainer.log_variances.detach()},
        "adam": {f"{i}.{name}": t for i, state in adam.items() for name, t in state.items()},
        "generator": generator_states(trainer.rows.values.device),
    }


def _inputs(tensors: dict[str, Tensor], about: dict[str, Any]) -> Inputs:
    """Inputs of the right sizes for a network whose values are loaded afterwards."""
    pairs = tensors.get("users.history.pairs")
    return Inputs(
        users=_side(tensors, "users"),
        items=_side(tensors, "items"),
        mean=about["mean"],
        pairs=np.empty((2, 0), dtype=np.int64) if pairs is None else pairs.numpy(),
        members=tensors["members"].numpy(),
        n_groups=about["n_groups"],
    )


def _side(tensors: dict[str, Tensor], name: str) -> Side:
    biases = tensors[f"{name}.biases"].numpy()
    return Side(tensors[f"{name}.features"].numpy(), biases, np.ones(len(biases), dtype=bool))


def _write(path: Path, tensors: dict[str, Tensor], about: dict[str, Any]) -> None:
    draft = path.with_name(path.name + ".part")
    kept = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    try:
        save_file(kept, draft, {"format": FORMAT, "about": json.dumps(about)})
        os.replace(draft, path)
    except (OSError, SafetensorError) as error:
        raise ResultError(f"cannot write {path}: {error}; choose another place") from error


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    try:
        with safe_open(path, "pt") as file:
            known = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
    except (OSError, SafetensorError) as error:
        raise ResultError(f"cannot read {path}: {error}; give a file that DMTL wrote") from error
    if known.get("format") != FORMAT:
        raise ResultError(f"{path} is no DMTL of this version ({FORMAT}); fit and save it again")
    return tensors, json.loads(known["about"])
