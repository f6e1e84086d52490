"""WebAssembly value types as the engine reports them."""

from __future__ import annotations

import ctypes
import enum
from collections.abc import Sequence
from dataclasses import dataclass

from runtime_core.engine import capi
from schemas.errors import HostError


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
        HostError: the function uses a type this host has no name for.
    """
    return FunctionType(
        _read_kinds(api, api.wasm_functype_params(pointer)), _read_kinds(api, api.wasm_functype_results(pointer))
    )


def _read_kinds(api: capi.CApi, vector_pointer: int) -> tuple[ValueType, ...]:
    vector = capi.ByteVec.from_address(vector_pointer)
    if vector.size == 0:
        return ()
    items = (ctypes.c_void_p * vector.size).from_address(vector.data)
    kinds = [api.wasm_valtype_kind(item) for item in items]
    try:
        return tuple(ValueType(kind) for kind in kinds)
    except ValueError:
        raise HostError("a function type with an unknown value type", found=kinds) from None
