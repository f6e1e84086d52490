"""The Emscripten half of an isolate's host state."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from runtime_core.emscripten.clock import Clock, SystemClock
from runtime_core.emscripten.connections import Connect, Names, SocketStream
from runtime_core.emscripten.devices import Console, Device, RandomDevice, ZeroDevice
from runtime_core.emscripten.entropy import EntropySource, SystemEntropy
from runtime_core.emscripten.files import DescriptorTable
from runtime_core.emscripten.fs import FileSystem
from runtime_core.emscripten.table_functions import TableFunctions, TableState
from runtime_core.linking.linkedset import LinkState

if TYPE_CHECKING:
    from runtime_core.emscripten.guest import Instance, Memory
    from runtime_core.emscripten.stderr import StderrCapture
    from runtime_core.linking.library import Library
    from runtime_core.linking.linker import DynamicLinker

DEFAULT_ENVIRONMENT: Final[Mapping[str, str]] = {
    "USER": "web_user",
    "LOGNAME": "web_user",
    "PATH": "/",
    "PWD": "/",
    "HOME": "/home/web_user",
    "LANG": "C.UTF-8",
    "_": "./this.program",
}
"""What Emscripten gives a program, in Emscripten's order; changed values keep their place, others follow."""

PROGRAM_NAME: Final = b"./this.program"
RUNTIME_NAME: Final = "wasmtime"


def environment_with(changes: Mapping[str, str]) -> dict[str, str]:
    """Emscripten's environment with ``changes``."""
    return {**DEFAULT_ENVIRONMENT, **changes}


def _no_input(count: int) -> bytes:
    del count
    return b""


def _discard(data: bytes) -> None:
    del data


@dataclass(frozen=True, kw_only=True, slots=True)
class StandardStreams:
    """Where a guest's standard streams lead.

    ``read_stdin`` gives at most so many bytes, none at the end. The sinks are called with every write of the guest. As
    terminals the output streams are line-buffered in guest Python, otherwise they are flushed when it flushes them.
    """

    read_stdin: Callable[[int], bytes] = _no_input
    write_stdout: Callable[[bytes], object] = _discard
    write_stderr: Callable[[bytes], object] = _discard
    are_terminals: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class HostServices:
    """What the machine provides: shared by isolates or made for one."""

    clock: Clock = field(default_factory=SystemClock)
    entropy: EntropySource = field(default_factory=SystemEntropy)
    streams: StandardStreams = field(default_factory=StandardStreams)


_NOTHING_LINKED: Final = LinkState()


class EmscriptenHost:
    """File system, descriptors, environment, clock and signals of one isolate.

    ``instance`` and ``memory`` are set by :meth:`bind` before the guest runs.
    """

    __slots__ = (
        "_monotonic_origin",
        "clock",
        "connect",
        "connections",
        "devices",
        "entropy",
        "environment",
        "files",
        "fs",
        "instance",
        "libraries",
        "link_state",
        "linker",
        "memory",
        "names",
        "pending_signal",
        "runtime_name",
        "stderr_capture",
        "table",
        "table_state",
        "umask",
    )

    instance: Instance
    memory: Memory

    def __init__(
        self,
        *,
        fs: FileSystem | None = None,
        services: HostServices | None = None,
        environment: Mapping[str, str] = DEFAULT_ENVIRONMENT,
    ) -> None:
        services = services if services is not None else HostServices()
        self.clock = services.clock
        self.entropy = services.entropy
        self.fs = fs if fs is not None else FileSystem(clock=services.clock)
        self.devices = _devices(services)
        self.files = DescriptorTable(fs=self.fs, devices=self.devices)
        self.environment = dict(environment)
        self.umask = 0
        self.runtime_name = RUNTIME_NAME
        """What ``sys._emscripten_info.runtime`` says; asked for once, while the interpreter starts."""
        self.pending_signal = 0
        """The signal that guest Python takes at its next check; 0 for none."""
        self.stderr_capture: StderrCapture | None = None
        self.connect: Connect | None = None
        """How the guest's sockets reach other hosts; None where they may not."""
        self.connections: set[SocketStream] = set()
        self.names = Names()
        self.table = TableFunctions(self)
        self.table_state = TableState()
        """Additions to the function table that :meth:`bind` makes again."""
        self.linker: DynamicLinker | None = None
        """What loads native libraries, if anything does."""
        self.link_state = _NOTHING_LINKED
        """The libraries of the code image, and those that were open when the guest was captured."""
        self.libraries: dict[int, Library] = {}
        """Opened libraries by the address of the guest's handle."""
        self._monotonic_origin = self.clock.monotonic_ns()

    def use_entropy(self, source: EntropySource) -> None:
        """Draw from another source from now on."""
        self.entropy = source
        for device in self.devices.values():
            if isinstance(device, RandomDevice):
                device.entropy = source

    def bind(self, instance: Instance) -> None:
        """Connect the host to its guest, which must know its whole host and have its memory by now."""
        self.instance = instance
        self.memory = instance.memory
        self.table.restore(self.table_state)

    def close(self) -> None:
        """Close the connections that the guest left open."""
        for stream in self.connections:
            stream.dropped()
        self.connections.clear()

    def monotonic_ns(self) -> int:
        """Nanoseconds since this isolate, or the one it was captured from, was made."""
        return self.clock.monotonic_ns() - self._monotonic_origin

    def continue_monotonic(self, elapsed_ns: int) -> None:
        """Let monotonic time go on from a captured reading: a guest must never see it go back."""
        self._monotonic_origin = self.clock.monotonic_ns() - elapsed_ns


def _devices(services: HostServices) -> dict[str, Device]:
    streams = services.streams
    terminals = streams.are_terminals
    null = Device()
    random = RandomDevice(services.entropy)
    return {
        "null": null,
        "zero": ZeroDevice(),
        "random": random,
        "urandom": random,
        "tty": Console(source=streams.read_stdin, sink=streams.write_stdout, is_terminal=terminals),
        "tty1": Console(sink=streams.write_stderr, is_terminal=terminals),
        "stdin": Console(source=streams.read_stdin, is_terminal=False),
        "stdout": Console(sink=streams.write_stdout, is_terminal=terminals),
        "stderr": Console(sink=streams.write_stderr, is_terminal=terminals),
    }
