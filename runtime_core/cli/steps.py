"""What a command does, timed; with a progress bar for what takes longer than a second."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_SHOW_AFTER: Final = 1.0


class Step:
    """A step under way. Where it takes longer than a second, a person sees a bar, a log a line that it runs."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.detail = ""
        self._lock = threading.Lock()
        self._done = 0
        self._total: int | None = None
        self._bar: tuple[Progress, TaskID] | None = None
        self._over = False
        self._timer = threading.Timer(_SHOW_AFTER, self._show)
        self._timer.daemon = True
        self._timer.start()

    def say(self, name: str) -> None:
        """Name what the step does now."""
        with self._lock:
            self.name = name
            if self._bar is not None:
                self._bar[0].update(self._bar[1], description=name)

    def note(self, detail: str) -> None:
        """Say what came of the step; shown with its duration."""
        self.detail = detail

    def advance(self, done: int, total: int) -> None:
        """Say how many bytes of how many are done; callable from any thread, often."""
        with self._lock:
            self._done, self._total = done, total
            if self._bar is not None:
                self._bar[0].update(self._bar[1], completed=done, total=total)

    def close(self) -> None:
        """End the display."""
        self._timer.cancel()
        with self._lock:
            self._over = True
            if self._bar is not None:
                self._bar[0].stop()

    def _show(self) -> None:
        # rich takes a tenth of a second to import, which a boot of a millisecond should not wait for.
        from rich.console import Console
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        console = Console(stderr=True)
        with self._lock:
            if self._over:
                return
            if not console.is_terminal:
                print(f"... {self.name}", file=sys.stderr)
                return
            columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
            progress = Progress(*columns, console=console, transient=True)
            self._bar = (progress, progress.add_task(self.name, completed=self._done, total=self._total))
            progress.start()


class Steps:
    """The steps of one command; with ``show`` each leaves a line on stderr."""

    def __init__(self, *, show: bool) -> None:
        self._show = show
        self.records: list[dict[str, object]] = []

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Time a block."""
        step = Step(name)
        start = time.perf_counter()
        try:
            yield step
        finally:
            step.close()
        milliseconds = (time.perf_counter() - start) * 1e3
        record: dict[str, object] = {"name": name, "ms": round(milliseconds, 3)}
        self.records.append(record | ({"detail": step.detail} if step.detail else {}))
        if self._show:
            detail = f"  {step.detail}" if step.detail else ""
            print(f"  {name:<44} {milliseconds:10.2f} ms{detail}", file=sys.stderr)
