"""Modules of the host for the guest: Python callables and data that guest code imports like JavaScript modules."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from runtime_core.engine.errors import GuestUnwind
from runtime_core.js.arrays import JsArray
from runtime_core.js.buffers import uint8_array
from runtime_core.js.control import JsThrow
from runtime_core.js.convert import HeldObject, HostReader, to_guest
from runtime_core.js.errors import JsError
from runtime_core.js.functions import JsFunction
from runtime_core.js.host_coroutines import MAX_PENDING
from runtime_core.js.promises import JsPromise
from runtime_core.js.pyproxy import PyProxy, PyProxyFunction
from runtime_core.js.values import UNDEFINED, JsObject, JsValue, join_surrogates, number_from_int
from schemas.errors import ConfigError, HostError, PythonError, UnserializableError

if TYPE_CHECKING:
    from runtime_core.js.host import JsHost

_DIRECT: Final = frozenset({bool, int, float, str})  # JavaScript values that are plain Python already
_DIRECT_RESULTS: Final = frozenset({bool, PyProxy, PyProxyFunction})
_RESERVED: Final = frozenset({"js", "pyodide_js"})


def _read(host: JsHost, value: JsValue) -> object:
    return HostReader(host, keep_proxies=True).read(value)


class HostFunction(JsFunction):
    """A Python callable of the host.

    Arguments arrive as plain Python; what cannot be converted (functions, instances) arrives as a PyProxy that is only
    good until the call returns: copy() it to keep it. The result becomes a Python object of the guest. An exception
    becomes a JsException in the guest with the exception's type name and message, and nothing else of the host.

    An awaitable result, as of an ``async def``, becomes a promise of what it gives; its arguments are good until then.
    """

    __slots__ = ("_function", "_host", "_name")

    def __init__(self, host: JsHost, function: Callable[..., object], name: str) -> None:
        super().__init__()
        self._host = host
        self._function = function
        self._name = name

    def call(self, this: JsValue, args: Sequence[JsValue]) -> JsValue:
        """``this_function.apply(this, args)``."""
        host = self._host
        return crossing(host, lambda: self._call(host, args))

    def _call(self, host: JsHost, args: Sequence[JsValue]) -> JsValue:
        result = self._function(*[arg if type(arg) in _DIRECT else _read(host, arg) for arg in args])
        if type(result) in _DIRECT_RESULTS:
            return result
        is_of_guest = isinstance(result, HeldObject)  # awaitable for the host, but nothing that it runs
        return to_guest(host, result) if is_of_guest or not inspect.isawaitable(result) else _promise(host, result)

    def function_name(self) -> str:
        """The ``name`` property."""
        return self._name


def crossing(host: JsHost, action: Callable[[], JsValue]) -> JsValue:
    """The result of host code that the guest called. Its exceptions become JavaScript errors, but for those that end
    the isolate.

    Raises:
        JsThrow: the error.
    """
    try:
        return action()
    except (JsThrow, GuestUnwind, HostError):
        raise
    except PythonError as error:
        raise JsThrow(host.thrown_value(error)) from error
    except UnserializableError as error:
        raise JsThrow(JsError("TypeError", str(error))) from error
    except Exception as error:
        raise JsThrow(JsError(type(error).__name__, join_surrogates(str(error)))) from error


def _promise(host: JsHost, awaitable: Awaitable[object]) -> JsPromise:
    """The promise of what a coroutine of the host gives."""
    coroutines = host.coroutines
    if coroutines.is_full:
        if inspect.iscoroutine(awaitable):
            awaitable.close()
        raise JsThrow(JsError("RangeError", f"more than {MAX_PENDING} async functions of the host are under way"))
    promise = JsPromise(host.loop)

    def done(task: asyncio.Task[object]) -> None:
        try:
            if task.cancelled():
                raise JsThrow(JsError("CancelledError", "the host cancelled it"))
            promise.fulfill(crossing(host, lambda: to_guest(host, task.result())))
        except JsThrow as thrown:
            promise.reject(thrown.value)

    coroutines.start(awaitable, done)
    return promise


def make_module(host: JsHost, members: Mapping[str, object]) -> JsObject:
    """The JavaScript object behind ``import name`` in the guest."""
    return JsObject({key: to_javascript(host, value, key) for key, value in members.items()})


def to_javascript(host: JsHost, value: object, name: str = "") -> JsValue:
    """A member of a host module as a JavaScript value: containers become arrays, objects and Uint8Arrays.

    Raises:
        ConfigError: the value is of a type that a module cannot hold.
    """
    if value is None or value is UNDEFINED:
        return UNDEFINED
    if isinstance(value, bool | float | JsObject):
        return value
    if isinstance(value, int):
        return number_from_int(value)
    if isinstance(value, str):
        return join_surrogates(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return uint8_array(value)
    if isinstance(value, Mapping):
        return JsObject({str(key): to_javascript(host, item, str(key)) for key, item in value.items()})
    if isinstance(value, list | tuple):
        return JsArray(to_javascript(host, item) for item in value)
    if callable(value):
        return HostFunction(host, value, name or getattr(value, "__name__", ""))
    raise ConfigError(f"a host module cannot hold the member {name}", found=type(value).__name__)


def check_module_name(name: str) -> None:
    """Refuse names that are taken or cannot be imported.

    Raises:
        ConfigError: such a name.
    """
    if name in _RESERVED or not name.isidentifier():
        raise ConfigError("not a name for a host module", found=repr(name), hint="use an identifier other than js")
