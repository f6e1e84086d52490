"""The constructors of ArrayBuffer, SharedArrayBuffer, DataView and the typed arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from runtime_core.js.array_buffer import (
    JsArrayBuffer,
    JsSharedArrayBuffer,
    new_array_buffer,
    new_shared_array_buffer,
)
from runtime_core.js.arrays import check_length
from runtime_core.js.buffers import TYPED_ARRAYS, ArrayView, construct_typed_array, elements_of, typed_array_of
from runtime_core.js.dataview import JsDataView, new_data_view
from runtime_core.js.errors import throw_type_error
from runtime_core.js.functions import BuiltinFunction, JsFunction
from runtime_core.js.operators import to_string, typeof
from runtime_core.js.values import UNDEFINED, JsObject, JsValue, PropertyKey


def _needs_new(name: str) -> Callable[..., JsValue]:
    """What a constructor does when it is called; it tells the number of its arguments."""

    def call(length: JsValue) -> JsValue:
        throw_type_error(f"Constructor {name} requires 'new'")

    def call_of_typed_array(source: JsValue, offset: JsValue, length: JsValue) -> JsValue:
        return call(length)

    return call_of_typed_array if name in TYPED_ARRAYS else call


class _TypedArrayConstructor(BuiltinFunction):
    """The constructor of one kind of typed array."""

    __slots__ = ("_size",)

    def __init__(self, kind: str) -> None:
        self._size = TYPED_ARRAYS[kind].element.size
        super().__init__(
            _needs_new(kind),
            kind,
            constructor=lambda source=UNDEFINED, offset=UNDEFINED, length=UNDEFINED: construct_typed_array(
                kind, source, offset, length
            ),
            instances=TYPED_ARRAYS[kind],
            statics={"from": _from(kind), "of": lambda *values: _of(kind, values)},
        )

    def get_own(self, key: PropertyKey) -> JsValue:
        """The own property, or ABSENT."""
        return self._size if key == "BYTES_PER_ELEMENT" else super().get_own(key)

    def own_names(self) -> list[str]:
        """All own names; ``from`` and ``of`` count as those of the class that all typed arrays extend."""
        return [*(name for name in super().own_names() if name not in _SHARED), "BYTES_PER_ELEMENT"]

    def inherited_names(self) -> list[str]:
        """The names that prototypes contribute, for ``dir``."""
        return [*_SHARED, *super().inherited_names()]


_SHARED: Final = ("from", "of")


def _of(kind: str, values: tuple[JsValue, ...]) -> JsValue:
    check_length(len(values))
    return typed_array_of(TYPED_ARRAYS[kind], list(values))


def _from(kind: str) -> Callable[..., JsValue]:
    def create(source: JsValue, mapper: JsValue = UNDEFINED, this_arg: JsValue = UNDEFINED) -> JsValue:
        if mapper is not UNDEFINED and not isinstance(mapper, JsFunction):
            throw_type_error(f"{typeof(mapper)} {to_string(mapper)} is not a function")
        if source is None or source is UNDEFINED:
            throw_type_error(f"{to_string(source)} is not iterable (cannot read property Symbol(Symbol.iterator))")
        values = elements_of(source) if isinstance(source, JsObject | str) else []
        if isinstance(mapper, JsFunction):
            values = [mapper.call(this_arg, (value, index)) for index, value in enumerate(values)]
        return typed_array_of(TYPED_ARRAYS[kind], values)

    return create


def _array_buffer() -> BuiltinFunction:
    return BuiltinFunction(
        _needs_new("ArrayBuffer"),
        "ArrayBuffer",
        constructor=new_array_buffer,
        instances=JsArrayBuffer,
        statics={"isView": lambda value: isinstance(value, ArrayView)},
    )


def _shared_array_buffer() -> BuiltinFunction:
    return BuiltinFunction(
        _needs_new("SharedArrayBuffer"),
        "SharedArrayBuffer",
        constructor=new_shared_array_buffer,
        instances=JsSharedArrayBuffer,
    )


def _data_view() -> BuiltinFunction:
    return BuiltinFunction(_needs_new("DataView"), "DataView", constructor=new_data_view, instances=JsDataView)


def _maker(kind: str) -> Callable[[], BuiltinFunction]:
    return lambda: _TypedArrayConstructor(kind)


BUFFER_CONSTRUCTORS: Final[Mapping[str, Callable[[], BuiltinFunction]]] = {
    "ArrayBuffer": _array_buffer,
    "SharedArrayBuffer": _shared_array_buffer,
    "DataView": _data_view,
    **{kind: _maker(kind) for kind in TYPED_ARRAYS},
}
