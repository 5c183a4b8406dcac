"""Where torch computes, and its random streams while it does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Literal

import torch

from groupbench.core.errors import MethodError
from groupbench.models.distributed import SINGLE, ProcessGroup


def choose(
    device: Literal["auto", "cpu", "cuda"], group: ProcessGroup = SINGLE, method: str = "DMTL"
) -> tuple[torch.device, str]:
    """The device to use, and a sentence where it is not the one that was asked for (else empty).

    Args:
        device: what was asked for.
        group: the processes that train together.
        method: what errors name.

    Raises:
        MethodError: if the group has more processes on this machine than there are GPUs.
    """
    if device == "cpu":
        return torch.device("cpu"), ""
    if torch.cuda.is_available():
        if group.local_rank >= torch.cuda.device_count():
            raise MethodError(
                f"{method}: {torch.cuda.device_count()} GPUs for more training workers; start as many, or "
                "set device=cpu"
            )
        if group.size > 1:
            torch.cuda.set_device(group.local_rank)
        return torch.device("cuda"), ""
    missing = "device=cuda, but torch finds no GPU: computed on the CPU" if device == "cuda" else ""
    return torch.device("cpu"), missing


@contextmanager
def default_device(device: torch.device) -> Iterator[None]:
    """Let torch make new tensors on `device`; for the CPU, where it does so anyway, at no cost per call."""
    with nullcontext() if device.type == "cpu" else device:
        yield


@contextmanager
def seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Start torch's default generators at `seed`, and put them back as they were afterwards."""
    devices = [torch.cuda.current_device()] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.default_generator.manual_seed(seed)
        if device.type == "cuda":
            torch.cuda.manual_seed(seed)
        yield


def generator_states(device: torch.device) -> dict[str, torch.Tensor]:
    """The states of the generators of the CPU and of `device`, by name."""
    states = {"cpu": torch.default_generator.get_state()}
    return states | ({"cuda": torch.cuda.get_rng_state(device)} if device.type == "cuda" else {})


def restore_generators(states: dict[str, torch.Tensor], device: torch.device) -> None:
    """Put the generators in `states`, as `generator_states` returns them."""
    torch.default_generator.set_state(states["cpu"])
    if "cuda" in states:
        torch.cuda.set_rng_state(states["cuda"], device)


@contextmanager
def repeatable_sums(device: torch.device) -> Iterator[None]:
    """Let several threads add up in a fixed order, so that a fit can be repeated; one thread does anyway.

    A GPU adds up as it comes.
    """
    before = (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
    )
    torch.use_deterministic_algorithms(before[0] or (device.type == "cpu" and torch.get_num_threads() > 1))
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before[0], warn_only=before[1])
