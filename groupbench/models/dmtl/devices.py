"""Where torch computes, and its random streams while it does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import torch

from groupbench.core.errors import MethodError
from groupbench.models.distributed import SINGLE, ProcessGroup


def choose(device: Literal["auto", "cpu", "cuda"], team: ProcessGroup = SINGLE) -> tuple[torch.device, str]:
    """The device to use, and a sentence where it is not the one that was asked for (else empty).

    Raises:
        MethodError: if the team has more processes on this machine than there are GPUs.
    """
    if device == "cpu":
        return torch.device("cpu"), ""
    if torch.cuda.is_available():
        if team.place >= torch.cuda.device_count():
            raise MethodError(
                f"DMTL: {torch.cuda.device_count()} GPUs for more training workers; start as many, or "
                "set device=cpu"
            )
        if team.size > 1:
            torch.cuda.set_device(team.place)
        return torch.device("cuda"), ""
    missing = "device=cuda, but torch finds no GPU: computed on the CPU" if device == "cuda" else ""
    return torch.device("cpu"), missing


@contextmanager
def seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Start torch's default generators at `seed`, and put them back as they were afterwards."""
    devices = [torch.cuda.current_device()] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        restart(seed, device)
        yield


def restart(seed: int, device: torch.device) -> None:
    """Start the generators of the CPU and of `device` at `seed`."""
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        torch.cuda.manual_seed(seed)


def generator_states(device: torch.device) -> dict[str, torch.Tensor]:
    """The states of the generators of the CPU and of `device`, by name."""
    states = {"cpu": torch.default_generator.get_state()}
    return states | ({"cuda": torch.cuda.get_rng_state(device)} if device.type == "cuda" else {})


def restore_generators(states: dict[str, torch.Tensor], device: torch.device) -> None:
    """Put the generators in `states`, as `generator_states` returns them."""
    torch.default_generator.set_state(states["cpu"])
    if "cuda" in states:
        torch.cuda.set_rng_state(states["cuda"], device)
