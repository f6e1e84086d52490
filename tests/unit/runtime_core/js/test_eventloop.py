"""The order of macrotasks, waiting for the host, and what goes wrong in tasks."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from runtime_core.js import eventloop, timers
from runtime_core.js.control import JsThrow
from runtime_core.js.errors import JsError
from runtime_core.js.eventloop import EventLoop
from runtime_core.js.promises import JsPromise, rejected_promise
from runtime_core.js.timers import delay_seconds
from runtime_core.js.values import UNDEFINED


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float, wait: Callable[[float], object] | None = None) -> None:
        if wait is None:
            self.now += seconds
        else:
            wait(seconds)


class Work:
    """An operation of the host that ends when it is waited for."""

    def __init__(self, loop: EventLoop) -> None:
        self.promise = JsPromise(loop)
        self.pending = True
        self.polled = 0
        self.waited: list[float] = []

    def poll(self) -> None:
        self.polled += 1

    def wait(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.pending = False
        self.promise.resolve("done")


@pytest.fixture
def log() -> list[object]:
    return []


@pytest.fixture
def loop(log: list[object]) -> EventLoop:
    clock = Clock()
    return EventLoop(
        clock=lambda: clock.now,
        sleep=clock.sleep,
        on_error=lambda value: log.append(("error", value)),
        on_rejection=lambda value: log.append(("rejection", value)),
    )


def run(loop: EventLoop) -> None:
    while loop.run_one():
        pass


def note(log: list[object], name: object) -> Callable[[], None]:
    return lambda: log.append(name)


def test_due_timers_come_before_immediate_callbacks(loop: EventLoop, log: list[object]) -> None:
    loop.schedule_immediate(note(log, "immediate"))
    loop.schedule(note(log, "later"), 0.002)
    loop.schedule(note(log, "due"))
    run(loop)
    assert log == ["due", "immediate", "later"]


def test_what_a_turn_queues_waits_for_the_next(loop: EventLoop, log: list[object]) -> None:
    def first() -> None:
        log.append("first")
        loop.schedule_immediate(note(log, "third"))

    loop.schedule_immediate(first)
    loop.schedule_immediate(note(log, "second"))
    run(loop)
    assert log == ["first", "second", "third"]


def test_a_task_of_the_same_turn_can_be_cancelled(loop: EventLoop, log: list[object]) -> None:
    loop.schedule_immediate(lambda: loop.cancel(second))
    second = loop.schedule_immediate(note(log, "second"))
    run(loop)
    assert log == []


def test_tasks_are_cancelled_by_their_subject(loop: EventLoop, log: list[object]) -> None:
    loop.schedule(note(log, "timer"), 0.002, subject="gone")
    loop.schedule_immediate(note(log, "immediate"), subject="gone")
    assert not loop.is_idle
    loop.cancel_where(lambda subject: subject == "gone")
    assert loop.is_idle
    loop.schedule(note(log, "without a subject"), 0.001)
    loop.cancel_where(lambda subject: subject == "gone")
    run(loop)
    assert log == ["without a subject"]


def test_an_interval_lets_other_timers_of_its_millisecond_go_first(loop: EventLoop, log: list[object]) -> None:
    def tick() -> None:
        log.append("tick")
        if log.count("tick") == 2:
            loop.cancel(timer)

    timer = loop.schedule_repeated(tick, 0.001)
    loop.schedule(note(log, "once"), 0.002)
    run(loop)
    assert log == ["tick", "once", "tick"]


def test_a_rejection_is_reported_once_unless_it_is_handled(loop: EventLoop, log: list[object]) -> None:
    rejected_promise(loop, "nobody")
    rejected_promise(loop, "somebody").then(UNDEFINED, UNDEFINED).subscribe(lambda _: None, lambda _: None)
    late = rejected_promise(loop, "late")
    loop.queue_microtask(lambda: late.subscribe(lambda _: None, lambda _: None))
    loop.run_microtasks()
    loop.run_microtasks()
    assert log == [("rejection", "nobody")]


def test_recursion_in_a_task_is_an_error_of_the_script(loop: EventLoop, log: list[object]) -> None:
    def forever() -> object:
        return forever()

    loop.schedule(forever)
    loop.schedule(note(log, "next"))
    run(loop)
    assert [repr(entry) for entry in log] == ["('error', RangeError: Maximum call stack size exceeded)", "'next'"]


def test_the_end_of_work_of_the_host_counts_as_a_task(loop: EventLoop) -> None:
    work = Work(loop)
    loop.operations.append(work)
    assert [loop.is_idle, loop.run_one()] == [False, True]
    assert work.promise.value == "done"
    assert (work.polled > 0, work.waited) == (True, [float("inf")])
    assert [loop.is_idle, loop.run_one()] == [True, False]


def test_timers_bound_the_wait_for_the_host(loop: EventLoop, log: list[object]) -> None:
    work = Work(loop)
    loop.operations.append(work)
    loop.schedule(note(log, "timer"), 0.25)
    assert loop.run_one()
    assert work.waited == [0.25]
    run(loop)
    assert log == ["timer"]


def test_timers_are_limited(loop: EventLoop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(eventloop, "MAX_TIMERS", 2)
    loop.schedule(lambda: None)
    loop.schedule_immediate(lambda: None)
    with pytest.raises(JsThrow) as thrown:
        loop.schedule_repeated(lambda: None, 1)
    assert isinstance(thrown.value.value, JsError)


@pytest.mark.parametrize(
    ("delay", "seconds"),
    [
        (0, 0.001),
        (5, 0.005),
        (5.9, 0.005),
        ("7", 0.007),
        (-1, 0.001),
        (float("nan"), 0.001),
        (float("inf"), 0.001),
        (1 << 31, 0.001),
        (UNDEFINED, 0.001),
        (None, 0.001),
        (True, 0.001),
    ],
)
def test_delays(delay: object, seconds: float) -> None:
    assert delay_seconds(delay) == seconds


def test_queued_microtasks_are_limited(loop: EventLoop) -> None:
    assert loop.microtask_count == 0
    loop.queue_microtask(lambda: None)
    assert loop.microtask_count == 1
    assert timers.MAX_MICROTASKS < 1 << 24
