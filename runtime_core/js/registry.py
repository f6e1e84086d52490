"""How a host function of this layer fails: the error path of every import.

Pyodide declares each import with one of a few macros (EM_JS_VAL, EM_JS_NUM, EM_JS_REF, EM_JS_BOOL, EM_JS), which
differ in what they return after a JavaScript exception. :class:`ImportTable` keeps that distinction and
:func:`guarded` applies it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from runtime_core.engine.hostcall import HostImport
from runtime_core.js.control import JsThrow, PythonErrorSet
from runtime_core.js.errors import JsError
from runtime_core.js.values import ERROR

if TYPE_CHECKING:
    from runtime_core.js.host import JsHost

HostFunction = Callable[..., object]
Functions = Mapping[str, HostFunction]
COMPONENT: Final = "js"


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportTable:
    """The imports of one module of this layer, by what they return when they throw."""

    module: str = "env"
    """The module that guests import them from."""
    value: Functions = field(default_factory=dict)
    """Return the error sentinel."""
    status: Functions = field(default_factory=dict)
    """Return -1."""
    pointer: Functions = field(default_factory=dict)
    """Return NULL."""
    check: Functions = field(default_factory=dict)
    """Return false and leave the guest's error indicator alone."""
    plain: Functions = field(default_factory=dict)
    """Do not throw; if one does, the isolate is lost."""

    def host_imports(self) -> list[HostImport]:
        """The functions as the engine wants them."""
        offered = dict(self.plain)
        for functions, failure in ((self.value, ERROR), (self.status, -1), (self.pointer, 0)):
            offered.update({name: guarded(function, failure) for name, function in functions.items()})
        offered.update({name: _quiet(function) for name, function in self.check.items()})
        return [
            HostImport(module=self.module, name=name, component=COMPONENT, function=function)
            for name, function in offered.items()
        ]


def guarded(function: HostFunction, failure: object) -> HostFunction:
    """``function`` with its error path: the guest's error indicator is set and ``failure`` returned.

    Only what guest code may see is converted. Faults, exits and errors of the engine pass through.
    """

    def call(js: JsHost, *args: object) -> object:
        try:
            return function(js, *args)
        except JsThrow as thrown:
            js.set_guest_error(thrown.value)
        except PythonErrorSet:
            pass
        except RecursionError:
            js.set_guest_error(JsError("RangeError", "Maximum call stack size exceeded"))
        return failure

    return call


def _quiet(function: HostFunction) -> HostFunction:
    def call(js: JsHost, *args: object) -> object:
        try:
            return function(js, *args)
        except (JsThrow, RecursionError):
            return False

    return call
