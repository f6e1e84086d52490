"""Which Python protocols a JsProxy offers: the type flags that Pyodide's jsproxy.c computes from a JavaScript value."""

from __future__ import annotations

from enum import IntFlag
from typing import Final

from runtime_core.js.arrays import JsArray
from runtime_core.js.buffers import TypedArray, is_buffer
from runtime_core.js.control import JsThrow
from runtime_core.js.functions import JsFunction
from runtime_core.js.operators import constructor_name, has_method, type_tag
from runtime_core.js.pyproxy import PyProxy
from runtime_core.js.values import (
    SYMBOL_ASYNC_DISPOSE,
    SYMBOL_ASYNC_ITERATOR,
    SYMBOL_DISPOSE,
    SYMBOL_ITERATOR,
    JsObject,
    JsValue,
    PropertyKey,
)


class TypeFlag(IntFlag):
    """The bits, as in jsproxy.c."""

    IS_ITERABLE = 1 << 0
    IS_ITERATOR = 1 << 1
    HAS_LENGTH = 1 << 2
    HAS_GET = 1 << 3
    HAS_SET = 1 << 4
    HAS_HAS = 1 << 5
    HAS_INCLUDES = 1 << 6
    HAS_DISPOSE = 1 << 7
    HAS_ASYNC_DISPOSE = 1 << 8
    IS_AWAITABLE = 1 << 9
    IS_BUFFER = 1 << 10
    IS_CALLABLE = 1 << 11
    IS_ARRAY = 1 << 12
    IS_ARRAY_LIKE = 1 << 13
    IS_TYPEDARRAY = 1 << 14
    IS_DOUBLE_PROXY = 1 << 15
    IS_OBJECT_MAP = 1 << 16
    IS_ASYNC_ITERABLE = 1 << 17
    IS_GENERATOR = 1 << 18
    IS_ASYNC_GENERATOR = 1 << 19
    IS_ASYNC_ITERATOR = 1 << 20
    IS_ERROR = 1 << 21
    IS_PY_JSON_DICT = 1 << 22
    IS_PY_JSON_SEQUENCE = 1 << 23


_METHOD_FLAGS: Final[tuple[tuple[PropertyKey, TypeFlag], ...]] = (
    ("then", TypeFlag.IS_AWAITABLE),
    (SYMBOL_ITERATOR, TypeFlag.IS_ITERABLE),
    (SYMBOL_ASYNC_ITERATOR, TypeFlag.IS_ASYNC_ITERABLE),
    ("get", TypeFlag.HAS_GET),
    ("set", TypeFlag.HAS_SET),
    ("has", TypeFlag.HAS_HAS),
    ("includes", TypeFlag.HAS_INCLUDES),
    (SYMBOL_DISPOSE, TypeFlag.HAS_DISPOSE),
    (SYMBOL_ASYNC_DISPOSE, TypeFlag.HAS_ASYNC_DISPOSE),
)
_NO_JSON_DICT: Final = (
    TypeFlag.IS_ARRAY
    | TypeFlag.IS_TYPEDARRAY
    | TypeFlag.IS_ARRAY_LIKE
    | TypeFlag.IS_BUFFER
    | TypeFlag.IS_DOUBLE_PROXY
    | TypeFlag.IS_ITERATOR
    | TypeFlag.IS_CALLABLE
    | TypeFlag.IS_ERROR
)
_JSON_SEQUENCE: Final = TypeFlag.IS_ARRAY | TypeFlag.IS_ARRAY_LIKE | TypeFlag.IS_ITERATOR


def compute_type_flags(value: JsValue, *, is_json: bool) -> int:
    """The flags of a value; ``is_json`` for proxies made by as_py_json."""
    if isinstance(value, PyProxy) and not value.is_alive:
        return 0
    flags = _flags(value)
    if is_json and flags & _JSON_SEQUENCE:
        flags |= TypeFlag.IS_PY_JSON_SEQUENCE
    if is_json and not flags & _NO_JSON_DICT:
        flags |= TypeFlag.IS_PY_JSON_DICT
    return int(flags)


_BY_CLASS: Final[dict[type, TypeFlag]] = {}
"""Flags of values of a class that have nothing of their own: the same in every isolate."""
_NAMED: Final = frozenset(
    ["then", "get", "set", "has", "includes", "next", "length", "size", "name", "message", "stack", "constructor"]
)
"""Own string properties that may change the flags; so may any symbol."""


def _flags(value: JsValue) -> TypeFlag:
    if not isinstance(value, JsObject) or value.prototype is not None or not _is_plain(value):
        return _shape_flags(value)
    flags = _BY_CLASS.get(type(value))
    if flags is None:
        flags = _BY_CLASS[type(value)] = _shape_flags(value)
    return flags


def _is_plain(value: JsObject) -> bool:
    """Whether nothing that the value has of its own matters to the flags, so that its class alone decides."""
    if type(value).get_own not in _STORED_ONLY:
        return False
    own = value.own
    return not own or not any(type(key) is not str or key in _NAMED for key in own)


_STORED_ONLY: Final = (JsObject.get_own, JsArray.get_own, TypedArray.get_own)  # no others than elements and ``own``


def _safe_has_method(value: JsValue, key: PropertyKey) -> bool:
    try:
        return has_method(value, key)
    except JsThrow:
        return False


def _has_property(value: JsValue, key: PropertyKey) -> bool:
    """Whether there is a property, without running a getter; of a proxy of a Python object, its target is asked."""
    try:
        if isinstance(value, PyProxy):
            return value.has_in_chain(key)
        return isinstance(value, JsObject) and value.has(key)
    except JsThrow:
        return False


def _shape_flags(value: JsValue) -> TypeFlag:
    flags = TypeFlag(0)
    is_function = isinstance(value, JsFunction)
    is_array = isinstance(value, JsArray)
    has_length = is_array or (not is_function and _has_property(value, "length"))
    if is_function:
        flags |= TypeFlag.IS_CALLABLE
    for key, flag in _METHOD_FLAGS:
        if _safe_has_method(value, key):
            flags |= flag
    if _safe_has_method(value, "next"):
        flags |= _iterator_flags(flags)
    if has_length or _has_property(value, "size"):
        flags |= TypeFlag.HAS_LENGTH
    if is_buffer(value):
        flags |= TypeFlag.IS_BUFFER
    if is_array:
        flags |= TypeFlag.IS_ARRAY
    if isinstance(value, TypedArray):
        flags |= TypeFlag.IS_TYPEDARRAY
    is_plain_iterable = flags & TypeFlag.IS_ITERABLE and not flags & (TypeFlag.IS_ITERATOR | TypeFlag.IS_TYPEDARRAY)
    if not is_array and has_length and is_plain_iterable:
        flags |= TypeFlag.IS_ARRAY_LIKE
    if isinstance(value, PyProxy):
        flags |= TypeFlag.IS_DOUBLE_PROXY
    flags |= _tag_flags(value)
    if not flags & (TypeFlag.IS_CALLABLE | TypeFlag.IS_BUFFER) and _looks_like_error(value):
        flags |= TypeFlag.IS_ERROR
    return flags


def _iterator_flags(flags: TypeFlag) -> TypeFlag:
    """Something with ``next`` is an iterator, an async iterator, or, without either symbol, both."""
    sync = bool(flags & TypeFlag.IS_ITERABLE)
    asynchronous = bool(flags & TypeFlag.IS_ASYNC_ITERABLE)
    result = TypeFlag(0)
    if sync or not asynchronous:
        result |= TypeFlag.IS_ITERATOR
    if asynchronous or not sync:
        result |= TypeFlag.IS_ASYNC_ITERATOR
    return result


def _tag_flags(value: JsValue) -> TypeFlag:
    try:
        tag = type_tag(value)
    except JsThrow:
        return TypeFlag(0)
    if tag == "[object Generator]":
        return TypeFlag.IS_GENERATOR
    return TypeFlag.IS_ASYNC_GENERATOR if tag == "[object AsyncGenerator]" else TypeFlag(0)


def _looks_like_error(value: JsValue) -> bool:
    if not (_has_property(value, "name") and _has_property(value, "message")):
        return False
    return _has_property(value, "stack") or constructor_name(value) == "DOMException"
