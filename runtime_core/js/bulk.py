"""Copies of whole containers between JavaScript and Python in one step, where Pyodide's code takes one per element.

To JavaScript, the guest writes a container in CPython's marshal format, which is done in C, and a decoder of our own
(:mod:`runtime_core.js.marshalled`) reads the guest's bytes. To Python, few values cross in the same
format; of many, the host lays out columns of numbers and texts (:mod:`runtime_core.js.columns`), and the guest makes
objects of them. What these ways do not say exactly as Pyodide's conversion would is left to that conversion; a caller
cannot tell which of them ran.
"""

from __future__ import annotations

import marshal
from collections.abc import Sized
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, cast

from runtime_core.js.arrays import JsArray
from runtime_core.js.columns import Layout
from runtime_core.js.control import JsThrow
from runtime_core.js.functions import NativeFunction
from runtime_core.js.marshalled import FORMAT_VERSION, MAX_NODES, NODE_BYTES, Decoder, PlainDecoder, Unsupported
from runtime_core.js.values import ABSENT, ERROR, MAX_SAFE_INTEGER, NO_VALUE, UNDEFINED, JsObject, JsValue

if TYPE_CHECKING:
    from runtime_core.js.host import JsHost

_MAX_BYTES: Final = 1 << 26
_CONTAINERS: Final = ("PyList_Type", "PyDict_Type", "PyTuple_Type")
_TYPE_OFFSET: Final = 4
"""Of ``ob_type`` in an object of CPython on a 32-bit machine, behind the reference count."""

_FEW: Final = 200
"""Values up to which the marshal format is quicker."""
_PLAIN: Final = frozenset({int, str, bool})
_FLOATS: Final = frozenset({float})
_SHAPES: Final = 256


# ---- to JavaScript


def copy_to_javascript(js: JsHost, pointer: int, dict_converter: JsValue) -> JsValue:
    """The deep copy that ``to_js`` makes, or the "no value" marker where Pyodide's own code must make it.

    Raises:
        LimitError: the guest holds too much of the host's memory.
    """
    converter = dict_converter if isinstance(dict_converter, NativeFunction) else None
    if dict_converter is not ERROR and (converter is None or converter.takes_this):
        return NO_VALUE  # functions of the guest, which might change the object, or see their context
    if js.memory.read_u8(js.guest.address("compat_dict_to_literalmap")):
        return NO_VALUE
    data = _marshalled(js, pointer)
    if data is None:
        return NO_VALUE
    decoder = Decoder(data, converter)
    try:
        result = decoder.decode()
    except (Unsupported, JsThrow):  # Pyodide's code wraps what the converter throws when it calls it again
        return NO_VALUE
    js.refs.weigh(result, decoder.nodes * NODE_BYTES)
    return result


def read_plain(js: JsHost, pointer: int) -> tuple[object, int]:
    """A container of the guest as plain Python, and how many values it holds; (None, 0) where it must be read part by
    part.
    """
    data = _marshalled(js, pointer)
    if data is None:
        return None, 0
    decoder = PlainDecoder(data)
    try:
        return decoder.decode(), decoder.nodes
    except Unsupported:
        return None, 0


def _marshalled(js: JsHost, pointer: int) -> bytes | None:
    """The guest's container in the marshal format; None where it is none, or holds anything that has no such form."""
    kind = js.memory.read_u32(pointer + _TYPE_OFFSET)
    if kind not in map(js.guest.address, _CONTAINERS):
        return None
    guest = js.guest
    written = guest.PyMarshal_WriteObjectToString(pointer, FORMAT_VERSION)
    if not written:
        guest.PyErr_Clear()
        return None
    try:
        size = guest.PyBytes_Size(written)
        return js.memory.read(guest.PyBytes_AsString(written), size) if 0 <= size <= _MAX_BYTES else None
    finally:
        guest.Py_DecRef(written)


# ---- to Python


def copy_to_python(js: JsHost, value: JsValue) -> int:
    """A new reference to the deep copy that ``to_py`` makes, or 0 where it must be made part by part."""
    if type(value) is not JsArray and type(value) is not JsObject:
        return 0
    for most in (_FEW, MAX_NODES):
        try:
            return _copy_marshalled(js, value, most)
        except _Large:
            with suppress(Unsupported):
                return _copy_columns(js, Layout(value))
    return 0


def _copy_columns(js: JsHost, layout: Layout) -> int:
    guest = js.guest
    block = guest.malloc(len(layout.data))
    if not block:
        return 0
    try:
        js.memory.write(block, layout.data)
        if guest.runtime_build(block, block + layout.steps, layout.count):
            return js.memory.read_i32(block + layout.result)
    finally:
        guest.free(block)
    guest.PyErr_Clear()
    return 0


def _copy_marshalled(js: JsHost, value: JsValue, most: int) -> int:
    """Raises _Large where there are more than ``most`` values."""
    try:
        data = marshal.dumps(cast("Any", _Flattener(most).flatten(value)), FORMAT_VERSION)
    except (Unsupported, ValueError):  # ValueError: more levels than the format may have
        return 0
    guest = js.guest
    address = guest.malloc(len(data))
    if not address:
        return 0
    try:
        js.memory.write(address, data)
        pointer = int(guest.PyMarshal_ReadObjectFromString(address, len(data)))
    finally:
        guest.free(address)
    if not pointer:
        guest.PyErr_Clear()
    return pointer


class _Large(Exception):  # noqa: N818 - control flow of the host, no error
    """There are more values than were allowed for."""


class _Flattener:
    """JavaScript containers of plain values as the Python containers they become, shared parts once.

    Containers are made empty and filled later, so that nesting takes no stack and cycles need no care. There may be
    ``most`` values at most.
    """

    def __init__(self, most: int) -> None:
        self._left = most
        self._made: dict[int, object] = {}
        self._waiting: list[tuple[JsArray | JsObject, Any]] = []
        self._shapes: set[tuple[object, ...]] = set()  # names of properties that are in order already

    def flatten(self, container: JsValue) -> object:
        """The container.

        Raises:
            Unsupported: it holds something that needs the guest's help.
            _Large: it holds too many values.
        """
        result = self._part(container)
        while self._waiting:
            source, target = self._waiting.pop()
            if isinstance(source, JsArray):
                self._count(source.items)
                self._fill_list(source, target)
            else:
                self._count(source.own or ())
                self._fill_dict(source, target)
        return result

    def _count(self, values: Sized) -> None:
        self._left -= len(values)
        if self._left < 0:
            raise _Large

    def _part(self, value: JsValue) -> object:
        """What a value that is not in ``_PLAIN`` becomes."""
        kind = type(value)
        if kind is float:
            return _number(value)  # type: ignore[arg-type]  # kind is float
        if value is UNDEFINED:
            return None
        made = self._made.get(id(value))
        if made is None:
            if kind is JsArray:
                made = []
            elif kind is JsObject:
                made = {}
            else:
                raise Unsupported
            self._made[id(value)] = made
            self._waiting.append((value, made))  # type: ignore[arg-type]  # one of the two kinds
        return made

    def _fill_list(self, array: JsArray, result: list[object]) -> None:
        items = array.items
        kinds = set(map(type, items))
        if kinds <= _PLAIN or (kinds == _FLOATS and True not in map(float.is_integer, items)):  # type: ignore[arg-type]
            result += items
        else:
            part = self._part
            result += [item if type(item) in _PLAIN else part(item) for item in items]

    def _fill_dict(self, source: JsObject, result: dict[object, object]) -> None:
        own = source.own
        if source.prototype is not None:
            raise Unsupported
        if not own:
            return
        shape = names = tuple(own)
        if shape not in self._shapes:
            names = tuple(source.own_keys())
            if "constructor" in own or len(names) != len(own):
                raise Unsupported  # of another class, or with symbols
            if shape == names and len(self._shapes) < _SHAPES:
                self._shapes.add(shape)
        part = self._part
        for name in names:
            item = own.get(name, ABSENT)
            result[name] = item if type(item) in _PLAIN else part(item)


def _number(value: float) -> int | float:
    """A JavaScript number in Python: whole numbers become integers."""
    return int(value) if value.is_integer() and abs(value) <= MAX_SAFE_INTEGER else value
