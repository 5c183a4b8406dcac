"""What a job takes of the machine it runs on, for schedulers that share machines out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from groupbench.core import registry

if TYPE_CHECKING:
    from groupbench.runner.job import Job

COPIES = 10
"""How often a job may hold its data set at a time: split, as matrices, as what a method makes of it."""

_GIB = 2**30


@dataclass(frozen=True)
class Needs:
    """What must be free where a job starts.

    Attributes:
        cpus: cores.
        gpus: graphics processors.
        memory: bytes.
    """

    cpus: int
    gpus: int
    memory: int

    def __str__(self) -> str:
        gpus = f" and {self.gpus} GPU" if self.gpus else ""
        return f"{self.cpus} CPU, {self.memory / _GIB:.1f} GiB of memory{gpus}"


def needs(job: Job, threads: int, data: int) -> Needs:
    """A core a thread, the `memory_gib` of the method and that for the data set, and a GPU for `device=cuda`.

    Each training worker takes as much.

    Args:
        job: the job.
        threads: threads of its process, unless it is held to one.
        data: bytes of its data set.
    """
    entry = registry.methods[job.method]
    device = {**entry.parameters(), **job.overrides}.get("device")
    own = float(getattr(entry.make, "memory_gib", 1.0))
    return Needs(
        cpus=(1 if job.one_thread else threads) * job.train_workers,
        gpus=int(device == "cuda") * job.train_workers,
        memory=(int(own * _GIB) + COPIES * data) * job.train_workers,
    )
