"""What ``import fixtures`` gives to cases run here: as fixtures.mjs, in the same order, in this host's values."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator, Sequence

from runtime_core.js.arrays import JsArray
from runtime_core.js.buffers import JsArrayBuffer, TypedArray, construct_typed_array
from runtime_core.js.classes import JsClass
from runtime_core.js.control import JsThrow
from runtime_core.js.errors import JsError
from runtime_core.js.eventloop import EventLoop
from runtime_core.js.functions import JsFunction, NativeFunction
from runtime_core.js.generators import JsAsyncGenerator, JsGenerator
from runtime_core.js.host import JsHost
from runtime_core.js.intrinsics import constructor
from runtime_core.js.iteration import JsIterator, iterate, iterator_result
from runtime_core.js.json_text import stringify
from runtime_core.js.maps import JsMap, JsSet
from runtime_core.js.operators import (
    call_method,
    constructor_name,
    get_property,
    less_than,
    same_value_zero_key,
    to_property_key,
    to_string,
    type_tag,
    typeof,
)
from runtime_core.js.promises import JsPromise, resolved_promise
from runtime_core.js.pyproxy import PyProxy
from runtime_core.js.values import (
    ABSENT,
    MAX_SAFE_INTEGER,
    SYMBOL_ASYNC_DISPOSE,
    SYMBOL_ASYNC_ITERATOR,
    SYMBOL_DISPOSE,
    SYMBOL_ITERATOR,
    SYMBOL_TO_STRING_TAG,
    UNDEFINED,
    Accessor,
    BigInt,
    JsObject,
    JsSymbol,
    JsValue,
    PropertyKey,
)
from tests.conformance.ffi.fixture_classes import (
    collect,
    count_to,
    custom_error_class,
    echo,
    fail_after,
    gather,
    multiply,
    plain_count,
    plus,
    point_classes,
    stepping,
    stubborn,
    throw,
    tidy,
)
from tests.support.javascript import instance_of


def _inspect(value: JsValue, seen: tuple[JsValue, ...] = ()) -> str:
    """A JavaScript value as text, so that a case can see what a conversion gave."""
    if isinstance(value, str):
        return str(stringify(value, UNDEFINED, UNDEFINED))
    if isinstance(value, JsSymbol | BigInt):
        return repr(value)
    if isinstance(value, float) and value == 0 and math.copysign(1, value) < 0:
        return "-0"
    if not isinstance(value, JsObject):
        return to_string(value)
    if isinstance(value, PyProxy):
        return f"PyProxy({value.type_name()})"
    if isinstance(value, JsFunction):
        return f"function {to_string(value.get('name'))}"
    for index, outer in enumerate(reversed(seen)):
        if outer is value:
            return f"<up {index + 1}>"
    return _inspect_object(value, (*seen, value))


def _inspect_object(value: JsObject, seen: tuple[JsValue, ...]) -> str:
    name = constructor_name(value) if value.has("constructor") else "null"
    if isinstance(value, JsArray):
        return f"[{', '.join(_inspect(item, seen) for item in value.iterate())}]"
    if isinstance(value, JsMap):
        parts = [f"{_inspect(key, seen)} => {_inspect(item, seen)}" for key, item in value.entries.values()]
        return f"{name}{{{', '.join(parts)}}}"
    if isinstance(value, JsSet):
        return f"{name}{{{', '.join(_inspect(item, seen) for item in value.iterate())}}}"
    if isinstance(value, JsError):
        return f"{name}({value.message})"
    if isinstance(value, JsArrayBuffer):
        return f"{name}({to_string(value.get('byteLength'))})"
    if isinstance(value, TypedArray):
        return f"{name}[{', '.join(_inspect(item, seen) for item in value.values())}]"
    parts = [f"{key}: {_inspect(value.get(key), seen)}" for key in value.own_keys()]
    return f"{name}{{{', '.join(parts)}}}"


def make_fixtures(host: JsHost, http: str) -> dict[PropertyKey, JsValue]:
    """The members of the module, for one isolate; ``http`` is the URL of a local server."""
    members: dict[PropertyKey, JsValue] = {}
    log = JsArray()
    for table in (_functions(), _views(), _keeping(log), _promises(host), _iteration(host)):
        members.update((name, NativeFunction(made, name)) for name, made in table.items())
    members["this_of"] = NativeFunction(lambda this: this, "this_of", takes_this=True)
    members["log"] = log
    point, point3 = point_classes()
    custom_error = custom_error_class()
    members.update(Point=point, Point3=point3, CustomError=custom_error)
    for name, made in (_objects(custom_error) | _disposables(host, log)).items():
        members[name] = NativeFunction(made, name)
    return members | _values() | {"HTTP": http}


def _call(callback: JsValue, args: Sequence[JsValue]) -> JsValue:
    if not isinstance(callback, JsFunction):
        return throw("TypeError", "callback is not a function")
    return callback.call(UNDEFINED, args)


def _call_catching(callback: JsValue, *args: JsValue) -> JsValue:
    try:
        return _call(callback, args)
    except JsThrow as thrown:
        return f"caught {constructor_name(thrown.value)}"


def _construct(constructor: JsValue, *args: JsValue) -> JsValue:
    if not isinstance(constructor, JsFunction):
        return throw("TypeError", "constructor is not a constructor")
    return constructor.construct(args)


def _set_property(target: JsValue, name: JsValue, value: JsValue) -> JsValue:
    assert isinstance(target, JsObject)
    target.set(to_property_key(name), value)
    return UNDEFINED


def _throw_value(value: JsValue) -> JsValue:
    raise JsThrow(value)


def _functions() -> dict[str, Callable[..., JsValue]]:
    return {
        "add": plus,
        "identity": lambda value: value,
        "arguments_of": lambda *args: JsArray(args),
        "argument_count": lambda *args: len(args),
        "call_with": lambda callback, *args: _call(callback, args),
        "call_catching": _call_catching,
        "call_method": lambda target, name, *args: call_method(target, to_property_key(name), args),
        "construct": _construct,
        "get_property": lambda target, name: get_property(target, to_property_key(name)),
        "set_property": _set_property,
        "throw_error": lambda message: throw("TypeError", None if message is UNDEFINED else to_string(message)),
        "throw_value": _throw_value,
        "rethrow": lambda callback: _call(callback, ()),
    }


def _same(left: JsValue, right: JsValue) -> JsValue:
    if isinstance(left, JsObject) or isinstance(right, JsObject):
        return left is right
    return same_value_zero_key(left) == same_value_zero_key(right) and _inspect(left) == _inspect(right)


def _views() -> dict[str, Callable[..., JsValue]]:
    return {
        "inspect": lambda value: _inspect(value),
        "type_of": typeof,
        "tag_of": type_tag,
        "constructor_name": lambda value: (
            UNDEFINED
            if value is None or value is UNDEFINED
            else get_property(get_property(value, "constructor"), "name")
        ),
        "same": _same,
        "is_instance": instance_of,
    }


def _keeping(log: JsArray) -> dict[str, Callable[..., JsValue]]:
    kept: list[JsValue] = [UNDEFINED]

    def keep(value: JsValue) -> JsValue:
        kept[0] = value
        return UNDEFINED

    return {"keep": keep, "kept": lambda: kept[0]}


def _promises(host: JsHost) -> dict[str, Callable[..., JsValue]]:
    loop = host.loop

    def rejected(reason: JsValue) -> JsValue:
        promise = JsPromise(loop)
        promise.reject(reason)
        return promise

    def later(milliseconds: JsValue, act: Callable[[JsPromise], JsValue]) -> JsValue:
        assert isinstance(milliseconds, int | float)
        promise = JsPromise(loop)
        loop.schedule(lambda: act(promise), milliseconds / 1000)
        return promise

    def await_call(callback: JsValue, *args: JsValue) -> JsValue:
        promise = JsPromise(loop)
        try:
            promise.resolve(_call(callback, args))
        except JsThrow as thrown:
            promise.reject(thrown.value)
        return promise

    return {
        "async_add": lambda a, b: resolved_promise(loop, plus(a, b)),
        "resolved": lambda value: resolved_promise(loop, value),
        "rejected": lambda message: rejected(JsError("RangeError", to_string(message))),
        "rejected_with": rejected,
        "later": lambda milliseconds, value: later(milliseconds, lambda promise: promise.resolve(value)),
        "later_rejected": lambda milliseconds, message: later(
            milliseconds, lambda promise: promise.reject(JsError("Error", to_string(message)))
        ),
        "pending": lambda: JsPromise(loop),
        "thenable": lambda value: JsObject({"then": NativeFunction(lambda resolve: _call(resolve, (value,)), "then")}),
        "await_call": await_call,
        "boxed_method": lambda target, name, *args: JsObject({"value": call_method(target, to_string(name), args)}),
        "ticks": lambda count, *named: _ticks(loop, count, named),
    }


def _ticks(loop: EventLoop, count: JsValue, named: tuple[JsValue, ...]) -> JsValue:
    assert isinstance(count, int)
    order = JsArray()

    def note(value: JsValue) -> NativeFunction:
        return NativeFunction(lambda: order.items.append(value))

    for name, promise in zip(named[::2], named[1::2], strict=True):
        call_method(promise, "then", (note(name), note(f"{to_string(name)} rejected")))
    chain = resolved_promise(loop, UNDEFINED)
    for tick in range(1, count + 1):
        chain = chain.then(note(tick))
    return chain.then(NativeFunction(lambda: order))


def _iterator(items: JsValue) -> JsValue:
    source = iterate(items)

    def step() -> JsValue:
        for value in source:
            return iterator_result(done=False, value=value)
        return iterator_result(done=True, value="end")

    return JsObject({"next": NativeFunction(step, "next")})


def _iterable(items: JsValue) -> JsValue:
    return JsObject({SYMBOL_ITERATOR: NativeFunction(lambda: JsIterator(iterate(items)), "[Symbol.iterator]")})


def _pass_on(items: Iterator[JsValue]) -> Generator[JsValue, JsValue, JsValue]:
    for item in items:  # noqa: UP028 - a value sent to the generator is none of the items' business
        yield item
    return UNDEFINED


def _iteration(host: JsHost) -> dict[str, Callable[..., JsValue]]:
    def async_iterable(items: JsValue) -> JsValue:
        def start() -> JsValue:
            return JsAsyncGenerator(host.loop, _pass_on(iterate(items)))

        return JsObject({SYMBOL_ASYNC_ITERATOR: NativeFunction(start, "[Symbol.asyncIterator]")})

    return {
        "count_to": lambda limit: JsGenerator(count_to(limit)),
        "echo": lambda: JsGenerator(echo("stopped")),
        "fail_after": lambda count: JsGenerator(fail_after(count)),
        "async_count_to": lambda limit: JsAsyncGenerator(host.loop, plain_count(limit)),
        "async_echo": lambda: JsAsyncGenerator(host.loop, echo(UNDEFINED)),
        "async_fail_after": lambda count: JsAsyncGenerator(host.loop, fail_after(count)),
        "iterator": _iterator,
        "iterable": _iterable,
        "async_iterable": async_iterable,
        "stepping": lambda step: stepping(step, SYMBOL_ITERATOR),
        "async_stepping": lambda step: stepping(step, SYMBOL_ASYNC_ITERATOR),
        "both_iterable": lambda: JsObject(
            {
                SYMBOL_ITERATOR: NativeFunction(lambda: JsIterator(iter((1,)))),
                SYMBOL_ASYNC_ITERATOR: NativeFunction(lambda: JsAsyncGenerator(host.loop, _pass_on(iter((2,))))),
            }
        ),
        "tidy": lambda log: JsGenerator(tidy(log)),
        "stubborn": lambda: JsGenerator(stubborn()),
        "async_tidy": lambda log: JsAsyncGenerator(host.loop, tidy(log)),
        "async_stubborn": lambda: JsAsyncGenerator(host.loop, stubborn()),
        "gather": lambda: JsGenerator(gather()),
        "spread": lambda items: JsArray(iterate(items)),
        "collect": lambda items: collect(host, items),
    }


def _disposables(host: JsHost, log: JsArray) -> dict[str, Callable[..., JsValue]]:
    def note(text: str) -> JsValue:
        log.items.append(text)
        return UNDEFINED

    def note_later() -> JsValue:
        note("disposed later")
        return resolved_promise(host.loop, UNDEFINED)

    return {
        "disposable": lambda: JsObject(
            {"name": "disposable", SYMBOL_DISPOSE: NativeFunction(lambda: note("disposed"), "[Symbol.dispose]")}
        ),
        "async_disposable": lambda: JsObject(
            {"name": "async disposable", SYMBOL_ASYNC_DISPOSE: NativeFunction(note_later, "[Symbol.asyncDispose]")}
        ),
    }


def _cyclic() -> JsValue:
    value = JsObject({"name": "cyclic"})
    value.set("list", JsArray((value,)))
    return value


def _inheriting() -> JsValue:
    value = JsObject({"own": 1})
    value.prototype = JsObject({"inherited": "from the prototype"})
    return value


def _null_prototype() -> JsValue:
    value = JsObject({"a": 1, "b": 2})
    value.set_prototype(None)
    return value


def _with_accessor() -> JsValue:
    hidden: list[JsValue] = [1]

    def write(this: JsValue, value: JsValue) -> None:
        hidden[0] = multiply(value, 2)

    return JsObject({"value": Accessor(lambda this: hidden[0], write), "constant": Accessor(lambda this: "constant")})


def _nested() -> JsValue:
    return JsObject(
        {
            "list": JsArray((1, JsArray((2, JsArray((3,)))))),
            "map": JsMap([("k", JsObject({"deep": JsArray((4,))}))]),
            "set": JsSet((1, "s")),
            "last": JsObject({"x": JsObject({"y": 5})}),
        }
    )


def _map(entries: JsValue) -> JsValue:
    if entries is UNDEFINED:
        return JsMap([("a", 1), (2, "b")])
    return JsMap((get_property(entry, "0"), get_property(entry, "1")) for entry in iterate(entries))


def _array_like_iterable(items: JsValue) -> JsValue:
    values = list(iterate(items))
    made = JsObject({str(index): value for index, value in enumerate(values)})
    made.set("length", len(values))
    made.set(SYMBOL_ITERATOR, NativeFunction(lambda this: JsIterator(_elements(this)), "values", takes_this=True))
    return made


def _elements(target: JsValue) -> Iterator[JsValue]:
    index = 0
    while less_than(index, get_property(target, "length")):
        yield get_property(target, str(index))
        index += 1


def _objects(custom_error: JsClass) -> dict[str, Callable[..., JsValue]]:
    return {
        "plain": lambda: JsObject({"a": 1, "b": "two", "c": None, "d": UNDEFINED, "e": JsArray((1, 2))}),
        "nested": _nested,
        "cyclic": _cyclic,
        "frozen": lambda: call_method(constructor("Object"), "freeze", (JsObject({"a": 1}),)),
        "null_prototype": _null_prototype,
        "inheriting": _inheriting,
        "throwing_getter": lambda: JsObject(
            {"good": 1, "bad": Accessor(lambda this: throw("RangeError", "a getter threw"))}
        ),
        "with_accessor": _with_accessor,
        "with_symbols": lambda: JsObject({JsSymbol("own"): 1, SYMBOL_TO_STRING_TAG: "Tagged", "visible": 2}),
        "with_keywords": lambda: JsObject(
            {"class": 1, "from": 2, "lambda_": 3, "with space": 4, "then_": 5, "__dunder__": 6}
        ),
        "array_like": lambda: JsObject({"length": 2, "0": "zero", "1": "one"}),
        "array_like_iterable": _array_like_iterable,
        "getter_object": lambda: JsObject(
            {"get": NativeFunction(lambda key: f"value of {to_string(key)}", "get"), "size": 3}
        ),
        "container": lambda: JsObject(
            {
                "has": NativeFunction(lambda key: key == "held", "has"),
                "includes": NativeFunction(lambda: True, "includes"),
            }
        ),
        "disposable_with": lambda callback: JsObject({SYMBOL_DISPOSE: NativeFunction(lambda: _call(callback, ()))}),
        "async_disposable_with": lambda callback: JsObject(
            {SYMBOL_ASYNC_DISPOSE: NativeFunction(lambda: _call(callback, ()))}
        ),
        "sparse": lambda: JsArray((1, ABSENT, 3)),
        "map": _map,
        "set": lambda items: JsSet((1, "a") if items is UNDEFINED else iterate(items)),
        "map_with_object_key": lambda: JsMap([(JsObject(), 1)]),
        "error": lambda name, message: JsError(to_string(name), None if message is UNDEFINED else to_string(message)),
        "custom_error": lambda message, code: custom_error.construct((message, code)),
        "typed": lambda name, items: construct_typed_array(to_string(name), items, UNDEFINED, UNDEFINED),
        "array_buffer": lambda items: construct_typed_array("Uint8Array", items, UNDEFINED, UNDEFINED).buffer,
    }


def _values() -> dict[PropertyKey, JsValue]:
    return {
        "undefined_value": UNDEFINED,
        "null_value": None,
        "true_value": True,
        "nan": math.nan,
        "infinity": math.inf,
        "minus_zero": -0.0,
        "number": 1.5,
        "integer": 1 << 31,
        "max_safe": MAX_SAFE_INTEGER,
        "beyond_safe": float(1 << 53),
        "bigint": BigInt(1 << 64),
        "small_bigint": BigInt(7),
        "text": "aé☃😀",
        "lone_surrogate": "x\ud800y",
        "split_pair": JsArray(("\ud83d", "\ude00")),
        "symbol": JsSymbol("a symbol"),
    }
