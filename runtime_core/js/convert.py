"""Plain Python values of the host to objects of the guest and back.

Both directions copy. None, bool, int, float, str, bytes, list, tuple, dict, set and frozenset cross; guest lists and
tuples both arrive as lists. Everything else raises UnserializableError naming its type.
"""

from __future__ import annotations

import marshal
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, cast

from runtime_core.js.arrays import JsArray
from runtime_core.js.buffers import bytes_view, is_buffer
from runtime_core.js.bulk import read_plain
from runtime_core.js.control import JsThrow, PythonErrorSet
from runtime_core.js.errors import throw
from runtime_core.js.functions import NativeFunction
from runtime_core.js.guest import checked
from runtime_core.js.js2python import new_integer, new_string
from runtime_core.js.maps import JsMap, JsSet
from runtime_core.js.marshalled import MAX_LEVELS
from runtime_core.js.operators import constructor_name, get_property, typeof
from runtime_core.js.proxy_flags import ProxyFlag
from runtime_core.js.pyproxy import PyProxy, adopt_proxy
from runtime_core.js.values import (
    UNDEFINED,
    BigInt,
    JsObject,
    JsSymbol,
    JsValue,
    join_surrogates,
)
from schemas.errors import UnserializableError

if TYPE_CHECKING:
    from runtime_core.js.host import JsHost

MAX_DEPTH: Final = 200
MAX_NODES: Final = 10_000_000
_NODES_BETWEEN_CHARGES: Final = 1 << 14
_SMALL: Final = 1 << 27
_CONTAINERS: Final = frozenset({list, tuple, dict, set, frozenset})


def _too_deep() -> UnserializableError:
    return UnserializableError(
        "the value is nested too deeply, or contains itself", expected=f"at most {MAX_DEPTH} levels"
    )


def _marshalled(value: Any) -> bytes | None:
    """A container in CPython's marshal format, or None where it holds anything but exact built-in types.

    Version 2 of the format has no back references, so that a value containing itself fails here as it does below.
    """
    if not _is_shallow(value, MAX_DEPTH):
        raise _too_deep()
    try:
        return marshal.dumps(value, 2)
    except ValueError:
        return None


def _is_shallow(value: object, levels: int) -> bool:
    if type(value) not in _CONTAINERS:
        return True
    if levels == 0:
        return False
    items = (*value.keys(), *value.values()) if isinstance(value, dict) else cast("Iterable[object]", value)
    return all(_is_shallow(item, levels - 1) for item in items if type(item) in _CONTAINERS)


class HeldObject:
    """What stands for an object of the guest in layers above this one."""

    __slots__ = ()

    def proxy_for(self, js: JsHost) -> PyProxy:
        """The proxy, for use in the guest behind ``js``.

        Raises:
            HostError: it is another guest's, or was given back.
        """
        raise NotImplementedError


class GuestBuilder:
    """Builds guest objects from plain values; counts nodes and levels."""

    def __init__(self, js: JsHost) -> None:
        self._js = js
        self._guest = js.guest
        self._nodes = 0

    def build(self, value: object, depth: int = 0) -> int:
        """A new reference to a guest object equal to ``value``.

        Raises:
            UnserializableError: a type that does not cross, or too many nodes or levels.
            PythonErrorSet: the guest could not make the object.
        """
        self._nodes += 1
        if depth > MAX_DEPTH:
            raise _too_deep()
        if self._nodes > MAX_NODES:
            raise UnserializableError("the value has too many parts", expected=f"at most {MAX_NODES}")
        guest = self._guest
        if value is None or value is UNDEFINED:
            return checked(guest._js2python_none())
        if isinstance(value, bool):
            return checked(guest._js2python_true() if value else guest._js2python_false())
        if isinstance(value, int):
            return new_integer(self._js, int(value))
        if isinstance(value, float):
            return checked(guest.PyFloat_FromDouble(value))
        if isinstance(value, str):
            return new_string(self._js, str(value))
        if isinstance(value, bytes | bytearray | memoryview):
            return self._bytes(bytes(value))
        return self._container(value, depth)

    def _load(self, data: bytes) -> int:
        """The object that a marshalled value stands for; one call instead of two per part."""
        guest = self._guest
        address = guest.malloc(len(data))
        if not address:
            throw("RangeError", "out of memory for a value of the host")
        try:
            self._js.memory.write(address, data)
            return checked(guest.PyMarshal_ReadObjectFromString(address, len(data)))
        finally:
            guest.free(address)

    def _container(self, value: object, depth: int) -> int:
        if depth == 0 and type(value) in _CONTAINERS:
            data = _marshalled(value)
            if data is not None:
                return self._load(data)
        if isinstance(value, list):
            return self._sequence(value, depth, self._guest.PyList_New, self._guest.PyList_SetItem)
        if isinstance(value, tuple):
            return self._sequence(value, depth, self._guest.PyTuple_New, self._guest.PyTuple_SetItem)
        if isinstance(value, Mapping):
            return self._dict(value, depth)
        if isinstance(value, frozenset):
            return checked(self._guest.PyFrozenSet_New(self._list_of(value, depth)))
        if isinstance(value, set):
            return self._set(value, depth)
        if isinstance(value, HeldObject):
            value = value.proxy_for(self._js)
        if isinstance(value, PyProxy):
            pointer = value.pointer
            self._guest.Py_IncRef(pointer)
            return pointer
        if isinstance(value, slice):
            return self._slice(value, depth)
        if callable(value):
            value = _host_function(self._js, value)
        if isinstance(value, JsObject):
            return checked(self._guest.JsProxy_create(value))
        raise UnserializableError(
            "a value cannot be handed to the guest",
            expected="None, bool, int, float, str, bytes, list, tuple, dict or set",
            found=type(value).__name__,
        )

    def _bytes(self, data: bytes) -> int:
        pointer = checked(self._guest.PyBytes_FromStringAndSize(0, len(data)))
        if data:
            self._js.memory.write(self._guest.PyBytes_AsString(pointer), data)
        return pointer

    def _sequence(self, items: Iterable[object], depth: int, new: Callable[..., int], store: Callable[..., int]) -> int:
        values = list(items)
        result = checked(new(len(values)))
        try:
            for index, item in enumerate(values):
                if store(result, index, self.build(item, depth + 1)) == -1:
                    raise PythonErrorSet
        except BaseException:
            self._guest.Py_DecRef(result)
            raise
        return result

    def _list_of(self, items: Iterable[object], depth: int) -> int:
        return self._sequence(items, depth, self._guest.PyList_New, self._guest.PyList_SetItem)

    def _dict(self, value: Mapping[object, object], depth: int) -> int:
        guest = self._guest
        result = checked(guest.PyDict_New())
        owned = [result]
        try:
            for key, item in value.items():
                owned.append(self.build(key, depth + 1))
                owned.append(self.build(item, depth + 1))
                if guest.PyDict_SetItem(*owned) == -1:
                    raise PythonErrorSet
                guest.Py_DecRef(owned.pop())
                guest.Py_DecRef(owned.pop())
        except BaseException:
            for pointer in owned:
                guest.Py_DecRef(pointer)
            raise
        return result

    def _slice(self, value: slice, depth: int) -> int:
        parts = self._sequence(
            (value.start, value.stop, value.step), depth, self._guest.PyTuple_New, self._guest.PyTuple_SetItem
        )
        try:
            return checked(self._guest.PySlice_New(*(self._guest.PyTuple_GetItem(parts, index) for index in range(3))))
        finally:
            self._guest.Py_DecRef(parts)

    def _set(self, value: set[object], depth: int) -> int:
        items = self._list_of(value, depth)
        try:
            return checked(self._guest.PySet_New(items))
        finally:
            self._guest.Py_DecRef(items)


def _host_function(js: JsHost, function: Callable[..., object]) -> JsValue:
    from runtime_core.js.host_modules import to_javascript

    return to_javascript(js, function)


def to_guest(js: JsHost, value: object, *, as_argument: bool = False) -> JsValue:
    """A plain value as a JavaScript value that the guest receives as an equal Python object.

    Containers become proxies that the caller owns. With ``as_argument`` the proxy is only good for passing on: its
    capabilities are not looked up.
    """
    if isinstance(value, PyProxy | JsObject) or value is UNDEFINED:
        return value
    if isinstance(value, HeldObject):
        return value.proxy_for(js)
    if value is None:
        return UNDEFINED
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return join_surrogates(value)
    if isinstance(value, int) and -_SMALL < value < _SMALL:
        return int(value)
    try:
        pointer = GuestBuilder(js).build(value)
    except PythonErrorSet:
        js.throw_python_error()
    flags = 0 if as_argument else int(js.guest.pyproxy_getflags(pointer, 0))
    return adopt_proxy(js, pointer, flags=flags)


class HostReader:
    """Reads JavaScript values into plain Python.

    With ``keep_proxies`` Python objects that cannot be converted stay proxies, as ``js.wrap_proxy`` makes them for the
    host. ``levels`` is how deep containers are converted; those below stay proxies, too.
    """

    def __init__(self, js: JsHost, *, keep_proxies: bool = False, levels: int | None = None) -> None:
        self._js = js
        self._keep = keep_proxies
        self._levels = MAX_DEPTH if levels is None else levels
        self._nodes = 0
        self._active: set[int] = set()

    def read(self, value: JsValue, depth: int = 0) -> object:
        """The plain value.

        Raises:
            UnserializableError: it does not cross.
            JsThrow: the guest raised while its object was converted.
            LimitError: the conversion used up the guest's CPU time.
        """
        self._nodes += 1
        if not self._nodes % _NODES_BETWEEN_CHARGES:
            self._charge()
        if value is None or value is UNDEFINED:
            return None
        if isinstance(value, bool | float | str):
            return value
        if isinstance(value, BigInt):
            return int(value)
        if isinstance(value, int):
            return value
        if depth > MAX_DEPTH:
            raise _too_deep()
        if isinstance(value, PyProxy):
            return self._read_proxy(value, depth)
        if is_buffer(value):
            return bytes(bytes_view(value))
        return self._read_container(value, depth)

    def _charge(self) -> None:
        """A small guest value can stand for a huge one: each of 30 lists that holds the next one twice."""
        if self._nodes > MAX_NODES:
            raise UnserializableError("the value has too many parts", expected=f"at most {MAX_NODES}")
        self._js.instance.check_budget()

    def _read_container(self, value: JsValue, depth: int) -> object:
        if id(value) in self._active:
            raise UnserializableError("the value contains itself")
        self._active.add(id(value))
        try:
            if isinstance(value, JsArray):
                return [self.read(item, depth + 1) for item in value.iterate()]
            if isinstance(value, JsMap):
                return {self._key(key): self.read(item, depth + 1) for key, item in list(value.entries.values())}
            if isinstance(value, JsSet):
                return {self._key(item) for item in list(value.entries.values())}
            if type(value) is JsObject:
                return {key: self.read(value.get(key), depth + 1) for key in value.own_keys()}
        finally:
            self._active.discard(id(value))
        if self._keep and isinstance(value, JsObject):
            return value
        raise _cannot_cross(_kind(value))

    def _key(self, key: JsValue) -> object:
        plain = self.read(key, MAX_DEPTH)
        try:
            hash(plain)
        except TypeError as error:
            raise UnserializableError("a key cannot be handed to the host", found=type(plain).__name__) from error
        return plain

    def _read_proxy(self, proxy: PyProxy, depth: int) -> object:
        if proxy.supports(_OPAQUE) and not proxy.supports(ProxyFlag.IS_BUFFER):
            return self._opaque(proxy)
        levels = min(MAX_DEPTH, self._levels) - depth
        if levels <= 0 and self._levels < MAX_DEPTH:
            return self._js.wrap_proxy(proxy)
        if levels >= MAX_LEVELS:
            plain, nodes = read_plain(self._js, proxy.pointer)
            if nodes:
                self._nodes += nodes
                self._charge()
                return plain
        maps = _Maps()
        copied = proxy.to_js(levels, dict_converter=maps.converter)
        maps.check_complete()
        if not isinstance(copied, PyProxy):
            return self.read(copied, depth)
        if copied.type_name() == "frozenset":
            return frozenset(self._key(item) for item in copied.iterate() or ())
        if copied is not proxy:
            copied.destroy()
        return self._opaque(proxy)

    def _opaque(self, proxy: PyProxy) -> object:
        if self._keep:
            return self._js.wrap_proxy(proxy)
        raise _cannot_cross(proxy.type_name())


_OPAQUE: Final = ProxyFlag.IS_CALLABLE | ProxyFlag.IS_AWAITABLE | ProxyFlag.IS_ITERATOR


def _kind(value: JsValue) -> str:
    """The name of a value's class for messages; objects of the guest may have made theirs unreadable."""
    try:
        return constructor_name(value) if isinstance(value, JsObject | JsSymbol) else typeof(value)
    except JsThrow:
        return typeof(value)


def _cannot_cross(name: str) -> UnserializableError:
    return UnserializableError(
        "a value of the guest cannot be handed to the host",
        expected="None, bool, int, float, str, bytes, list, tuple, dict or set",
        found=name,
    )


class _Maps:
    """Makes the Maps of one conversion, and notices what they miss.

    Pyodide files the references of a cycle in the list of entries when the Map is already made from it. Each conversion
    has a converter of its own: functions hold properties, which isolates must not share.
    """

    def __init__(self) -> None:
        self._made: list[tuple[JsArray, list[JsValue]]] = []
        self.converter = NativeFunction(self._convert, "toMap")

    def _convert(self, entries: JsValue) -> JsValue:
        if not isinstance(entries, JsArray):
            return JsMap()
        pairs = list(entries.items)
        self._made.append((entries, pairs))
        return JsMap((get_property(pair, "0"), get_property(pair, "1")) for pair in pairs)

    def check_complete(self) -> None:
        """Raise UnserializableError if a dict contains itself."""
        if any(entries.own or entries.items != pairs for entries, pairs in self._made):
            raise UnserializableError("the value contains itself")
