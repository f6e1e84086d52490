"""Capture of what the guest writes to descriptor 2: the texts of its exceptions are built from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from runtime_core.emscripten import constants as c
from runtime_core.emscripten.devices import TRANSFER_MAX, Device
from runtime_core.emscripten.files import Stream
from runtime_core.emscripten.nodes import DeviceNode, Node

if TYPE_CHECKING:
    from runtime_core.emscripten.host import EmscriptenHost

_STDERR: Final = 2


class StderrCapture(Device):
    """A device that keeps the first mebibyte written to it.

    Once the capture ended it passes on what still arrives: the guest may have duplicated the descriptor meanwhile.
    """

    __slots__ = ("_content", "ended", "replaced")

    def __init__(self, replaced: Stream | None) -> None:
        self._content = bytearray()
        self.ended = False
        self.replaced = replaced

    def write(self, data: bytes | memoryview) -> int:
        """Keep what fits and drop the rest: a guest can print without end."""
        if self.ended:
            return self.replaced.write(data) if self.replaced is not None else len(data)
        self._content += data[: TRANSFER_MAX - len(self._content)]
        return len(data)

    def text(self) -> str:
        """What was written, decoded as UTF-8 with replacement characters."""
        return self._content.decode("utf-8", "replace")


def capture_stderr(host: EmscriptenHost) -> None:
    """Put a buffer in the place of descriptor 2; nested captures start over."""
    files = host.files
    if host.stderr_capture is not None:
        restore_stderr(host)
    replaced = files.get(_STDERR) if files.is_open(_STDERR) else None
    if replaced is not None:
        replaced.references += 1
    capture = StderrCapture(replaced)
    files.install(_STDERR, Stream(fs=host.fs, node=_node(host, replaced), flags=c.O_WRONLY, device=capture))
    host.stderr_capture = capture


def _node(host: EmscriptenHost, replaced: Stream | None) -> Node:
    """What the buffer is to the guest's eyes: the file that it stands for, so that a duplicate can be captured."""
    if replaced is not None:
        return replaced.node
    node = DeviceNode(ino=0, mode=c.S_IFCHR | 0o222, time_ms=host.fs.now_ms(), device="stderr", number=0)
    node.opens = 1  # keeps it out of the file system's accounts, which it never entered
    return node


def restore_stderr(host: EmscriptenHost) -> str:
    """Put descriptor 2 back; returns what was written meanwhile (nothing where no capture was begun)."""
    capture = host.stderr_capture
    if capture is None:
        return ""
    host.stderr_capture = None
    capture.ended = True
    files = host.files
    if files.is_open(_STDERR):
        files.close(_STDERR)
    if capture.replaced is not None:
        files.install(_STDERR, capture.replaced)
        capture.replaced.references -= 1
    return capture.text()
