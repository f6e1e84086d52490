"""Pipes between descriptors of one guest."""

from __future__ import annotations

from runtime_core.emscripten import constants as c
from runtime_core.emscripten.errno import Errno, ErrnoCode


class Pipe:
    """A bounded queue of bytes.

    A guest has one thread, so a blocking read of an empty pipe could never end: it fails with EAGAIN instead, as
    Emscripten's does. Once every write end is closed it reports the end of the file.
    """

    __slots__ = ("_content", "capacity", "readers", "writers")

    def __init__(self, *, capacity: int, content: bytes = b"") -> None:
        self.capacity = capacity
        self._content = bytearray(content)
        self.readers = 0
        self.writers = 0

    @property
    def content(self) -> bytes:
        """What was written and not yet read."""
        return bytes(self._content)

    def read(self, count: int) -> bytes:
        """Take at most ``count`` bytes.

        Raises:
            Errno: EAGAIN where nothing is there yet.
        """
        if count == 0:
            return b""
        if not self._content:
            if self.writers == 0:
                return b""
            raise Errno(ErrnoCode.EAGAIN)
        data = bytes(self._content[:count])
        del self._content[:count]
        return data

    def write(self, data: bytes | memoryview) -> int:
        """Append what fits; returns how many bytes that is.

        Raises:
            Errno: EPIPE where nobody can read any more, EAGAIN where the pipe is full.
        """
        if self.readers == 0:
            raise Errno(ErrnoCode.EPIPE)
        room = self.capacity - len(self._content)
        if len(data) and room <= 0:
            raise Errno(ErrnoCode.EAGAIN)
        part = data[:room]
        self._content += part
        return len(part)

    def events(self, *, readable: bool) -> int:
        """The events of poll for one end."""
        if not readable:
            if self.readers == 0:
                return c.POLLERR
            return c.POLLOUT | c.POLLWRNORM if len(self._content) < self.capacity else 0
        events = c.POLLIN | c.POLLRDNORM if self._content else 0
        return events | (c.POLLHUP if self.writers == 0 else 0)
