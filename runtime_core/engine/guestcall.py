"""Calls from the host into a guest function.

Like the host functions' marshalling, the calling code is generated per signature: encode the arguments into raw values,
enter, call, leave, decode the result.
"""

from __future__ import annotations

import ctypes
import functools
from typing import TYPE_CHECKING, Any, Final, Protocol

from runtime_core.engine import capi
from runtime_core.engine.current import CURRENT
from runtime_core.engine.hostcall import d_to_ii, f_to_i, i_to_f, ii_to_d
from runtime_core.engine.valuetypes import FunctionType, ValueType
from schemas.errors import AbiMismatchError

if TYPE_CHECKING:
    from runtime_core.engine.instance import GuestInstance

_ENCODE: Final = {
    ValueType.I32: "{0}, 0, 0, 0",
    ValueType.I64: "{0}, {0} >> 32, 0, 0",
    ValueType.F32: "f_to_i({0}), 0, 0, 0",
    ValueType.F64: "*d_to_ii({0}), 0, 0",
    ValueType.EXTERNREF: "host.refs.encode({0}), 0, 0, 0",
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
def make(instance, host, context, function, trap, trap_address):
    def call({parameters}):
        if instance.dead is not None:
            instance.refuse()
        words = Words({encoded})
        outer = current.host
        if outer is host:
            error = call_unchecked(context, function, words, {count}, trap_address)
        else:
            instance.enter()
            try:
                error = call_unchecked(context, function, words, {count}, trap_address)
            finally:
                instance.leave(outer)
        if error or trap.value or instance.dead is not None:
            instance.fail(error)
        return {decoded}
    return call
"""


class GuestFunction(Protocol):
    """A guest function as a Python callable."""

    handle: capi.Value
    signature: FunctionType

    def __call__(self, *args: Any) -> Any:
        """Call it; see :meth:`runtime_core.engine.instance.GuestInstance.call`."""


@functools.cache
def _factory(signature: FunctionType) -> Any:
    parameters = [f"a{index}" for index in range(len(signature.parameters))]
    encoded = [_ENCODE[kind].format(name) for kind, name in zip(signature.parameters, parameters, strict=True)]
    count = max(len(parameters), len(signature.results), 1)
    source = _TEMPLATE.format(
        parameters=", ".join(parameters),
        encoded=", ".join(encoded),
        count=count,
        decoded=_DECODE[signature.results[0]] if signature.results else "None",
    )
    names = {
        "Words": ctypes.c_int32 * (4 * count),
        "current": CURRENT,
        "call_unchecked": capi.load().wasmtime_func_call_unchecked,
        "i_to_f": i_to_f,
        "f_to_i": f_to_i,
        "ii_to_d": ii_to_d,
        "d_to_ii": d_to_ii,
    }
    exec(compile(source, f"<guest call {signature}>", "exec"), names)  # noqa: S102 - generated from value types alone
    return names["make"]


def make_guest_function(instance: GuestInstance, handle: capi.Value, signature: FunctionType, name: str) -> Any:
    """A callable for the function value ``handle`` of a bound instance.

    Raises:
        AbiMismatchError: the function has types that no host value can stand for.
    """
    if len(signature.results) > 1 or not set(_ENCODE).issuperset(signature.parameters + signature.results):
        raise AbiMismatchError(f"the host cannot call the guest function {name}", found=str(signature))
    pointer = ctypes.addressof(handle) + capi.ITEM_OFFSET
    trap = instance.trap_cell
    function = _factory(signature)(instance, instance.host, instance.context, pointer, trap, ctypes.addressof(trap))
    function.__name__ = function.__qualname__ = name
    function.handle = handle
    function.signature = signature
    return function
