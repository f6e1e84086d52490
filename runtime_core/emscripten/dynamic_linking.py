"""``dlopen`` and ``dlsym`` without a dynamic linker: only the main module is there; failures carry a message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from runtime_core.emscripten.arguments import U32

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from runtime_core.emscripten.host import EmscriptenHost

_HANDLE_NAME_OFFSET: Final = 36
"""Where the file's name begins in Emscripten's ``struct dso``."""
_NAME_MAX: Final = 256


def dlopen(host: EmscriptenHost, handle: int) -> int:
    """Load a library: refused."""
    name = _cut_string(host, (handle & U32) + _HANDLE_NAME_OFFSET)
    _set_error(host, b"could not load dynamic lib: " + name + b" (this isolate has no dynamic linker)")
    return 0


def dlopen_async(host: EmscriptenHost, handle: int, on_success: int, on_error: int, user_data: int) -> None:
    """Load a library and report later: reported as failed at once."""
    del on_success
    dlopen(host, handle)
    host.instance.table_call(on_error & U32, handle, user_data)


def dlsym(host: EmscriptenHost, handle: int, symbol: int, symbol_index: int) -> int:
    """Look up a symbol of the main module, the only one there is: a function's slot or the address of a datum."""
    del handle, symbol_index
    name = _cut_string(host, symbol & U32)
    address = host.table.symbol_address(name.decode("utf-8", "replace"))
    if address is None:
        _set_error(host, b'Tried to lookup unknown symbol "' + name + b'"')
        return 0
    return address


def _cut_string(host: EmscriptenHost, addr: int) -> bytes:
    length = max(0, min(_NAME_MAX, host.memory.size - addr))
    return host.memory.read(addr, length).split(b"\0", 1)[0]


def _set_error(host: EmscriptenHost, message: bytes) -> None:
    """What ``dlerror`` reports. The string lives on the guest's stack while the guest copies it."""
    # __dl_seterr takes a printf format: a percent sign in a file's name must not be one.
    text = message.replace(b"%", b"%%") + b"\0"
    instance = host.instance
    stack = instance.call("emscripten_stack_get_current")
    addr = instance.call("_emscripten_stack_alloc", len(text))
    host.memory.write(addr, text)
    instance.call("__dl_seterr", addr, 0)
    instance.call("_emscripten_stack_restore", stack)


def promise_create(host: EmscriptenHost) -> int:
    """A promise of Emscripten's C interface. Only asynchronous ``dlopen`` makes any, and nothing waits for it here."""
    del host
    return 1


def promise_ignore(host: EmscriptenHost, *arguments: int) -> None:
    """Settle or destroy such a promise."""
    del host, arguments


IMPORTS: Final[Mapping[str, Callable[..., object]]] = {
    "_dlopen_js": dlopen,
    "_emscripten_dlopen_js": dlopen_async,
    "_dlsym_js": dlsym,
    "emscripten_promise_create": promise_create,
    "emscripten_promise_resolve": promise_ignore,
    "emscripten_promise_destroy": promise_ignore,
}
