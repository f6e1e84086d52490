"""Classes, generators and iterators that cases find in ``fixtures``: as fixtures.mjs has them."""

from __future__ import annotations

import math
from collections.abc import Generator

from runtime_core.js.arrays import JsArray
from runtime_core.js.classes import JsClass, define_class
from runtime_core.js.control import JsThrow
from runtime_core.js.errors import JsError
from runtime_core.js.functions import JsFunction, NativeFunction
from runtime_core.js.host import JsHost
from runtime_core.js.intrinsics import constructor
from runtime_core.js.operators import (
    call_method,
    constructor_name,
    get_property,
    less_than,
    to_string,
)
from runtime_core.js.promises import JsPromise, resolved_promise
from runtime_core.js.values import (
    SYMBOL_ASYNC_ITERATOR,
    SYMBOL_ITERATOR,
    UNDEFINED,
    BigInt,
    JsObject,
    JsValue,
    PropertyKey,
    join_surrogates,
)


def throw(name: str, message: str | None) -> JsValue:
    raise JsThrow(JsError(name, message))


# ---- classes of JavaScript


def _set_pair(this: JsValue, pair: JsValue) -> None:
    assert isinstance(this, JsObject)
    this.set("x", get_property(pair, "0"))
    this.set("y", get_property(pair, "1"))


def multiply(value: JsValue, factor: JsValue) -> JsValue:
    assert isinstance(value, int | float)
    assert isinstance(factor, int | float)
    return value * factor


def plus(left: JsValue, right: JsValue) -> JsValue:
    """``left + right``."""
    if isinstance(left, BigInt) and isinstance(right, BigInt):
        return BigInt(int(left) + int(right))
    if isinstance(left, int | float) and isinstance(right, int | float):
        return left + right
    if left is UNDEFINED or right is UNDEFINED:
        return math.nan
    return join_surrogates(to_string(left) + to_string(right))


def point_classes() -> tuple[JsClass, JsClass]:
    def make_point(this: JsObject, x: JsValue, y: JsValue) -> JsValue:
        this.set("x", x)
        this.set("y", y)
        return this

    def scale(this: JsValue, factor: JsValue) -> JsValue:
        return point.construct([multiply(get_property(this, key), factor) for key in "xy"])

    point = define_class(
        "Point",
        make_point,
        methods={"scale": scale},
        getters={
            "sum": lambda this: plus(get_property(this, "x"), get_property(this, "y")),
            "pair": lambda this: JsArray((get_property(this, "x"), get_property(this, "y"))),
        },
        setters={"pair": _set_pair},
        statics={"origin": lambda _class: point.construct((0, 0))},
    )
    point.set("made", "static field")

    def make_point3(this: JsObject, x: JsValue, y: JsValue, z: JsValue) -> JsValue:
        this.set("z", z)
        return this

    def scale3(this: JsValue, factor: JsValue) -> JsValue:
        return point3.construct([multiply(get_property(this, key), factor) for key in "xyz"])

    point3 = define_class("Point3", make_point3, methods={"scale": scale3}, parent=point)
    return point, point3


def custom_error_class() -> JsClass:
    def make(this: JsObject, message: JsValue, code: JsValue) -> JsValue:
        this.set("name", "CustomError")
        this.set("code", code)
        return this

    error = constructor("Error")
    assert isinstance(error, JsFunction)
    return define_class("CustomError", make, parent=error)


# ---- generators of JavaScript


def count_to(limit: JsValue) -> Generator[JsValue, JsValue, JsValue]:
    index = 0
    while less_than(index, limit):
        yield index
        index += 1
    return "counted"


def plain_count(limit: JsValue) -> Generator[JsValue, JsValue, JsValue]:
    yield from count_to(limit)
    return UNDEFINED


def echo(last: JsValue) -> Generator[JsValue, JsValue, JsValue]:
    received: JsValue = "ready"
    while received != "stop":
        try:
            received = yield received
        except JsThrow as thrown:
            received = f"caught {constructor_name(thrown.value)}"
    return last


def fail_after(count: JsValue) -> Generator[JsValue, JsValue, JsValue]:
    yield from count_to(count)
    return throw("RangeError", f"failed after {to_string(count)}")


def stepping(step: JsValue, symbol: PropertyKey) -> JsValue:
    return JsObject(
        {"next": NativeFunction(lambda: step, "next"), symbol: NativeFunction(lambda this: this, takes_this=True)}
    )


def tidy(log: JsValue) -> Generator[JsValue, JsValue, JsValue]:
    try:
        yield 1
        yield 2
    finally:
        call_method(log, "push", ("tidied",))
    return UNDEFINED


def stubborn() -> Generator[JsValue, JsValue, JsValue]:
    while True:
        try:
            yield "going on"
        except BaseException as stop:
            if isinstance(stop, GeneratorExit):  # the host drops the generator
                raise


def gather() -> Generator[JsValue, JsValue, JsValue]:
    received = JsArray()
    for index in range(3):
        call_method(received, "push", (to_string((yield index)),))
    return received


def collect(host: JsHost, items: JsValue) -> JsPromise:
    """``for await (const item of items) found.push(item)``."""
    promise = JsPromise(host.loop)
    found: list[JsValue] = []
    method = get_property(items, SYMBOL_ASYNC_ITERATOR)
    asynchronous = isinstance(method, JsFunction)
    iterator = call_method(items, SYMBOL_ASYNC_ITERATOR if asynchronous else SYMBOL_ITERATOR, ())

    def step() -> None:
        try:
            result = call_method(iterator, "next", ())
        except JsThrow as thrown:
            promise.reject(thrown.value)
            return
        resolved_promise(host.loop, result).subscribe(receive, promise.reject)

    def receive(result: JsValue) -> None:
        if get_property(result, "done"):
            promise.resolve(JsArray(found))
            return
        value = get_property(result, "value")
        if asynchronous:
            append(value)
        else:
            resolved_promise(host.loop, value).subscribe(append, promise.reject)

    def append(value: JsValue) -> None:
        found.append(value)
        step()

    step()
    return promise
