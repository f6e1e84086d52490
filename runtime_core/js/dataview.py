"""DataView: numbers of any type at any offset of a buffer, in either byte order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from runtime_core.js.array_buffer import BufferStorage
from runtime_core.js.buffers import ArrayView
from runtime_core.js.elements import ELEMENT_TYPES, ElementType, to_index
from runtime_core.js.errors import throw, throw_type_error
from runtime_core.js.operators import to_boolean, to_string
from runtime_core.js.values import SYMBOL_TO_STRING_TAG, UNDEFINED, JsValue, PropertyKey

_OUTSIDE = "Offset is outside the bounds of the DataView"


def _getter(element: ElementType) -> Callable[..., JsValue]:
    name = f"DataView.prototype.get{element.name}"

    def get(this: JsDataView, offset: JsValue, is_little: JsValue = UNDEFINED) -> JsValue:
        position = to_index(offset, _OUTSIDE)
        order = element.little if to_boolean(is_little) else element.big
        (number,) = order.unpack_from(this.buffer.data, this.locate(position, element.size, name))
        return element.present(number)

    return get


def _setter(element: ElementType) -> Callable[..., JsValue]:
    name = f"DataView.prototype.set{element.name}"

    def put(this: JsDataView, offset: JsValue, value: JsValue, is_little: JsValue = UNDEFINED) -> JsValue:
        position = to_index(offset, _OUTSIDE)
        number = element.convert(value)
        order = element.little if to_boolean(is_little) else element.big
        order.pack_into(this.buffer.data, this.locate(position, element.size, name), number)
        return UNDEFINED

    return put


_TYPES = [element for element in ELEMENT_TYPES.values() if not element.is_clamped]


class JsDataView(ArrayView):
    """A DataView."""

    __slots__ = ()

    class_name: ClassVar[str] = "DataView"
    type_tag: ClassVar[str] = "DataView"
    CONSTANTS: ClassVar[Mapping[PropertyKey, JsValue]] = {SYMBOL_TO_STRING_TAG: "DataView"}
    element: ClassVar[ElementType] = ELEMENT_TYPES["Uint8Array"]

    def require(self, name: str) -> None:
        """Throw TypeError unless the view still lies inside its buffer."""
        if self.is_out_of_bounds:
            throw_type_error(f"Cannot perform {name} on a detached ArrayBuffer")

    def locate(self, position: int, size: int, name: str) -> int:
        """Where in the buffer an element of the view is.

        Raises:
            JsThrow: RangeError for an element outside, TypeError for a detached buffer.
        """
        self.require(name)
        if position + size > self.length:
            throw("RangeError", _OUTSIDE)
        return self.offset + position

    def _measured(self, name: str, value: Callable[[], JsValue]) -> JsValue:
        self.require(f"get DataView.prototype.{name}")
        return value()

    ANY_RECEIVER: ClassVar[bool] = False
    GETTERS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        "buffer": lambda this: this.buffer,
        "byteLength": lambda this: this._measured("byteLength", lambda: this.length),
        "byteOffset": lambda this: this._measured("byteOffset", lambda: this.offset),
    }
    METHODS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        **{f"get{element.name}": _getter(element) for element in _TYPES},
        **{f"set{element.name}": _setter(element) for element in _TYPES},
    }


def new_data_view(buffer: JsValue, offset: JsValue = UNDEFINED, length: JsValue = UNDEFINED) -> JsDataView:
    """``new DataView(buffer, offset, length)``."""
    if not isinstance(buffer, BufferStorage):
        throw_type_error("First argument to DataView constructor must be an ArrayBuffer")
    outside = f"Start offset {to_string(offset)} is outside the bounds of the buffer"
    start = to_index(offset, outside)
    if buffer.is_detached:
        throw_type_error("Cannot perform DataView constructor on a detached ArrayBuffer")
    available = len(buffer.data)
    if start > available:
        throw("RangeError", outside)
    if length is UNDEFINED:
        return JsDataView(buffer, start, None if buffer.maximum is not None else available - start)
    invalid = f"Invalid DataView length {to_string(length)}"
    count = to_index(length, invalid)
    if start + count > available:
        throw("RangeError", invalid)
    return JsDataView(buffer, start, count)
