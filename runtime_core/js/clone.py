"""structuredClone: the structured serialization of HTML (section 2.7), from one isolate to itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from runtime_core.js.array_buffer import BufferStorage, JsArrayBuffer, JsSharedArrayBuffer
from runtime_core.js.arrays import JsArray
from runtime_core.js.buffers import ArrayView
from runtime_core.js.coded_errors import throw_dom, throw_missing, throw_unconvertible
from runtime_core.js.errors import ERROR_NAMES, DomError, JsError
from runtime_core.js.functions import JsFunction
from runtime_core.js.generators import JsAsyncGenerator
from runtime_core.js.iteration import IteratorObject, collect
from runtime_core.js.maps import JsMap, JsSet
from runtime_core.js.operators import call_method, to_string
from runtime_core.js.promises import JsPromise
from runtime_core.js.pyproxy import PyProxy
from runtime_core.js.values import ABSENT, UNDEFINED, Accessor, JsObject, JsSymbol, JsValue, is_array_index

_CODE: Final = "DataCloneError"


def structured_clone(*args: JsValue) -> JsValue:
    """``structuredClone(value, options)``.

    Raises:
        JsThrow: DataCloneError for what cannot be cloned or transferred; nothing is transferred then.
    """
    if not args:
        throw_missing("The value argument must be specified")
    options = args[1] if len(args) > 1 else UNDEFINED
    if options is not UNDEFINED and options is not None and not isinstance(options, JsObject):
        throw_unconvertible("Failed to execute 'structuredClone': Options cannot be converted to a dictionary")
    given = options.get("transfer") if isinstance(options, JsObject) else UNDEFINED
    transferred = [] if given is UNDEFINED or given is None else collect(given)
    buffers = _transferable(transferred)
    cloner = _Cloner(buffers)
    result = cloner.clone(args[0])
    for buffer in buffers:
        cloner.transfer(buffer)
    return result


def _transferable(values: list[JsValue]) -> list[JsArrayBuffer]:
    buffers: list[JsArrayBuffer] = []
    for value in values:
        if not isinstance(value, JsArrayBuffer):
            throw_dom("Found invalid value in transferList.", _CODE)
        if not isinstance(value.data, bytearray) or value.is_detached:
            throw_dom("Cannot transfer object of unsupported type.", _CODE)
        if any(value is other for other in buffers):
            throw_dom("Transfer list contains duplicate ArrayBuffer", _CODE)
        buffers.append(value)
    return buffers


class _Cloner:
    """Clones the values of one call; what was cloned once is the same object again."""

    def __init__(self, transferred: list[JsArrayBuffer]) -> None:
        self._transferred = {id(buffer): JsArrayBuffer(bytearray(), buffer.maximum) for buffer in transferred}
        self._made: dict[int, JsValue] = {}
        self._kept: list[JsValue] = []  # keeps those ids valid

    def transfer(self, buffer: JsArrayBuffer) -> None:
        """Move the bytes of a buffer to its clone."""
        clone = self._transferred[id(buffer)]
        clone.adopt(buffer.detach())

    def clone(self, value: JsValue) -> JsValue:
        """The clone of any value."""
        if not isinstance(value, JsObject):
            if isinstance(value, JsSymbol):
                throw_dom(f"{value!r} could not be cloned.", _CODE)
            return value
        made = self._made.get(id(value))
        return self._object(value) if made is None else made

    def _remember(self, value: JsObject, clone: JsValue) -> None:
        self._made[id(value)] = clone
        self._kept.append(value)

    def _object(self, value: JsObject) -> JsValue:
        if isinstance(value, JsArray):
            return self._array(value)
        if isinstance(value, BufferStorage):
            return self._buffer(value)
        if isinstance(value, ArrayView):
            return self._view(value)
        if isinstance(value, JsMap):
            return self._map(value)
        if isinstance(value, JsSet):
            return self._set(value)
        if isinstance(value, DomError):
            return self._dom_error(value)
        if isinstance(value, JsError):
            return self._error(value)
        copy = _COPIED.get(value.class_name)
        if copy is not None:
            clone = copy(value)
            self._remember(value, clone)
            return clone
        if isinstance(value, _REFUSED) or value.class_name in _REFUSED_NAMES:
            throw_dom(f"{_shown(value)} could not be cloned.", _CODE)
        clone = JsObject({})
        self._remember(value, clone)
        self._properties(value, clone)
        return clone

    def _properties(self, value: JsObject, clone: JsObject) -> None:
        is_array = isinstance(value, JsArray)
        for key in value.own_keys():
            if is_array and is_array_index(key):
                continue
            if value.get_own(key) is not ABSENT:  # a getter may have deleted it
                clone.define(key, self.clone(value.get(key)))

    def _array(self, value: JsArray) -> JsValue:
        clone = JsArray([ABSENT] * len(value.items))
        self._remember(value, clone)
        for index, item in enumerate(list(value.items)):
            if item is not ABSENT:
                clone.items[index] = self.clone(item.read(value) if type(item) is Accessor else item)
        if value.own:
            self._properties(value, clone)
        return clone

    def _buffer(self, value: BufferStorage) -> JsValue:
        clone: BufferStorage | None = self._transferred.get(id(value))
        if clone is None and isinstance(value, JsSharedArrayBuffer):
            clone = value.share()
        if clone is None:
            if value.is_detached:
                throw_dom("An ArrayBuffer is detached and could not be cloned.", _CODE)
            clone = JsArrayBuffer(bytearray(value.data), value.maximum)
        self._remember(value, clone)
        return clone

    def _view(self, value: ArrayView) -> JsValue:
        if value.is_out_of_bounds:
            throw_dom("An ArrayBuffer is detached and could not be cloned.", _CODE)
        buffer = self.clone(value.buffer)
        clone = object.__new__(type(value))
        ArrayView.__init__(clone, buffer, value.offset, value.fixed)  # type: ignore[arg-type]  # the clone of a buffer
        self._remember(value, clone)
        return clone

    def _map(self, value: JsMap) -> JsValue:
        clone = JsMap()
        self._remember(value, clone)
        for key, item in list(value.entries.values()):
            clone.put(self.clone(key), self.clone(item))
        return clone

    def _set(self, value: JsSet) -> JsValue:
        clone = JsSet()
        self._remember(value, clone)
        for item in list(value.entries.values()):
            clone.add(self.clone(item))
        return clone

    def _error(self, value: JsError) -> JsValue:
        name = to_string(value.get("name"))
        message = value.own_value("message")
        clone = JsError(
            name if name in ERROR_NAMES else "Error",
            None if message is ABSENT else to_string(message),
            stack=to_string(value.get("stack")),
        )
        self._remember(value, clone)
        cause = value.own_value("cause")
        if cause is not ABSENT:
            clone.define("cause", self.clone(cause))
        return clone

    def _dom_error(self, value: DomError) -> JsValue:
        clone = DomError(value.text, value.error_name)
        self._remember(value, clone)
        return clone


_REFUSED: Final = (JsFunction, PyProxy, JsPromise, IteratorObject, JsAsyncGenerator)
_REFUSED_NAMES: Final = frozenset(("FinalizationRegistry", "Symbol", "WeakMap", "WeakRef", "WeakSet"))


def _shown(value: JsObject) -> str:
    """A value as V8 names it in these messages."""
    if isinstance(value, PyProxy):
        return "[object Object]"
    if isinstance(value, JsFunction):
        return value.to_string()
    return f"[object {value.type_tag}]" if isinstance(value, IteratorObject) else value.describe()


def _wrapped(value: JsObject) -> JsObject:
    make: Callable[[JsValue], JsObject] = type(value)
    return make(call_method(value, "valueOf", ()))


def _date(value: JsObject) -> JsObject:
    make: Callable[[JsValue], JsObject] = type(value)
    return make(call_method(value, "getTime", ()))


def _pattern(value: JsObject) -> JsObject:
    make: Callable[..., JsObject] = type(value)
    return make(to_string(value.get("source")), to_string(value.get("flags")))


_COPIED: Final[dict[str, Callable[[JsObject], JsObject]]] = {
    "BigInt": _wrapped,
    "Boolean": _wrapped,
    "Date": _date,
    "Number": _wrapped,
    "RegExp": _pattern,
    "String": _wrapped,
}
"""How objects are copied that stand for one value, by the name of their class."""
