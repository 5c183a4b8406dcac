"""Fitted DMTL models as safetensors files."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from groupbench.models.dmtl.features import NetworkInputs, Side
from groupbench.models.dmtl.fit import LossRecord
from groupbench.models.dmtl.hyperparameters import Hyperparameters
from groupbench.models.dmtl.network import DMTLNetwork
from groupbench.models.tensor_files import read_tensors, reading, write_tensors

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

FORMAT = "groupbench-dmtl-1"
"""Changes whenever a model of an earlier version cannot be read any more."""


class FittedModel(NamedTuple):
    """All that a fitted DMTL is.

    Attributes:
        made: its hyperparameters.
        network: with all weights and inputs.
        history: the losses of each epoch.
        notices: what the fit had to tell.
    """

    made: Hyperparameters
    network: DMTLNetwork
    history: list[LossRecord]
    notices: tuple[str, ...]


def write_model(path: Path, model: FittedModel) -> None:
    """Write a fitted model: all weights and inputs, with hyperparameters, losses and notices beside them.

    Raises:
        ResultError: if the file cannot be written.
    """
    network = model.network
    about = {
        "hyperparameters": asdict(model.made),
        "history": model.history,
        "notices": model.notices,
        "mean": network.mean,
        "n_groups": network.n_groups,
    }
    write_tensors(path, {**dict(network.named_buffers()), **network.state_dict()}, about, FORMAT)


def read_model(path: Path) -> FittedModel:
    """Read what `write_model` wrote; the network is on the CPU.

    Raises:
        ResultError: if the file is missing, or is no such model.
    """
    tensors, about = read_tensors(path, FORMAT)
    with reading(path):
        return _put_together(tensors, about)


def _put_together(tensors: dict[str, Tensor], about: dict[str, Any]) -> FittedModel:
    made = Hyperparameters(**about["hyperparameters"])
    network = DMTLNetwork(_inputs(tensors, about), made)
    network.load_state_dict({name: tensors[name] for name in network.state_dict()})
    history = [LossRecord(*epoch) for epoch in about["history"]]
    return FittedModel(made, network.eval(), history, tuple(about["notices"]))


def _inputs(tensors: dict[str, Tensor], about: dict[str, Any]) -> NetworkInputs:
    pairs = tensors.get("users.history.pairs")
    return NetworkInputs(
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
