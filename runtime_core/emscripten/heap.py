"""Growth of linear memory, and files mapped into it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from runtime_core.emscripten import constants as c
from runtime_core.emscripten.arguments import U32
from runtime_core.emscripten.errno import Errno, ErrnoCode
from runtime_core.emscripten.nodes import MountedFile, RegularFile

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from runtime_core.emscripten.files import Stream
    from runtime_core.emscripten.host import EmscriptenHost

HEAP_MAX: Final = 4_294_901_760
"""4 GiB less one wasm page: Emscripten's bound for 32-bit memories."""
_OVERGROWTH_MAX: Final = 96 << 20


def get_heap_max(host: EmscriptenHost) -> int:
    """Bytes that linear memory may have at most."""
    del host
    return HEAP_MAX


def resize_heap(host: EmscriptenHost, requested: int) -> int:
    """Grow memory to at least ``requested`` bytes; 0 where that is refused, which the guest sees as lack of memory.

    As Emscripten does it: a fifth more than there was (a tenth, a twentieth, where that is refused), but never more
    than 96 MiB over what was asked for.
    """
    requested &= U32
    if requested > HEAP_MAX:
        return 0
    old = host.memory.size
    for divisor in (1, 2, 4):
        generous = min(old * (5 * divisor + 1) // (5 * divisor), requested + _OVERGROWTH_MAX)
        size = min(HEAP_MAX, -(-max(requested, generous) // c.PAGE_SIZE) * c.PAGE_SIZE)
        if size <= old or host.instance.grow_memory((size - old) // c.PAGE_SIZE):
            return 1
    return 0


def mmap(
    host: EmscriptenHost, length: int, prot: int, flags: int, fd: int, offset: int, allocated: int, address: int
) -> int:
    """``mmap`` of a file: a copy of the range in fresh memory, which ``munmap`` and ``msync`` write back."""
    length &= U32
    stream = host.files.get(fd)
    writes_back = prot & c.PROT_WRITE and not flags & c.MAP_PRIVATE
    if not stream.readable or (writes_back and not stream.writable):
        raise Errno(ErrnoCode.EACCES)
    _check_mappable(stream)
    if length == 0 or offset < 0:
        raise Errno(ErrnoCode.EINVAL)
    size = -(-length // c.PAGE_SIZE) * c.PAGE_SIZE
    memory = host.memory
    memory.view(allocated, 4)
    memory.view(address, 4)
    target = host.instance.call("emscripten_builtin_memalign", c.PAGE_SIZE, size) & U32 if size <= HEAP_MAX else 0
    if target == 0:
        raise Errno(ErrnoCode.ENOMEM)
    data = stream.read(length, offset)
    memory.write(target, data)
    memory.fill(target + len(data), size - len(data))
    memory.write_i32(allocated, 1)
    memory.write_u32(address, target)
    return 0


def msync(host: EmscriptenHost, addr: int, length: int, prot: int, flags: int, fd: int, offset: int) -> int:
    """``msync``: store the mapped bytes in the file."""
    del prot
    _write_back(host, addr, length, flags, fd, offset)
    return 0


def munmap(host: EmscriptenHost, addr: int, length: int, prot: int, flags: int, fd: int, offset: int) -> int:
    """``munmap``: the same for writable mappings; the guest frees the memory itself."""
    if prot & c.PROT_WRITE:
        _write_back(host, addr, length, flags, fd, offset)
    else:
        host.files.get(fd)
    return 0


def _write_back(host: EmscriptenHost, addr: int, length: int, flags: int, fd: int, offset: int) -> None:
    stream = host.files.get(fd)
    _check_mappable(stream)
    if flags & c.MAP_PRIVATE:
        return
    if offset < 0:
        raise Errno(ErrnoCode.EINVAL)
    # A mapping may be longer than its file (it is rounded up to pages); what lies beyond the end is not the file's.
    length = min(length & U32, max(0, stream.node.size - offset))
    if length:
        stream.fs.write_at(stream.node, offset, host.memory.view(addr, length))


def _check_mappable(stream: Stream) -> None:
    if not isinstance(stream.node, RegularFile | MountedFile):
        raise Errno(ErrnoCode.ENODEV)


SYSCALL_IMPORTS: Final[Mapping[str, Callable[..., object]]] = {
    "_mmap_js": mmap,
    "_msync_js": msync,
    "_munmap_js": munmap,
}
IMPORTS: Final[Mapping[str, Callable[..., object]]] = {
    "emscripten_get_heap_max": get_heap_max,
    "emscripten_resize_heap": resize_heap,
}
