"""A guest: one instance of the code image with the host state behind its imports.

This is the only place that puts the layers together. An isolate adds life cycle, limits and errors on top; a release
build boots a guest cold and captures it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Final

from runtime_core.emscripten.boot import BOOT_ENVIRONMENT, prepare_filesystem, start_interpreter
from runtime_core.emscripten.clock import loop_seconds, sleeper
from runtime_core.emscripten.host import EmscriptenHost, HostServices, environment_with
from runtime_core.emscripten.imports import emscripten_imports
from runtime_core.emscripten.mounts import Mount
from runtime_core.engine.hostcall import HostImport, ReferenceTable
from runtime_core.engine.instance import GuestInstance
from runtime_core.engine.sidemodule import StoreLinker
from runtime_core.js.held_memory import HeldMemory
from runtime_core.js.host import JsHost
from runtime_core.js.imports import js_imports
from runtime_core.js.refs import RefTable
from runtime_core.linking.library import LibraryLoader
from runtime_core.linking.linker import DynamicLinker
from runtime_core.linking.place import Place

STDLIB_MOUNT: Final = "stdlib"
"""How captures name the standard library's zip file instead of copying it."""


def host_imports() -> list[HostImport]:
    """Every function a guest may import."""
    return [*emscripten_imports(), *js_imports()]


def stdlib_mount(path: Path) -> Mount:
    """The standard library as all isolates of a process share it: mapped, read-only."""
    return Mount.of_file(STDLIB_MOUNT, path)


class Guest:
    """The host behind one instance: what the engine's callbacks find (:class:`GuestHost`)."""

    __slots__ = ("emscripten", "instance", "js", "refs")

    def __init__(
        self, instance: GuestInstance, emscripten: EmscriptenHost, *, sleep: Callable[..., object] | None = None
    ) -> None:
        self.instance = instance
        self.emscripten = emscripten
        refs = RefTable()
        self.refs: ReferenceTable = refs
        clock = emscripten.clock
        if sleep is None:
            sleep = partial(_wait, sleeper(clock))
        self.js = JsHost(instance, emscripten, refs, clock=loop_seconds(clock), sleep=sleep)
        instance.bind(self)
        emscripten.bind(instance)
        if (limit := instance.limits.host_bytes) is not None:
            held = HeldMemory(self.js, limit)
            instance.look_at_ticks(held.look)
            refs.look = held.look

    def use_libraries(self, loader: LibraryLoader, places: Mapping[str, Place] | None = None) -> None:
        """Let the guest load the native libraries that lie in its read-only mounts.

        ``places`` are those that a restored guest's memory already has, by path.
        """
        instance, emscripten = self.instance, self.emscripten
        state = emscripten.link_state
        linker = emscripten.linker = DynamicLinker(
            instance=instance,
            store=StoreLinker(instance, instance.program),
            loader=loader,
            read_file=emscripten.fs.find_library,
            state=state,
            places=places,
        )
        for handle, name in state.handles:
            emscripten.libraries[handle] = linker.loaded(name)

    def close(self) -> None:
        """Drop the guest; nothing of it runs any more."""
        self.js.close()
        self.emscripten.close()
        self.instance.close()


def _wait(sleep: Callable[[float], object], seconds: float, wait: Callable[[float], object] | None = None) -> None:
    """Wait without a limit: as ``wait`` does, where host work may end it before its time."""
    (sleep if wait is None else wait)(seconds)


def boot_cold(
    instance: GuestInstance,
    *,
    stdlib: Mount,
    python_version: tuple[int, int],
    trampoline_slot: int,
    services: HostServices,
    environment: Mapping[str, str] | None = None,
) -> Guest:
    """Boot CPython in a fresh instance, up to the interface between Python and JavaScript.

    Raises:
        HostError: the interpreter did not start.
        FatalIsolateError: the guest trapped.
    """
    emscripten = EmscriptenHost(
        services=services, environment=environment_with({**BOOT_ENVIRONMENT, **(environment or {})})
    )
    guest = Guest(instance, emscripten)
    prepare_filesystem(emscripten, python_version=python_version, stdlib=stdlib)
    start_interpreter(instance, emscripten, trampoline_slot=trampoline_slot)
    guest.js.bootstrap()
    return guest
