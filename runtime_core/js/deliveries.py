"""Ends of work that other threads of the host do for a guest."""

from __future__ import annotations

import math
import queue
from collections.abc import Callable

Task = Callable[[], object]


class Deliveries:
    """What is still expected, and what has arrived; the event loop takes it from here."""

    __slots__ = ("_arrived", "_expected", "_run")

    def __init__(self, run: Callable[[Task], object]) -> None:
        self._arrived: queue.SimpleQueue[Task] = queue.SimpleQueue()
        self._expected = 0
        self._run = run

    def expect(self) -> Callable[[Task], None]:
        """Announce work; call the returned function once, from any thread, with what is to run in the loop."""
        self._expected += 1
        return self._arrived.put

    @property
    def pending(self) -> bool:
        """Whether anything is under way."""
        return self._expected > 0

    def poll(self) -> None:
        """Hand over what has arrived."""
        while self._expected:
            try:
                self._take(self._arrived.get_nowait())
            except queue.Empty:
                return

    def wait(self, seconds: float) -> None:
        """Wait for something to arrive, at most so many seconds (infinity = no limit)."""
        try:
            self._take(self._arrived.get(timeout=None if seconds == math.inf else max(seconds, 0.0)))
        except queue.Empty:
            return

    def _take(self, task: Task) -> None:
        self._expected -= 1
        self._run(task)
