"""WebAssembly value types as the engine reports them."""

from __future__ import annotations

import ctypes
import enum
import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from runtime_core.engine import capi
from schemas.errors import AbiMismatchError


class ValueType(enum.IntEnum):
    """``wasm_valkind_t``."""

    I32 = 0
    I64 = 1
    F32 = 2
    F64 = 3
    V128 = 4
    EXTERNREF = 128
    FUNCREF = 129
    EXNREF = 130


_HANDLED: Final = (
    ValueType.I32,
    ValueType.I64,
    ValueType.F64,
    ValueType.F32,
    ValueType.EXTERNREF,
    ValueType.FUNCREF,
)


@dataclass(frozen=True, slots=True)
class FunctionType:
    """A function's parameters and results."""

    parameters: tuple[ValueType, ...]
    results: tuple[ValueType, ...]

    def accepts(self, arguments: Sequence[object]) -> bool:
        """Whether a function of this type can be called with these values of the host."""
        return len(arguments) == len(self.parameters) and all(
            isinstance(value, int) or kind not in (ValueType.I32, ValueType.I64)
            for kind, value in zip(self.parameters, arguments, strict=True)
        )

    def adapted(self, arguments: Sequence[object]) -> tuple[object, ...]:
        """The values as JavaScript passes them to such a function: surplus ones dropped, zeros for missing ones."""
        given = (*arguments, *(0,) * (len(self.parameters) - len(arguments)))
        return given[: len(self.parameters)]

    def __str__(self) -> str:
        names = [", ".join(kind.name.lower() for kind in kinds) for kinds in (self.parameters, self.results)]
        return f"({names[0]}) -> ({names[1]})"


def read_function_type(api: capi.CApi, pointer: int) -> FunctionType:
    """The value of a ``wasm_functype_t``, which stays the caller's to free.

    Raises:
        AbiMismatchError: the function uses a type that the host cannot handle.
    """
    return FunctionType(
        _read_kinds(api, api.wasm_functype_params(pointer)), _read_kinds(api, api.wasm_functype_results(pointer))
    )


def _read_kinds(api: capi.CApi, vector_pointer: int) -> tuple[ValueType, ...]:
    vector = capi.ByteVec.from_address(vector_pointer)
    if vector.size == 0:
        return ()
    items = (ctypes.c_void_p * vector.size).from_address(vector.data)
    return tuple(_kind(api, item) for item in items)


def _kind(api: capi.CApi, item: int) -> ValueType:
    """Compares with types that it knows: ``wasm_valtype_kind`` ends the process at vectors and most references."""
    for kind, known in _known_types(api):
        if api.wasmtime_wasm_valtype_equal(item, known):
            return kind
    raise AbiMismatchError("a function takes or gives values that no host function handles")


@functools.cache
def _known_types(api: capi.CApi) -> tuple[tuple[ValueType, int], ...]:
    return tuple((kind, api.wasm_valtype_new(int(kind))) for kind in _HANDLED)
