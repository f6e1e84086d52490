"""Limits on what an instance may use.

CPU time is policed through epochs: a ticker thread advances the engine's epoch, compiled code notices at loop heads and
function entries, and a callback compares the thread's CPU time with the budget. Memory is refused by the store.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from schemas.errors import ConfigError, LimitError

TICK_SECONDS: Final = 0.005
"""How often running guests look at their budget, hence how far one may overrun it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What one instance may use over its whole life.

    ``memory_bytes`` caps its linear memory: growth beyond it fails, and CPython raises MemoryError. ``cpu_seconds``
    caps the CPU time of the threads inside it, host functions included; beyond it the guest traps. ``wait_seconds``
    caps the time its event loop waits for timers: no CPU time, but the caller's thread is held. ``host_bytes`` caps
    what its JavaScript values take of the host's memory; beyond it, give or take 32 MiB, the guest traps. It is looked
    at now and then, often enough for guests that have a CPU limit. None = no limit.

    Raises:
        ConfigError: a limit that is not above 0.
    """

    memory_bytes: int | None = None
    cpu_seconds: float | None = None
    wait_seconds: float | None = None
    host_bytes: int | None = 3 << 29

    def __post_init__(self) -> None:
        # The engine takes a negative limit for none, and a comparison with NaN never holds.
        for name in ("memory_bytes", "cpu_seconds", "wait_seconds", "host_bytes"):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise ConfigError(f"the limit {name}", expected="a number above 0, or None for no limit", found=value)


class Ticks:
    """Counts the ticks of all tickers of the process, for host code that looks at a budget once for each tick."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0


TICKS: Final = Ticks()


class WaitBudget:
    """Time an instance may still spend waiting. Used by one thread at a time."""

    def __init__(self, seconds: float, sleep: Callable[[float], object] = time.sleep) -> None:
        self._seconds = seconds
        self._left = seconds
        self._sleep = sleep

    def sleep(self, seconds: float, wait: Callable[[float], object] | None = None) -> None:
        """Wait, as long as the budget lasts. ``wait`` is how, where the wait may end before its time.

        Raises:
            LimitError: the budget is used up; it was waited to its end.
        """
        allowed = min(seconds, self._left)
        used = allowed
        if wait is None:
            self._sleep(allowed)
        else:
            started = time.monotonic()
            wait(allowed)
            used = min(time.monotonic() - started, allowed)
        if seconds > self._left and used >= allowed:
            self._left = 0.0
            raise LimitError("the guest waited too long", expected=f"<= {self._seconds} s in all")
        self._left -= used


class CpuBudget:
    """CPU time an instance has used. Used by one thread at a time, the one inside the instance."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._used = 0.0
        self._started = 0.0
        self._entries = 0
        self._outside_since = 0.0
        self._outside_thread = 0
        self.look: Callable[[], None] | None = None
        """Called at each tick while the instance is at work; raises LimitError for another limit than this one."""

    def enter(self) -> None:
        """Start the clock unless it runs; to be paired with :meth:`leave` on the same thread."""
        if self._entries == 0:
            self._started = time.thread_time()
        self._entries += 1

    def leave(self) -> None:
        """Stop the clock at the outermost leave."""
        self._entries -= 1
        if self._entries == 0:
            now = time.thread_time()
            self._used += now - self._started
            if self._outside_thread:
                self._outside_since = now

    def begin_outside(self) -> None:
        """Start to count what this thread does for the guest outside of it, until :meth:`end_outside`."""
        self._outside_thread = threading.get_ident()
        self._outside_since = time.thread_time()

    def count_outside(self) -> None:
        """Count the time since the guest was left, or since it was counted last."""
        if self._entries == 0 and self._outside_thread == threading.get_ident():
            now = time.thread_time()
            self._used += now - self._outside_since
            self._outside_since = now

    def end_outside(self) -> None:
        """Count what is left to count, and stop."""
        self.count_outside()
        self._outside_thread = 0

    def add(self, seconds: float) -> None:
        """Count time that was spent for the instance outside of it; nothing where the clock runs anyway."""
        if self._entries == 0:
            self._used += seconds

    def used(self) -> float:
        """Seconds used up to now, seen from the thread inside the instance."""
        return self._used + (time.thread_time() - self._started if self._entries else 0.0)

    @property
    def exhausted(self) -> bool:
        """Whether the budget is used up."""
        return self.used() > self.seconds


class EpochTicker:
    """Advances an engine's epoch while anybody needs it."""

    def __init__(self, advance: Callable[[], None]) -> None:
        self.advance = advance
        self._lock = threading.Lock()
        self._users = 0
        self._stop: threading.Event | None = None

    def acquire(self) -> None:
        """Tick until the matching :meth:`release`."""
        with self._lock:
            self._users += 1
            if self._stop is None:
                self._stop = threading.Event()
                threading.Thread(target=self._run, args=(self._stop,), name="guest-epochs", daemon=True).start()

    def release(self) -> None:
        """Stop ticking when nobody needs it any more."""
        with self._lock:
            self._users -= 1
            if self._users == 0 and self._stop is not None:
                self._stop.set()
                self._stop = None

    def _run(self, stop: threading.Event) -> None:
        while not stop.wait(TICK_SECONDS):
            TICKS.count += 1
            self.advance()
