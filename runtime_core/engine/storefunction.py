"""Host functions that belong to one instance: made while it runs, to be put into its table.

Imports are defined once per program; this is for functions whose signature is known only then, as libffi's closures.
They live as long as the instance's store, so whoever makes them must bound their number.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from runtime_core.engine import capi
from runtime_core.engine.guestcall import caller_of, make_guest_function
from runtime_core.engine.hostcall import HostImport, make_callback
from runtime_core.engine.valuetypes import FunctionType, ValueType
from schemas.errors import HostError

if TYPE_CHECKING:
    from runtime_core.engine.guestcall import GuestFunction
    from runtime_core.engine.instance import GuestInstance


class StoreFunctions:
    """Makes such functions for one instance, which keeps their callbacks alive."""

    def __init__(self, instance: GuestInstance) -> None:
        self._instance = instance

    def make(
        self, signature: FunctionType, function: Callable[..., object], *, name: str, component: str
    ) -> GuestFunction:
        """A function for :meth:`GuestInstance.table_set`; ``function`` is called as a host import is.

        Raises:
            HostError: the instance has no host yet or is closed, or the signature has types no host function takes.
        """
        instance = self._instance
        if instance.host is None or instance.closed:
            raise HostError("functions are made for an instance that has a host and is not closed")
        api = capi.load()
        imported = HostImport(module="", name=name, component=component, function=function)
        callback = make_callback(imported, signature, api)
        instance.keep_alive(callback)
        value = capi.Value(kind=capi.VAL_FUNCREF)
        parameters = _value_types(api, signature.parameters)
        results = _value_types(api, signature.results)
        functype = api.wasm_functype_new(ctypes.addressof(parameters), ctypes.addressof(results))
        try:
            pointer = ctypes.addressof(value) + capi.ITEM_OFFSET
            api.wasmtime_func_new_unchecked(instance.context, functype, callback, None, None, pointer)
        finally:
            api.wasm_functype_delete(functype)
        return make_guest_function(instance, value, caller_of(signature), name)


def _value_types(api: capi.CApi, kinds: Sequence[ValueType]) -> capi.ByteVec:
    """A ``wasm_valtype_vec_t``, which the function type made from it takes over."""
    items = (ctypes.c_void_p * len(kinds))(*[api.wasm_valtype_new(int(kind)) for kind in kinds])
    vector = capi.ByteVec()
    api.wasm_valtype_vec_new(ctypes.addressof(vector), len(kinds), ctypes.addressof(items))
    return vector
