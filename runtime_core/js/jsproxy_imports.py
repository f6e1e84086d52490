"""Imports behind JsProxy: attributes, iteration, subscripts, lengths, array methods, generators."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from runtime_core.js.arrays import JsArray, check_length
from runtime_core.js.buffers import TypedArray
from runtime_core.js.coerce import to_uint32
from runtime_core.js.control import JsThrow
from runtime_core.js.errors import throw_type_error
from runtime_core.js.functions import JsFunction, NativeFunction
from runtime_core.js.iteration import JsIterator, ReversedIterator, collect, iterate
from runtime_core.js.jsv_imports import array_check, require_array, require_function
from runtime_core.js.operators import (
    call_method,
    get_property,
    has_method,
    strict_equals,
    to_boolean,
    to_display,
    to_string,
    typeof,
)
from runtime_core.js.promises import JsPromise, resolved_promise
from runtime_core.js.pyproxy import PyProxy
from runtime_core.js.registry import ImportTable
from runtime_core.js.strings import PYTHON_RESERVED, attribute_name, read_utf8
from runtime_core.js.typeflags import compute_type_flags
from runtime_core.js.values import (
    ABSENT,
    ERROR,
    SYMBOL_ASYNC_DISPOSE,
    SYMBOL_ASYNC_ITERATOR,
    SYMBOL_DISPOSE,
    SYMBOL_ITERATOR,
    SYMBOL_TO_STRING_TAG,
    UNDEFINED,
    BigInt,
    JsObject,
    JsValue,
    PropertyKey,
)

if TYPE_CHECKING:
    from runtime_core.js.host import JsHost

_INT_MAX: Final = (1 << 31) - 1
_GENERATOR_MESSAGE: Final = (
    "This borrowed proxy was automatically destroyed when {} completed execution. "
    "Try using create_proxy or create_once_callable."
)


# ---- attributes


def get_attribute(js: JsHost, target: JsValue, name_at: int) -> JsValue:
    """``target[name]``, or the sentinel where there is no such property."""
    name = attribute_name(read_utf8(js.memory, name_at))
    if isinstance(target, JsObject):
        value = target.lookup(name)
        return ERROR if value is ABSENT else value
    value = get_property(target, name)
    if value is UNDEFINED:
        throw_type_error(f"Cannot use 'in' operator to search for '{name}' in {to_display(target)}")
    return value


def set_attribute(js: JsHost, target: JsValue, name_at: int, value: JsValue) -> int:
    """``target[name] = value``."""
    _object(target).set(attribute_name(read_utf8(js.memory, name_at)), value)
    return 0


def delete_attribute(js: JsHost, target: JsValue, name_at: int) -> int:
    """``delete target[name]``."""
    _object(target).delete(attribute_name(read_utf8(js.memory, name_at)))
    return 0


def list_attributes(js: JsHost, target: JsValue) -> JsValue:
    """The names that ``dir`` shows: no array indices; reserved words of Python get an underscore."""
    target = _object(target)
    if isinstance(target, JsArray | TypedArray):  # which may have millions of indices
        own = [key for key in target.own or {} if isinstance(key, str)]
        own += ["length"] if isinstance(target, JsArray) else []
    else:
        own = target.own_names()
    names = dict.fromkeys([*own, *target.inherited_names()])
    shown = [name for name in names if not name[:1].isdigit()]
    return JsArray(name + "_" if name.rstrip("_") in PYTHON_RESERVED else name for name in shown)


def _object(value: JsValue) -> JsObject:
    if not isinstance(value, JsObject):
        throw_type_error("value is not an object")
    return value


# ---- iteration


def get_iterator(js: JsHost, target: JsValue) -> JsValue:
    """``target[Symbol.iterator]()``."""
    return require_function(get_property(target, SYMBOL_ITERATOR)).call(target, ())


def get_async_iterator(js: JsHost, target: JsValue) -> JsValue:
    """``target[Symbol.asyncIterator]()``."""
    return require_function(get_property(target, SYMBOL_ASYNC_ITERATOR)).call(target, ())


def map_iterator(js: JsHost, target: JsValue) -> JsValue:
    """An iterator over the keys of a map, or over a value without ``keys``."""
    if has_method(target, "keys"):
        return call_method(target, "keys", ())
    return get_iterator(js, target)


def handle_next(js: JsHost, result: JsValue, done_at: int, message_at: int) -> JsValue:
    """Take an iterator result apart; an error message is left at ``message_at`` for C to raise and free."""
    message = _result_problem(result)
    if message is not None:
        js.memory.write_u32(message_at, js.new_utf8(message))
        js.memory.write_i32(done_at, -1)
        return UNDEFINED
    js.memory.write_i32(done_at, _as_int(get_property(result, "done")))
    return get_property(result, "value")


def _as_int(value: JsValue) -> int:
    """A value as WebAssembly takes it for an i32."""
    number = to_uint32(value)
    return number - (1 << 32) if number >> 31 else number


def _result_problem(result: JsValue) -> str | None:
    if typeof(result) != "object":
        return f'Result should have type "object" not "{typeof(result)}"'
    if get_property(result, "done") is UNDEFINED:
        if has_method(result, "then"):
            return "Result was a promise, use anext() / asend() / athrow() instead."
        return 'Result has no "done" field.'
    return None


def handle_async_next(
    js: JsHost, promise: JsValue, message_at: int, set_result: int, set_exception: int, closing: int
) -> int:
    """Deliver the result of an async iterator's ``next`` to a future through two Python callables."""
    problem = _async_result_problem(promise)
    if problem is not None:
        js.memory.write_u32(message_at, js.new_utf8(problem))
        return -1
    guest = js.guest
    callables = (set_result, set_exception)
    for callable_ in callables:
        guest.Py_IncRef(callable_)

    def succeed(result: JsValue) -> JsValue:
        done, value = get_property(result, "done"), get_property(result, "value")
        guest._agen_handle_result_js_c(*callables, _as_int(done), value, closing)
        return UNDEFINED

    def fail(reason: JsValue) -> JsValue:
        guest._agen_handle_result_js_c(*callables, -1, reason, closing)
        return UNDEFINED

    def release() -> JsValue:
        for callable_ in callables:
            guest.Py_DecRef(callable_)
        return UNDEFINED

    handled = call_method(promise, "then", (NativeFunction(succeed), NativeFunction(fail)))
    call_method(handled, "finally", (NativeFunction(release),))
    return 0


def _async_result_problem(promise: JsValue) -> str | None:
    if typeof(promise) != "object":
        return f"Result of anext() should be object not {typeof(promise)}"
    if not isinstance(get_property(promise, "then"), JsFunction):
        hint = ", use next() instead." if isinstance(get_property(promise, "done"), bool) else "."
        return f"Result of anext() was not a promise{hint}"
    return None


# ---- objects as maps, subscripts, lengths


def own_property(js: JsHost, target: JsValue, key: JsValue) -> JsValue:
    """An own property, or the sentinel."""
    value = _object(target).own_value(_key(key))
    return ERROR if value is ABSENT else value


def set_own_property(js: JsHost, target: JsValue, key: JsValue, value: JsValue) -> int:
    """Set a property, or delete it when there is no value; -1 for deleting what is not there."""
    target = _object(target)
    if value is not ERROR:
        target.set(_key(key), value)
        return 0
    if target.get_own(_key(key)) is ABSENT:
        return -1
    target.delete(_key(key))
    return 0


def _key(key: JsValue) -> PropertyKey:
    from runtime_core.js.operators import to_property_key

    return to_property_key(key)


def subscript(js: JsHost, target: JsValue, key: JsValue) -> JsValue:
    """``target.get(key)``, or the sentinel where ``target.has(key)`` denies it."""
    value = call_method(target, "get", (key,))
    if value is UNDEFINED and has_method(target, "has") and not to_boolean(call_method(target, "has", (key,))):
        return ERROR
    return value


def length(js: JsHost, target: JsValue) -> int:
    """``size`` or ``length``; -2 for neither, -3 negative, -4 too large."""
    number = _length(target)
    if number is None:
        return -2
    if number != number:
        return 0
    if number < 0:
        return -3
    return -4 if number > _INT_MAX else int(number)


def _length(target: JsValue) -> float | None:
    for name in ("size", "length"):
        value = get_property(target, name)
        if isinstance(value, int | float) and not isinstance(value, bool | BigInt):
            return value
    return None


def length_text(js: JsHost, target: JsValue) -> int:
    """The length as text for an error message; C frees it."""
    number = _length(target)
    return js.new_utf8(" " + to_string(math.nan if number is None else number))


def truth(js: JsHost, value: JsValue) -> bool:
    """Python's truth of a proxy: empty containers are false."""
    if not to_boolean(value):
        return False
    if not isinstance(value, JsObject):
        return True
    if _is_zero(value.get("size")):
        return False
    if array_check(js, value) and _is_zero(value.get("length")):
        return False
    return not _is_zero(value.get("byteLength"))


def _is_zero(value: JsValue) -> bool:
    """``value === 0``."""
    return strict_equals(value, 0)


# ---- arrays


def index_of(js: JsHost, array: JsValue, value: JsValue, start: int, stop: int) -> int:
    """The first index of a value in a range, or -2."""
    if isinstance(array, JsArray):
        for index in range(max(start, 0), min(stop, len(array.items))):
            item = array.items[index]
            if strict_equals(UNDEFINED if item is ABSENT else item, value):
                return index
        return -2
    for index in range(max(start, 0), min(stop, length(js, array))):
        if strict_equals(get_property(array, str(index)), value):
            return index
    return -2


def count(js: JsHost, array: JsValue, value: JsValue) -> int:
    """How many elements equal a value."""
    return sum(strict_equals(item, value) for item in iterate(array))


def repeat(js: JsHost, array: JsValue, times: int) -> JsValue:
    """A new array of ``times`` copies, without holes."""
    items = _without_holes(array.items) if isinstance(array, JsArray) else collect(array)
    times = max(times, 0)
    check_length(len(items) * times)
    return JsArray(items * times)


def repeat_in_place(js: JsHost, array: JsValue, times: int) -> int:
    """Repeat an array's elements in place, without holes."""
    items = require_array(array).items
    repeated = _without_holes(items)
    times = max(times, 0)
    check_length(len(repeated) * times)
    items[:] = repeated * times
    return 0


def _without_holes(items: list[JsValue]) -> list[JsValue]:
    return [item for item in items if item is not ABSENT]


def reverse(js: JsHost, array: JsValue) -> int:
    """Reverse in place."""
    call_method(array, "reverse", ())
    return 0


def reversed_iterator(js: JsHost, array: JsValue) -> JsValue:
    """An iterator from the end."""
    return ReversedIterator(array, length(js, array))


def clear_map(js: JsHost, target: JsValue) -> int:
    """``map.clear()``; 0 where there is no such method."""
    if not has_method(target, "clear"):
        return 0
    call_method(target, "clear", ())
    return 1


# ---- context managers, generators


def exit_context(js: JsHost, target: JsValue) -> int:
    """``target[Symbol.dispose]()``."""
    call_method(target, SYMBOL_DISPOSE, ())
    return 0


def exit_async_context(js: JsHost, target: JsValue) -> JsValue:
    """``target[Symbol.asyncDispose]()``."""
    return call_method(target, SYMBOL_ASYNC_DISPOSE, ())


def wrap_generator(js: JsHost, generator: JsValue, proxies: JsValue) -> JsValue:
    """A generator that destroys the proxies lent to it when it ends."""
    lent = _Lent(proxies, "a generator")

    def step(name: str) -> Callable[[JsValue], JsValue]:
        def call(value: JsValue) -> JsValue:
            try:
                result = call_method(generator, name, (lent.lend(value),))
            except JsThrow:
                lent.destroy()
                raise
            if to_boolean(get_property(result, "done")):
                lent.destroy(spare=get_property(result, "value"))
            return result

        return call

    return _generator_object("Generator", SYMBOL_ITERATOR, step)


def wrap_async_generator(js: JsHost, generator: JsValue, proxies: JsValue) -> JsValue:
    """An async generator that destroys the proxies lent to it when it ends."""
    lent = _Lent(proxies, "an asynchronous generator")

    def step(name: str) -> Callable[[JsValue], JsValue]:
        def call(value: JsValue) -> JsValue:
            result = JsPromise(js.loop)

            def succeed(outcome: JsValue) -> None:
                if to_boolean(get_property(outcome, "done")):
                    lent.destroy(spare=get_property(outcome, "value"))
                result.resolve(outcome)

            def fail(reason: JsValue) -> None:
                lent.destroy()
                result.reject(reason)

            try:
                pending = resolved_promise(js.loop, call_method(generator, name, (lent.lend(value),)))
            except JsThrow as thrown:
                fail(thrown.value)
            else:
                pending.subscribe(succeed, fail)
            return result

        return call

    return _generator_object("AsyncGenerator", SYMBOL_ASYNC_ITERATOR, step)


def _generator_object(tag: str, symbol: PropertyKey, step: Callable[[str], Callable[[JsValue], JsValue]]) -> JsObject:
    result = JsObject({SYMBOL_TO_STRING_TAG: tag})
    result.set(symbol, NativeFunction(lambda: result))
    for name in ("next", "throw", "return"):
        result.set(name, NativeFunction(step(name), name))
    return result


class _Lent:
    """Proxies that live as long as a generator runs."""

    def __init__(self, proxies: JsValue, what: str) -> None:
        self._proxies = [proxy for proxy in iterate(proxies) if isinstance(proxy, PyProxy)]
        self._message = _GENERATOR_MESSAGE.format(what)

    def lend(self, value: JsValue) -> JsValue:
        """``value``, copied and kept if it is a proxy."""
        if isinstance(value, PyProxy):
            value = value.copy()
            self._proxies.append(value)
        return value

    def destroy(self, spare: JsValue = UNDEFINED) -> None:
        """Destroy all but ``spare``."""
        for proxy in self._proxies:
            if proxy is not spare:
                proxy.destroy(self._message)
        self._proxies.clear()


def type_flags(js: JsHost, value: JsValue, is_json: int) -> int:
    """The type flags of a value."""
    return compute_type_flags(value, is_json=bool(is_json))


JSPROXY_IMPORTS: Final = ImportTable(
    plain={"JsArray_reversed_iterator": reversed_iterator},
    check={"JsProxy_Bool_js": truth},
    pointer={"get_length_string": length_text},
    status={
        "JsProxy_compute_typeflags": type_flags,
        "JsProxy_SetAttr_js": set_attribute,
        "JsProxy_DelAttr_js": delete_attribute,
        "JsProxy_exit_js": exit_context,
        "JsObjMap_length_js": lambda js, target: len(_object(target).own_keys()),
        "JsObjMap_ass_subscript_js": set_own_property,
        "JsObjMap_contains_js": lambda js, target, key: _object(target).get_own(_key(key)) is not ABSENT,
        "JsArray_index_js": index_of,
        "JsArray_count_js": count,
        "JsArray_inplace_repeat_js": repeat_in_place,
        "JsArray_reverse_js": reverse,
        "JsMap_clear_js": clear_map,
        "get_length_helper": length,
        "handle_next_result_js": handle_next,  # upstream declares it as a number, so -1 is its result after an error
        "_agen_handle_result_js": handle_async_next,
    },
    value={
        "JsProxy_GetAttr_js": get_attribute,
        "JsProxy_Dir_js": list_attributes,
        "JsProxy_GetIter_js": get_iterator,
        "JsProxy_GetAsyncIter_js": get_async_iterator,
        "JsProxy_subscript_js": subscript,
        "JsProxy_aexit_js": exit_async_context,
        "JsModule_GetAll_js": lambda js, target: JsArray(_object(target).own_names()),
        "JsMap_GetIter_js": map_iterator,
        "JsObjMap_GetIter_js": lambda js, target: JsIterator(_object(target).own_keys()),
        "JsObjMap_subscript_js": own_property,
        "JsArray_repeat_js": repeat,
        "wrap_generator": wrap_generator,
        "wrap_async_generator": wrap_async_generator,
    },
)
