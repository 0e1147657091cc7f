"""How far a run is: a bar on a terminal, a line a minute otherwise."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

Say = Callable[[str], None]

_EVERY = 60.0
_PATIENCE = 1.0


class Progress:
    """Shows rows done, rate and time left; `done` of `total` is a share of the input's bytes."""

    def __init__(self, say: Say, *, total: int, terminal: bool | None = None) -> None:
        self._say = say
        self._total = total
        self._terminal = sys.stderr.isatty() if terminal is None else terminal
        self._start = self._told = time.monotonic()
        self._bar: Bar | None = None

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar:
            self._bar.stop()

    def update(self, rows: int, done: int, *, step: str = "scoring") -> None:
        """Tell that `rows` mentions and `done` bytes of the input are behind us."""
        now = time.monotonic()
        if self._terminal:
            # a run that is over at once needs no bar
            if now - self._start > _PATIENCE:
                self._draw(rows, done, step)
        elif now - self._told >= _EVERY:
            self._told = now
            self._say(self._line(rows, done, step, now - self._start))

    def _line(self, rows: int, done: int, step: str, seconds: float) -> str:
        rate = rows / max(seconds, 1e-9)
        text = f"{step}: {rows:,} mentions, {rate:,.0f} a second"
        if self._total and 0 < done <= self._total:
            left = seconds * (self._total - done) / done
            text += f", {done / self._total:.0%}, about {_duration(left)} left"
        return text

    def _draw(self, rows: int, done: int, step: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        if not self._bar:
            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                TextColumn("{task.percentage:>3.0f} %"),
                TimeRemainingColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self._bar.start()
            self._bar.add_task("", total=self._total or None)
        rate = rows / max(time.monotonic() - self._start, 1e-9)
        text = f"{step} {rows:,} mentions, {rate:,.0f}/s"
        self._bar.update(self._bar.task_ids[0], completed=done, description=text)


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
