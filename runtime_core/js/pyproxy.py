"""PyProxy: a Python object of the guest as a JavaScript value, and as what the host holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Final

from runtime_core.js import proxy_calls
from runtime_core.js.errors import throw_type_error
from runtime_core.js.functions import JsFunction
from runtime_core.js.proxy_classes import prototype_of
from runtime_core.js.proxy_flags import ALL_FLAGS, CALLABLE, PLAIN, ProxyProperties
from runtime_core.js.proxy_methods import members
from runtime_core.js.proxy_object import AttributeCache, ProxyObject, SharedState, call_object
from runtime_core.js.proxy_traps import PROXY_ATTRIBUTES, Traps, target_has, target_lookup, traps_for
from runtime_core.js.values import ABSENT, UNDEFINED, Accessor, JsObject, JsSymbol, JsValue, PropertyKey
from schemas.errors import RestoreError

if TYPE_CHECKING:
    from runtime_core.js.host import JsHost

__all__ = [
    "AttributeCache",
    "PyProxy",
    "PyProxyFunction",
    "SharedState",
    "adopt_proxy",
    "call_object",
    "new_proxy",
    "restored_proxy",
]

_SMALLEST_OBJECT: Final = 8
"""``PyObject`` on a 32-bit machine: reference count and type."""
_ALIGNMENT: Final = 4


class PyProxy(ProxyObject):
    """A proxy of a Python object that is not callable; see :class:`PyProxyFunction` for callables."""

    __slots__ = ()

    class_name: ClassVar[str] = "PyProxy"
    type_tag: ClassVar[str] = "PyProxy"

    @property
    def _traps(self) -> Traps:
        return traps_for(self.flags)

    def get_prototype(self) -> JsObject | None:
        """``Object.getPrototypeOf(this)``."""
        return prototype_of(self.flags)

    def property(self, key: PropertyKey) -> JsValue:
        """The property as stored, own or inherited, which may be an :class:`Accessor`, or ABSENT."""
        member = members(self.flags).get(key)
        is_own = self.own is not None and key in self.own
        return member if type(member) is Accessor and not is_own else self.lookup(key)

    def get_own(self, key: PropertyKey) -> JsValue:
        """The own property, or ABSENT."""
        if self.own is not None and key in self.own:
            return self.own[key]
        return UNDEFINED if key is PROXY_ATTRIBUTES else self._traps.own_item(self, key)

    def lookup(self, key: PropertyKey) -> JsValue:
        """The property, own or inherited, or ABSENT."""
        return self._traps.lookup(self, key)

    def has(self, key: PropertyKey) -> bool:
        """``key in this``."""
        return self._traps.has(self, key)

    def has_in_chain(self, key: PropertyKey) -> bool:
        """Whether this or one of its prototypes has an own property of this name; attributes are none."""
        return target_has(self, key) or self._traps.own_item(self, key) is not ABSENT

    def set(self, key: PropertyKey, value: JsValue) -> None:
        """``this[key] = value``."""
        if not self.try_set(key, value):
            throw_type_error(f"'set' on proxy: trap returned falsish for property '{_shown(key)}'")

    def try_set(self, key: PropertyKey, value: JsValue) -> bool:
        """``Reflect.set(this, key, value)``."""
        return self._traps.set(self, key, value)

    def delete(self, key: PropertyKey) -> None:
        """``delete this[key]``."""
        if not self.try_delete(key):
            throw_type_error(f"'deleteProperty' on proxy: trap returned falsish for property '{_shown(key)}'")

    def try_delete(self, key: PropertyKey) -> bool:
        """``Reflect.deleteProperty(this, key)``."""
        return self._traps.delete(self, key)

    def own_property_keys(self) -> list[PropertyKey]:
        """``Reflect.ownKeys(this)``.

        Raises:
            JsThrow: TypeError for duplicates, which the language does not allow.
        """
        keys = self._traps.own_property_keys(self)
        if len(set(keys)) != len(keys):
            throw_type_error("'ownKeys' on proxy: trap returned duplicate entries")
        return keys

    def own_names(self) -> list[str]:
        """All own names."""
        return [key for key in self.own_property_keys() if isinstance(key, str)]

    def own_keys(self) -> list[str]:
        """The names of own enumerable properties."""
        own = self.own or {}
        traps = self._traps
        return [key for key in self.own_names() if key in own or traps.own_item(self, key) is not ABSENT]

    def inherited_names(self) -> list[str]:
        """The names that prototypes contribute, for ``dir``."""
        names = dict.fromkeys(key for key in members(self.flags) if isinstance(key, str))
        return list(names | dict.fromkeys(("constructor", "$$flags", *super().inherited_names())))

    def _inherited(self, key: PropertyKey) -> JsValue:
        return target_lookup(self, key)


def _shown(key: PropertyKey) -> str:
    return repr(key) if isinstance(key, JsSymbol) else key


class PyProxyFunction(PyProxy, JsFunction):
    """A proxy of a Python callable."""

    __slots__ = ()

    class_name: ClassVar[str] = "PyProxy"
    type_tag: ClassVar[str] = "PyProxy"

    def call(self, this: JsValue, args: Sequence[JsValue]) -> JsValue:
        """``this_function.apply(this, args)``."""
        return proxy_calls.call(self, this, args)

    def construct(self, args: Sequence[JsValue]) -> JsValue:
        """``new this_function(...args)``: the target is a function that does nothing."""
        return JsObject()

    def to_string(self) -> str:
        """``String(this)``."""
        return PyProxy.to_string(self)


def new_proxy(
    host: JsHost,
    pointer: int,
    *,
    flags: int | None = None,
    cache: AttributeCache | None = None,
    props: ProxyProperties = PLAIN,
    json_adaptor: bool = False,
) -> PyProxy:
    """Make a proxy that owns a new reference to the object at ``pointer``.

    Raises:
        JsThrow: the guest could not tell the object's capabilities.
    """
    guest = host.guest
    if flags is None:
        flags = int(guest.pyproxy_getflags(pointer, json_adaptor))
        if flags == -1:
            host.throw_python_error()
    guest.Py_IncRef(pointer)
    return adopt_proxy(host, pointer, flags=flags, cache=cache, props=props)


def restored_proxy(
    host: JsHost, pointer: object, flags: object, *, what: str, props: ProxyProperties = PLAIN
) -> PyProxy:
    """A proxy as a snapshot records it. Whether it is the object that was captured only the guest could tell.

    Raises:
        RestoreError: the address is no object's, or the flags are none.
    """
    return adopt_proxy(host, *checked_place(host, pointer, flags, what=what), props=props)


def checked_place(host: JsHost, pointer: object, flags: object, *, what: str) -> tuple[int, int]:
    """The address and flags of a proxy as a snapshot records them.

    Raises:
        RestoreError: the address is no object's, or the flags are none.
    """
    address = pointer if type(pointer) is int else 0
    if address <= 0 or address % _ALIGNMENT or not host.memory.contains(address, _SMALLEST_OBJECT):
        end = host.memory.size - _SMALLEST_OBJECT
        expected = f"a multiple of {_ALIGNMENT} from {_ALIGNMENT} to {end}"
        raise RestoreError(f"the address of {what} in the snapshot", expected=expected, found=repr(pointer)[:80])
    if type(flags) is not int or flags & ~ALL_FLAGS:
        raise RestoreError(
            f"the flags of {what} in the snapshot", expected=f"bits of {ALL_FLAGS:#x}", found=repr(flags)[:80]
        )
    return address, flags


def adopt_proxy(
    host: JsHost, pointer: int, flags: int, *, cache: AttributeCache | None = None, props: ProxyProperties = PLAIN
) -> PyProxy:
    """Make a proxy that takes over a reference the caller owns."""
    cache = AttributeCache() if cache is None else cache
    cache.owners += 1
    shared = SharedState(pointer, flags, cache, host.releases)
    return (PyProxyFunction if flags & CALLABLE else PyProxy)(host, shared, flags, props)
