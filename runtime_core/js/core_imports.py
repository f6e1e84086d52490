"""Imports for references, constants, errors and stack switching."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NoReturn

from runtime_core.js.control import JsThrow
from runtime_core.js.errors import JsError, JsPythonError
from runtime_core.js.functions import JsFunction
from runtime_core.js.nested import raise_failure, restore_state, save_state, syncify
from runtime_core.js.pyproxy import PyProxy
from runtime_core.js.registry import ImportTable
from runtime_core.js.strings import read_utf8
from runtime_core.js.values import ERROR, NO_VALUE, UNDEFINED, JsValue
from runtime_core.js.weak import new_weak_ref
from schemas.errors import GuestFault

if TYPE_CHECKING:
    from runtime_core.js.host import JsHost

_CONSTANTS: Final = (
    # interned in this order, as upstream's jslib_init_js does
    ("Jsr_undefined", UNDEFINED),
    ("Jsr_true", True),
    ("Jsr_false", False),
    ("Jsr_error", ERROR),
    ("Jsr_novalue", NO_VALUE),
)
DTYPES: Final = "bBhHiIqQfd"
_INVALID_REF: Final = {1: "get", 2: "incref", 3: "decref"}


def jslib_init(js: JsHost) -> int:
    """Intern the constants and tell the guest their references."""
    for symbol, value in _CONSTANTS:
        js.memory.write_u32(js.instance.global_value(symbol), js.guest.hiwire_intern(value))
    return 0


def jslib_init_buffers(js: JsHost) -> int:
    """Put the format strings of typed arrays where C can point to them."""
    js.dtypes_address = js.new_utf8("\0".join(DTYPES))
    return 0


def deduplicate_new(js: JsHost) -> JsValue:
    """The map from values to hiwire references; there is one per isolate."""
    return js.reference_map


def deduplicate_get(js: JsHost, table: JsValue, value: JsValue) -> int:
    """The reference filed for a value, or 0."""
    found = js.reference_map.find(value)
    return found if isinstance(found, int) else 0


def deduplicate_set(js: JsHost, table: JsValue, value: JsValue, reference: int) -> None:
    """File a reference."""
    js.reference_map.put(value, reference)


def deduplicate_delete(js: JsHost, table: JsValue, value: JsValue) -> None:
    """Forget a value."""
    js.reference_map.remove(value)


def hiwire_invalid_ref(js: JsHost, operation: int, reference: int) -> NoReturn:
    """The guest used a reference it does not hold."""
    name = _INVALID_REF.get(operation, "use")
    raise GuestFault(f"hiwire_{name} on an invalid reference", found=reference)


def new_error(js: JsHost, type_name: int, message: JsValue, address: int) -> JsValue:
    """Pyodide's PythonError for the exception at ``address``."""
    return JsPythonError(read_utf8(js.memory, type_name), message if isinstance(message, str) else "", address)


def throw_value(js: JsHost, value: JsValue) -> NoReturn:
    """``throw value`` out of C code."""
    raise JsThrow(value)


def raw_call(js: JsHost, function: JsValue) -> None:
    """Call a function and let its exception take the isolate down (a test aid of upstream's)."""
    if isinstance(function, JsFunction):
        function.call(UNDEFINED, ())


def set_pyodide_module(js: JsHost, module: JsValue) -> None:
    """Receive the ``_pyodide`` module when ``_pyodide_core`` is initialized."""
    if not isinstance(module, PyProxy):
        raise GuestFault("the _pyodide module", expected="a PyProxy", found=repr(module))
    js.pyodide = module


def throw_no_gil(js: JsHost) -> NoReturn:
    """A proxy was used while the guest's interpreter lock was not held."""
    raise JsThrow(JsError("NoGilError", "Attempted to use PyProxy when Python GIL not held"))


def get_suspender(js: JsHost) -> JsValue:
    """The suspender of stack switching: null, there is none."""
    return None


def nothing(js: JsHost, *args: JsValue) -> None:
    """An initializer of upstream's JavaScript that has no work here."""


def deserialize_error(js: JsHost, name: int, message: int, stack: int) -> JsValue:
    """A JavaScript error from a pickled JsException."""
    memory = js.memory
    return JsError(read_utf8(memory, name), read_utf8(memory, message), read_utf8(memory, stack))


def weak_reference(js: JsHost, proxy: JsValue) -> JsValue:
    """``new WeakRef(proxy)``."""
    return new_weak_ref(proxy)


CORE_IMPORTS: Final = ImportTable(
    plain={
        "Jsv_GetError_import": lambda js: ERROR,
        "JsvError_Check": lambda js, value: value is ERROR,
        "JsvNoValue_Check": lambda js, value: value is NO_VALUE,
        "JsvError_Throw": throw_value,
        "hiwire_invalid_ref_js": hiwire_invalid_ref,
        "new_error": new_error,
        "raw_call_js": raw_call,
        "set_pyodide_module": set_pyodide_module,
        "throw_no_gil": throw_no_gil,
        "pyodide_js_init": nothing,
        "can_run_sync_js": lambda js: int(js.may_wait),
        "restoreState": restore_state,
        "get_suspender": get_suspender,
        "set_suspender": nothing,
        "JsvPromise_Syncify_handleError": raise_failure,
        "is_comlink_proxy": lambda js, value: False,
        "__hiwire_deduplicate_new": deduplicate_new,
        "__hiwire_deduplicate_get": deduplicate_get,
        "__hiwire_deduplicate_set": deduplicate_set,
        "__hiwire_deduplicate_delete": deduplicate_delete,
    },
    status={"jslib_init_js": jslib_init, "jslib_init_buffers_js": jslib_init_buffers},
    value={
        "saveState": save_state,
        "syncifyHandler": syncify,
        "JsException_new_helper": deserialize_error,
        "JsProxy_to_weakref_js": weak_reference,
    },
)
