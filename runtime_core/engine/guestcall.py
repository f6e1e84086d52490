"""Calls from the host into a guest function.

Like the host functions' marshalling, the calling code is generated per signature: encode the arguments into raw values,
enter, call, leave, decode the result.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from runtime_core.engine import capi
from runtime_core.engine.current import CURRENT
from runtime_core.engine.hostcall import d_to_ii, f_to_i, i_to_f, ii_to_d
from runtime_core.engine.interrupts import ensure_headroom
from runtime_core.engine.valuetypes import FunctionType, ValueType
from schemas.errors import AbiMismatchError

if TYPE_CHECKING:
    from runtime_core.engine.instance import GuestInstance

_ENCODE: Final = {
    ValueType.I32: "words[{1}] = {0}",
    ValueType.I64: "words[{1}] = {0}; words[{1} + 1] = {0} >> 32",
    ValueType.F32: "words[{1}] = f_to_i({0})",
    ValueType.F64: "words[{1}], words[{1} + 1] = d_to_ii({0})",
    ValueType.EXTERNREF: "words[{1}] = host.refs.encode({0})",
}

_DECODE: Final = {
    ValueType.I32: "words[0]",
    ValueType.I64: "words[0] & 0xFFFFFFFF | words[1] << 32",
    ValueType.F32: "i_to_f(words[0])",
    ValueType.F64: "ii_to_d(words[0], words[1])",
    ValueType.EXTERNREF: "host.refs.decode(words[0] & 0xFFFFFFFF)",
}

# The words are made anew for each call: a finalizer or signal handler may enter the same function at any point.
_TEMPLATE: Final = """\
def make(instance, host, context, trap, trap_out, function, count):
    def call({parameters}):
        if instance.dead is not None:
            instance.refuse()
        ensure_headroom()
        words = Words()
        {encode}
        outer = current.host
        if outer is host:
            error = call_guest(context, function, byref(words), count, trap_out)
        else:
            instance.enter()
            try:
                error = call_guest(context, function, byref(words), count, trap_out)
            finally:
                instance.leave(outer)
        if error or trap.value or instance.dead is not None:
            instance.fail(error)
        return {decoded}
    return call
"""


class GuestFunction(Protocol):
    """A guest function as a Python callable."""

    handle: capi.Extern | capi.Value
    """Holds the function at ITEM_OFFSET."""
    signature: FunctionType

    def __call__(self, *args: Any) -> Any:
        """Call it; see :meth:`runtime_core.engine.instance.GuestInstance.call`."""


@dataclass(frozen=True, slots=True)
class Caller:
    """How functions of one type are called: what makes callables, None where it has types that no host value can stand
    for, and the number of raw values that a call takes, as an argument.
    """

    signature: FunctionType
    make: Callable[..., Any] | None
    count: Any


@functools.lru_cache(maxsize=1024)  # guests make functions of types that they choose
def caller_of(signature: FunctionType) -> Caller:
    """The code for one type of function, generated once."""
    return Caller(signature, _factory(signature), capi.size_argument(_raw_values(signature)))


def _factory(signature: FunctionType) -> Any:
    if len(signature.results) > 1 or not set(_ENCODE).issuperset(signature.parameters + signature.results):
        return None
    parameters = [f"a{index}" for index in range(len(signature.parameters))]
    encode = [
        _ENCODE[kind].format(name, 4 * index)
        for index, (kind, name) in enumerate(zip(signature.parameters, parameters, strict=True))
    ]
    source = _TEMPLATE.format(
        parameters=", ".join(parameters),
        encode="\n        ".join(encode),
        decoded=_DECODE[signature.results[0]] if signature.results else "None",
    )
    names: dict[str, Any] = {
        "Words": ctypes.c_int32 * (4 * _raw_values(signature)),
        "byref": ctypes.byref,
        "current": CURRENT,
        "ensure_headroom": ensure_headroom,
        "call_guest": capi.load().call_guest,
        "i_to_f": i_to_f,
        "f_to_i": f_to_i,
        "ii_to_d": ii_to_d,
        "d_to_ii": d_to_ii,
    }
    exec(compile(source, f"<guest call {signature}>", "exec"), names)  # noqa: S102 - generated from value types alone
    return names["make"]


def _raw_values(signature: FunctionType) -> int:
    """How many raw values a call needs room for: arguments and results share it."""
    return max(len(signature.parameters), len(signature.results), 1)


def make_guest_function(
    instance: GuestInstance, handle: capi.Extern | capi.Value, caller: Caller, name: str
) -> GuestFunction:
    """A callable for the function that ``handle`` of a bound instance holds.

    Raises:
        AbiMismatchError: the function has types that no host value can stand for.
    """
    if caller.make is None:
        raise AbiMismatchError(f"the host cannot call the guest function {name}", found=str(caller.signature))
    pointer = capi.pointer_argument(ctypes.addressof(handle) + capi.ITEM_OFFSET)
    function: GuestFunction = caller.make(*instance.call_arguments, pointer, caller.count)
    function.handle = handle  # also keeps what the pointer leads to
    function.signature = caller.signature
    return function
