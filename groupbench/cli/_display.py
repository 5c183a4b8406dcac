"""How long work is shown: plain lines that stay, and on a terminal a few live ones below them."""

from __future__ import annotations

import sys
import time
from abc import ABC, abstractmethod
from contextlib import ExitStack
from threading import Lock
from typing import TYPE_CHECKING, Self, TextIO

from groupbench.cli._time_left import Left, spoken

if TYPE_CHECKING:
    from rich.console import Group
    from rich.live import Live

WIDTH = 24
"""Cells of the bar."""
PULSE = 60.0
"""Seconds between two lines that tell a log, which has no live ones, how far the work is."""


class Display(ABC):
    """Prints lines; on a terminal it shows below them what runs, what is left, and what is best so far.

    A log, and a terminal that cannot move its cursor, gets plain lines alone: now and then one that says how
    far the work is.

    Args:
        quiet: whether to print nothing.
        stream: where to print; standard output by default.
    """

    def __init__(self, *, quiet: bool = False, stream: TextIO | None = None) -> None:
        self._quiet, self._stream = quiet, stream or sys.stdout
        self._began = self._said = time.monotonic()
        self._live: Live | None = None
        self._stack = ExitStack()
        self._lock = Lock()

    def __enter__(self) -> Self:
        if not self._quiet and self._stream.isatty():
            from rich.console import Console
            from rich.live import Live

            console = Console(file=self._stream)
            if console.is_terminal and not console.is_dumb_terminal:
                live = Live(get_renderable=self._group, console=console, refresh_per_second=4, transient=True)
                self._live = self._stack.enter_context(live)
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()
        self._live = None

    def tell(self, line: str) -> None:
        """Print a line, unless asked to be quiet."""
        if self._quiet:
            return
        if self._live is None:
            print(line, file=self._stream, flush=True)
        else:
            self._live.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def pulse(self) -> None:
        """Show how far the work is; a log is told now and then. To be called at every event."""
        now = time.monotonic()
        if self._live is not None:
            self._live.refresh()
        elif now - self._said >= PULSE:
            self._said = now
            with self._lock:
                lines = [self._state(bar=False), *self._best()]
            self.tell("; ".join(lines))

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

    def _group(self) -> Group:
        """The live lines: each cut to the width, so that nothing jumps."""
        from rich.console import Group
        from rich.text import Text

        with self._lock:
            running = [f"running: {', '.join(names)}"] if (names := self._names()) else []
            texts = [self._state(), *running, *self._best()]
        return Group(*(Text(text, no_wrap=True, overflow="ellipsis") for text in texts))

    def _state(self, *, bar: bool = True) -> str:
        ended, total = self._counts()
        if total == 0:
            return "reading data"
        now = time.monotonic()
        filled = WIDTH * ended // total
        drawn = ["#" * filled + "." * (WIDTH - filled)] if bar else []
        line = " ".join([f"{ended}/{total}", *drawn, clock(now - self._began)])
        left = self._left(now) if ended < total else None
        if left is None:
            return line
        return f"{line}, {'about' if left.known else 'at a guess'} {spoken(left.seconds)} left"


def clock(seconds: float) -> str:
    """A duration as a clock shows it, `0:07` or `1:02:03`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
