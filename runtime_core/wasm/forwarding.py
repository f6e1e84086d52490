"""Modules of forwarding functions: what a library gets for a function that is known only once it is instantiated.

C++ libraries import functions that they define themselves, so that every library may use the first definition of an
inline function ("vague linkage"). A forwarding function calls what its slot of the module's own table holds by then.
It is wasm and not a host function, so that C++ exceptions pass through it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from runtime_core.wasm.binary import ExternKind, FunctionType, SectionId
from runtime_core.wasm.encoding import HEADER, name, section, uleb, vector
from runtime_core.wasm.opcodes import END, FUNCREF, i32_const, local_get
from schemas.errors import FormatError

TABLE: Final = "targets"
_RETURN_CALL_INDIRECT: Final = b"\x13"


def function_name(index: int) -> str:
    """The export name of the forwarding function for a slot."""
    return str(index)


def build_forwarding_module(types: Sequence[FunctionType]) -> bytes:
    """A module with one function per type; function ``i`` calls slot ``i`` of the exported table.

    Raises:
        FormatError: there are none.
    """
    if not types:
        raise FormatError("a forwarding module without functions")
    distinct = list(dict.fromkeys(types))
    index_of = {signature: index for index, signature in enumerate(distinct)}
    signatures = [b"\x60" + vector(item.parameters) + vector(item.results) for item in distinct]
    bodies = [_body(index, signature, index_of[signature]) for index, signature in enumerate(types)]
    count = uleb(len(types))
    exports = [name(TABLE) + bytes((ExternKind.TABLE,)) + uleb(0)]
    exports += [name(function_name(index)) + bytes((ExternKind.FUNCTION,)) + uleb(index) for index in range(len(types))]
    return b"".join(
        (
            HEADER,
            section(SectionId.TYPE, vector(signatures)),
            section(SectionId.FUNCTION, vector([uleb(index_of[signature]) for signature in types])),
            section(SectionId.TABLE, vector([FUNCREF + b"\x01" + count + count])),
            section(SectionId.EXPORT, vector(exports)),
            section(SectionId.CODE, vector(bodies)),
        )
    )


def _body(slot: int, signature: FunctionType, type_index: int) -> bytes:
    arguments = b"".join(local_get(index) for index in range(len(signature.parameters)))
    code = b"\0" + arguments + i32_const(slot) + _RETURN_CALL_INDIRECT + uleb(type_index) + uleb(0) + END
    return uleb(len(code)) + code
