"""Modules of the host for the guest: Python callables and data that guest code imports like JavaScript modules."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from runtime_core.engine.errors import GuestUnwind
from runtime_core.js.arrays import JsArray
from runtime_core.js.buffers import uint8_array
from runtime_core.js.control import JsThrow
from runtime_core.js.convert import HostReader, to_guest
from runtime_core.js.errors import JsError
from runtime_core.js.functions import JsFunction
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
        try:
            result = self._function(*[arg if type(arg) in _DIRECT else _read(host, arg) for arg in args])
            return result if type(result) in _DIRECT_RESULTS else to_guest(host, result)
        except (JsThrow, GuestUnwind, HostError):
            raise
        except PythonError as error:
            raise JsThrow(host.thrown_value(error)) from error
        except UnserializableError as error:
            raise JsThrow(JsError("TypeError", str(error))) from error
        except Exception as error:
            raise JsThrow(JsError(type(error).__name__, join_surrogates(str(error)))) from error

    def function_name(self) -> str:
        """The ``name`` property."""
        return self._name


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
        if inspect.iscoroutinefunction(value):
            raise ConfigError(f"the host function {name} is a coroutine function", hint="return a JsPromise instead")
        return HostFunction(host, value, name or getattr(value, "__name__", ""))
    raise ConfigError(f"a host module cannot hold the member {name}", found=type(value).__name__)


def check_module_name(name: str) -> None:
    """Refuse names that are taken or cannot be imported.

    Raises:
        ConfigError: such a name.
    """
    if name in _RESERVED or not name.isidentifier():
        raise ConfigError("not a name for a host module", found=repr(name), hint="use an identifier other than js")
