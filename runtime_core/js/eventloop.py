"""The event loop: microtasks in order, then macrotasks, ordered as node's loop orders them.

A macrotask is a timer or an immediate callback. One turn takes the timers that are due, then the immediate callbacks
that were queued when it began; microtasks run after each of them.
"""

from __future__ import annotations

import heapq
import itertools
import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from runtime_core.engine.checkpoint import checkpoint
from runtime_core.js.control import JsThrow
from runtime_core.js.errors import JsError
from runtime_core.js.values import JsValue

MAX_TIMERS: Final = 1 << 20
_MILLISECONDS: Final = 1000
_POLL_SECONDS: Final = 0.002  # between looks at operations of the host, where the loop is not the one to wait
_SLICE: Final = 0.005
"""Seconds that one kind of operations is waited for while another is under way, too."""


class Operations(Protocol):
    """Work of the host whose end the guest waits for, such as coroutines of host modules."""

    @property
    def pending(self) -> bool:
        """Whether anything is under way."""

    def poll(self) -> None:
        """Let the work go on without waiting for it."""

    def wait(self, seconds: float) -> object:
        """Wait until part of the work has ended, at most so many seconds (infinity = no limit)."""


class Rejectable(Protocol):
    """What the loop asks of a rejected promise."""

    handled: bool
    value: JsValue


@dataclass(order=True, slots=True)
class _Timer:
    due: float  # milliseconds of the loop's clock
    order: int  # among timers of the same millisecond
    id: int = field(compare=False)
    task: Callable[[], object] = field(compare=False)
    subject: JsValue = field(default=None, compare=False)
    cancelled: bool = field(default=False, compare=False)


def _no_report(_value: JsValue) -> None:
    return None


class EventLoop:
    """The microtasks and macrotasks of one isolate.

    ``clock`` returns seconds. ``sleep`` waits for so many; while the host works for the guest it gets the function that
    does the waiting as a second argument. Both are injected so that tests and snapshots are deterministic. ``on_error``
    gets the value that a task threw and nobody caught, ``on_rejection`` the reason of a rejection that nobody handled.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[..., object] | None = None,
        on_error: Callable[[JsValue], object] = _no_report,
        on_rejection: Callable[[JsValue], object] = _no_report,
    ) -> None:
        self._clock = clock
        self._started = clock()
        self._sleep = wait_for if sleep is None else sleep
        self._on_error = on_error
        self._on_rejection = on_rejection
        self._microtasks: deque[Callable[[], object]] = deque()
        self._heap: list[_Timer] = []
        self._immediates: deque[_Timer] = deque()
        self._turn: deque[_Timer] = deque()
        self._timers: dict[int, _Timer] = {}
        self._sequence = itertools.count(1)
        self._rejected: list[Rejectable] = []
        self.operations: list[Operations] = []
        self.promise_function: JsValue = None

    def elapsed(self) -> float:
        """Seconds since the loop was made."""
        return self._clock() - self._started

    def report(self, value: JsValue) -> None:
        """Report what a callback threw and nobody caught."""
        self._on_error(value)

    # ---- scheduling

    def queue_microtask(self, task: Callable[[], object]) -> None:
        """Run ``task`` before the next macrotask."""
        self._microtasks.append(task)

    def schedule(self, task: Callable[[], object], delay_seconds: float = 0.0, *, subject: JsValue = None) -> int:
        """Run ``task`` as a timer after a delay; returns an id for :meth:`cancel`. ``subject`` is for
        :meth:`cancel_where`.
        """
        timer = self._new_timer(task, max(0.0, delay_seconds), subject)
        heapq.heappush(self._heap, timer)
        return timer.id

    def schedule_immediate(self, task: Callable[[], object], *, subject: JsValue = None) -> int:
        """Run ``task`` in the next turn, after the timers that are due by then; returns an id for :meth:`cancel`."""
        timer = self._new_timer(task, 0.0, subject)
        self._immediates.append(timer)
        return timer.id

    def schedule_repeated(self, task: Callable[[], object], period_seconds: float) -> int:
        """Run ``task`` every ``period_seconds`` (at least a millisecond) until it is cancelled."""
        period = max(period_seconds * _MILLISECONDS, 1.0)

        def run() -> None:
            task()
            if not timer.cancelled:
                timer.due = self._now() + period
                timer.order = next(self._sequence)
                self._timers[timer.id] = timer
                heapq.heappush(self._heap, timer)

        timer = self._new_timer(run, period / _MILLISECONDS)
        timer.task = lambda: self._rearmed(timer, run)
        heapq.heappush(self._heap, timer)
        return timer.id

    def _rearmed(self, timer: _Timer, run: Callable[[], object]) -> None:
        """Run a repeated task while its id stays known, so that it can cancel itself."""
        self._timers[timer.id] = timer
        run()

    def _new_timer(self, task: Callable[[], object], delay_seconds: float, subject: JsValue = None) -> _Timer:
        if len(self._timers) >= MAX_TIMERS:
            raise JsThrow(JsError("RangeError", f"more than {MAX_TIMERS} timers are pending"))
        number = next(self._sequence)
        timer = _Timer(self._now() + delay_seconds * _MILLISECONDS, number, number, task, subject)
        self._timers[timer.id] = timer
        return timer

    def _now(self) -> float:
        """The time in whole milliseconds: timers set in the same one keep their order."""
        return float(math.floor(self._clock() * _MILLISECONDS))

    def cancel(self, timer_id: int) -> None:
        """Forget a scheduled task; unknown ids are ignored."""
        timer = self._timers.pop(timer_id, None)
        if timer is not None:
            timer.cancelled = True

    def cancel_where(self, applies: Callable[[JsValue], bool]) -> None:
        """Forget the scheduled tasks to whose subject ``applies`` says yes."""
        for number in [number for number, timer in list(self._timers.items()) if applies(timer.subject)]:
            self.cancel(number)
        self._heap = [timer for timer in self._heap if not timer.cancelled]
        heapq.heapify(self._heap)
        self._immediates = deque(timer for timer in self._immediates if not timer.cancelled)
        self._turn = deque(timer for timer in self._turn if not timer.cancelled)

    def note_rejection(self, promise: Rejectable) -> None:
        """Report the reason of a rejected promise unless somebody handles it before the microtasks are done."""
        self._rejected.append(promise)

    @property
    def microtask_count(self) -> int:
        """How many microtasks are queued."""
        return len(self._microtasks)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is left to run, now or later."""
        return not self._microtasks and not self._timers and not self._working()

    def _working(self) -> list[Operations]:
        """The operations that are under way."""
        return [operation for operation in self.operations if operation.pending]

    # ---- running

    def run_microtasks(self) -> None:
        """Run microtasks until none is left, also those queued meanwhile."""
        while self._microtasks:
            self._run(self._microtasks.popleft())
        if self._rejected:
            rejected, self._rejected = self._rejected, []
            for promise in rejected:
                if not promise.handled:
                    self._on_rejection(promise.value)

    def _run(self, task: Callable[[], object]) -> None:
        checkpoint()
        try:
            task()
        except (JsThrow, RecursionError) as error:
            self._on_error(value_of(error))

    def run_one(self, *, wait: bool = True) -> bool:
        """Run pending microtasks and one macrotask, waiting for it if need be; false if there was none.

        Having waited for the host counts as a macrotask.
        """
        self.run_microtasks()
        timer = self._take()
        while timer is None:
            if self._microtasks:
                self.run_microtasks()
                return True
            working = bool(self._working())
            if not wait or not self._wait():
                return False
            if working:
                self.run_microtasks()
                return True
            timer = self._take()
        self._timers.pop(timer.id, None)
        self._run(timer.task)
        self.run_microtasks()
        return True

    def _take(self) -> _Timer | None:
        """The next macrotask that may run now."""
        while True:
            while self._turn:
                timer = self._turn.popleft()
                if not timer.cancelled:
                    return timer
            self._begin_turn()
            if not self._turn:
                return None

    def _begin_turn(self) -> None:
        for operation in self._working():
            operation.poll()
        now = self._clock() * _MILLISECONDS
        while self._heap and (self._heap[0].cancelled or self._heap[0].due <= now):
            self._turn.append(heapq.heappop(self._heap))
        self._turn.extend(self._immediates)
        self._immediates.clear()

    def delay(self) -> float | None:
        """Seconds until something could run, for a caller that waits itself; None if nothing is under way."""
        while self._heap and self._heap[0].cancelled:
            heapq.heappop(self._heap)
        if self._microtasks or self._turn or self._immediates:
            return 0.0
        delay = max(self._heap[0].due / _MILLISECONDS - self._clock(), 0.0) if self._heap else math.inf
        if self._working():
            return min(delay, _POLL_SECONDS)
        return delay if self._heap else None

    def _wait(self) -> bool:
        """Wait for the first timer or for the host; false if there is neither."""
        while self._heap and self._heap[0].cancelled:
            heapq.heappop(self._heap)
        delay = math.inf
        if self._heap:
            delay = max(self._heap[0].due / _MILLISECONDS - self._clock(), 0.0)
        working = self._working()
        if len(working) == 1:
            self._sleep(delay, working[0].wait)
        if working:
            for operation in working if len(working) > 1 else ():
                self._sleep(min(delay, _SLICE), operation.wait)
            return True
        if not self._heap:
            return False
        if delay > 0:
            self._sleep(delay)
        return True


def value_of(error: JsThrow | RecursionError) -> JsValue:
    """What a script catches where host code raised ``error``."""
    return error.value if isinstance(error, JsThrow) else JsError("RangeError", "Maximum call stack size exceeded")


def wait_for(seconds: float, wait: Callable[[float], object] = time.sleep) -> None:
    """The default ``sleep`` of a loop."""
    wait(seconds)
