"""Captured host state of an isolate's Emscripten half, and its prepared form.

JSON form (``version`` 1): ``filesystem`` (see ``template``), ``cwd``, ``streams`` (inode number, flags, position),
``descriptors`` (pairs of descriptor and index into ``streams``: duplicates share a stream), ``environment`` (ordered
pairs), ``umask``, ``pending_signal``, ``monotonic_ns``, ``table`` (see ``table_functions``),
and ``libraries`` (see ``linking.linkedset``) where the code image has some.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from runtime_core.emscripten.checked import (
    MalformedError,
    checked_integer,
    checked_string,
    elements,
    fields,
    member,
    shown,
)
from runtime_core.emscripten.connections import SocketStream
from runtime_core.emscripten.errno import Errno
from runtime_core.emscripten.host import EmscriptenHost, HostServices
from runtime_core.emscripten.table_functions import TableState
from runtime_core.emscripten.template import FileSystemTemplate, capture_filesystem
from runtime_core.linking.linkedset import LinkState
from schemas.errors import CaptureError, RestoreError

if TYPE_CHECKING:
    from runtime_core.emscripten.files import Stream
    from runtime_core.emscripten.limits import FileSystemLimits
    from runtime_core.emscripten.mounts import Mount

STATE_VERSION: Final = 1


def capture_state(host: EmscriptenHost) -> dict[str, Any]:
    """The JSON form of everything the host holds for its guest.

    Raises:
        CaptureError: where the guest stands in the middle of something (a capture of its standard error stream).
    """
    if host.stderr_capture is not None:
        raise CaptureError(
            "the guest's standard error stream is being captured", hint="capture when no guest code runs"
        )
    streams: list[Stream] = []
    index: dict[int, int] = {}
    descriptors: list[list[int]] = []
    for fd, stream in sorted(host.files, key=lambda pair: pair[0]):
        if id(stream) not in index:
            index[id(stream)] = len(streams)
            streams.append(stream)
        descriptors.append([fd, index[id(stream)]])
    if any(stream.node.ino == 0 for stream in streams):
        raise CaptureError("the guest holds a duplicate of a captured standard error stream that it had closed before")
    if any(isinstance(stream, SocketStream) for stream in streams):
        raise CaptureError("the guest holds an open socket", hint="close it before the capture")
    try:
        cwd = host.fs.cwd_path()
    except Errno as error:
        raise CaptureError("the guest's working directory was removed") from error
    state: dict[str, Any] = {
        "version": STATE_VERSION,
        "filesystem": capture_filesystem(host.fs, (stream.node for stream in streams)),
        "cwd": cwd,
        "streams": [[stream.node.ino, stream.flags, stream.position] for stream in streams],
        "descriptors": descriptors,
        "environment": [[key, value] for key, value in host.environment.items()],
        "umask": host.umask,
        "pending_signal": host.pending_signal,
        "monotonic_ns": host.monotonic_ns(),
        "table": host.table.capture().to_json(),
    }
    if host.linker is not None:
        links = host.linker.capture(host.libraries)
        if links.linked.libraries:
            state["libraries"] = links.to_json()
    return state


@dataclass(frozen=True, kw_only=True, slots=True)
class HostTemplate:
    """Captured host state, parsed and checked once and instantiated per isolate in microseconds."""

    filesystem: FileSystemTemplate
    cwd: str
    streams: tuple[tuple[int, int, int], ...]
    descriptors: tuple[tuple[int, int], ...]
    environment: Mapping[str, str]
    umask: int
    pending_signal: int
    monotonic_ns: int
    table: TableState
    links: LinkState

    @classmethod
    def parse(cls, state: Mapping[str, Any], mounts: Mapping[str, Mount]) -> HostTemplate:
        """Check the JSON form and tie it to the mounts it names.

        Raises:
            RestoreError: where it is not one that :func:`capture_state` makes, or a mount is missing.
        """
        version = state.get("version") if isinstance(state, Mapping) else None
        if version != STATE_VERSION:
            raise RestoreError(
                "the captured host state has another version", expected=STATE_VERSION, found=shown(version)
            )
        try:
            streams = member(state, "streams", lambda value: elements(value, _stream))
            template = cls(
                filesystem=FileSystemTemplate(state.get("filesystem"), mounts),
                cwd=member(state, "cwd", _absolute_path),
                streams=streams,
                descriptors=member(
                    state, "descriptors", lambda value: elements(value, lambda pair: _descriptor(pair, len(streams)))
                ),
                environment=dict(member(state, "environment", lambda value: elements(value, _variable))),
                umask=member(state, "umask", lambda value: checked_integer(value, 0, 0o777)),
                pending_signal=member(state, "pending_signal", lambda value: checked_integer(value, 0, 0xFF)),
                monotonic_ns=member(state, "monotonic_ns", lambda value: checked_integer(value, 0, 1 << 62)),
                table=member(state, "table", TableState.from_json),
                links=member(state, "libraries", LinkState.from_json) if "libraries" in state else LinkState(),
            )
        except MalformedError as error:
            where = f"the captured host state: {error.path}"
            raise RestoreError(where, expected=error.expected, found=error.found) from error
        template._check()
        return template

    def _check(self) -> None:
        """Instantiate once: what cannot be restored is refused when the snapshot is loaded, not when it is used.

        Raises:
            RestoreError: for descriptors or paths that do not fit the file system.
        """
        host = self.instantiate(HostServices())
        try:
            host.fs.change_directory(host.fs.resolve(self.cwd))
        except Errno as error:
            raise RestoreError(
                "the captured working directory does not exist", expected="a directory", found=ascii(self.cwd)[:80]
            ) from error

    def instantiate(self, services: HostServices, *, limits: FileSystemLimits | None = None) -> EmscriptenHost:
        """A host of its own for one isolate; the caller binds it to the instance.

        Raises:
            RestoreError: where a stream refers to a device that this host does not have.
        """
        fs = self.filesystem.instantiate(clock=services.clock, limits=limits)
        fs.set_cwd_path(self.cwd)
        host = EmscriptenHost(fs=fs, services=services, environment=self.environment)
        host.umask = self.umask
        host.pending_signal = self.pending_signal
        host.continue_monotonic(self.monotonic_ns)
        host.table_state = self.table
        host.link_state = self.links
        files = host.files
        nodes = {ino: self.filesystem.node_of(fs, ino) for ino, _, _ in self.streams}
        streams: list[Stream] = []
        try:
            for ino, flags, position in self.streams:
                stream = files.stream_of(nodes[ino], flags)
                stream.position = position
                streams.append(stream)
        except Errno as error:
            raise RestoreError(
                "a captured stream cannot be opened again", expected="a node that can be open", found=error.code.name
            ) from error
        for fd, at in self.descriptors:
            files.install(fd, streams[at])
        return host


def _absolute_path(value: object) -> str:
    path = checked_string(value)
    if not path.startswith("/"):
        raise MalformedError(expected="an absolute path", found=path)
    return path


def _variable(value: object) -> tuple[str, str]:
    name, text = fields(value, 2)
    return checked_string(name), checked_string(text)


def _stream(value: object) -> tuple[int, int, int]:
    ino, flags, position = fields(value, 3)
    return (
        checked_integer(ino, 1, 1 << 53),
        checked_integer(flags, 0, (1 << 31) - 1),
        checked_integer(position, 0, (1 << 63) - 1),
    )


def _descriptor(value: object, streams: int) -> tuple[int, int]:
    fd, at = fields(value, 2)
    return checked_integer(fd, 0, (1 << 31) - 1), checked_integer(at, 0, streams - 1)
