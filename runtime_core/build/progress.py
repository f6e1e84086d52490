"""What a build is doing, for the person who waits: a bar while a step runs, one line when it is done.

On a terminal, steps that take a moment show a bar; elsewhere (logs, pipes) a step that takes longer than a second
says that it runs, and every step leaves one plain line. Everything goes to one stream, stderr by default, so that
results on stdout stay clean.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TextIO

from schemas.digest import Digest

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

_ANNOUNCE_AFTER: Final = 1.0
_NAME_WIDTH: Final = 52
_UNITS: Final = ("B", "kB", "MB", "GB")
_Line = tuple[tuple[str, str], ...]
"""Pieces of text, each with a style of rich's; the empty one is plain."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StepRecord:
    """What a finished step did. ``seconds`` is wall-clock time, ``size`` bytes; None where it does not apply."""

    name: str
    depth: int
    seconds: float
    ok: bool
    size: int | None
    digest: Digest | None
    cached: bool | None
    detail: str

    def as_json(self) -> dict[str, object]:
        """The record as JSON values; what does not apply is left out."""
        values: dict[str, object] = {"name": self.name, "depth": self.depth, "seconds": round(self.seconds, 6)}
        values["ok"] = self.ok
        if self.size is not None:
            values["size"] = self.size
        if self.digest is not None:
            values["digest"] = str(self.digest)
        if self.cached is not None:
            values["cached"] = self.cached
        if self.detail:
            values["detail"] = self.detail
        return values


class Step:
    """A step under way: say what came of it with :meth:`note`, how far it is with :meth:`advance`."""

    def __init__(self, name: str, depth: int, bar: tuple[Progress, TaskID] | None) -> None:
        self.name = name
        self.depth = depth
        self._bar = bar
        self._started = time.perf_counter()
        self._size: int | None = None
        self._digest: Digest | None = None
        self._cached: bool | None = None
        self._detail = ""

    def note(
        self,
        *,
        size: int | None = None,
        digest: Digest | None = None,
        cached: bool | None = None,
        detail: str | None = None,
    ) -> None:
        """Add to what the step's line will say; a later note replaces what it names."""
        self._size = size if size is not None else self._size
        self._digest = digest if digest is not None else self._digest
        self._cached = cached if cached is not None else self._cached
        self._detail = detail if detail is not None else self._detail

    def advance(self, done: int, total: int | None = None) -> None:
        """Say how much is done, in any unit; without a total the bar only pulses. Cheap enough to call per chunk."""
        if self._bar is not None:
            progress, task = self._bar
            progress.update(task, completed=done, total=total)

    def _finish(self, *, ok: bool) -> StepRecord:
        return StepRecord(
            name=self.name,
            depth=self.depth,
            seconds=time.perf_counter() - self._started,
            ok=ok,
            size=self._size,
            digest=self._digest,
            cached=self._cached,
            detail=self._detail,
        )


def timeline_of(options: argparse.Namespace) -> Timeline:
    """A timeline that shows its steps, unless ``options.quiet``."""
    return Timeline(stream=io.StringIO() if options.quiet else None)


class Timeline:
    """A sequence of named, timed steps, shown while they run and kept for a report. Steps may be nested.

    Not for use by several threads at once.
    """

    def __init__(self, *, stream: TextIO | None = None) -> None:
        self._stream = stream if stream is not None else sys.stderr
        self._console = _console(self._stream)
        self._started = time.perf_counter()
        self._records: list[StepRecord] = []
        self._depth = 0
        self._progress: Progress | None = None

    @property
    def records(self) -> tuple[StepRecord, ...]:
        """The finished steps, in the order in which they finished."""
        return tuple(self._records)

    def heading(self, text: str) -> None:
        """Print a line that opens a group of steps."""
        self._print(((text, "bold"),))

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Run a block as a step. An exception passes through and marks the step as failed."""
        progress = self._enter()
        bar = (progress, progress.add_task("  " * self._depth + name, total=None)) if progress is not None else None
        step = Step(name, self._depth, bar)
        reminder = self._announce_later(step)
        self._depth += 1
        ok = False
        try:
            yield step
            ok = True
        finally:
            self._depth -= 1
            if reminder is not None:
                reminder.cancel()
            record = step._finish(ok=ok)
            self._records.append(record)
            if bar is not None:
                bar[0].remove_task(bar[1])
            self._leave()
            self._print(_line(record))

    def as_json(self) -> dict[str, object]:
        """All records so far and the total time, as JSON values."""
        total = round(time.perf_counter() - self._started, 6)
        return {"seconds": total, "steps": [record.as_json() for record in self._records]}

    def write_json(self, stream: TextIO) -> None:
        """Write :meth:`as_json` as one indented JSON document."""
        json.dump(self.as_json(), stream, indent=2)
        stream.write("\n")

    def _enter(self) -> Progress | None:
        """Start the live display with the outermost step; only one may exist at a time."""
        if self._console is None:
            return None
        if self._progress is None:
            from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

            self._progress = Progress(
                SpinnerColumn(),
                TextColumn("{task.description}"),
                BarColumn(),
                TimeElapsedColumn(),
                console=self._console,
                transient=True,
            )
            self._progress.start()
        return self._progress

    def _leave(self) -> None:
        if self._depth == 0 and self._progress is not None:
            self._progress.stop()
            self._progress = None

    def _announce_later(self, step: Step) -> threading.Timer | None:
        if self._console is not None:
            return None
        timer = threading.Timer(_ANNOUNCE_AFTER, self._print, (((f"{'  ' * step.depth}... {step.name}", ""),),))
        timer.daemon = True
        timer.start()
        return timer

    def _print(self, line: _Line) -> None:
        if self._console is None:
            self._stream.write("".join(text for text, _ in line) + "\n")
            self._stream.flush()
        else:
            from rich.text import Text

            self._console.print(Text.assemble(*line))


def _console(stream: TextIO) -> Console | None:
    """The terminal that a stream leads to. Without one, rich is not imported: that takes longer than short steps."""
    if not stream.isatty():
        return None
    from rich.console import Console

    return Console(file=stream, highlight=False, soft_wrap=True)


def format_size(size: int) -> str:
    """A size in bytes for people, in decimal units."""
    value = float(size)
    for unit in _UNITS[:-1]:
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} {_UNITS[-1]}"


def format_seconds(seconds: float) -> str:
    """A duration for people: microseconds to seconds, three significant digits."""
    if seconds < 0.001:
        return f"{seconds * 1e6:.0f} us"
    if seconds < 1:
        return f"{seconds * 1e3:.3g} ms"
    return f"{seconds:.1f} s"


def _line(record: StepRecord) -> _Line:
    indent = "  " * record.depth
    state = ("ok  ", "green") if record.ok else ("FAIL", "bold red")
    name = record.name.ljust(_NAME_WIDTH - len(indent))
    line = [(indent, ""), state, (f" {format_seconds(record.seconds):>8}  ", ""), (name, "")]
    if record.size is not None:
        line.append((f" {format_size(record.size):>9}", ""))
    if record.digest is not None:
        line.append((f"  sha256:{record.digest.short}", "cyan"))
    if record.cached:
        line.append(("  cached", "dim"))
    if record.detail:
        line.append((f"  {record.detail}", ""))
    last, style = line[-1]
    return (*line[:-1], (last.rstrip(), style))
