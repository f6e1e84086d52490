"""The clock as the host injects it: builds run on a deterministic one, serving isolates on the machine's."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Two readings; the time zone of guests is always UTC."""

    def wall_ns(self) -> int:
        """Nanoseconds since 1970-01-01T00:00:00Z."""
        ...

    def monotonic_ns(self) -> int:
        """Nanoseconds of a clock that never goes backwards; the origin is arbitrary."""
        ...


class SystemClock:
    """The machine's clocks."""

    __slots__ = ()

    def wall_ns(self) -> int:
        """See :class:`Clock`."""
        return time.time_ns()

    def monotonic_ns(self) -> int:
        """See :class:`Clock`."""
        return time.monotonic_ns()


class SteppingClock:
    """A deterministic clock: every wall reading is one step later than the one before, monotonic time stands still.

    Builds use it so that the same inputs give the same snapshot.
    """

    __slots__ = ("_now", "_step")

    def __init__(self, *, start_ns: int = 0, step_ns: int = 1_000_000) -> None:
        self._now = start_ns
        self._step = step_ns

    def wall_ns(self) -> int:
        """See :class:`Clock`."""
        now = self._now
        self._now = now + self._step
        return now

    def monotonic_ns(self) -> int:
        """See :class:`Clock`."""
        return 0
