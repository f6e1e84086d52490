"""Objects of the guest in the hands of the host.

What an isolate hands out is a copy where it can be one. Where it cannot, or where the object itself is wanted, there
is :class:`GuestObject`: a reference to a Python object that stays in the guest. Everything that comes from one is
hostile: lengths may lie, iterators may never end, texts may be long, and each operation may run guest code, fail with
the guest's exception or use up the guest's limits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, NoReturn, Self, TypeVar

from runtime_core.js import held
from runtime_core.js.convert import HeldObject, HostReader
from runtime_core.js.proxy_flags import ProxyFlag
from runtime_core.js.pyproxy import PyProxy
from runtime_core.object_buffers import GuestBuffer
from schemas.errors import HostError, PythonError, UnserializableError

if TYPE_CHECKING:
    from runtime_core.guest import Guest
    from runtime_core.js.host import JsHost
    from runtime_core.js.promises import JsPromise

_T = TypeVar("_T")
_MISSING: Final = object()
_ABSENT: Final = object()
_LONGEST_NAP: Final = 0.05  # seconds between looks at the guest's event loop while the host's runs

Enter = Callable[[Callable[["Guest"], Any]], Any]
"""Runs an action on the guest of an isolate, or raises what the isolate's state demands."""


class GuestObject(HeldObject):
    """A Python object of the guest, held by the host until it is closed, collected, or its isolate ends.

    Get one from :meth:`Isolate.get`, :meth:`Isolate.evaluate` with ``keep=True``, :meth:`Isolate.new` or
    :meth:`Isolate.import_module`, or from another one. Operations return plain values for None, bool, int, float and
    str, and further objects for everything else; :meth:`to_python` copies. Operands may be plain values, which are
    copied into the guest, objects of the same isolate, and callables of the host.

    Attributes are reached by methods, so that a guest's names never collide with the names of this class; items, calls,
    iteration and the operators of sets and comparisons work as usual. ``==`` and ``hash`` are about identity and do not
    enter the guest; see :meth:`equals`.

    Every operation that enters the guest raises:
        PythonError: guest code raised.
        HostError: the object was closed or belongs to another isolate, its isolate is closed or dead, or another
            thread is inside.
        UnserializableError: an operand cannot cross.
        LimitError, GuestExitError, FatalIsolateError: the isolate is dead now.
    """

    __slots__ = ("__weakref__", "_address", "_enter", "_proxy")

    def __init__(self, enter: Enter, proxy: PyProxy) -> None:
        """Not for callers: see the methods that return objects."""
        self._enter = enter
        self._proxy = proxy
        self._address = proxy.shared.pointer

    # ---- life

    @property
    def closed(self) -> bool:
        """Whether the object was given back, or its isolate has ended. A coroutine is given back when it is awaited."""
        return not self._proxy.is_alive or self._proxy.host.instance.poisoned

    def close(self) -> None:
        """Give the reference back, at once or when the guest's running call has returned. Twice does nothing."""
        shared = self._proxy.shared
        pointer, shared.pointer = shared.pointer, 0
        host = self._proxy.host
        if not pointer or host.instance.poisoned:
            return
        host.releases.append(pointer)
        if not host.instance.depth:
            self._enter(lambda guest: guest.js.perform(guest.js.release_collected))

    def copy(self) -> GuestObject:
        """Another reference to the same object, to be closed apart from this one."""
        copied: GuestObject = self._do(lambda js: self._proxy.copy())
        return copied

    __copy__ = copy

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __reduce__(self) -> NoReturn:
        raise TypeError("an object of a guest cannot be pickled or copied deeply; see to_python()")

    # ---- what it is

    @property
    def type_name(self) -> str:
        """The name of the object's type, with its module unless that is built in."""
        return str(self._do(lambda js: self._proxy.type_name()))

    def __repr__(self) -> str:
        state = "closed" if self.closed else f"{self._address & 0xFFFFFFFF:#x}"
        return f"<GuestObject {state}>"

    def __str__(self) -> str:
        """The guest's ``str(object)``."""
        return _text(self._call_function("PyObject_Str"))

    def represent(self) -> str:
        """The guest's ``repr(object)``; ``repr`` itself does not enter the guest."""
        return _text(self._call_function("PyObject_Repr"))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, GuestObject):
            return NotImplemented
        if self is other:
            return True
        same_host = self._proxy.host is other._proxy.host
        return same_host and self._address == other._address and not self.closed and not other.closed

    def __hash__(self) -> int:
        return hash((id(self._proxy.host), self._address))

    def __bool__(self) -> bool:
        """The guest's ``bool(object)``."""
        return bool(self._do(lambda js: held.act(js, "PyObject_IsTrue", self._proxy)))

    # ---- attributes

    def get_attribute(self, name: str, default: object = _MISSING) -> Any:
        """``getattr(object, name)``; ``default``, if given, where the guest raises AttributeError."""
        return self._or_default(lambda: self._call_function("PyObject_GetAttr", name), ("AttributeError",), default)

    def has_attribute(self, name: str) -> bool:
        """``hasattr(object, name)``."""
        return self.get_attribute(name, _ABSENT) is not _ABSENT

    def set_attribute(self, name: str, value: object) -> None:
        """``setattr(object, name, value)``."""
        self._do(lambda js: held.act(js, "PyObject_SetAttr", self._proxy, name, value))

    def delete_attribute(self, name: str) -> None:
        """``delattr(object, name)``."""
        self._do(lambda js: held.act(js, "PyObject_DelAttr", self._proxy, name))

    def attribute_names(self) -> list[str]:
        """``dir(object)``."""
        return list(self._do(lambda js: self._proxy.dir()))

    def call_method(self, name: str, /, *args: object, **kwargs: object) -> Any:
        """``object.name(*args, **kwargs)``."""
        method = self.get_attribute(name)
        if not isinstance(method, GuestObject):
            raise TypeError(f"the guest's attribute {name!r} is no method")
        with method:
            return method(*args, **kwargs)

    # ---- items

    def __getitem__(self, key: object) -> Any:
        """``object[key]``; slices, too."""
        self._require(ProxyFlag.HAS_GET, "is not subscriptable")
        return self._call_function("PyObject_GetItem", key)

    def get(self, key: object, default: object = None) -> Any:
        """``object[key]``; ``default`` where the guest raises KeyError or IndexError."""
        return self._or_default(lambda: self[key], ("KeyError", "IndexError"), default)

    def __setitem__(self, key: object, value: object) -> None:
        """``object[key] = value``."""
        self._do(lambda js: held.act(js, "PyObject_SetItem", self._proxy, key, value))

    def __delitem__(self, key: object) -> None:
        """``del object[key]``."""
        self._do(lambda js: held.act(js, "PyObject_DelItem", self._proxy, key))

    def __len__(self) -> int:
        """The guest's ``len(object)``: whatever it says, up to 2**31 - 1."""
        self._require(ProxyFlag.HAS_LENGTH, "has no len()")
        return int(self._do(lambda js: held.act(js, "PyObject_Size", self._proxy)))

    def __contains__(self, item: object) -> bool:
        """``item in object``."""
        return bool(self._do(lambda js: held.act(js, "PySequence_Contains", self._proxy, item)))

    # ---- iteration

    def __iter__(self) -> GuestIterator:
        """The guest's ``iter(object)``. A guest's iterator need not end."""
        self._require(ProxyFlag.IS_ITERABLE | ProxyFlag.IS_ITERATOR, "is not iterable")
        return GuestIterator(self._enter, self._do(lambda js: held.Elements.of(self._proxy)))

    def __aiter__(self) -> GuestAsyncIterator:
        """The guest's ``aiter(object)``; each element is awaited."""
        self._require(ProxyFlag.IS_ASYNC_ITERABLE | ProxyFlag.IS_ASYNC_ITERATOR, "is not an async iterable")
        return GuestAsyncIterator(self._enter, self._do(lambda js: held.Elements.of_async(self._proxy)))

    # ---- calls and awaiting

    def __call__(self, *args: object, **kwargs: object) -> Any:
        """Call the object. A coroutine does not run before it is awaited or waited for."""
        self._require(ProxyFlag.IS_CALLABLE, "is not callable")
        return self._do(lambda js: held.call(js, self._proxy, args, kwargs))

    def wait(self) -> Any:
        """Run the guest's event loop until this awaitable is done; its result. See :meth:`__await__` for asyncio.

        Raises:
            PythonError: it raised.
            WorkerError: it can never be done: nothing is scheduled.
        """
        self._require(ProxyFlag.IS_AWAITABLE, "can't be awaited")
        return self._do(lambda js: held.settle(js, held.promise_of(js, self._proxy)), scheduled=True)

    def __await__(self) -> Generator[Any, None, Any]:
        """Await the object on the host's asyncio event loop, which goes on while the guest waits for a timer.

        The isolate's ``wait_seconds`` does not count here; use ``asyncio.timeout``.
        """
        self._require(ProxyFlag.IS_AWAITABLE, "can't be awaited")
        promise = self._do(lambda js: held.promise_of(js, self._proxy), scheduled=True)
        return settled(self._enter, promise).__await__()

    # ---- operators

    def equals(self, other: object) -> bool:
        """The guest's ``object == other``."""
        return self._compare(other, held.EQUAL)

    def __lt__(self, other: object) -> bool:
        return self._compare(other, held.LESS)

    def __le__(self, other: object) -> bool:
        return self._compare(other, held.LESS_EQUAL)

    def __gt__(self, other: object) -> bool:
        return self._compare(other, held.GREATER)

    def __ge__(self, other: object) -> bool:
        return self._compare(other, held.GREATER_EQUAL)

    def __or__(self, other: object) -> Any:
        return self._call_function("PyNumber_Or", other)

    def __and__(self, other: object) -> Any:
        return self._call_function("PyNumber_And", other)

    def __sub__(self, other: object) -> Any:
        return self._call_function("PyNumber_Subtract", other)

    def __xor__(self, other: object) -> Any:
        return self._call_function("PyNumber_Xor", other)

    def __ror__(self, other: object) -> Any:
        return self._do(lambda js: held.apply_reflected(js, "PyNumber_Or", self._proxy, other))

    def __rand__(self, other: object) -> Any:
        return self._do(lambda js: held.apply_reflected(js, "PyNumber_And", self._proxy, other))

    def __rsub__(self, other: object) -> Any:
        return self._do(lambda js: held.apply_reflected(js, "PyNumber_Subtract", self._proxy, other))

    def __rxor__(self, other: object) -> Any:
        return self._do(lambda js: held.apply_reflected(js, "PyNumber_Xor", self._proxy, other))

    # ---- copies

    def to_python(self, *, depth: int | None = None, keep: bool = False) -> Any:
        """A copy as plain Python: None, bool, int, float, str, bytes, and lists, dicts and sets of them.

        Tuples arrive as lists. With ``depth``, containers more than so many levels down stay objects of the guest;
        with ``keep``, parts that cannot be copied do.

        Raises:
            UnserializableError: a part cannot be copied.
        """

        def action(js: JsHost) -> object:
            return HostReader(js, keep_proxies=keep, levels=depth).read(self._proxy)

        value = self._do(action)
        return self if isinstance(value, GuestObject) and value._proxy is self._proxy else value

    def to_json(self, **options: object) -> str:
        """The text that the guest's ``json.dumps(object, **options)`` makes."""

        def action(js: JsHost) -> object:
            return held.call_of_module(js, "json", "dumps", (self._proxy,), options)

        return _text(self._do(action))

    def get_buffer(self) -> GuestBuffer:
        """The memory behind an object with the buffer protocol; the object is locked until the buffer is released."""
        self._require(ProxyFlag.IS_BUFFER, "has no buffer")
        buffer: GuestBuffer = self._do(lambda js: GuestBuffer(self._enter, js, self._proxy))
        return buffer

    # ---- for the modules of the host's interface

    def proxy_for(self, js: JsHost) -> PyProxy:
        """The proxy, for use as an operand in the guest behind ``js``.

        Raises:
            HostError: it belongs to another one, or was closed.
        """
        if self._proxy.host is not js:
            raise HostError("an object of one isolate was given to another", hint="copy it with to_python()")
        if self.closed and self._proxy.shared.promise is None:
            raise HostError("the object of the guest was closed", hint="use it inside its with block, or copy() it")
        return self._proxy

    def _do(self, action: Callable[[JsHost], _T], *, scheduled: bool = False) -> Any:
        """Run an action on the guest and take up its result."""

        def checked(js: JsHost) -> _T:
            if self.closed and not (scheduled and self._proxy.shared.promise is not None):
                raise HostError("the object of the guest was closed", hint="use it inside its with block, or copy() it")
            return action(js)

        return enter_guest(self._enter, checked)

    def _call_function(self, function: str, *operands: object) -> Any:
        return self._do(lambda js: held.apply(js, function, self._proxy, *operands))

    def _compare(self, other: object, operation: int) -> bool:
        return bool(self._do(lambda js: held.compare(js, self._proxy, other, operation)))

    def _or_default(self, action: Callable[[], Any], errors: tuple[str, ...], default: object) -> Any:
        try:
            return action()
        except PythonError as error:
            if default is _MISSING or error.type_name not in errors:
                raise
            return default

    def _require(self, flags: ProxyFlag, problem: str) -> None:
        """Refuse what Python refuses with TypeError, so that built-in functions of the host get the error they know."""
        if not self._proxy.supports(flags):
            raise TypeError(f"the guest's object {problem}")


class GuestIterator:
    """Steps through a guest's iterator; closed at its end, by :meth:`close`, or when it is collected."""

    __slots__ = ("_elements", "_enter")

    def __init__(self, enter: Enter, elements: held.Elements) -> None:
        self._enter = enter
        self._elements = elements

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:
        found = enter_guest(self._enter, lambda js: self._elements.next())
        if found is held.NO_ELEMENT:
            raise StopIteration
        return found

    def close(self) -> None:
        """Let go of the guest's iterator before its end."""
        if self._elements.is_open:
            enter_guest(self._enter, lambda js: self._elements.close())


class GuestAsyncIterator:
    """Steps through a guest's asynchronous iterator on the host's asyncio event loop."""

    __slots__ = ("_elements", "_enter")

    def __init__(self, enter: Enter, elements: held.Elements) -> None:
        self._enter = enter
        self._elements = elements

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        promise = enter_guest(self._enter, lambda js: self._elements.next_later())
        if promise is None:
            raise StopAsyncIteration
        try:
            return await settled(self._enter, promise)
        except PythonError as error:
            self.close()
            if error.type_name == "StopAsyncIteration":
                raise StopAsyncIteration from None
            raise

    def close(self) -> None:
        """Let go of the guest's iterator before its end."""
        if self._elements.is_open:
            enter_guest(self._enter, lambda js: self._elements.close())


async def settled(enter: Enter, promise: JsPromise) -> Any:
    """The value of a promise of the guest; the host's event loop goes on meanwhile."""
    while (delay := enter_guest(enter, lambda js: held.poll(js, promise))) is not None:
        await asyncio.sleep(min(delay, _LONGEST_NAP))
    return enter_guest(enter, lambda js: held.outcome(js, promise))


def enter_guest(enter: Enter, action: Callable[[JsHost], Any]) -> Any:
    """Run an action on the guest; its result as the host gets it."""
    value = enter(lambda guest: guest.js.perform(action, guest.js))
    return GuestObject(enter, value) if isinstance(value, PyProxy) else value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise UnserializableError("the guest gave no text", expected="str", found=type(value).__name__)
    return value
