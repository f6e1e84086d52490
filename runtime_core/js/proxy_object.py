"""Proxies of Python objects: their life, and the object protocol through Pyodide's C functions.

A proxy owns one reference to its object (``shared.pointer``) until it is destroyed. Aliases (bind, captureThis,
asJsJson) share ``shared``; copies own a reference of their own and share the cache of attribute proxies.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Final, Self

from runtime_core.engine.interrupts import ensure_room
from runtime_core.js.arrays import JsArray
from runtime_core.js.control import JsThrow
from runtime_core.js.errors import throw_error
from runtime_core.js.maps import JsMap
from runtime_core.js.promises import JsPromise
from runtime_core.js.proxy_flags import PLAIN, ProxyFlag, ProxyProperties
from runtime_core.js.values import ABSENT, ERROR, UNDEFINED, JsObject, JsValue, PropertyKey

if TYPE_CHECKING:
    from runtime_core.js.host import JsHost

_JSON_ADAPTOR: Final = int(ProxyFlag.IS_JSON_ADAPTOR_DICT | ProxyFlag.IS_JSON_ADAPTOR_SEQUENCE)
_DESTROYED: Final = "Object has already been destroyed"
_HINT: Final = "For more information about the cause of this error, use `pyodide.setDebug(true)`"
_BORROWED: Final = (
    "This borrowed attribute proxy was automatically destroyed in the process of destroying the proxy it was borrowed "
    "from. Try using the 'copy' method."
)
_MAX_BORROWED: Final = 1 << 16  # proxies one iterator keeps to destroy them at its end; others are collected
_EXHAUSTED: Final = "This borrowed proxy was automatically destroyed when an iterator was exhausted."


class AttributeCache:
    """Proxies of attributes, by descriptor address; they die with the last copy. Most proxies never need one."""

    __slots__ = ("_attributes", "_json_items", "owners")

    def __init__(self) -> None:
        self._attributes: JsMap | None = None
        self._json_items: JsMap | None = None
        self.owners = 0

    @property
    def attributes(self) -> JsMap:
        """By descriptor address."""
        if self._attributes is None:
            self._attributes = JsMap()
        return self._attributes

    @property
    def json_items(self) -> JsMap:
        """Of JSON adaptors: by the item's address."""
        if self._json_items is None:
            self._json_items = JsMap()
        return self._json_items

    def release(self) -> None:
        """Drop one owner; the last one destroys what is cached."""
        self.owners -= 1
        if not self.owners:
            self.clear()

    def clear(self) -> None:
        """Destroy what is cached."""
        for cached in (self._attributes, self._json_items):
            if cached is None:
                continue
            entries = list(cached.entries.values())
            cached.entries.clear()
            for _, proxy in entries:
                if isinstance(proxy, ProxyObject):
                    proxy.destroy(_BORROWED)


class SharedState:
    """What aliases have in common; ``pointer`` is 0 once destroyed.

    When the last alias is collected without having been destroyed, the reference is queued in ``releases``: the guest
    cannot be entered from a finalizer.
    """

    __slots__ = ("cache", "destroyed_message", "flags", "pointer", "promise", "releases")

    def __init__(self, pointer: int, flags: int, cache: AttributeCache, releases: deque[int]) -> None:
        self.pointer = pointer
        self.flags = flags
        self.cache = cache
        self.releases = releases
        self.promise: JsPromise | None = None
        self.destroyed_message = f"{_DESTROYED}\n{_HINT}"

    def __del__(self) -> None:
        if self.pointer:
            self.releases.append(self.pointer)


class ProxyObject(JsObject):
    """What every proxy of a Python object is, apart from JavaScript's view of its properties."""

    __slots__ = ("flags", "host", "props", "shared")

    class_name: ClassVar[str] = "PyProxy"
    type_tag: ClassVar[str] = "PyProxy"

    def __init__(self, host: JsHost, shared: SharedState, flags: int, props: ProxyProperties = PLAIN) -> None:
        self.own: dict[PropertyKey, JsValue] | None = None
        self.prototype: JsObject | None = None
        self.host = host
        self.shared = shared
        self.flags = flags
        self.props = props

    # ---- life

    @property
    def is_alive(self) -> bool:
        """Whether the proxy still owns its object."""
        return self.shared.pointer != 0

    @property
    def pointer(self) -> int:
        """The address of the object.

        Raises:
            JsThrow: the proxy was destroyed.
        """
        if not self.shared.pointer:
            throw_error(self.shared.destroyed_message)
        return self.shared.pointer

    def destroy(self, message: str = "", *, destroy_roundtrip: bool = True) -> None:
        """Give up the reference; does nothing the second time."""
        shared = self.shared
        if not shared.pointer or (self.props.roundtrip and not destroy_roundtrip):
            return
        if message or self.host.debug:
            shared.destroyed_message = self._farewell(message or _DESTROYED)
        pointer, shared.pointer = shared.pointer, 0
        if not pointer:  # describing it ran code that destroyed it
            return
        shared.cache.release()
        self.host.guest.Py_DecRef(pointer)

    def _farewell(self, message: str) -> str:
        if not self.host.debug:
            return f"{message}\n{_HINT}"
        shown = f'The object was of type "{self.type_name()}" and '
        try:
            text = self.to_string()
        except JsThrow:
            text = ""
        shown += f'had repr "{text}"' if text else "an error was raised when trying to generate its repr"
        return f"{message}\n{shown}"

    def copy(self) -> Self:
        """Another proxy of the same object, with a reference of its own."""
        pointer = self.pointer
        cache = self.shared.cache
        cache.owners += 1
        self.host.guest.Py_IncRef(pointer)
        return type(self)(
            self.host, SharedState(pointer, self.flags, cache, self.host.releases), self.flags, self.props
        )

    def alias(self, *, props: ProxyProperties | None = None, flags: int | None = None) -> Self:
        """A proxy that shares this one's lifetime.

        Raises:
            JsThrow: the proxy was destroyed.
        """
        _ = self.pointer
        return type(self)(
            self.host,
            self.shared,
            self.flags if flags is None else flags,
            self.props if props is None else props,
        )

    def supports(self, flag: ProxyFlag) -> bool:
        """Whether the object has a capability."""
        return bool(self.flags & flag)

    # ---- the object protocol

    def check(self, result: JsValue, failed: JsValue = ERROR) -> JsValue:
        """``result``, unless it is the failure value: then throw the guest's exception."""
        if result is failed or (isinstance(failed, int) and result == failed):
            self.host.throw_python_error()
        return result

    def optional(self, result: JsValue) -> JsValue:
        """``result``; ABSENT for a failure without exception (missing attribute or item)."""
        if result is ERROR:
            if self.host.guest.PyErr_Occurred():
                self.host.throw_python_error()
            return ABSENT
        return result

    def type_name(self) -> str:
        """The type's name, with its module unless built in."""
        return str(self.host.guest._pyproxy_type(self.pointer))

    def get_attribute(self, name: str) -> JsValue:
        """``getattr(object, name)``; undefined where there is none. The proxy belongs to the cache."""
        value = self.find_attribute(name)
        return UNDEFINED if value is ABSENT else value

    def find_attribute(self, name: str) -> JsValue:
        """As :meth:`get_attribute`; ABSENT where there is none."""
        return self.optional(self.host.guest._pyproxy_getattr(self.pointer, name, self.shared.cache.attributes))

    def has_attribute(self, name: str) -> bool:
        """``hasattr(object, name)``."""
        return bool(self.check(self.host.guest._pyproxy_hasattr(self.pointer, name), -1))

    def set_attribute(self, name: str, value: JsValue) -> None:
        """``setattr(object, name, value)``."""
        self.check(self.host.guest._pyproxy_setattr(self.pointer, name, value), -1)

    def delete_attribute(self, name: str) -> None:
        """``delattr(object, name)``."""
        self.check(self.host.guest._pyproxy_delattr(self.pointer, name), -1)

    def get_item(self, key: JsValue) -> JsValue:
        """``object[key]``; undefined for a missing key."""
        value = self.find_item(key)
        return UNDEFINED if value is ABSENT else value

    def find_item(self, key: JsValue) -> JsValue:
        """As :meth:`get_item`; ABSENT for a missing key."""
        adaptor = bool(self.flags & _JSON_ADAPTOR)
        cache = self.shared.cache.json_items
        return self.optional(self.host.guest._pyproxy_getitem(self.pointer, key, cache, adaptor))

    def set_item(self, key: JsValue, value: JsValue) -> None:
        """``object[key] = value``."""
        self.check(self.host.guest._pyproxy_setitem(self.pointer, key, value), -1)

    def delete_item(self, key: JsValue) -> None:
        """``del object[key]``."""
        self.check(self.host.guest._pyproxy_delitem(self.pointer, key), -1)

    def contains(self, key: JsValue) -> bool:
        """``key in object``."""
        return bool(self.check(self.host.guest._pyproxy_contains(self.pointer, key), -1))

    def length(self) -> int:
        """``len(object)``."""
        result = self.check(self.host.guest.PyObject_Size(self.pointer), -1)
        return result if isinstance(result, int) else 0

    def dir(self) -> list[str]:
        """``dir(object)``, without what is no string."""
        names = self.check(self.host.guest._pyproxy_ownKeys(self.pointer))
        return [name for name in names.items if isinstance(name, str)] if isinstance(names, JsArray) else []

    def to_string(self) -> str:
        """``String(this)``: ``str(object)``."""
        return str(self.check(self.host.guest._pyproxy_repr(self.pointer)))

    def iterate(self) -> Iterator[JsValue] | None:
        """A host iterator over the elements."""
        if not self.flags & (ProxyFlag.IS_ITERABLE | ProxyFlag.IS_ITERATOR):
            return None
        return self.elements()

    def elements(self) -> Elements:
        """Iterate the object; proxies of its items die when the iterator is exhausted."""
        iterator = self.host.guest.PyObject_GetIter(self.pointer)
        if not iterator:
            self.host.throw_python_error()
        return Elements(self, iterator)

    def to_js(
        self, depth: int = -1, *, proxies: JsValue = None, dict_converter: JsValue = ERROR, default: JsValue = ERROR
    ) -> JsValue:
        """A JavaScript copy of a container, ``depth`` levels deep; ``proxies`` collects proxies made on the way."""
        proxies = JsArray() if proxies is None else proxies
        result = self.host.guest.python2js_custom(self.pointer, depth, proxies, dict_converter, default, ERROR)
        return self.check(result)

    # ---- calls

    def call_python(self, args: Sequence[JsValue], kwargs: Mapping[str, JsValue] | None = None) -> JsValue:
        """Call the object; see :func:`call_object`."""
        return call_object(self.host, self.pointer, args, kwargs)

    def ensure_future(self) -> JsPromise:
        """Schedule an awaitable and return the promise of its result; the proxy is used up."""
        if self.shared.promise is not None:
            return self.shared.promise
        pointer = self.pointer
        promise = JsPromise(self.host.loop)
        resolve, reject = promise.functions()
        self.check(self.host.guest._pyproxy_ensure_future(pointer, resolve, reject), -1)
        self.shared.promise = promise
        self.destroy()
        return promise

    def __repr__(self) -> str:
        return f"<PyProxy of {self.shared.pointer & 0xFFFFFFFF:#x}>"


class Elements:
    """A host iterator over a Python object. It owns the guest's iterator until that is exhausted or dropped."""

    __slots__ = ("_adaptor", "_borrowed", "_cache", "_host", "_iterator")

    def __init__(self, proxy: ProxyObject, iterator: int) -> None:
        self._host = proxy.host
        self._iterator = iterator
        self._cache = proxy.shared.cache.json_items
        self._adaptor = bool(proxy.flags & _JSON_ADAPTOR)
        self._borrowed: list[ProxyObject] = []

    def __iter__(self) -> Elements:
        return self

    def __next__(self) -> JsValue:
        if not self._iterator:
            raise StopIteration
        host = self._host
        item = host.guest._pyproxy_iter_next(self._iterator, self._cache, self._adaptor)
        if item is ERROR:
            self._finish()
            raise StopIteration
        if isinstance(item, ProxyObject) and not self._adaptor and len(self._borrowed) < _MAX_BORROWED:
            self._borrowed.append(item)
        return item

    def _finish(self) -> None:
        self.close()
        for item in self._borrowed:
            item.destroy(_EXHAUSTED, destroy_roundtrip=False)
        self._borrowed.clear()
        if self._host.guest.PyErr_Occurred():
            self._host.throw_python_error()

    def close(self) -> None:
        """Let go of the guest's iterator, as ``break`` out of a JavaScript loop does."""
        iterator, self._iterator = self._iterator, 0
        if iterator:
            self._host.guest.Py_DecRef(iterator)

    def __del__(self) -> None:
        if self._iterator:
            self._host.releases.append(self._iterator)


def call_object(
    host: JsHost,
    pointer: int,
    args: Sequence[JsValue],
    kwargs: Mapping[str, JsValue] | None = None,
    *,
    may_wait: bool = False,
    schedule: bool = True,
) -> JsValue:
    """Call a Python object. With ``schedule`` a coroutine function's coroutine runs at once, as Pyodide has it.

    ``may_wait`` lets it use run_sync, as Pyodide allows where the engine can switch stacks.

    Raises:
        JsThrow: the guest's exception.
        RecursionError: guest and host called each other too deeply; there still is room to tell the guest.
    """
    guest = host.guest
    if host.instance.depth:
        ensure_room()
    outer, host.may_wait = host.may_wait, may_wait
    try:
        if kwargs:
            names, values = JsArray(kwargs), JsArray((*args, *kwargs.values()))
            result = guest._pyproxy_apply(pointer, values, len(args), names, len(names.items))
        else:
            result = guest._pyproxy_apply(pointer, JsArray(args), len(args), UNDEFINED, 0)
    finally:
        host.may_wait = outer
    if result is ERROR:
        host.throw_python_error()
    if not schedule or not isinstance(result, ProxyObject) or not result.supports(ProxyFlag.IS_AWAITABLE):
        return result
    if result.type_name() == "coroutine" and guest._iscoroutinefunction(pointer):
        result.ensure_future()
    return result
