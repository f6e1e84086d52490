"""The clock as the host injects it: builds run on a deterministic one, serving isolates on the machine's."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Final, Protocol

_NS_PER_SECOND: Final = 1_000_000_000


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

    Builds use it so that the same inputs give the same snapshot. Waiting advances it and takes no time: which timers
    are due together must not depend on the machine.
    """

    __slots__ = ("_monotonic", "_now", "_step")

    def __init__(self, *, start_ns: int = 0, step_ns: int = 1_000_000) -> None:
        self._now = start_ns
        self._step = step_ns
        self._monotonic = 0

    def wall_ns(self) -> int:
        """See :class:`Clock`."""
        now = self._now
        self._now = now + self._step
        return now

    def monotonic_ns(self) -> int:
        """See :class:`Clock`."""
        return self._monotonic

    def seconds(self) -> float:
        """Monotonic time as an event loop reads it."""
        return self._monotonic / _NS_PER_SECOND

    def advance(self, seconds: float) -> None:
        """Let time pass: at least so many seconds, and a nanosecond in any case."""
        passed = max(math.ceil(seconds * _NS_PER_SECOND), 1)
        self._now += passed
        self._monotonic += passed


def loop_seconds(clock: Clock) -> Callable[[], float]:
    """The time of an event loop beside a guest's clock."""
    return clock.seconds if isinstance(clock, SteppingClock) else time.monotonic


def sleeper(clock: Clock) -> Callable[[float], object]:
    """How to wait beside a guest's clock."""
    return clock.advance if isinstance(clock, SteppingClock) else time.sleep
