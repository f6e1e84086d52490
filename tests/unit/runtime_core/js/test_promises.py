"""Promises and the order of tasks."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from runtime_core.js.arrays import JsArray
from runtime_core.js.control import JsThrow
from runtime_core.js.errors import JsError
from runtime_core.js.eventloop import EventLoop
from runtime_core.js.functions import JsFunction, NativeFunction
from runtime_core.js.operators import call_method
from runtime_core.js.promise_constructor import (
    promise_all,
    promise_all_settled,
    promise_any,
    promise_constructor,
    promise_race,
)
from runtime_core.js.promises import JsPromise, PromiseState, resolved_promise, run_until_settled
from runtime_core.js.values import UNDEFINED, JsObject
from schemas.errors import WorkerError


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def loop(clock: Clock) -> EventLoop:
    return EventLoop(clock=lambda: clock.now, sleep=clock.sleep)


def logger(log: list[object], name: str) -> NativeFunction:
    """A callback that notes its name and argument."""

    def write(value: object) -> object:
        log.append((name, value))
        return value

    return NativeFunction(write)


def test_reactions_run_as_microtasks_in_order(loop: EventLoop) -> None:
    log: list[object] = []
    first = resolved_promise(loop, 1)
    first.then(logger(log, "a")).then(logger(log, "c"))
    first.then(logger(log, "b"))
    loop.queue_microtask(lambda: log.append("micro"))
    assert log == []
    loop.run_microtasks()
    assert log == [("a", 1), ("b", 1), "micro", ("c", 1)]


def test_a_promise_settles_once(loop: EventLoop) -> None:
    promise = JsPromise(loop)
    promise.resolve(1)
    promise.resolve(2)
    promise.reject(3)
    assert run_until_settled(promise) == 1


def test_resolving_with_a_promise_follows_it(loop: EventLoop) -> None:
    inner, outer = JsPromise(loop), JsPromise(loop)
    outer.resolve(inner)
    outer.resolve("ignored")
    loop.run_microtasks()
    assert outer.state is PromiseState.PENDING
    inner.reject("no")
    with pytest.raises(JsThrow) as thrown:
        run_until_settled(outer)
    assert thrown.value.value == "no"


def test_resolving_with_itself_is_an_error(loop: EventLoop) -> None:
    promise = JsPromise(loop)
    promise.resolve(promise)
    with pytest.raises(JsThrow) as thrown:
        run_until_settled(promise)
    assert "cycle" in str(thrown.value.value)


def test_thenables_are_followed_once(loop: EventLoop) -> None:
    def then(resolve: JsFunction, reject: JsFunction) -> object:
        resolve.call(UNDEFINED, ("yes",))
        reject.call(UNDEFINED, ("no",))
        raise JsThrow("late")

    assert run_until_settled(resolved_promise(loop, JsObject({"then": NativeFunction(then)}))) == "yes"


def test_a_handler_that_throws_rejects(loop: EventLoop) -> None:
    def fail() -> object:
        raise JsThrow("thrown")

    log: list[object] = []
    resolved_promise(loop, 1).then(NativeFunction(fail)).then(UNDEFINED, logger(log, "caught"))
    loop.run_microtasks()
    assert log == [("caught", "thrown")]


@pytest.mark.parametrize(
    ("outcome", "expected"), [("fulfilled", ("value", 1)), ("rejected", ("reason", 2))], ids=["value", "reason"]
)
def test_finally_passes_the_outcome_on(loop: EventLoop, outcome: str, expected: object) -> None:
    log: list[object] = []
    promise = JsPromise(loop)
    (promise.resolve if outcome == "fulfilled" else promise.reject)(1 if outcome == "fulfilled" else 2)
    done = promise.finally_(NativeFunction(lambda: log.append("finally")))
    done.then(logger(log, "value"), logger(log, "reason"))
    loop.run_microtasks()
    assert log == ["finally", expected]


def test_timers_run_in_order_of_time_then_of_scheduling(loop: EventLoop, clock: Clock) -> None:
    log: list[str] = []

    def note(name: str) -> Callable[[], None]:
        return lambda: log.append(name)

    loop.schedule(note("late"), 2)
    loop.schedule(note("first"), 1)
    loop.schedule(note("second"), 1)
    loop.schedule(note("now"))
    while loop.run_one():
        pass
    assert log == ["now", "first", "second", "late"]
    assert clock.slept == [1, 1]
    assert loop.is_idle


def test_microtasks_run_between_macrotasks(loop: EventLoop) -> None:
    log: list[str] = []

    def first() -> None:
        log.append("first")
        loop.queue_microtask(lambda: log.append("micro"))

    loop.schedule(first)
    loop.schedule(lambda: log.append("second"))
    while loop.run_one():
        pass
    assert log == ["first", "micro", "second"]


def test_a_cancelled_timer_does_not_run(loop: EventLoop, clock: Clock) -> None:
    ran: list[int] = []
    loop.cancel(loop.schedule(lambda: ran.append(1), 5))
    loop.cancel(12345)
    assert loop.run_one() is False
    assert not ran
    assert not clock.slept


def test_an_interval_repeats_until_it_is_cancelled(loop: EventLoop) -> None:
    ran: list[int] = []

    def tick() -> None:
        ran.append(1)
        if len(ran) == 3:
            loop.cancel(timer)

    timer = loop.schedule_repeated(tick, 1)
    while loop.run_one():
        pass
    assert len(ran) == 3


def test_without_waiting_only_due_timers_run(loop: EventLoop) -> None:
    loop.schedule(lambda: None, 5)
    assert loop.run_one(wait=False) is False
    assert not loop.is_idle


def test_a_result_that_can_never_arrive_is_named(loop: EventLoop) -> None:
    with pytest.raises(WorkerError, match="can never arrive"):
        run_until_settled(JsPromise(loop))


def test_an_error_in_a_timer_is_reported_and_the_loop_goes_on() -> None:
    errors: list[object] = []
    loop = EventLoop(clock=lambda: 0.0, sleep=lambda _: None, on_error=errors.append)

    def fail() -> None:
        raise JsThrow("bad")

    loop.schedule(fail)
    loop.queue_microtask(fail)
    loop.schedule(lambda: errors.append("next"))
    while loop.run_one():
        pass
    assert errors == ["bad", "bad", "next"]


def values_of(result: object) -> object:
    return [values_of(item) for item in result.iterate()] if isinstance(result, JsArray) else result


def test_combinators(loop: EventLoop) -> None:
    rejected = JsPromise(loop)
    rejected.reject("no")
    assert values_of(run_until_settled(promise_all(loop, JsArray([resolved_promise(loop, 1), 2])))) == [1, 2]
    assert values_of(run_until_settled(promise_all(loop, JsArray([])))) == []
    assert run_until_settled(promise_race(loop, JsArray([3, rejected]))) == 3
    assert run_until_settled(promise_any(loop, JsArray([rejected, 4]))) == 4
    settled = run_until_settled(promise_all_settled(loop, JsArray([rejected, 5])))
    assert isinstance(settled, JsArray)
    assert [item.get("status") for item in settled.items if isinstance(item, JsObject)] == ["rejected", "fulfilled"]
    for promise in (
        promise_all(loop, JsArray([1, rejected])),
        promise_any(loop, JsArray([rejected])),
        promise_any(loop, JsArray([])),
    ):
        with pytest.raises(JsThrow):
            run_until_settled(promise)


def test_the_constructor_runs_its_executor_at_once(loop: EventLoop) -> None:
    constructor = promise_constructor(loop)

    def executor(resolve: JsFunction) -> object:
        return resolve.call(UNDEFINED, ("made",))

    made = constructor.construct((NativeFunction(executor),))
    assert isinstance(made, JsPromise)
    assert run_until_settled(made) == "made"
    resolved = call_method(constructor, "resolve", (1,))
    assert isinstance(resolved, JsPromise)
    assert run_until_settled(resolved) == 1
    with pytest.raises(JsThrow):
        constructor.call(UNDEFINED, ())
    with pytest.raises(JsThrow) as thrown:
        constructor.construct((1,))
    assert isinstance(thrown.value.value, JsError)
