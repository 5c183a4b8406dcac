"""Processes that train one network together: each computes its slice of every mini-batch.

All of them hold the same weights and draw the same random numbers. Gradients are summed over the process
group before every step, so that its losses are those of one process but for rounding. It is started here, by
`sharing`, or by torchrun around a program that fits a method.
"""

from __future__ import annotations

import atexit
import os
import signal
import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any

from groupbench.core.errors import GroupbenchError, MethodError
from groupbench.core.files import scratch
from groupbench.core.plugins import PluginsOf

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

    import numpy as np
    import torch
    from torch import Tensor

    from groupbench.models.recommender import Method, TrainingData

_PATIENCE = timedelta(hours=1)
"""How long a process waits for the others; once all have met, one that ended is noticed at once."""

_JOIN_SECONDS = 60.0
"""Seconds that the others have to end after the first."""

_EXIT_SECONDS = 5.0
"""Seconds in which a process that ended must be seen as ended."""

_n_processes = 1


@contextmanager
def sharing(n: int) -> Iterator[None]:
    """Let every `fit` in here that knows how share its training among `n` processes."""
    global _n_processes
    before, _n_processes = _n_processes, n
    try:
        yield
    finally:
        _n_processes = before


@dataclass(frozen=True)
class BatchSlice:
    """What one process computes of a mini-batch.

    Attributes:
        rows: its rows.
        of: rows of the whole mini-batch.
        weight: how much its loss counts; below 1 where every process computes all rows.
    """

    rows: slice
    of: int
    weight: float = 1.0


@dataclass(frozen=True)
class ProcessGroup:
    """This process and those that train together with it.

    Attributes:
        rank: number of this process; 0 decides, and writes the checkpoints.
        size: number of processes.
    """

    rank: int = 0
    size: int = 1

    @property
    def local_rank(self) -> int:
        """The number of this process among those on its machine."""
        return int(os.environ.get("LOCAL_RANK", self.rank))

    def slice_of(self, n: int) -> BatchSlice:
        """This process's rows of a mini-batch of `n`; all of them where there are fewer than two for each."""
        if n < 2 * self.size:
            return self.whole(n)
        return BatchSlice(slice(n * self.rank // self.size, n * (self.rank + 1) // self.size), n)

    def whole(self, n: int) -> BatchSlice:
        """All rows of a mini-batch of `n`, which every process computes and counts for its share."""
        return BatchSlice(slice(0, n), n, 1 / self.size)

    def all_reduce(self, tensors: Sequence[Tensor]) -> None:
        """Put the sums over all processes into `tensors`, which have the same shapes everywhere."""
        if self.size == 1:
            return
        import torch
        from torch import distributed

        flat = torch.cat([tensor.flatten() for tensor in tensors])
        distributed.all_reduce(flat)
        sums = torch.split(flat, [tensor.numel() for tensor in tensors])
        for tensor, total in zip(tensors, sums, strict=True):
            tensor.copy_(total.view_as(tensor))

    def sum_rows(self, gradient: Tensor) -> Tensor:
        """The sum over all processes of a sparse gradient, (n, width); only rows that it holds are sent."""
        if self.size == 1:
            return gradient
        import torch
        from torch import distributed

        gradient = gradient.coalesce()
        rows, values = gradient.indices()[0], gradient.values()
        counts = [torch.zeros(1, dtype=torch.int64, device=rows.device) for _ in range(self.size)]
        distributed.all_gather(counts, torch.tensor([len(rows)], device=rows.device))
        sizes, gathered = [int(count) for count in counts], []
        for part in (rows, values):
            padded = part.new_zeros(max(sizes), *part.shape[1:])
            padded[: len(part)] = part
            parts = [torch.empty_like(padded) for _ in sizes]
            distributed.all_gather(parts, padded)
            gathered.append(torch.cat([own[:size] for own, size in zip(parts, sizes, strict=True)]))
        index, sums = gathered
        return torch.sparse_coo_tensor(index[None], sums, gradient.shape, check_invariants=False).coalesce()

    def broadcast(self, value: float, device: torch.device) -> float:
        """The `value` of process 0 in all of them; `device` is where they compute."""
        if self.size == 1:
            return value
        import torch
        from torch import distributed

        sent = torch.tensor(value, dtype=torch.float64, device=device)
        distributed.broadcast(sent, src=0)
        return sent.item()


SINGLE = ProcessGroup()
"""One process without others."""


@contextmanager
def process_group(
    method: Method, train: TrainingData, rng: np.random.Generator, **options: Any
) -> Iterator[ProcessGroup]:
    """The processes that fit `method`, ready to train.

    Where `sharing` asks for more than one process, the others are started, and call `method.fit`
    with the same arguments. In one of those, and in a process of torchrun, this joins its process group.

    Args:
        method: the method as it is before `fit`.
        train: what it learns from.
        rng: all its randomness, nothing of it drawn yet.
        options: further arguments of `fit`.

    Raises:
        MethodError: if another process cannot start, or ends before its time.
    """
    from torch import distributed

    if distributed.is_available() and (distributed.is_initialized() or _by_torchrun()):
        yield ProcessGroup(distributed.get_rank(), distributed.get_world_size())
    elif _n_processes == 1:
        yield SINGLE
    else:
        with _started(method, train, rng, options) as group:
            yield group


def _by_torchrun() -> bool:
    """Join the group that torchrun started, for as long as this process lives; False without torchrun."""
    from torch import distributed

    if not distributed.is_torchelastic_launched():
        return False
    distributed.init_process_group(_backend(), timeout=_PATIENCE)
    atexit.register(distributed.destroy_process_group)
    return True


@contextmanager
def _started(
    method: Method, train: TrainingData, rng: np.random.Generator, options: Any
) -> Iterator[ProcessGroup]:
    import torch
    from torch import distributed, multiprocessing

    size, context = _n_processes, multiprocessing.get_context("spawn")
    with ExitStack() as stack:
        store = str(stack.enter_context(scratch("groupbench-processes-")) / "store")
        helpers: list[BaseProcess] = []
        stack.callback(_end, helpers)
        for rank in range(1, size):
            ready, sender = context.Pipe(duplex=False)
            address = (rank, size, store, torch.get_num_threads())
            sent = (sender, address, PluginsOf(type(method)), method, train, rng, options)
            helper: BaseProcess = context.Process(target=_help, args=sent, daemon=True)
            helper.start()
            helpers.append(helper)
            sender.close()
            _require_ready(ready, helper)
        try:
            _join(0, size, store)
            stack.callback(distributed.destroy_process_group)
            yield ProcessGroup(0, size)
        except RuntimeError as error:
            if reason := _why(helpers):
                raise MethodError(reason) from error
            raise
        for helper in helpers:
            helper.join(_JOIN_SECONDS)


def _help(
    sender: Connection,
    address: tuple[int, int, str, int],
    _: None,
    method: Method,
    train: TrainingData,
    rng: np.random.Generator,
    options: dict[str, Any],
) -> None:
    """What the other processes do: the same fit, as part of the process group."""
    import torch
    from torch import distributed

    rank, size, store, threads = address
    torch.set_num_threads(threads)
    sender.send_bytes(b"ready")
    _join(rank, size, store)
    # An error of the method is raised in all processes; process 0 reports it.
    with suppress(GroupbenchError):
        method.fit(train, rng=rng, **options)
    distributed.destroy_process_group()


def _join(rank: int, size: int, store: str) -> None:
    from torch import distributed

    loopback = next((name for _, name in socket.if_nameindex() if name.startswith("lo")), None)
    if loopback is not None:
        os.environ.setdefault("GLOO_SOCKET_IFNAME", loopback)
    distributed.init_process_group(
        _backend(), init_method=f"file://{store}", rank=rank, world_size=size, timeout=_PATIENCE
    )


def _backend() -> str:
    import torch
    from torch import distributed

    both = torch.cuda.is_available() and distributed.is_nccl_available()
    return "cpu:gloo,cuda:nccl" if both else "gloo"


def _require_ready(ready: Connection, helper: BaseProcess) -> None:
    with ready:
        try:
            ready.recv_bytes()
        except EOFError:
            helper.join()
            raise MethodError(_why([helper])) from None


def _why(helpers: Sequence[BaseProcess]) -> str:
    """Which of the other processes ended before its time, or nothing."""
    ended = wait([helper.sentinel for helper in helpers], timeout=_EXIT_SECONDS)
    codes = {}
    for rank, helper in enumerate(helpers, 1):
        if helper.sentinel in ended:
            helper.join()
            codes[rank] = helper.exitcode or 0
    # One that was killed takes the others along.
    for rank, code in sorted(codes.items(), key=lambda item: item[1]):
        if code:
            how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"left with status {code}"
            return f"training worker {rank} {how}; look into the log, and for memory that ran out"
    return ""


def _end(helpers: Sequence[BaseProcess]) -> None:
    for helper in helpers:
        if helper.is_alive():
            helper.kill()
        helper.join()
