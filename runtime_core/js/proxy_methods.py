"""What JavaScript code can call on a proxy of a Python object, by what the object supports.

Each class here stands for one of the mixins of Pyodide's documentation; :func:`members` puts together those that a
proxy's capabilities ask for.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import replace
from functools import cache, lru_cache
from typing import ClassVar, Final, TypeAlias

from runtime_core.js import array_like, proxy_async, proxy_calls
from runtime_core.js.array_methods import ARRAY_METHODS
from runtime_core.js.arrays import JsArray
from runtime_core.js.errors import throw_type_error
from runtime_core.js.functions import BuiltinFunction, JsFunction, NativeFunction
from runtime_core.js.generators import JsGenerator
from runtime_core.js.operators import call_method, get_property, to_boolean, to_integer, to_number, to_string
from runtime_core.js.proxy_flags import ProxyFlag
from runtime_core.js.proxy_object import Elements, ProxyObject
from runtime_core.js.pybuffer import get_buffer
from runtime_core.js.values import (
    ABSENT,
    ERROR,
    SYMBOL_ASYNC_ITERATOR,
    SYMBOL_DISPOSE,
    SYMBOL_IS_CONCAT_SPREADABLE,
    SYMBOL_ITERATOR,
    SYMBOL_TO_STRING_TAG,
    UNDEFINED,
    Accessor,
    JsObject,
    JsValue,
    PropertyKey,
)

Members: TypeAlias = Mapping[PropertyKey, Callable[..., JsValue]]
_VISITING: Final = ("every", "filter", "find", "findIndex", "forEach", "map", "reduce", "reduceRight", "some")
_WHOLE_REST: Final = 1 << 30  # what splice() removes without a count


def proxy_of(this: JsValue) -> ProxyObject:
    """The receiver of a method.

    Raises:
        JsThrow: TypeError where it is no proxy.
    """
    if not isinstance(this, ProxyObject):
        throw_type_error("Cannot read properties of undefined (reading 'shared')")
    return this


def _options(given: JsValue) -> JsObject:
    if given is UNDEFINED:
        return JsObject()
    if given is None:
        throw_type_error("Cannot read properties of null (reading 'depth')")
    return given if isinstance(given, JsObject) else JsObject()


def _destroy(this: JsValue, options: JsValue) -> JsValue:
    given = options if isinstance(options, JsObject) else JsObject()
    message, roundtrip = given.get("message"), given.lookup("destroyRoundtrip")
    text = to_string(message) if to_boolean(message) else ""
    proxy_of(this).destroy(text, destroy_roundtrip=not isinstance(roundtrip, bool) or roundtrip)
    return UNDEFINED


def _to_js(this: JsValue, options: JsValue) -> JsValue:
    proxy = proxy_of(this)
    given = _options(options)
    depth, proxies, create = given.get("depth"), given.get("pyproxies"), given.get("create_pyproxies")
    pointer = proxy.pointer
    if create is not UNDEFINED and not to_boolean(create):
        proxies = ERROR
    elif not to_boolean(proxies):
        proxies = JsArray()
    converters = [given.get(name) for name in ("dict_converter", "default_converter", "eager_converter")]
    result = proxy.host.guest.python2js_custom(
        pointer,
        _int32(depth, -1),
        proxies,
        *(ERROR if converter is UNDEFINED or converter is None else converter for converter in converters),
    )
    return proxy.check(result)


def _int32(value: JsValue, default: int = 0) -> int:
    """A number as WebAssembly takes it for an i32."""
    number = to_integer(value, default)
    return ((number + (1 << 31)) & 0xFFFFFFFF) - (1 << 31)


class PyProxyMethods(JsObject):
    """What every proxy has."""

    METHODS: ClassVar[Members] = {
        "copy": lambda this: proxy_of(this).copy(),
        "destroy": _destroy,
        "toJs": _to_js,
        "toString": lambda this: proxy_of(this).to_string(),
        SYMBOL_DISPOSE: lambda this: _destroy(this, UNDEFINED),
    }
    GETTERS: ClassVar[Members] = {
        "type": lambda this: proxy_of(this).type_name(),
        SYMBOL_TO_STRING_TAG: lambda this: "PyProxy",
    }


class PyLengthMethods(JsObject):
    """Of objects with a length."""

    GETTERS: ClassVar[Members] = {"length": lambda this: proxy_of(this).length()}


class PyGetItemMethods(JsObject):
    """Of objects with items."""

    METHODS: ClassVar[Members] = {"get": lambda this, key: proxy_of(this).get_item(key)}


def _set_item(this: JsValue, key: JsValue, value: JsValue) -> JsValue:
    proxy_of(this).set_item(key, value)
    return UNDEFINED


def _delete_item(this: JsValue, key: JsValue) -> JsValue:
    proxy_of(this).delete_item(key)
    return UNDEFINED


class PySetItemMethods(JsObject):
    """Of objects whose items can be set."""

    METHODS: ClassVar[Members] = {"delete": _delete_item, "set": _set_item}


class PyContainsMethods(JsObject):
    """Of containers."""

    METHODS: ClassVar[Members] = {"has": lambda this, key: proxy_of(this).contains(key)}


def _generate(elements: Elements) -> Generator[JsValue, JsValue, JsValue]:
    try:
        while (element := next(elements, ABSENT)) is not ABSENT:
            yield element
    except GeneratorExit:  # collected, at any moment: the guest must not be entered now
        raise
    except BaseException:
        elements.close()
        raise
    return UNDEFINED


class PyIterableMethods(JsObject):
    """Of iterables that are no iterators."""

    METHODS: ClassVar[Members] = {SYMBOL_ITERATOR: lambda this: JsGenerator(_generate(proxy_of(this).elements()))}


def _next(this: JsValue, value: JsValue) -> JsValue:
    proxy = proxy_of(this)
    return proxy.check(proxy.host.guest._pyproxyGen_Send(proxy.pointer, value))


class PyIteratorMethods(JsObject):
    """Of iterators."""

    METHODS: ClassVar[Members] = {"next": _next, SYMBOL_ITERATOR: lambda this: this}


def _throw(this: JsValue, error: JsValue) -> JsValue:
    proxy = proxy_of(this)
    return proxy.check(proxy.host.guest._pyproxyGen_throw(proxy.pointer, error))


def _return(this: JsValue, value: JsValue) -> JsValue:
    proxy = proxy_of(this)
    return proxy.check(proxy.host.guest._pyproxyGen_return(proxy.pointer, value))


class PyGeneratorMethods(JsObject):
    """Of generators."""

    METHODS: ClassVar[Members] = {"return": _return, "throw": _throw}


class PyAsyncIterableMethods(JsObject):
    """Of asynchronous iterables that are no iterators."""

    METHODS: ClassVar[Members] = {SYMBOL_ASYNC_ITERATOR: lambda this: proxy_async.async_elements(proxy_of(this))}


class PyAsyncIteratorMethods(JsObject):
    """Of asynchronous iterators."""

    METHODS: ClassVar[Members] = {
        "next": lambda this, value: proxy_async.send(proxy_of(this), value),
        SYMBOL_ASYNC_ITERATOR: lambda this: this,
    }


class PyAsyncGeneratorMethods(JsObject):
    """Of asynchronous generators."""

    METHODS: ClassVar[Members] = {
        "return": lambda this, value: proxy_async.finish(proxy_of(this), value),
        "throw": lambda this, error: proxy_async.throw_into(proxy_of(this), error),
    }


class PyAwaitableMethods(JsObject):
    """Of awaitables."""

    METHODS: ClassVar[Members] = {
        "_ensure_future": lambda this: proxy_of(this).ensure_future(),
        "catch": lambda this, on_rejected: proxy_of(this).ensure_future().then(UNDEFINED, on_rejected),
        "finally": lambda this, on_finally: proxy_of(this).ensure_future().finally_(on_finally),
        "then": lambda this, on_value, on_error: proxy_of(this).ensure_future().then(on_value, on_error),
    }


class PyBufferMethods(JsObject):
    """Of objects with the buffer protocol."""

    METHODS: ClassVar[Members] = {"getBuffer": lambda this, kind=UNDEFINED: get_buffer(proxy_of(this), kind)}


class PyCallableMethods(JsObject):
    """Of callables."""

    METHODS: ClassVar[Members] = {
        "apply": lambda this, this_arg, args: proxy_calls.call(proxy_of(this), this_arg, array_like.arguments_of(args)),
        "bind": lambda this, this_arg, *args: proxy_calls.bind(proxy_of(this), this_arg, args),
        "call": lambda this, this_arg, *args: proxy_calls.call(proxy_of(this), this_arg, args),
        "callKwargs": lambda this, *args: proxy_calls.call_keywords(proxy_of(this), args),
        "callKwargsRelaxed": lambda this, *args: proxy_calls.call_keywords_relaxed(proxy_of(this), args),
        "callPromising": lambda this, *args: proxy_calls.call_promising(proxy_of(this), args),
        "callPromisingKwargs": lambda this, *args: proxy_calls.call_keywords_promising(proxy_of(this), args),
        "callRelaxed": lambda this, *args: proxy_calls.call_relaxed(proxy_of(this), args),
        "callWithOptions": lambda this, options, *args: proxy_calls.call_with_options(proxy_of(this), options, args),
        "captureThis": lambda this: proxy_of(this).alias(props=replace(proxy_of(this).props, capture_this=True)),
    }


def _visiting(name: str) -> Callable[..., JsValue]:
    """A method of arrays that takes a callback."""
    method = ARRAY_METHODS[name]

    def call(this: JsValue, callback: JsValue, *rest: JsValue) -> JsValue:
        _ = proxy_of(this).pointer
        return method(this, array_like.require_callback(callback), *rest)

    return call


def _last_index_of(this: JsValue, value: JsValue, start: JsValue) -> JsValue:
    begin = proxy_of(this).get("length") if start is UNDEFINED else start
    return ARRAY_METHODS["lastIndexOf"](this, value, begin)


class PySequenceMethods(JsObject):
    """Of sequences: ``Array.prototype``'s methods that change nothing."""

    GETTERS: ClassVar[Members] = {SYMBOL_IS_CONCAT_SPREADABLE: lambda this: True}

    METHODS: ClassVar[Members] = {
        **{
            name: ARRAY_METHODS[name]
            for name in ("at", "concat", "entries", "indexOf", "join", "keys", "slice", "values")
        },
        **{name: _visiting(name) for name in _VISITING},
        "includes": lambda this, value: call_method(this, "has", (value,)),
        "lastIndexOf": _last_index_of,
        "toJSON": lambda this: JsArray(array_like.bounded(proxy_of(this).elements())),
    }


def _push(this: JsValue, *values: JsValue) -> JsValue:
    proxy = proxy_of(this)
    for value in values:
        call_method(proxy, "append", (value,))
    return proxy.get("length")


def _unshift(this: JsValue, *values: JsValue) -> JsValue:
    proxy = proxy_of(this)
    for index, value in enumerate(values):
        call_method(proxy, "insert", (index, value))
    return proxy.get("length")


def _pop(this: JsValue, *, start: bool) -> JsValue:
    proxy = proxy_of(this)
    return proxy.check(proxy.host.guest._pyproxy_pop(proxy.pointer, start))


def _splice(this: JsValue, start: JsValue, count: JsValue, *items: JsValue) -> JsValue:
    """``splice``, with the arithmetic that Pyodide does before it asks Python for the slice."""
    proxy = proxy_of(this)
    removed = _WHOLE_REST if count is UNDEFINED else count
    stop = _int32(to_number(start) + to_number(removed))
    result = proxy.host.guest._pyproxy_slice_assign(proxy.pointer, _int32(start), stop, JsArray(items))
    return proxy.check(result)


def _reverse(this: JsValue) -> JsValue:
    call_method(proxy_of(this), "$reverse", ())
    return this


def _sort_text(value: JsValue) -> str:
    if value is None:
        throw_type_error("Cannot read properties of null (reading 'toString')")
    return to_string(call_method(value, "toString", ()) if isinstance(value, JsObject) else value)


def _compare(left: JsValue, right: JsValue) -> int:
    first, second = _sort_text(left), _sort_text(right)
    encoded = (first.encode("utf-16-be", "surrogatepass"), second.encode("utf-16-be", "surrogatepass"))
    return (encoded[0] > encoded[1]) - (encoded[0] < encoded[1])


def _sort(this: JsValue, comparator: JsValue) -> JsValue:
    """``sort``: Python's, by JavaScript's order or the given one; undefined comes last."""
    proxy = proxy_of(this)

    def compare(left: JsValue, right: JsValue) -> JsValue:
        if left is UNDEFINED or right is UNDEFINED:
            return (left is UNDEFINED) - (right is UNDEFINED)
        if not to_boolean(comparator):
            return _compare(left, right)
        if not isinstance(comparator, JsFunction):
            throw_type_error("cf is not a function")
        return comparator.call(UNDEFINED, (left, right))

    functools = proxy_calls.import_module(proxy.host, "functools")
    try:
        key = call_method(functools, "cmp_to_key", (NativeFunction(compare, "wrapper"),))
        try:
            call_method(get_property(proxy, "$sort"), "callKwargs", (JsObject({"key": key}),))
        finally:
            if isinstance(key, ProxyObject):
                key.destroy()
    finally:
        functools.destroy()
    return this


class PyMutableSequenceMethods(JsObject):
    """Of mutable sequences: ``Array.prototype``'s methods that change the array."""

    METHODS: ClassVar[Members] = {
        "copyWithin": lambda this, target, start, end: array_like.copy_within(proxy_of(this), target, start, end),
        "fill": lambda this, value, start, end: array_like.fill(proxy_of(this), value, start, end),
        "pop": lambda this: _pop(this, start=False),
        "push": _push,
        "reverse": _reverse,
        "shift": lambda this: _pop(this, start=True),
        "sort": _sort,
        "splice": _splice,
        "unshift": _unshift,
    }


def _as_json(this: JsValue) -> JsValue:
    proxy = proxy_of(this)
    is_sequence = proxy.flags & ProxyFlag.IS_SEQUENCE
    extra = ProxyFlag.IS_JSON_ADAPTOR_SEQUENCE if is_sequence else ProxyFlag.IS_JSON_ADAPTOR_DICT
    return proxy.alias(flags=int(proxy.flags | extra))


class PyAsJsonAdaptorMethods(JsObject):
    """Of sequences and of objects with items."""

    METHODS: ClassVar[Members] = {"asJsJson": _as_json}


_MIXINS: Final[tuple[tuple[ProxyFlag, type], ...]] = (
    (ProxyFlag.HAS_LENGTH, PyLengthMethods),
    (ProxyFlag.HAS_GET, PyGetItemMethods),
    (ProxyFlag.HAS_SET, PySetItemMethods),
    (ProxyFlag.HAS_CONTAINS, PyContainsMethods),
    (ProxyFlag.IS_ITERABLE, PyIterableMethods),
    (ProxyFlag.IS_ITERATOR, PyIteratorMethods),
    (ProxyFlag.IS_GENERATOR, PyGeneratorMethods),
    (ProxyFlag.IS_ASYNC_ITERABLE, PyAsyncIterableMethods),
    (ProxyFlag.IS_ASYNC_ITERATOR, PyAsyncIteratorMethods),
    (ProxyFlag.IS_ASYNC_GENERATOR, PyAsyncGeneratorMethods),
    (ProxyFlag.IS_AWAITABLE, PyAwaitableMethods),
    (ProxyFlag.IS_BUFFER, PyBufferMethods),
    (ProxyFlag.IS_CALLABLE, PyCallableMethods),
    (ProxyFlag.IS_SEQUENCE, PySequenceMethods),
    (ProxyFlag.IS_MUTABLE_SEQUENCE, PyMutableSequenceMethods),
    (ProxyFlag.IS_SEQUENCE | ProxyFlag.HAS_GET, PyAsJsonAdaptorMethods),
)


@cache
def own_of(cls: type) -> Mapping[PropertyKey, JsValue]:
    """What one mixin defines: functions and accessors, shared by all isolates."""
    methods: Members = cls.__dict__.get("METHODS", {})
    getters: Members = cls.__dict__.get("GETTERS", {})
    made: dict[PropertyKey, JsValue] = {
        key: BuiltinFunction(method, _name(key), takes_this=True) for key, method in methods.items()
    }
    made.update((key, Accessor(getter, name=_name(key))) for key, getter in getters.items())
    return made


def _name(key: PropertyKey) -> str:
    return key if isinstance(key, str) else f"[{key.description}]"


@lru_cache(maxsize=1024)
def members(flags: int) -> Mapping[PropertyKey, JsValue]:
    """What a proxy with these capabilities inherits, which may be :class:`Accessor`; later mixins win."""
    found = dict(own_of(PyProxyMethods))
    for flag, mixin in _MIXINS:
        if flags & flag:
            found.update(own_of(mixin))
    return found
