"""How long work is shown: plain lines that stay, and on a terminal a bar and a few live ones below them."""

from __future__ import annotations

import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable
from datetime import timedelta
from threading import Lock
from typing import Self, TextIO

from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from groupbench.cli._time_left import Left
from groupbench.core.text import drawing_on, one_line, visible

PULSE = 60.0
"""Seconds between two lines that tell a log, which has no live ones, how far the work is."""


class Display(ABC):
    """Prints lines; on a terminal it shows below them what runs, what is left, and what is best so far.

    A log, and a terminal that cannot move its cursor, gets plain lines alone: now and then one that says how
    far the work is, which begins with `progress:`.

    Args:
        quiet: whether to print nothing.
        stream: where to print; standard output by default.
    """

    def __init__(self, *, quiet: bool = False, stream: TextIO | None = None) -> None:
        self._quiet, self._stream = quiet, stream or sys.stdout
        self._began = self._pulsed = time.monotonic()
        self._bar: _Bar | None = None
        self._lock = Lock()

    def __enter__(self) -> Self:
        console = Console(file=drawing_on(self._stream))
        if not self._quiet and console.is_terminal and not console.is_dumb_terminal:
            self._bar = _Bar(self, console)
            self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.stop()
        self._bar = None

    def tell(self, line: str) -> None:
        """Print a line, unless asked to be quiet."""
        if self._quiet:
            return
        if self._bar is None:
            print(visible(line), file=self._stream, flush=True)
        else:
            self._bar.console.print(visible(line), markup=False, highlight=False, soft_wrap=True)

    @property
    def live(self) -> bool:
        """Whether it is shown on a terminal, with lines that move."""
        return self._bar is not None

    def pulse(self) -> None:
        """Show how far the work is; a log is told now and then. To be called at every event."""
        now = time.monotonic()
        if self._bar is not None:
            self._bar.refresh()
        elif now - self._pulsed >= PULSE:
            self._pulsed = now
            ended, total, left, _, best = self.state()
            elapsed = timedelta(seconds=int(now - self._began))
            parts = [f"progress: {ended}/{total} {elapsed}" + (f", {left}" if left else ""), *best]
            self.tell("; ".join(parts))

    def state(self) -> tuple[int, int, str, list[str], list[str]]:
        """Units of work that ended, all of them, the time left in words, what is running and what is best."""
        with self._lock:
            ended, total = self._counts()
            left = self._left(time.monotonic()) if ended < total else None
            words = "" if left is None else f"{left} left"
            return ended, total, words, self._names(), self._best()

    @abstractmethod
    def _counts(self) -> tuple[int, int]:
        """Units of work that ended, and all of them; none where nothing is known yet."""

    @abstractmethod
    def _left(self, now: float) -> Left | None:
        """How long it takes yet, or None if nothing can be said."""

    @abstractmethod
    def _names(self) -> list[str]:
        """What is running."""

    def _best(self) -> list[str]:
        """What is best so far."""
        return []


class _Bar(Progress):
    """One bar with the time left, and below it lines, each cut to the width, so that nothing jumps."""

    def __init__(self, display: Display, console: Console) -> None:
        self._display = display
        columns = MofNCompleteColumn(), BarColumn(24), TimeElapsedColumn(), TextColumn("{task.description}")
        super().__init__(*columns, console=console, transient=True, refresh_per_second=4)
        self.add_task("reading data", total=None)

    def get_renderables(self) -> Iterable[RenderableType]:
        """The bar, what is running and what is best so far."""
        ended, total, left, names, best = self._display.state()
        for task in self.task_ids:
            if total:
                self.update(task, completed=ended, total=total, description=left)
        yield self.make_tasks_table(self.tasks)
        for line in ([f"running: {', '.join(names)}"] if names else []) + best:
            yield Text(one_line(line), no_wrap=True, overflow="ellipsis")
