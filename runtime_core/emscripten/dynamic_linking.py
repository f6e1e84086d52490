"""``dlopen`` and ``dlsym``: the guest's half of dynamic linking; failures carry a message for ``dlerror``."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Final

from runtime_core.emscripten.arguments import U32
from schemas.errors import LimitError, LinkError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from runtime_core.emscripten.host import EmscriptenHost
    from runtime_core.linking.library import Library

# Emscripten's ``struct dso`` (system/lib/libc/musl/src/internal/dynlink.h): flags, whether memory was allocated, where
# data and slots lie and how much there is of them, and the file's name at its end.
_FLAGS: Final = 4
_ALLOCATED: Final = 8
_MEMORY_BASE: Final = 12
_MEMORY_BYTES: Final = 16
_TABLE_BASE: Final = 20
_TABLE_SLOTS: Final = 24
_NAME: Final = 36
_LONGEST: Final = 1 << 16
"""Of names of files and symbols, in bytes: those of C++ have thousands."""
_RTLD_GLOBAL: Final = 256
_PATH_VARIABLE: Final = "LD_LIBRARY_PATH"


def dlopen(host: EmscriptenHost, handle: int) -> int:
    """Load a library and what it needs; 0 and a message where that fails."""
    handle &= U32
    name = host.memory.read_cstring(handle + _NAME, _LONGEST).decode("utf-8", "surrogateescape")
    if host.linker is None:
        _set_error(host, f"could not load dynamic lib: {name} (this isolate has no dynamic linker)")
        return 0
    flags = host.memory.read_u32(handle + _FLAGS)
    search = _search_path(host)
    path = name if name.startswith("/") else posixpath.join(host.fs.cwd_path(), name)
    try:
        library = host.linker.open(path, is_global=bool(flags & _RTLD_GLOBAL), search=search)
    except (LinkError, LimitError) as error:
        _set_error(host, f"could not load dynamic lib: {name}\n{error}")
        return 0
    _describe(host, handle, library)
    host.libraries[handle] = library
    return 1


def _describe(host: EmscriptenHost, handle: int, library: Library) -> None:
    memory = host.memory
    memory.write_u8(handle + _ALLOCATED, 1)
    memory.write_u32(handle + _MEMORY_BASE, library.memory_base)
    memory.write_u32(handle + _MEMORY_BYTES, library.memory_bytes)
    memory.write_u32(handle + _TABLE_BASE, library.table_base)
    memory.write_u32(handle + _TABLE_SLOTS, library.table_slots)


def dlopen_async(host: EmscriptenHost, handle: int, on_success: int, on_error: int, user_data: int) -> None:
    """Load a library and report to a callback, at once."""
    callback = on_success if dlopen(host, handle) else on_error
    host.instance.table_call(callback & U32, handle, user_data)


def dlsym(host: EmscriptenHost, handle: int, symbol: int, symbol_index: int) -> int:
    """Look up a symbol of a library, or of the main module: a function's slot or the address of a datum."""
    del symbol_index  # for other threads, which there are none of
    name = host.memory.read_cstring(symbol & U32, _LONGEST).decode("utf-8", "replace")
    library = host.libraries.get(handle & U32)
    if library is None or host.linker is None:
        address, where = host.table.symbol_address(name), ""
        if address is None and host.linker is not None:
            address = host.linker.default_address(name)
    else:
        address, where = host.linker.address(library, name), f" in dynamic lib: {library.name}"
    if address is None:
        _set_error(host, f'Tried to lookup unknown symbol "{name}"{where}')
        return 0
    return address


def _search_path(host: EmscriptenHost) -> tuple[str, ...]:
    """The directories of LD_LIBRARY_PATH as the guest has it now, absolute."""
    instance = host.instance
    if not instance.has_export("getenv"):
        return ()
    name = _PATH_VARIABLE.encode() + b"\0"
    stack = instance.call("emscripten_stack_get_current")
    addr = instance.call("_emscripten_stack_alloc", len(name))
    host.memory.write(addr, name)
    value = instance.call("getenv", addr) & U32
    instance.call("_emscripten_stack_restore", stack)
    if value == 0:
        return ()
    text = host.memory.read_cstring(value, _LONGEST).decode("utf-8", "surrogateescape")
    return tuple(posixpath.join(host.fs.cwd_path(), path) for path in text.split(":") if path)


def _set_error(host: EmscriptenHost, message: str) -> None:
    """What ``dlerror`` reports. The string lives on the guest's stack while the guest copies it."""
    # __dl_seterr takes a printf format: a percent sign in a file's name must not be one.
    text = message.encode("utf-8", "surrogateescape").replace(b"%", b"%%").replace(b"\0", b"") + b"\0"
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
