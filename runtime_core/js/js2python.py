"""JavaScript values to Python objects in the guest."""

from __future__ import annotations

from collections.abc import Container, Generator
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from runtime_core.js.arrays import JsArray
from runtime_core.js.buffer_imports import datatype
from runtime_core.js.buffers import bytes_view, is_buffer
from runtime_core.js.bulk import copy_to_python
from runtime_core.js.control import PythonErrorSet
from runtime_core.js.errors import throw, throw_error
from runtime_core.js.functions import JsFunction, NativeFunction
from runtime_core.js.guest import checked
from runtime_core.js.maps import JsMap, JsSet
from runtime_core.js.operators import constructor_name, get_property, type_tag, typeof
from runtime_core.js.pyproxy import PyProxy, adopt_proxy
from runtime_core.js.registry import ImportTable
from runtime_core.js.strings import encode_python
from runtime_core.js.values import ERROR, MAX_SAFE_INTEGER, UNDEFINED, BigInt, JsObject, JsValue
from schemas.errors import HostError

if TYPE_CHECKING:
    from runtime_core.js.host import JsHost

_MAX_LEVELS: Final = 10_000
"""Of nested containers; a JavaScript engine's stack ends between two and twenty thousand of them."""
_I32_MIN: Final = -(1 << 31)
_I32_MAX: Final = (1 << 31) - 1


def new_string(js: JsHost, text: str) -> int:
    """A Python str; returns a new reference."""
    data, largest = encode_python(text)
    width = 1 if largest < 0x100 else 2 if largest < 0x10000 else 4
    pointer = checked(js.guest.PyUnicode_New(len(data) // width, largest))
    if data:
        js.memory.write(js.guest.PyUnicode_Data(pointer), data)
    return pointer


def new_integer(js: JsHost, value: int) -> int:
    """A Python int of any size; returns a new reference."""
    guest = js.guest
    if _I32_MIN <= value <= _I32_MAX:
        return checked(guest.PyLong_FromLong(value))
    size = value.bit_length() // 8 + 1
    address = guest.malloc(size)
    if not address:
        throw("RangeError", "out of memory for a large integer")
    try:
        js.memory.write(address, value.to_bytes(size, "little", signed=True))
        return checked(guest._PyLong_FromByteArray(address, size, 1, 1))
    finally:
        guest.free(address)


def convert_immutable(js: JsHost, value: JsValue) -> int | None:
    """A new reference for a primitive or a proxy; None for anything else.

    Raises:
        PythonErrorSet: the guest could not make the object.
        JsThrow: a destroyed proxy.
    """
    kind = type(value)
    guest = js.guest
    if kind is int:
        return new_integer(js, value)  # type: ignore[arg-type]  # kind is int
    if kind is str:
        return new_string(js, value)  # type: ignore[arg-type]  # kind is str
    if kind is float:
        return _convert_float(js, value)  # type: ignore[arg-type]  # kind is float
    if value is UNDEFINED:
        return checked(guest._js2python_none())
    if value is None:
        return checked(guest._js2python_null())
    if kind is bool:
        return checked(guest._js2python_true() if value else guest._js2python_false())
    if isinstance(value, BigInt):
        integer = new_integer(js, int(value))
        try:
            return checked(guest._js2python_bigint(integer))
        finally:
            guest.Py_DecRef(integer)
    if isinstance(value, PyProxy):
        pointer = value.pointer
        return checked(guest.JsProxy_create(value) if value.props.roundtrip else guest._js2python_pyproxy(pointer))
    return None


def _convert_float(js: JsHost, value: float) -> int:
    if value == value and abs(value) <= MAX_SAFE_INTEGER and value.is_integer():
        return checked(js.guest.PyLong_FromDouble(value))
    return checked(js.guest.PyFloat_FromDouble(value))


def convert(js: JsHost, value: JsValue) -> int:
    """A new reference: the Python value of a primitive, the object of a proxy, else a JsProxy."""
    pointer = convert_immutable(js, value)
    return checked(js.guest.JsProxy_create(value)) if pointer is None else pointer


_Steps = Generator[JsValue, "int | None", int]
"""Yields the values whose copies it needs, and is sent references to them; returns a reference to its own."""


class DeepConverter:
    """Converts arrays, maps, sets and plain objects to Python containers, ``depth`` levels deep (-1 = all)."""

    def __init__(self, js: JsHost, depth: int, default: JsValue = None) -> None:
        self._js = js
        self._depth = depth
        self._default = default if isinstance(default, JsFunction) else None
        self._made: dict[int, int] = {}  # id of a JavaScript container -> borrowed pointer of its copy
        self._kept: list[JsValue] = []  # keeps those ids valid

    def convert(self, value: JsValue) -> int:
        """A new reference.

        Nesting takes no frames of the host: lists and dicts are made by generators that ask for their elements.
        """
        pending: list[_Steps] = []
        try:
            answer = self._start(value, pending)
            while pending:
                if len(pending) > _MAX_LEVELS:
                    throw("RangeError", "Maximum call stack size exceeded")
                try:
                    asked = pending[-1].send(answer)
                except StopIteration as end:
                    pending.pop()
                    answer = end.value
                else:
                    answer = self._start(asked, pending)
        except BaseException:
            for steps in reversed(pending):
                with suppress(HostError):  # a dead guest takes nothing back
                    steps.close()
            raise
        return checked(answer or 0)

    def _start(self, value: JsValue, pending: list[_Steps]) -> int | None:
        """A new reference, or None where the generator that makes it was appended to ``pending``."""
        pointer = convert_immutable(self._js, value)
        if pointer is not None:
            return pointer
        if self._depth == 0:
            return checked(self._js.guest.JsProxy_create(value))
        made = self._made.get(id(value))
        if made is not None:
            self._js.guest.Py_IncRef(made)
            return made
        if isinstance(value, JsArray):
            pending.append(self._list_steps(value))
            return None
        if isinstance(value, JsMap):
            _check_collision("Map", value.entries)
            pending.append(self._dict_steps(value, list(value.entries.values())))
            return None
        if isinstance(value, JsObject) and not isinstance(value, JsSet) and _is_plain(value):
            pending.append(self._dict_steps(value, [(key, value.get(key)) for key in value.own_keys()]))
            return None
        self._depth -= 1
        try:
            return self._convert_leaf(value)
        finally:
            self._depth += 1

    def _convert_leaf(self, value: JsValue) -> int:
        """What holds no containers that are converted, too."""
        js = self._js
        if isinstance(value, JsSet):
            _check_collision("Set", value.entries)
            return self._convert_set(value)
        if is_buffer(value):
            address, size, _ = datatype(js, value)
            if not size:
                throw_error(f"{constructor_name(value)} has no counterpart in Python")
            return checked(js.guest.JsBuffer_CopyIntoMemoryView(value, len(bytes_view(value)), address, size))
        if self._default is None:
            return checked(js.guest.JsProxy_create(value))
        return self._convert_default(self._default, value)

    def _remember(self, value: JsValue, pointer: int) -> None:
        self._made[id(value)] = pointer
        self._kept.append(value)

    def _list_steps(self, array: JsArray) -> _Steps:
        guest = self._js.guest
        result = checked(guest.PyList_New(len(array.items)))
        self._remember(array, result)
        self._depth -= 1
        try:
            for index, item in enumerate(list(array.iterate())):
                if guest.PyList_SetItem(result, index, (yield item)) == -1:
                    raise PythonErrorSet
        except BaseException:
            guest.Py_DecRef(result)
            raise
        finally:
            self._depth += 1
        return result

    def _convert_key(self, key: JsValue, container: str) -> int:
        pointer = convert_immutable(self._js, key)
        if pointer is None:
            name = constructor_name(key) or typeof(key)
            throw_error(f"Cannot use key of type {name} as a key to a Python {container}")
        return pointer

    def _dict_steps(self, source: JsObject, entries: list[tuple[JsValue, JsValue]]) -> _Steps:
        guest = self._js.guest
        result = checked(guest.PyDict_New())
        self._remember(source, result)
        owned: list[int] = [result]
        self._depth -= 1
        try:
            for key, value in entries:
                owned.append(self._convert_key(key, "dict"))
                owned.append((yield value) or 0)
                if guest.PyDict_SetItem(result, owned[1], owned[2]) == -1:
                    raise PythonErrorSet
                guest.Py_DecRef(owned.pop())
                guest.Py_DecRef(owned.pop())
        except BaseException:
            for pointer in owned:
                guest.Py_DecRef(pointer)
            raise
        finally:
            self._depth += 1
        return result

    def _convert_set(self, source: JsSet) -> int:
        guest = self._js.guest
        result = checked(guest.PySet_New(0))
        self._remember(source, result)
        try:
            for item in list(source.entries.values()):
                key = self._convert_key(item, "set")
                status = guest.PySet_Add(result, key)
                guest.Py_DecRef(key)
                if status == -1:
                    raise PythonErrorSet
        except BaseException:
            guest.Py_DecRef(result)
            raise
        return result

    def _convert_default(self, default: JsFunction, value: JsValue) -> int:
        def again(item: JsValue) -> JsValue:
            pointer = self.convert(item)
            return adopt_proxy(self._js, pointer, flags=int(self._js.guest.pyproxy_getflags(pointer, 0)))

        def remember(source: JsValue, result: JsValue) -> JsValue:
            if not isinstance(result, PyProxy):
                throw_error("Second argument should be a PyProxy!")
            self._remember(source, result.pointer)
            return UNDEFINED

        result = default.call(UNDEFINED, (value, NativeFunction(again), NativeFunction(remember)))
        pointer = convert(self._js, result)
        if isinstance(result, PyProxy):
            result.destroy(destroy_roundtrip=False)
        return pointer


def _is_plain(value: JsObject) -> bool:
    """Whether an object is nothing but its properties: made by ``Object``, or without a prototype."""
    if type_tag(value) != "[object Object]":
        return False
    constructor = value.get("constructor")
    return constructor is UNDEFINED or get_property(constructor, "name") == "Object"


def _check_collision(kind: str, keys: Container[object]) -> None:
    """Refuse keys that are distinct in JavaScript and equal in Python."""
    for number, name in ((1, "1 and true"), (0, "0 and false")):
        if number in keys and (bool, number) in keys:
            throw_error(f"Cannot faithfully convert {kind} into Python since it contains both {name} as keys.")


def immutable_or_null(js: JsHost, value: JsValue) -> int:
    """The import ``js2python_immutable_js``: NULL, without an exception, for anything that is not immutable."""
    return convert_immutable(js, value) or 0


def convert_deep(js: JsHost, value: JsValue, depth: int, default: JsValue) -> int:
    """The import behind ``to_py``."""
    if depth < 0:
        pointer = copy_to_python(js, value)
        if pointer:
            return pointer
    return DeepConverter(js, depth, None if default is ERROR else default).convert(value)


JS2PYTHON_IMPORTS: Final = ImportTable(
    pointer={
        "js2python_immutable_js": immutable_or_null,
        "js2python_js": convert,
        "js2python_convert": convert_deep,
    },
)
