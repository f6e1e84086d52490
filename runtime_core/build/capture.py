"""Boot CPython cold, bring it to the baseline and capture it: the heart of a release build.

Clock, randomness and hash seed are fixed while this runs, so that the same inputs give the same snapshot. Isolates are
given random state of their own when they are restored.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from keyword import iskeyword
from pathlib import Path
from typing import Final

from runtime_core.emscripten.boot import run_simple_string
from runtime_core.emscripten.clock import SteppingClock
from runtime_core.emscripten.entropy import FixedEntropy
from runtime_core.emscripten.host import HostServices, StandardStreams
from runtime_core.engine.codecache import CodeCache
from runtime_core.engine.engine import Engine
from runtime_core.guest import Guest, boot_cold, host_imports, stdlib_mount
from runtime_core.js.pyproxy import PyProxy
from runtime_core.js.state import UnnamedValueError
from runtime_core.linking.library import LibraryLoader
from runtime_core.linking.linkedset import LinkedSet, LinkState
from runtime_core.snapshot.capture import capture_memory, capture_state, snapshot_metadata
from runtime_core.snapshot.heap import seal_heap
from runtime_core.snapshot.prepared import PAGE_BYTES
from runtime_core.snapshot.state import RuntimeState
from runtime_core.wasm.abi import CodeProfile
from runtime_core.wasm.linkedlibrary import LinkedLibrary
from runtime_core.web import Request
from runtime_core.worker.baseline import baseline_sources
from runtime_core.worker.entropy import EntropyGuards, Reseeding
from runtime_core.worker.lasting import keep_lasting_objects
from runtime_core.worker.packages import add_packages, package_mounts_of
from runtime_core.worker.search_path import add_standard_places
from runtime_core.worker.support import Support
from runtime_core.worker.timers import drop_cancelled_timers
from runtime_core.worker.unnamed import locate_value
from schemas.digest import Digest
from schemas.errors import ConfigError, HostError
from schemas.snapshot_codec import snapshot_chunks
from schemas.snapshot_metadata import SnapshotMetadata, SnapshotType

BASELINE_ENVIRONMENT: Final[Mapping[str, str]] = {"PYTHONHASHSEED": "111"}
"""The hash seed is workerd's. A fixed seed keeps snapshots of one runtime alike, page for page."""

_WARM_UP_FILE: Final = "<warm-up>"
_WARM_UP: Final = (
    "import asyncio, json, re\ndel json, re",
    "def _warm(value):\n    return [value, f'{value}', {k: v for k, v in value.items()}]",
    "async def _warm_async(value):\n    await asyncio.sleep(0)\n    return await asyncio.gather(asyncio.sleep(0))",
)
_WARM_UP_VALUE: Final = "import sys\n[len(sys.path), 'text', {'key': None}]\n"

_WARM_UP_REQUEST: Final = Request(url="http://localhost/", body=b"text").to_asgi()

_START_NS: Final = 1_767_225_600_000_000_000  # 2026-01-01T00:00:00Z: any fixed time after the zip file's own dates


@dataclass(frozen=True, kw_only=True, slots=True)
class Captured:
    """A captured guest."""

    metadata: SnapshotMetadata
    state: RuntimeState
    memory: bytes

    def chunks(self) -> Iterator[memoryview]:
        """The snapshot file, piece by piece."""
        return snapshot_chunks(self.metadata, self.memory)

    def abi_values(self) -> dict[str, int]:
        """What the release's ABI profile says of the snapshot."""
        return {
            "tableSize": self.state.table_size,
            "trampolineSlot": self.state.trampoline_slot,
            "memoryPages": len(self.memory) // PAGE_BYTES,
            "stackPointer": self.state.stack.pointer,
        }


def capture_baseline(
    *,
    code_wasm: bytes,
    memory_wasm: bytes,
    table_size: int,
    stdlib: Path,
    profile: CodeProfile,
    code_cache: Path,
    packages: Path | None = None,
    libraries: Sequence[LinkedLibrary] = (),
) -> Captured:
    """Boot, import what every worker needs, capture. The file of a package set is mounted if there is one; none of
    its modules is imported. ``libraries`` are those of the code image.

    Raises:
        HostError: the guest did not come that far.
        FatalIsolateError: the guest trapped.
    """
    engine = Engine()
    cache = CodeCache(code_cache)
    code = engine.load(code_wasm, cache)
    program = engine.link(code, host_imports())
    instance = program.instantiate(engine.load(memory_wasm, cache))
    major, _, minor = profile.python_version.partition(".")
    guest = boot_cold(
        instance,
        stdlib=stdlib_mount(stdlib),
        python_version=(int(major), int(minor)),
        trampoline_slot=profile.trampoline_slot,
        services=build_services(),
        environment=BASELINE_ENVIRONMENT,
    )
    try:
        support = bring_to_baseline(guest, profile.python_version)
        if packages is not None:
            add_packages(guest, package_mounts_of(packages), profile.python_version)
        if packages is not None or libraries:
            guest.emscripten.link_state = LinkState(linked=LinkedSet(libraries))
            guest.use_libraries(
                # A set holds libraries as the engine takes them.
                LibraryLoader(translate=lambda wasm: wasm, load=lambda wasm: engine.load(wasm, cache))
            )
        with EntropyGuards.install(guest) as guards:
            reseeding = guards.remove()
        return finish_capture(
            guest,
            support,
            snapshot_type=SnapshotType.BASELINE,
            code_image=code.digest,
            table_size=table_size,
            trampoline_slot=profile.trampoline_slot,
            reseeding=reseeding,
        )
    finally:
        guest.close()


def build_services(streams: StandardStreams | None = None) -> HostServices:
    """Clock and randomness of a build: the same in every run."""
    services = HostServices(clock=SteppingClock(start_ns=_START_NS), entropy=FixedEntropy())
    return services if streams is None else replace(services, streams=streams)


def finish_capture(
    guest: Guest,
    support: Support,
    *,
    snapshot_type: SnapshotType,
    code_image: Digest,
    table_size: int,
    trampoline_slot: int,
    reseeding: Reseeding,
    worker: Mapping[str, object] | None = None,
) -> Captured:
    """Make a guest's heap shareable and capture it; ``worker`` is added to what this layer wants back.

    Raises:
        CaptureError: the guest is not at rest, or holds something a snapshot cannot hold.
    """
    drop_cancelled_timers(guest)
    make_shareable(guest)
    try:
        state = capture_state(
            guest,
            code_image=code_image,
            table_size=table_size,
            trampoline_slot=trampoline_slot,
            worker={**support.to_json(), "entropy": reseeding.to_json(), **(worker or {})},
        )
    except UnnamedValueError as error:
        raise locate_value(guest, support, error, main=(worker or {}).get("main")) from error
    return Captured(
        metadata=snapshot_metadata(state, snapshot_type, modules=guest.js.modules),
        state=state,
        memory=capture_memory(guest, state.stack),
    )


def bring_to_baseline(guest: Guest, python_version: str) -> Support:
    """Run the baseline imports, install the support module and do once what every isolate does first.

    Raises:
        HostError: an import failed; the message holds the guest's traceback.
    """
    add_standard_places(guest, python_version)
    for source in baseline_sources():
        run_simple_string(guest.instance, guest.emscripten, source)
    support = Support.install(guest, python_version)
    # Before anything runs often: code that finds a constant mortal goes on counting references to it.
    keep_lasting_objects(guest)
    warm_up(guest, support)
    return support


def check_module_names(names: Sequence[str]) -> None:
    """Refuse what is not the name of a module.

    Raises:
        ConfigError: with the first such name.
    """
    for name in names:
        if not all(part.isidentifier() and not iskeyword(part) for part in name.split(".")):
            raise ConfigError(
                "not the name of a module", expected="identifiers with dots between them", found=repr(name)[:80]
            )


def make_shareable(guest: Guest) -> None:
    """Make the heap fit for sharing, as the last thing before a capture.

    Immortal objects are not counted, and frozen ones are never visited by the garbage collector again, so isolates do
    not write to their pages.
    """
    # The interface keeps what the last method call was on: let that be something with a name. No variable is used: the
    # worker may have one of that name in ``__main__``.
    run_simple_string(guest.instance, guest.emscripten, "__import__('js').Math.abs(0); __import__('gc').collect()")
    keep_lasting_objects(guest)
    guest.js.collect()
    run_simple_string(guest.instance, guest.emscripten, "__import__('gc').collect(); __import__('gc').freeze()")
    seal_heap(guest.instance)


def warm_up(guest: Guest, support: Support) -> None:
    """Do once what every isolate does first, so that what is made lazily (the compiler's types, caches) is shared.

    Leaves no name, no scheduled task and no cached source line behind.
    """
    for source in _WARM_UP:
        guest.js.call(support.execute, (source, _WARM_UP_FILE))
    for name in ("_warm", "_warm_async"):
        function = guest.js.get_global(name)
        if not isinstance(function, PyProxy):
            raise HostError("the warm-up did not define its functions", found=repr(function))
        guest.js.call(function, ({"key": [1, "text", None]},))
        function.destroy()
    for _ in range(3):  # code is specialised after some runs
        guest.js.run(_WARM_UP_VALUE, filename=_WARM_UP_FILE, evaluator=support.evaluate)
    for _ in range(3):
        guest.js.call(support.asgi, ("_runtime_core_web", "plain", _WARM_UP_REQUEST))
    guest.js.call(support.shut_down)
    names = "linecache, asyncio, sys, _warm, _warm_async"
    forget = f"import linecache; linecache.cache.pop({_WARM_UP_FILE!r}, None); del {names}"
    run_simple_string(guest.instance, guest.emscripten, forget)
