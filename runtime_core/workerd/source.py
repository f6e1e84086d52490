"""Running source code in a guest as workerd's glue does it before Pyodide's interface is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from runtime_core.emscripten import constants as c
from runtime_core.emscripten.arguments import U32
from runtime_core.emscripten.devices import Device
from runtime_core.emscripten.errno import Errno, ErrnoCode
from runtime_core.workerd.filesystem import CAPTURE_DEVICE, FIRST_CAPTURE_NUMBER
from schemas.errors import HostError

if TYPE_CHECKING:
    from runtime_core.emscripten.guest import Instance
    from runtime_core.emscripten.host import EmscriptenHost

_STDERR: Final = 2
_CAPTURE_MODE: Final = 0o222
_TEXT_MAX: Final = 1 << 20


class _Capture(Device):
    """What is written to it, as far as it fits."""

    __slots__ = ("content",)

    def __init__(self) -> None:
        self.content = bytearray()

    def write(self, data: bytes | memoryview) -> int:
        self.content += data[: _TEXT_MAX - len(self.content)]
        return len(data)


class SourceRunner:
    """Runs source code in ``__main__``.

    What the code writes to its standard error stream goes to a device made for the call, which costs the file system
    a node each time, as in workerd.
    """

    __slots__ = ("_host", "_instance", "_number")

    def __init__(self, instance: Instance, host: EmscriptenHost) -> None:
        self._instance = instance
        self._host = host
        self._number = FIRST_CAPTURE_NUMBER

    def run(self, source: str) -> str:
        """Run it; returns what it wrote to its standard error stream, without white space around.

        Raises:
            HostError: with the traceback where the code raises; or the guest has closed its standard error stream.
            FatalIsolateError: where the guest traps.
        """
        instance = self._instance
        data = source.encode() + b"\0"
        address = instance.call("malloc", len(data)) & U32
        if address == 0:
            raise HostError("the guest has no memory for the source code", expected=f"{len(data)} bytes")
        instance.memory.write(address, data)
        try:
            capture = self._begin()
            failed = instance.call("PyRun_SimpleString", address)
            instance.call("free", address)
            self._end()
        except Errno as error:
            raise HostError(
                "the guest's standard error stream cannot be captured",
                expected="/dev/stderr, open as descriptor 2",
                found=error.code.name,
                hint="leave the standard streams as they are",
            ) from error
        text = capture.content.decode("utf-8", "replace").strip()
        if failed:
            raise HostError(f"guest code failed: {text or 'no message'}")
        return text

    def _begin(self) -> _Capture:
        fs, files = self._host.fs, self._host.files
        path = f"/dev/{CAPTURE_DEVICE}"
        capture = self._host.devices[CAPTURE_DEVICE] = _Capture()
        fs.make_device(fs.entry(path), device=CAPTURE_DEVICE, number=self._number << 8, mode=_CAPTURE_MODE)
        self._number += 1
        files.close(_STDERR)
        self._open(path)
        return capture

    def _end(self) -> None:
        fs, files = self._host.fs, self._host.files
        files.close(_STDERR)
        fs.unlink(fs.entry(f"/dev/{CAPTURE_DEVICE}"))
        self._open("/dev/stderr")
        del self._host.devices[CAPTURE_DEVICE]

    def _open(self, path: str) -> None:
        """Open a device as the lowest free descriptor, which must be that of the standard error stream."""
        if self._host.files.open(path, c.O_WRONLY) != _STDERR:
            raise Errno(ErrnoCode.EBADF)
