"""What runs the jobs: processes of this machine, or a cluster; all else is the same."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from groupbench.core.errors import ConfigError
from groupbench.runner import pool

if TYPE_CHECKING:
    from groupbench.data.dataset import Dataset
    from groupbench.runner.config import Config
    from groupbench.runner.job import Job


class Executor(Protocol):
    """Does jobs, whatever becomes of the processes that do them, and writes the records of those it did."""

    def capacity(self, threads: int) -> int:
        """How many jobs with so many threads it does at a time, by default."""

    def run(
        self, jobs: Sequence[Job], *, workers: int | None, threads: int, timeout: float
    ) -> Generator[Job | pool.JobOutcome, None, None]:
        """Yield each job when it starts and its outcome when it ends; closing ends what is running.

        Args:
            jobs: in the order in which to start them; what the caller adds to a deque meanwhile is run too.
            workers: jobs at a time; None for as many as it has capacity for.
            threads: BLAS and OpenMP threads of each job, but for those that are held to one.
            timeout: seconds after which a job is ended.
        """


@dataclass(frozen=True)
class Local:
    """This machine.

    Attributes:
        loaded: the data sets by the name they were asked for.
    """

    loaded: Mapping[str, Dataset]

    capacity = staticmethod(pool.capacity)

    def run(
        self, jobs: Sequence[Job], *, workers: int | None, threads: int, timeout: float
    ) -> Generator[Job | pool.JobOutcome, None, None]:
        """Run jobs in processes, as of `pool.run_jobs`."""
        return pool.run_jobs(jobs, workers=workers, threads=threads, timeout=timeout, loaded=self.loaded)


def at_a_time(config: Config, executor: Executor) -> int | None:
    """Jobs at a time, fewer where each has several training workers; None for the executor's capacity."""
    if config.jobs is None and config.train_workers > 1:
        return max(1, executor.capacity(config.threads) // config.train_workers)
    return config.jobs


@contextmanager
def open_executor(config: Config, loaded: Mapping[str, Dataset]) -> Iterator[Executor]:
    """The executor that `config` asks for, ready to run jobs.

    Args:
        config: names the executor.
        loaded: the data sets by the name they were asked for, which processes need not load again.

    Raises:
        ConfigError: if there is no such cluster, or an address for this machine.
    """
    if config.executor == "ray":
        from groupbench.runner import ray

        with ray.connected(config.address) as module:
            yield ray.Cluster(module, loaded)
    elif config.address is not None:
        raise ConfigError(f"address={config.address}: this is for a cluster; add --executor ray")
    else:
        yield Local(loaded)
