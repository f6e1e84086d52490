"""Which variable of the guest holds a value that a snapshot cannot hold."""

from __future__ import annotations

from collections.abc import Callable

from runtime_core.guest import Guest
from runtime_core.js.functions import JsFunction, NativeFunction
from runtime_core.js.pyproxy import call_object
from runtime_core.js.state import UnnamedValueError
from runtime_core.js.values import JsObject, JsValue
from runtime_core.worker.support import Support
from schemas.errors import CaptureError, PlatformError


def locate_value(guest: Guest, support: Support, error: UnnamedValueError, *, main: object = None) -> CaptureError:
    """The error to raise instead: it names variable and module, where the guest can say so."""
    for question in (lambda held: held is error.value, lambda held: _is_method(error.value, held)):
        found = _ask(guest, support, question, main)
        if isinstance(found, list) and len(found) == 2:
            variable, module = found
            return CaptureError(
                f"the variable {variable} of module {module} cannot be part of a snapshot: {error.message}",
                expected=error.expected,
                found=error.found,
                hint=error.hint,
            )
    return error


def _ask(guest: Guest, support: Support, is_wanted: Callable[[JsValue], bool], main: object) -> object:
    js = guest.js
    function = NativeFunction(is_wanted, "isWanted")
    try:
        return js.from_guest(js.perform(call_object, js, support.locate.pointer, (function, main), {}))
    except PlatformError:  # the guest's objects may do anything when they are looked at
        return None


def _is_method(wanted: JsValue, held: JsValue) -> bool:
    """Whether a function may be a method of the value: in the guest it keeps what it is a method of."""
    name = held.function_name() if isinstance(held, JsFunction) else ""
    return bool(name) and isinstance(wanted, JsObject) and wanted.get(name) is held
