"""PyProxy: a Python object of the guest as a JavaScript value, and as what the host holds.

A proxy owns one reference to its object (``shared.pointer``) until it is destroyed. Aliases (bind, captureThis) share
``shared``; copies own a reference of their own and share the cache of attribute proxies.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar, Final

from runtime_core.engine.interrupts import ensure_room
from runtime_core.js.arrays import JsArray
from runtime_core.js.errors import throw_error, throw_type_error
from runtime_core.js.functions import JsFunction
from runtime_core.js.iteration import JsIterator
from runtime_core.js.maps import JsMap
from runtime_core.js.promises import JsPromise
from runtime_core.js.proxy_flags import CALLABLE, METHOD_FLAGS, PLAIN, ProxyFlag, ProxyProperties
from runtime_core.js.values import (
    ABSENT,
    ERROR,
    SYMBOL_ASYNC_ITERATOR,
    SYMBOL_DISPOSE,
    SYMBOL_ITERATOR,
    UNDEFINED,
    JsObject,
    JsValue,
    PropertyKey,
)

if TYPE_CHECKING:
    from runtime_core.js.host import JsHost


_JSON_ADAPTOR: Final = int(ProxyFlag.IS_JSON_ADAPTOR_DICT | ProxyFlag.IS_JSON_ADAPTOR_SEQUENCE)
_DESTROYED: Final = (
    "Object has already been destroyed\n"
    "For more information about the cause of this error, use `pyodide.setDebug(true)`"
)
_BORROWED: Final = (
    "This borrowed attribute proxy was automatically destroyed in the process of destroying the proxy it was borrowed "
    "from. Try using the 'copy' method."
)


@dataclass(slots=True)
class AttributeCache:
    """Proxies of attributes, by descriptor address; they die with the last copy."""

    attributes: JsMap = field(default_factory=JsMap)
    json_items: JsMap = field(default_factory=JsMap)
    owners: int = 0

    def release(self) -> None:
        """Drop one owner; the last one destroys what is cached."""
        self.owners -= 1
        if not self.owners:
            self.clear()

    def clear(self) -> None:
        """Destroy what is cached."""
        for cached in (self.attributes, self.json_items):
            for _, proxy in list(cached.entries.values()):
                if isinstance(proxy, PyProxy):
                    proxy.destroy(_BORROWED)
            cached.entries.clear()


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
        self.destroyed_message = _DESTROYED

    def __del__(self) -> None:
        if self.pointer:
            self.releases.append(self.pointer)


def _as_json(proxy: PyProxy) -> PyProxy:
    is_sequence = proxy.shared.flags & ProxyFlag.IS_SEQUENCE
    extra = ProxyFlag.IS_JSON_ADAPTOR_SEQUENCE if is_sequence else ProxyFlag.IS_JSON_ADAPTOR_DICT
    pointer = proxy.pointer
    return new_proxy(proxy.host, pointer, flags=proxy.shared.flags | extra, cache=proxy.shared.cache, props=proxy.props)


def _destroy(proxy: PyProxy, options: JsValue) -> JsValue:
    message = options.get("message") if isinstance(options, JsObject) else ""
    roundtrip = options.get("destroyRoundtrip") if isinstance(options, JsObject) else True
    proxy.destroy(message if isinstance(message, str) else "", destroy_roundtrip=roundtrip is not False)
    return UNDEFINED


def _to_js(proxy: PyProxy, options: JsValue) -> JsValue:
    if not isinstance(options, JsObject):
        return proxy.to_js()
    depth = options.get("depth")
    given = options.get("pyproxies")
    proxies: JsValue = JsArray() if given is UNDEFINED else given
    if options.get("create_pyproxies") is False:
        proxies = ERROR
    converters = [options.get(name) for name in ("dict_converter", "default_converter", "eager_converter")]
    result = proxy.host.guest.python2js_custom(
        proxy.pointer,
        depth if isinstance(depth, int) else -1,
        proxies,
        *(ERROR if converter is UNDEFINED else converter for converter in converters),
    )
    return proxy.check(result)


class PyProxy(JsObject):
    """A proxy of a Python object that is not callable; see :class:`PyProxyFunction` for callables."""

    __slots__ = ("host", "props", "shared")

    class_name: ClassVar[str] = "PyProxy"
    type_tag: ClassVar[str] = "PyProxy"

    def __init__(self, host: JsHost, shared: SharedState, props: ProxyProperties = PLAIN) -> None:
        super().__init__()
        self.host = host
        self.shared = shared
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
        pointer = shared.pointer
        if not pointer or (self.props.roundtrip and not destroy_roundtrip):
            return
        shared.pointer = 0
        if message:
            shared.destroyed_message = f"{message}\n{_DESTROYED.partition(chr(10))[2]}"
        shared.cache.release()
        self.host.guest.Py_DecRef(pointer)

    def copy(self) -> PyProxy:
        """Another proxy of the same object, with a reference of its own."""
        pointer = self.pointer
        return new_proxy(self.host, pointer, flags=self.shared.flags, cache=self.shared.cache, props=self.props)

    def alias(self, props: ProxyProperties) -> PyProxy:
        """A proxy that shares this one's lifetime."""
        return type(self)(self.host, self.shared, props)

    def supports(self, flag: ProxyFlag) -> bool:
        """Whether the object has a capability."""
        return bool(self.shared.flags & flag)

    # ---- the object protocol

    def check(self, result: JsValue, failed: JsValue = ERROR) -> JsValue:
        """``result``, unless it is the failure value: then throw the guest's exception."""
        if result is failed or (isinstance(failed, int) and result == failed):
            self.host.throw_python_error()
        return result

    def optional(self, result: JsValue) -> JsValue:
        """``result``; undefined for a failure without exception (missing attribute or item)."""
        if result is ERROR:
            if self.host.guest.PyErr_Occurred():
                self.host.throw_python_error()
            return UNDEFINED
        return result

    def type_name(self) -> str:
        """The type's name, with its module unless built in."""
        return str(self.host.guest._pyproxy_type(self.pointer))

    def get_attribute(self, name: str) -> JsValue:
        """``getattr(object, name)``; undefined where there is none. The proxy belongs to the cache."""
        return self.optional(self.host.guest._pyproxy_getattr(self.pointer, name, self.shared.cache.attributes))

    def has_attribute(self, name: str) -> bool:
        """``hasattr(object, name)``."""
        return bool(self.check(self.host.guest._pyproxy_hasattr(self.pointer, name), -1))

    def set_attribute(self, name: str, value: JsValue) -> None:
        """``setattr(object, name, value)``."""
        self.check(self.host.guest._pyproxy_setattr(self.pointer, name, value), -1)

    def get_item(self, key: JsValue) -> JsValue:
        """``object[key]``; undefined for a missing key."""
        adaptor = bool(self.shared.flags & _JSON_ADAPTOR)
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

    def to_string(self) -> str:
        """``String(this)``."""
        return str(self.check(self.host.guest._pyproxy_repr(self.pointer)))

    def iterate(self) -> Iterator[JsValue] | None:
        """A host iterator over the elements."""
        if not self.shared.flags & (ProxyFlag.IS_ITERABLE | ProxyFlag.IS_ITERATOR):
            return None
        return _iterate(self)

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
        promise = JsPromise(self.host.loop)
        resolve, reject = self.host.promise_functions(promise)
        self.check(self.host.guest._pyproxy_ensure_future(self.pointer, resolve, reject), -1)
        self.shared.promise = promise
        self.destroy()
        return promise

    # ---- JavaScript's property access

    def get_own(self, key: PropertyKey) -> JsValue:
        """The own property, or ABSENT."""
        return ABSENT

    def lookup(self, key: PropertyKey) -> JsValue:
        """The property, own or inherited, or ABSENT."""
        if not isinstance(key, str):
            return self._inherited(key)
        method = METHOD_FLAGS.get(key)
        if method is not None and (not method or self.shared.flags & method):
            return self._inherited(key)
        if self.shared.flags & ProxyFlag.IS_SEQUENCE and key.isdigit() and key.isascii():
            return self.get_item(int(key))
        name = key[1:] if key.startswith("$") else key
        value = self.get_attribute(name)
        if value is not UNDEFINED or self.has_attribute(name):
            return value
        if self.shared.flags & ProxyFlag.IS_DICT:
            item = self.get_item(key)
            if item is not UNDEFINED or self.contains(key):
                return item
        return ABSENT

    def has(self, key: PropertyKey) -> bool:
        """``key in this``."""
        return self.lookup(key) is not ABSENT

    def set(self, key: PropertyKey, value: JsValue) -> None:
        """``this[key] = value``."""
        if not isinstance(key, str) or key in METHOD_FLAGS:
            throw_type_error(f"Cannot set read only field '{key!s}'")
        if self.shared.flags & ProxyFlag.IS_MUTABLE_SEQUENCE and key.isdigit() and key.isascii():
            self.set_item(int(key), value)
        elif self.shared.flags & ProxyFlag.IS_DICT and not self.has_attribute(key):
            self.set_item(key, value)
        else:
            self.set_attribute(key.removeprefix("$"), value)

    def delete(self, key: PropertyKey) -> None:
        """``delete this[key]``."""
        if not isinstance(key, str) or key in METHOD_FLAGS:
            throw_type_error(f"Cannot delete read only field '{key!s}'")
        self.check(self.host.guest._pyproxy_delattr(self.pointer, key.removeprefix("$")), -1)

    def own_keys(self) -> list[str]:
        """The names of own enumerable properties."""
        names = self.check(self.host.guest._pyproxy_ownKeys(self.pointer))
        return [name for name in names.items if isinstance(name, str)] if isinstance(names, JsArray) else []

    def __repr__(self) -> str:
        return f"<PyProxy of {self.shared.pointer & 0xFFFFFFFF:#x}>"

    METHODS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        "asJsJson": _as_json,
        "catch": lambda this, on_rejected: this.ensure_future().then(UNDEFINED, on_rejected),
        "copy": lambda this: this.copy(),
        "delete": lambda this, key: this.delete_item(key),
        "destroy": _destroy,
        "finally": lambda this, on_finally: this.ensure_future().finally_(on_finally),
        "get": lambda this, key: this.get_item(key),
        "has": lambda this, key: this.contains(key),
        "next": lambda this, value: this.check(this.host.guest._pyproxyGen_Send(this.pointer, value)),
        "return": lambda this, value: this.check(this.host.guest._pyproxyGen_return(this.pointer, value)),
        "set": lambda this, key, value: this.set_item(key, value),
        "then": lambda this, on_value, on_error: this.ensure_future().then(on_value, on_error),
        "throw": lambda this, error: this.check(this.host.guest._pyproxyGen_throw(this.pointer, error)),
        "toJs": _to_js,
        "toString": lambda this: this.to_string(),
        SYMBOL_DISPOSE: lambda this: _destroy(this, UNDEFINED),
        SYMBOL_ITERATOR: lambda this: JsIterator(_iterate(this)),
    }
    GETTERS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        "length": lambda this: this.length(),
        "type": lambda this: this.type_name(),
    }

    def _inherited(self, key: PropertyKey) -> JsValue:
        iterable = self.shared.flags & (ProxyFlag.IS_ITERABLE | ProxyFlag.IS_ITERATOR)
        if key is SYMBOL_ASYNC_ITERATOR or (key is SYMBOL_ITERATOR and not iterable):
            return ABSENT
        return super()._inherited(key)


class PyProxyFunction(PyProxy, JsFunction):
    """A proxy of a Python callable."""

    __slots__ = ()

    class_name: ClassVar[str] = "PyProxy"
    type_tag: ClassVar[str] = "PyProxy"

    def call(self, this: JsValue, args: Sequence[JsValue]) -> JsValue:
        """``this_function.apply(this, args)``."""
        props = self.props
        if props.capture_this:
            args = [props.bound_this, *props.bound_args, *args] if props.is_bound else [this, *args]
        elif props.is_bound:
            args = [*props.bound_args, *args]
        return self.call_python(args)

    def call_keywords(self, args: tuple[JsValue, ...]) -> JsValue:
        """``callKwargs``: the last argument holds the keyword arguments."""
        if not args:
            throw_type_error("callKwargs requires at least one argument (the key word argument object)")
        keywords = args[-1]
        if type(keywords) is not JsObject:
            throw_type_error("kwargs argument is not an object")
        return self.call_python(args[:-1], {key: keywords.get(key) for key in keywords.own_keys()})

    def bind(self, this: JsValue, args: tuple[JsValue, ...]) -> PyProxy:
        """``Function.prototype.bind``."""
        props = self.props
        bound_this = props.bound_this if props.is_bound else this
        bound_args = (*props.bound_args, *args)
        return self.alias(replace(props, is_bound=True, bound_this=bound_this, bound_args=bound_args))

    def to_string(self) -> str:
        """``String(this)``."""
        return PyProxy.to_string(self)

    METHODS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        "bind": lambda this, this_arg, *args: this.bind(this_arg, args),
        "callKwargs": lambda this, *args: this.call_keywords(args),
        "captureThis": lambda this: this.alias(replace(this.props, capture_this=True)),
        "toString": lambda this: this.to_string(),
    }


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


def adopt_proxy(
    host: JsHost, pointer: int, flags: int, *, cache: AttributeCache | None = None, props: ProxyProperties = PLAIN
) -> PyProxy:
    """Make a proxy that takes over a reference the caller owns."""
    cache = AttributeCache() if cache is None else cache
    cache.owners += 1
    shared = SharedState(pointer, flags, cache, host.releases)
    return (PyProxyFunction if flags & CALLABLE else PyProxy)(host, shared, props)


def call_object(
    host: JsHost, pointer: int, args: Sequence[JsValue], kwargs: Mapping[str, JsValue] | None = None
) -> JsValue:
    """Call a Python object. A coroutine function's coroutine is scheduled at once, as Pyodide does.

    Raises:
        JsThrow: the guest's exception.
        RecursionError: guest and host called each other too deeply; there still is room to tell the guest.
    """
    guest = host.guest
    if host.instance.depth:
        ensure_room()
    if kwargs:
        names = JsArray(kwargs)
        result = guest._pyproxy_apply(pointer, JsArray((*args, *kwargs.values())), len(args), names, len(names.items))
    else:
        result = guest._pyproxy_apply(pointer, JsArray(args), len(args), UNDEFINED, 0)
    if result is ERROR:
        host.throw_python_error()
    is_awaitable = isinstance(result, PyProxy) and result.supports(ProxyFlag.IS_AWAITABLE)
    if is_awaitable and result.type_name() == "coroutine" and guest._iscoroutinefunction(pointer):
        result.ensure_future()
    return result


def _iterate(proxy: PyProxy) -> Iterator[JsValue]:
    """Iterate a proxy; proxies of its items die when the iterator is exhausted."""
    guest = proxy.host.guest
    iterator = guest.PyObject_GetIter(proxy.pointer)
    if not iterator:
        proxy.host.throw_python_error()
    adaptor = bool(proxy.shared.flags & _JSON_ADAPTOR)
    borrowed: list[PyProxy] = []
    try:
        while True:
            item = guest._pyproxy_iter_next(iterator, proxy.shared.cache.json_items, adaptor)
            if item is ERROR:
                break
            yield item
            if isinstance(item, PyProxy) and not adaptor:
                borrowed.append(item)
    finally:
        guest.Py_DecRef(iterator)
    for item in borrowed:
        item.destroy("This borrowed proxy was automatically destroyed when an iterator was exhausted.")
    if guest.PyErr_Occurred():
        proxy.host.throw_python_error()
