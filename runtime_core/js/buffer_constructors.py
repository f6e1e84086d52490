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
from runtime_core.js.buffers import (
    TYPED_ARRAYS,
    ArrayView,
    TypedArray,
    construct_typed_array,
    elements_of,
    typed_array_of,
)
from runtime_core.js.dataview import JsDataView, new_data_view
from runtime_core.js.errors import throw_type_error
from runtime_core.js.functions import BuiltinFunction, JsFunction, with_length
from runtime_core.js.operators import to_display, to_string, typeof
from runtime_core.js.values import SYMBOL_SPECIES, UNDEFINED, Accessor, JsObject, JsValue, throw_receiver


def _needs_new(name: str) -> Callable[..., JsValue]:
    """What a constructor does when it is called; it tells the number of its arguments."""

    def call(length: JsValue) -> JsValue:
        throw_type_error(f"Constructor {name} requires 'new'")

    def call_of_typed_array(source: JsValue, offset: JsValue, length: JsValue) -> JsValue:
        return call(length)

    return call_of_typed_array if name in TYPED_ARRAYS else call


def _abstract() -> JsValue:
    throw_type_error("Abstract class TypedArray not directly constructable")


class _TypedArrayConstructor(BuiltinFunction):
    """The constructor of one kind of typed array."""

    __slots__ = ("kind",)

    def __init__(self, name: str) -> None:
        self.kind = TYPED_ARRAYS[name]
        super().__init__(
            _needs_new(name),
            name,
            constructor=lambda source=UNDEFINED, offset=UNDEFINED, length=UNDEFINED: construct_typed_array(
                name, source, offset, length
            ),
            instances=self.kind,
            constants={"BYTES_PER_ELEMENT": self.kind.element.size},
        )


def _shown(value: JsValue) -> str:
    return value.describe() if isinstance(value, JsObject) else to_display(value)


def _make(method: str, constructor: JsValue, values: list[JsValue]) -> JsValue:
    """``new constructor(values.length)`` with the values stored."""
    if isinstance(constructor, _TypedArrayConstructor):
        return typed_array_of(constructor.kind, values)
    if not isinstance(constructor, JsFunction):
        throw_type_error(f"{_shown(constructor)} is not a constructor")
    result = constructor.construct((len(values),))
    if not isinstance(result, TypedArray):
        throw_receiver(f"%TypedArray%.{method}", result)
    if result.length < len(values):
        throw_type_error("Derived TypedArray constructor created an array which was too small")
    result.store_all(values)
    return result


def _of(this: JsValue, *values: JsValue) -> JsValue:
    check_length(len(values))
    return _make("of", this, list(values))


def _from(this: JsValue, source: JsValue, mapper: JsValue = UNDEFINED, this_arg: JsValue = UNDEFINED) -> JsValue:
    if not isinstance(this, JsFunction):
        throw_type_error(f"{_shown(this)} is not a constructor")
    if mapper is not UNDEFINED and not isinstance(mapper, JsFunction):
        throw_type_error(f"{typeof(mapper)} {to_string(mapper)} is not a function")
    if source is None or source is UNDEFINED:
        throw_type_error(f"{to_string(source)} is not iterable (cannot read property Symbol(Symbol.iterator))")
    values = elements_of(source) if isinstance(source, JsObject | str) else []
    if isinstance(mapper, JsFunction):
        values = [mapper.call(this_arg, (value, index)) for index, value in enumerate(values)]
    return _make("from", this, values)


def _typed_array() -> BuiltinFunction:
    """``%TypedArray%``, which the constructors of all kinds extend; no global names it."""
    return BuiltinFunction(
        _abstract,
        "TypedArray",
        constructor=_abstract,
        instances=TypedArray,
        constants={
            "of": BuiltinFunction(_of, "of", takes_this=True),
            "from": BuiltinFunction(with_length(1, _from), "from", takes_this=True),
            SYMBOL_SPECIES: Accessor(lambda this: this, name="[Symbol.species]"),
        },
    )


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
"""Those that are globals."""

UNNAMED_CONSTRUCTORS: Final[Mapping[str, Callable[[], BuiltinFunction]]] = {"TypedArray": _typed_array}
"""Those that are reached from others only."""
