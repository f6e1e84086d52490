"""Generators of the host as JavaScript's."""

from __future__ import annotations

from collections.abc import Callable, Generator

import pytest

from runtime_core.js.control import JsThrow
from runtime_core.js.errors import JsError
from runtime_core.js.eventloop import EventLoop
from runtime_core.js.generators import Await, JsAsyncGenerator, JsGenerator
from runtime_core.js.iteration import iterate
from runtime_core.js.operators import type_tag
from runtime_core.js.promises import JsPromise, PromiseState
from runtime_core.js.values import UNDEFINED, JsObject, JsValue

Body = Generator[JsValue, JsValue, JsValue]


def count() -> Body:
    yield 1
    yield 2
    return "end"


def echo(log: list[str]) -> Body:
    received: JsValue = "ready"
    try:
        while True:
            try:
                received = yield received
            except JsThrow as thrown:
                received = ("caught", thrown.value)
    finally:
        log.append("tidied")


def shown(result: JsValue) -> tuple[JsValue, JsValue]:
    assert isinstance(result, JsObject)
    return result.get("done"), result.get("value")


def test_a_generator_yields_and_returns() -> None:
    generator = JsGenerator(count())
    steps = [shown(generator.resume("next", "ignored")) for _ in range(4)]
    assert steps == [(False, 1), (False, 2), (True, "end"), (True, UNDEFINED)]
    assert type_tag(generator) == "[object Generator]"
    assert list(iterate(JsGenerator(count()))) == [1, 2]


def test_a_generator_receives() -> None:
    log: list[str] = []
    generator = JsGenerator(echo(log))
    assert shown(generator.resume("next", UNDEFINED)) == (False, "ready")
    assert shown(generator.resume("next", 5)) == (False, 5)
    assert shown(generator.resume("throw", "reason")) == (False, ("caught", "reason"))
    assert shown(generator.resume("return", "result")) == (True, "result")
    assert log == ["tidied"]
    assert shown(generator.resume("return", "again")) == (True, "again")
    with pytest.raises(JsThrow):
        generator.resume("throw", "late")


@pytest.mark.parametrize(("how", "outcome"), [("return", (True, 5)), ("throw", 5)])
def test_a_generator_that_has_not_started(how: str, outcome: JsValue) -> None:
    log: list[str] = []
    generator = JsGenerator(echo(log))
    if how == "throw":
        with pytest.raises(JsThrow) as error:
            generator.resume(how, 5)
        assert error.value.value == outcome
    else:
        assert shown(generator.resume(how, 5)) == outcome
    assert log == []
    assert shown(generator.resume("next", UNDEFINED)) == (True, UNDEFINED)


def test_a_generator_cannot_resume_itself() -> None:
    def body() -> Body:
        yield generator.resume("next", UNDEFINED)
        return UNDEFINED

    generator = JsGenerator(body())
    with pytest.raises(JsThrow) as error:
        generator.resume("next", UNDEFINED)
    assert isinstance(error.value.value, JsError)
    assert error.value.value.message == "Generator is already running"


def settled(loop: EventLoop, promise: JsPromise) -> tuple[PromiseState, JsValue]:
    promise.subscribe(lambda _value: None, lambda _reason: None)
    loop.run_microtasks()
    return promise.state, promise.value


def run_async(make: Callable[[EventLoop], Body]) -> tuple[EventLoop, JsAsyncGenerator]:
    loop = EventLoop()
    return loop, JsAsyncGenerator(loop, make(loop))


def test_an_async_generator_serves_requests_in_order() -> None:
    loop, generator = run_async(lambda _loop: count())
    promises = [generator.request("next", UNDEFINED) for _ in range(4)]
    results = [settled(loop, promise) for promise in promises]
    assert [shown(value) for _, value in results] == [(False, 1), (False, 2), (True, "end"), (True, UNDEFINED)]


def test_an_async_generator_waits_for_promises() -> None:
    def body(loop: EventLoop) -> Body:
        first = JsPromise(loop)
        loop.queue_microtask(lambda: first.resolve("late"))
        got = yield Await(first)
        failing = JsPromise(loop)
        failing.reject("reason")
        try:
            yield failing
        except JsThrow as thrown:
            yield (got, thrown.value)
        return UNDEFINED

    loop, generator = run_async(body)
    state, value = settled(loop, generator.request("next", UNDEFINED))
    assert (state, shown(value)) == (PromiseState.FULFILLED, (False, ("late", "reason")))


def test_an_async_generator_that_throws_is_over() -> None:
    def body(_loop: EventLoop) -> Body:
        yield 1
        raise JsThrow("broken")

    loop, generator = run_async(body)
    assert settled(loop, generator.request("next", UNDEFINED))[0] is PromiseState.FULFILLED
    assert settled(loop, generator.request("next", UNDEFINED)) == (PromiseState.REJECTED, "broken")
    state, value = settled(loop, generator.request("next", UNDEFINED))
    assert (state, shown(value)) == (PromiseState.FULFILLED, (True, UNDEFINED))


def test_returning_from_an_async_generator_awaits_the_value() -> None:
    log: list[str] = []
    loop, generator = run_async(lambda _loop: echo(log))
    settled(loop, generator.request("next", UNDEFINED))
    pending = JsPromise(loop)
    pending.resolve("given")
    state, value = settled(loop, generator.request("return", pending))
    assert (state, shown(value), log) == (PromiseState.FULFILLED, (True, "given"), ["tidied"])
