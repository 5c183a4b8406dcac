"""How far a run is, shown in a notebook; elsewhere nothing is shown."""

from __future__ import annotations

import html
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from groupbench.runner.job import Job
    from groupbench.runner.pool import JobOutcome


class NotebookProgress:
    """A bar below the cell that runs: how many jobs ended and failed, and which one was last told of."""

    def __init__(self) -> None:
        self._shown: Any = None
        self._ended = self._total = self._failed = 0
        self._last = ""

    def report(self, event: Job | JobOutcome, ended: int, total: int) -> None:
        """Take note of a job that started or ended, as of `groupbench.runner.run.start`."""
        from groupbench.runner.job import Job

        if not _in_notebook():
            return
        job = event if isinstance(event, Job) else event.job
        if not isinstance(event, Job):
            self._failed += event.status != "done"
        self._ended, self._total = ended, total
        self._last = f"{job.dataset}  {job.label}  seed {job.seed}" if ended < total else ""
        if self._shown is None:
            display: Any = import_module("IPython.display")
            self._shown = display.DisplayHandle()
            self._shown.display(self)
        else:
            self._shown.update(self)

    def __repr__(self) -> str:
        failed = f", {self._failed} failed" if self._failed else ""
        return f"{self._ended} of {self._total} jobs{failed}  {self._last}".rstrip()

    def _repr_html_(self) -> str:
        return f'<progress value="{self._ended}" max="{self._total}"></progress> {html.escape(repr(self))}'


def _in_notebook() -> bool:
    """Whether a kernel of Jupyter runs this; IPython is not imported to find out."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return getattr(shell, "kernel", None) is not None
