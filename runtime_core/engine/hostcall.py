"""Host functions: what a guest's imports call.

One C callback per import serves all instances: it decodes the raw values by their WebAssembly types, calls the Python
function with the current host's component, and encodes the result. The source of that marshalling is generated per
signature, because a closure that loops over types takes three times as long.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from runtime_core.engine import capi
from runtime_core.engine.current import CURRENT
from runtime_core.engine.interrupts import protect
from runtime_core.engine.valuetypes import FunctionType, ValueType
from schemas.errors import HostError

if TYPE_CHECKING:
    from runtime_core.engine.instance import GuestInstance


class ReferenceTable(Protocol):
    """Maps host values to the 32 raw bits of an externref and back (docs/adr/0009-i31-handles.md)."""

    def decode(self, raw: int) -> object:
        """The value of raw bits, an unsigned 32-bit integer; GuestFault if they stand for none."""

    def encode(self, value: object) -> int:
        """The raw bits that stand for a value."""


class GuestHost(Protocol):
    """What host functions find behind an instance: plain attributes, read on every call."""

    refs: ReferenceTable
    emscripten: Any
    js: Any
    instance: GuestInstance


@dataclass(frozen=True, kw_only=True, slots=True)
class HostImport:
    """A Python function offered to guests as the import ``module``.``name``.

    It is called as ``function(getattr(host, component), *args)``, or ``function(host, *args)`` for component ``""``.
    i32 and i64 arguments arrive as signed integers, f32 and f64 as floats, externrefs as the host's values. An i32 or
    i64 result wraps to its width. An exception traps the guest.
    """

    module: str
    name: str
    component: str
    function: Callable[..., object]


_TRAP_TEXT: Final = b"a host function raised an exception"

_DECODE: Final = {
    ValueType.I32: "p[{0}]",
    ValueType.I64: "p[{0}] & 0xFFFFFFFF | p[{1}] << 32",
    ValueType.F32: "i_to_f(p[{0}])",
    ValueType.F64: "ii_to_d(p[{0}], p[{1}])",
    ValueType.EXTERNREF: "host.refs.decode(p[{0}] & 0xFFFFFFFF)",
}

_ENCODE: Final = {
    ValueType.I32: ("p[0] = {0}",),
    ValueType.I64: ("r = {0}", "p[0] = r", "p[1] = r >> 32"),
    ValueType.F32: ("p[0] = f_to_i({0})",),
    ValueType.F64: ("p[0], p[1] = d_to_ii({0})",),
    ValueType.EXTERNREF: ("p[0] = host.refs.encode({0})",),
}

_TEMPLATE: Final = """\
def callback(_environment, _caller, p, _count):
    try:
        host = current.host
        {body}
    except BaseException as error:
        current.pending = error
        return new_trap(text, text_size)
"""


def _marshalling_source(signature: FunctionType, component: str) -> str:
    """Python source of the callback; ``p`` is an array of 32-bit words, four to a raw value."""
    if component and not component.isidentifier():
        raise HostError("not the name of a host's component", found=repr(component))
    arguments = [f"host.{component}" if component else "host"]
    for index, kind in enumerate(signature.parameters):
        arguments.append(_DECODE[kind].format(4 * index, 4 * index + 1))
    call = f"function({', '.join(arguments)})"
    lines = [line.format(call) for line in _ENCODE[signature.results[0]]] if signature.results else [call]
    return _TEMPLATE.format(body="\n        ".join(lines))


def i_to_f(word: int) -> float:
    """The 32-bit float with these bits."""
    return float(struct.unpack("<f", struct.pack("<i", word))[0])


def f_to_i(value: float) -> int:
    """The bits of a 32-bit float, as a signed integer."""
    return int(struct.unpack("<i", struct.pack("<f", value))[0])


def ii_to_d(low: int, high: int) -> float:
    """The 64-bit float with these bits."""
    return float(struct.unpack("<d", struct.pack("<ii", low, high))[0])


def d_to_ii(value: float) -> tuple[int, int]:
    """The bits of a 64-bit float, as two signed integers, the low one first."""
    low, high = struct.unpack("<ii", struct.pack("<d", value))
    return low, high


def make_callback(imported: HostImport, signature: FunctionType, api: capi.CApi) -> Any:
    """The C callback of a host function; the caller must keep it alive as long as guests can call it.

    Raises:
        HostError: the signature has several results or types that no host function takes.
    """
    supported = set(_DECODE)
    if len(signature.results) > 1 or not supported.issuperset(signature.parameters + signature.results):
        raise HostError(f"cannot serve the import {imported.module}.{imported.name}", found=str(signature))
    names: dict[str, Any] = {
        "current": CURRENT,
        "function": imported.function,
        "new_trap": api.new_trap,
        "text": capi.text_argument(_TRAP_TEXT),
        "text_size": capi.size_argument(len(_TRAP_TEXT)),
        "i_to_f": i_to_f,
        "f_to_i": f_to_i,
        "ii_to_d": ii_to_d,
        "d_to_ii": d_to_ii,
    }
    source = _marshalling_source(signature, imported.component)
    exec(_compiled(source, imported.name), names)  # noqa: S102 - generated above from value types alone
    protect(names["callback"])
    return capi.HOST_CALLBACK(names["callback"])


def _compiled(source: str, name: str) -> Any:
    return compile(source, f"<host import {name}>", "exec")
