"""The public API object of Pyodide, which guest code imports as ``pyodide_js``, and the internal one behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from runtime_core.js.abort import abort_signal_any
from runtime_core.js.arrays import JsArray
from runtime_core.js.buffers import is_buffer
from runtime_core.js.errors import throw_error, throw_type_error
from runtime_core.js.functions import NativeFunction
from runtime_core.js.operators import to_boolean, to_string
from runtime_core.js.promises import resolved_promise
from runtime_core.js.proxy_classes import FFI_NAMES, proxy_class
from runtime_core.js.public_fs import make_file_system, make_paths
from runtime_core.js.pyproxy import PyProxy
from runtime_core.js.timers import schedule_callback
from runtime_core.js.values import UNDEFINED, Accessor, JsObject, JsValue, PropertyKey
from runtime_core.wasm.abi import ABI_314_0_5
from schemas.errors import HostError

if TYPE_CHECKING:
    from runtime_core.js.host import JsHost

_PACKAGES: Final = "packages are part of the release that this isolate was booted from"
_NO_MOUNT: Final = "an isolate sees no files of the host; give it data as arguments"
_STREAMS: Final = "the embedder decides where standard streams lead (IsolateOptions)"
_ERRNO_NAMES: Final = (
    "E2BIG EACCES EADDRINUSE EADDRNOTAVAIL EAFNOSUPPORT EAGAIN EALREADY EBADF EBADMSG EBUSY ECANCELED ECHILD "
    "ECONNABORTED ECONNREFUSED ECONNRESET EDEADLK EDESTADDRREQ EDOM EDQUOT EEXIST EFAULT EFBIG EHOSTUNREACH EIDRM "
    "EILSEQ EINPROGRESS EINTR EINVAL EIO EISCONN EISDIR ELOOP EMFILE EMLINK EMSGSIZE EMULTIHOP ENAMETOOLONG ENETDOWN "
    "ENETRESET ENETUNREACH ENFILE ENOBUFS ENODEV ENOENT ENOEXEC ENOLCK ENOLINK ENOMEM ENOMSG ENOPROTOOPT ENOSPC ENOSYS "
    "ENOTCONN ENOTDIR ENOTEMPTY ENOTRECOVERABLE ENOTSOCK - ENOTTY ENXIO EOVERFLOW EOWNERDEAD EPERM EPIPE EPROTO "
    "EPROTONOSUPPORT EPROTOTYPE ERANGE EROFS ESPIPE ESRCH ESTALE ETIMEDOUT ETXTBSY EXDEV"
)
"""Error numbers of WASI (``wasi_snapshot_preview1``, type ``errno``) from 1 on; ``-`` where Emscripten has no name."""
_ERRNO_MORE: Final[Mapping[PropertyKey, JsValue]] = {
    "EWOULDBLOCK": 6,
    "EDEADLOCK": 16,
    "EBFONT": 101,
    "ENOSTR": 100,
    "ENODATA": 116,
    "ETIME": 117,
    "ENOSR": 118,
    "ENOTBLK": 105,
    "EOPNOTSUPP": 138,
    "ENOTSUP": 138,
    "EPFNOSUPPORT": 139,
    "ESHUTDOWN": 140,
    "ETOOMANYREFS": 141,
    "EHOSTDOWN": 142,
    "ENOMEDIUM": 148,
    "ESOCKTNOSUPPORT": 137,
    "EUSERS": 136,
    "ESTRPIPE": 135,
    "ECHRNG": 106,
    "EL3HLT": 107,
    "EL3RST": 108,
    "ELNRNG": 109,
    "EUNATCH": 110,
    "ENOCSI": 111,
    "EL2HLT": 112,
    "EBADE": 113,
    "EBADR": 114,
    "EXFULL": 115,
    "ENOANO": 104,
    "EBADRQC": 103,
    "EBADSLT": 102,
    "ENONET": 119,
    "ENOPKG": 120,
    "EREMOTE": 121,
    "EADV": 122,
    "ESRMNT": 123,
    "ECOMM": 124,
    "EDOTDOT": 125,
    "ENOTUNIQ": 126,
    "EBADFD": 127,
    "EREMCHG": 128,
    "ELIBACC": 129,
    "ELIBBAD": 130,
    "ELIBSCN": 131,
    "ELIBMAX": 132,
    "ELIBEXEC": 133,
    "EL2NSYNC": 156,
}


def _errno_codes(host: JsHost) -> JsValue:
    numbered: dict[PropertyKey, JsValue] = {
        name: number for number, name in enumerate(_ERRNO_NAMES.split(), start=1) if name != "-"
    }
    return JsObject({**numbered, **_ERRNO_MORE})


# ---- running Python


def _helper(host: JsHost, source: str) -> PyProxy:
    """A function of the guest, made of source code; the caller destroys it."""
    if host.eval_code is None or host.main_globals is None:
        raise HostError("the isolate has not been bootstrapped")
    private = host.eval_code.call_python(("{}",))
    try:
        return host.require_callable(host.eval_code.call_python((source, private)))
    finally:
        if isinstance(private, PyProxy):
            private.destroy()


def _call_helper(host: JsHost, source: str, *args: JsValue) -> JsValue:
    helper = _helper(host, source)
    try:
        return helper.call_python(args)
    finally:
        helper.destroy()


def _options(host: JsHost, options: JsValue) -> dict[str, JsValue]:
    names = options.own_keys() if isinstance(options, JsObject) else []
    given = {name: options.get(name) for name in names} if isinstance(options, JsObject) else {}
    if given.get("globals", UNDEFINED) is UNDEFINED:
        given["globals"] = host.main_globals
    return given


def _run_python(name: str, function: str) -> Callable[[JsHost], JsValue]:
    def make(host: JsHost) -> JsValue:
        def run(code: JsValue, options: JsValue) -> JsValue:
            evaluate = _helper(host, f"from pyodide.code import {function}; {function}")
            try:
                result = evaluate.call_python((code,), _options(host, options))
            finally:
                evaluate.destroy()
            return resolved_promise(host.loop, result) if name == "runPythonAsync" else result

        return NativeFunction(run, name)

    return make


def _python_function(name: str, source: str, *, arity: int = 1) -> Callable[[JsHost], JsValue]:
    """A member that is a function of the guest's Python, called with its first arguments."""

    def make(host: JsHost) -> JsValue:
        def call(*args: JsValue) -> JsValue:
            given = (*args, *(UNDEFINED,) * arity)[:arity]
            return _call_helper(host, source, *given)

        return NativeFunction(call, name)

    return make


def _to_py(host: JsHost) -> JsValue:
    def to_py(value: JsValue, options: JsValue) -> JsValue:
        if not isinstance(value, JsObject) or isinstance(value, PyProxy):
            return value
        depth = options.get("depth") if isinstance(options, JsObject) else UNDEFINED
        converter = options.get("defaultConverter") if isinstance(options, JsObject) else UNDEFINED
        source = (
            "lambda value, depth, converter: value.to_py(depth=depth, default_converter=converter) "
            "if hasattr(value, 'to_py') else value"
        )
        return _call_helper(host, source, value, -1 if depth is UNDEFINED else depth, converter)

    return NativeFunction(to_py, "toPy")


def _unpack_archive(host: JsHost) -> JsValue:
    def unpack(buffer: JsValue, kind: JsValue, options: JsValue) -> JsValue:
        if not is_buffer(buffer):
            throw_type_error("Expected argument 'buffer' to be an ArrayBuffer or an ArrayBuffer view")
        directory = options.get("extractDir") if isinstance(options, JsObject) else UNDEFINED
        source = (
            "from pyodide._package_loader import unpack_buffer\n"
            "lambda buffer, format, extract_dir: unpack_buffer(buffer, format=format, extract_dir=extract_dir) and None"
        )
        _call_helper(host, source, buffer, to_string(kind), directory)
        return UNDEFINED

    return NativeFunction(unpack, "unpackArchive")


# ---- members without Python


def _refused(name: str, reason: str) -> Callable[[JsHost], JsValue]:
    def make(host: JsHost) -> JsValue:
        def refuse(*args: JsValue) -> JsValue:
            throw_error(f"pyodide.{name} is not available: {reason}")

        return NativeFunction(refuse, name)

    return make


def _set_debug(host: JsHost) -> JsValue:
    def set_debug(debug: JsValue) -> JsValue:
        before, host.debug = host.debug, to_boolean(debug)
        return before

    return NativeFunction(set_debug, "setDebug")


def _check_interrupt(host: JsHost) -> JsValue:
    def check() -> JsValue:
        if host.instance.call("PyErr_CheckSignals"):
            host.throw_python_error()
        return UNDEFINED

    return NativeFunction(check, "checkInterrupt")


def _set_interrupt_buffer(host: JsHost) -> JsValue:
    def set_buffer(buffer: JsValue) -> JsValue:
        if buffer is not UNDEFINED and buffer is not None:
            throw_error("pyodide.setInterruptBuffer is not available: the embedder interrupts an isolate by its limits")
        return UNDEFINED

    return NativeFunction(set_buffer, "setInterruptBuffer")


def _load_from_imports(host: JsHost) -> JsValue:
    """There is nothing to load: the lock file lists no packages."""
    return NativeFunction(lambda *_: resolved_promise(host.loop, JsArray()), "loadPackagesFromImports")


def _computed(read: Callable[[], JsValue]) -> Accessor:
    """A member that asks the guest each time it is read: a snapshot holds nothing of it."""
    return Accessor(lambda _this: read())


def _lockfile(host: JsHost) -> JsValue:
    source = (
        "import json, platform, sysconfig\nlambda: json.dumps([sysconfig.get_platform(), platform.python_version()])"
    )
    from runtime_core.js import json_text

    found = json_text.parse(_call_helper(host, source))
    kind, version = (found.get("0"), found.get("1")) if isinstance(found, JsObject) else ("", "")
    info: dict[PropertyKey, JsValue] = {"arch": "wasm32", "platform": _platform(to_string(kind)), "python": version}
    return JsObject({"info": JsObject(info), "packages": JsObject()})


def _platform(text: str) -> str:
    """``emscripten-5.0.3-wasm32`` as a lock file has it."""
    return "_".join(part.replace(".", "_") for part in text.split("-") if part != "wasm32")


def _config(host: JsHost) -> JsValue:
    return JsObject({"enableRunUntilComplete": True, "jsglobals": host.globals})


API_MAKERS: Final[Mapping[str, Callable[[JsHost], JsValue]]] = {
    "abortSignalAny": abort_signal_any,
    "config": _config,
    "lockfile_info": lambda host: JsObject(),
    "lockfile_packages": lambda host: JsObject(),
    "public_api": lambda host: host.public_api,
    "scheduleCallback": schedule_callback,
}
"""Pyodide's internal ``API`` object, which guest code reaches as ``pyodide_js._api``."""

PUBLIC_MAKERS: Final[Mapping[str, Callable[[JsHost], JsValue]]] = {
    "ERRNO_CODES": _errno_codes,
    "FS": make_file_system,
    "PATH": make_paths,
    "_api": lambda host: host.api,
    "canvas": lambda host: JsObject(),
    "checkInterrupt": _check_interrupt,
    "ffi": lambda host: JsObject({name: proxy_class(name) for name in FFI_NAMES}),
    "globals": lambda host: _computed(lambda: host.main_globals),
    "length": lambda host: 0,  # upstream copies the properties of a class: of a function without parameters
    "loadPackage": _refused("loadPackage", _PACKAGES),
    "loadPackagesFromImports": _load_from_imports,
    "loadedPackages": lambda host: JsObject(),
    "lockfile": lambda host: _computed(lambda: _lockfile(host)),
    "lockfileBaseUrl": lambda host: UNDEFINED,
    "makeMemorySnapshot": _refused("makeMemorySnapshot", "the embedder captures isolates"),
    "mountNativeFS": _refused("mountNativeFS", _NO_MOUNT),
    "mountNodeFS": _refused("mountNodeFS", _NO_MOUNT),
    "name": lambda host: "PyodideAPI_",
    "pyimport": _python_function("pyimport", "from _pyodide._base import pyimport_impl; pyimport_impl"),
    "pyodide_py": lambda host: _computed(lambda: _call_helper(host, "import pyodide; lambda: pyodide")),
    "registerComlink": lambda host: NativeFunction(lambda _: UNDEFINED, "registerComlink"),
    "registerJsModule": _python_function(
        "registerJsModule", "from pyodide.ffi import register_js_module; register_js_module", arity=2
    ),
    "runPython": _run_python("runPython", "eval_code"),
    "runPythonAsync": _run_python("runPythonAsync", "eval_code_async"),
    "setDebug": _set_debug,
    "setInterruptBuffer": _set_interrupt_buffer,
    "setStderr": _refused("setStderr", _STREAMS),
    "setStdin": _refused("setStdin", _STREAMS),
    "setStdout": _refused("setStdout", _STREAMS),
    "toPy": _to_py,
    "unpackArchive": _unpack_archive,
    "unregisterJsModule": _python_function(
        "unregisterJsModule", "from pyodide.ffi import unregister_js_module; unregister_js_module"
    ),
    "useNodeSockFS": _refused("useNodeSockFS", "sockets need IsolateOptions.connect"),
    "version": lambda _: ABI_314_0_5.pyodide_version,
}
"""The public API object, which guest code imports as ``pyodide_js``."""
