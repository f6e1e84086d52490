"""Progress of transfers, on stderr: a bar on a terminal, else a plain line now and then once a second has passed."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TextIO

from artifactd.cli.output import size_text

_FIRST_LINE_S: Final = 1.0
_NEXT_LINE_S: Final = 5.0

Advance = Callable[[str, int], None]
"""Called with the name of a blob and how many of its bytes are done; from any thread."""


class Reporter:
    """Shows what is under way; ``quiet`` shows nothing."""

    def __init__(self, *, quiet: bool = False, stream: TextIO | None = None) -> None:
        self._quiet = quiet
        self._stream = stream if stream is not None else sys.stderr

    @contextmanager
    def transfer(self, label: str, total: int) -> Iterator[Advance]:
        """Show how many of ``total`` bytes are done while the block runs."""
        tally = _Tally()
        if self._quiet:
            yield tally.advance
        elif self._stream.isatty():
            with self._bar(label, total, tally):
                yield tally.advance
        else:
            with self._lines(label, total, tally):
                yield tally.advance

    @contextmanager
    def activity(self, label: str) -> Iterator[None]:
        """Show that something of unknown length runs, if it takes a while."""
        if self._quiet:
            yield
            return
        if self._stream.isatty():
            from rich.console import Console

            with Console(file=self._stream).status(label):
                yield
            return
        timer = threading.Timer(_FIRST_LINE_S, lambda: print(f"{label} ...", file=self._stream, flush=True))
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    @contextmanager
    def _bar(self, label: str, total: int, tally: _Tally) -> Iterator[None]:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
            TransferSpeedColumn,
        )

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=Console(file=self._stream), transient=True) as progress:
            task = progress.add_task(label, total=total)
            tally.listen(lambda done: progress.update(task, completed=done))
            yield

    @contextmanager
    def _lines(self, label: str, total: int, tally: _Tally) -> Iterator[None]:
        due = time.monotonic() + _FIRST_LINE_S

        def show(done: int) -> None:
            nonlocal due
            if time.monotonic() >= due:
                due = time.monotonic() + _NEXT_LINE_S
                print(f"{label}: {size_text(done)} of {size_text(total)}", file=self._stream, flush=True)

        tally.listen(show)
        yield


class _Tally:
    """Adds up the bytes of several blobs, which different threads report."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._done: dict[str, int] = {}
        self._listener: Callable[[int], None] = lambda _: None

    def listen(self, listener: Callable[[int], None]) -> None:
        self._listener = listener

    def advance(self, name: str, done: int) -> None:
        with self._lock:
            self._done[name] = max(done, self._done.get(name, 0))
            self._listener(sum(self._done.values()))
