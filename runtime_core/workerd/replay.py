"""Replay: a guest from a workerd snapshot, by workerd's rules (design: sections 2.1 to 2.6).

workerd boots the program, loads the snapshot's libraries, copies the snapshot's memory over everything and then makes
the references to JavaScript again. Here the constructors need not run: all they leave outside of memory are the stack's
limits and the first entries of the reference tables, which are put there directly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NoReturn

from runtime_core.emscripten.boot import prepare_filesystem
from runtime_core.emscripten.host import EmscriptenHost, HostServices
from runtime_core.emscripten.mounts import Mount
from runtime_core.engine.limits import Limits
from runtime_core.guest import Guest
from runtime_core.js.host import JsHost
from runtime_core.js.sweep import add_references, scratch
from runtime_core.js.values import NO_VALUE, JsValue
from runtime_core.linking.library import LibraryLoader
from runtime_core.wasm.linkedlibrary import LinkedLibrary
from runtime_core.worker.baseline import baseline_sources
from runtime_core.worker.sdk import offer_sdk_modules
from runtime_core.worker.search_path import DYNLIB_PATH, METADATA_PATH, library_paths
from runtime_core.workerd.bootstrap import Bootstrap
from runtime_core.workerd.failures import guest_failures
from runtime_core.workerd.libraries import link_state, load_libraries
from runtime_core.workerd.profile import ADD_LIBRARY_PATH, WORKERD_314_0_5, WorkerdProfile
from runtime_core.workerd.references import FIRST_RECORDED, References
from runtime_core.workerd.source import SourceRunner
from runtime_core.workerd.worker import invalidate_caches, offer_snapshot_info, set_up_search_path
from schemas.errors import RestoreError
from schemas.snapshot_metadata import SnapshotType

if TYPE_CHECKING:
    from runtime_core.engine.module import CompiledModule, Program
    from runtime_core.snapshot.state import StackState
    from schemas.snapshot_codec import Snapshot

_NO_VALUE_INDEX: Final = 6
_LIBRARY_VARIABLE: Final = "LD_LIBRARY_PATH"


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplayPlace:
    """What a snapshot is replayed in.

    ``program`` is the code image, ``blank`` an image of memory as long as the snapshot's; ``stack`` holds the limits of
    the guest's stack. ``packages`` are the trees of site-packages and of shared libraries, ``worker`` the worker's
    files; native libraries come from these mounts only, and there are none without ``libraries``. ``linked`` are those
    that the code image has in it, at the snapshot's places.
    """

    program: Program
    blank: CompiledModule
    stack: StackState
    stdlib: Mount
    packages: Sequence[Mount] = ()
    worker: Mount | None = None
    libraries: LibraryLoader | None = None
    linked: Sequence[LinkedLibrary] = ()
    services: HostServices = field(default_factory=HostServices)
    limits: Limits = field(default_factory=Limits)
    profile: WorkerdProfile = WORKERD_314_0_5


def replay(snapshot: Snapshot, place: ReplayPlace) -> Guest:
    """A guest in the state in which workerd takes up its work after a restore: Python runs, and what was imported
    is there. The guards on randomness are still on: see :func:`leave_top_level`.

    Raises:
        FormatError, RestoreError: the snapshot records what it cannot, or asks for what is not there.
        HostError: guest code failed.
        FatalIsolateError: the guest trapped.
    """
    references = References.parse(snapshot.metadata)
    instance = place.program.instantiate(place.blank, place.limits)
    try:
        version = ".".join(map(str, place.profile.python_version))
        libraries = {_LIBRARY_VARIABLE: ":".join(library_paths(version))}
        host = EmscriptenHost(services=place.services, environment={**place.profile.environment, **libraries})
        host.runtime_name = place.profile.runtime_name
        guest = Guest(instance, host)
        guest.js.workerd.flags = snapshot.metadata.settings.compat_flags
        references.check_modules(guest.js)
        _mount(host, place)
        instance.memory.write(0, snapshot.heap)
        instance.call("emscripten_stack_set_limits", place.stack.base, place.stack.end)
        with guest_failures("while its snapshot was replayed"):
            _libraries(guest, snapshot, place)
            _take_up(guest, snapshot, references)
            _finish(guest, snapshot, place)
    except BaseException:
        instance.close()
        raise
    return guest


def leave_top_level(guest: Guest) -> None:
    """What workerd does before the first request: take the guards off and seed the random generators anew.

    Raises:
        RestoreError, HostError: guest code failed.
        FatalIsolateError: the guest trapped.
    """
    with guest_failures("before the first request"):
        SourceRunner(guest.instance, guest.emscripten).run(
            "from _cloudflare.entropy_patches import before_first_request\n"
            "before_first_request()\n"
            "del before_first_request"
        )


def _libraries(guest: Guest, snapshot: Snapshot, place: ReplayPlace) -> None:
    metadata, site_packages = snapshot.metadata, place.profile.session_site_packages
    loader = place.libraries or LibraryLoader(translate=_no_libraries, load=_no_libraries)
    if place.linked:
        guest.emscripten.link_state = link_state(metadata, place.linked, site_packages=site_packages)
        guest.use_libraries(loader)
    elif place.libraries is not None or metadata.load_order:
        load_libraries(guest, metadata, loader, site_packages=site_packages)
        guest.instance.memory.write(0, snapshot.heap)


def _no_libraries(_wasm: bytes) -> NoReturn:
    raise RestoreError("the snapshot needs native libraries", hint="import it where libraries can be translated")


def _mount(host: EmscriptenHost, place: ReplayPlace) -> None:
    profile, fs = place.profile, host.fs
    prepare_filesystem(host, python_version=profile.python_version, stdlib=place.stdlib)
    fs.change_directory(fs.resolve("/"))
    mounts = [*zip((profile.session_site_packages, DYNLIB_PATH), place.packages, strict=False)]
    if place.worker is not None:
        mounts.append((METADATA_PATH, place.worker))
    fs.make_directories(profile.environment["HOME"])
    for path, mount in mounts:
        fs.make_directories(path.rpartition("/")[0])
        fs.mount(path, mount)


def _take_up(guest: Guest, snapshot: Snapshot, references: References) -> None:
    """From copied memory to Pyodide's interface."""
    instance, js = guest.instance, guest.js
    runner = SourceRunner(instance, guest.emscripten)
    address = scratch(js)
    # What the constructor of the reference tables puts there: its flag in memory says that it has run.
    add_references(js, [0, js.refs.encode(js.reference_map)], address=address, immortal=True)
    add_references(js, [0], address=address, immortal=False)
    invalidate_caches(runner)
    take_up_interface(guest, runner, references)
    if js.eval_code is not None and js.import_hook is not None:  # of our own: what is borrowed ends with a capture
        js.eval_code, js.import_hook = js.eval_code.copy(), js.import_hook.copy()


def take_up_interface(guest: Guest, runner: SourceRunner, references: References) -> None:
    """Bring up Pyodide's interface in a guest whose memory is a snapshot's.

    Raises:
        RestoreError: the references do not fit the memory.
        HostError: guest code failed.
    """
    instance, js = guest.instance, guest.js
    if instance.call("jslib_init") != 0 or instance.call("_hiwire_immortal_get", _NO_VALUE_INDEX) is not NO_VALUE:
        raise RestoreError(
            "the snapshot counts constants of JavaScript otherwise", expected=f"no-value at {_NO_VALUE_INDEX}"
        )
    instance.call("init_pyodide_proxy")
    if js.pyodide is None:
        raise RestoreError("the snapshot's memory holds no Pyodide", expected="the module _pyodide")
    Bootstrap(js, runner).run(lambda _bootstrap: _fill_references(js, references))
    runner.run(ADD_LIBRARY_PATH)


def _fill_references(js: JsHost, references: References) -> None:
    """Put the objects into the table of references, at the indices that the guest's memory holds."""
    fixed: tuple[JsValue, ...] = (
        *(None, js.globals, js.public_api, js.api),
        *(js.api.get("scheduleCallback"), js.api, js.public_api.get("loadedPackages")),
    )
    values = [*fixed, *(make(js) for make in references.makers)]
    if len(fixed) != FIRST_RECORDED:
        raise RestoreError("the references that every snapshot has", expected=FIRST_RECORDED, found=len(fixed))
    for index, value in enumerate(values):
        if js.instance.call("_hiwire_set", index, value) < 0:
            raise RestoreError("the snapshot's references do not fit its memory", found=f"reference {index}")
    for text in references.immortals:
        js.instance.call("_hiwire_immortal_add", text)


def _finish(guest: Guest, snapshot: Snapshot, place: ReplayPlace) -> None:
    """The rest of workerd's start, up to the import of the main module."""
    runner, settings = SourceRunner(guest.instance, guest.emscripten), snapshot.metadata.settings
    offer_snapshot_info(guest.js, baseline=settings.snapshot_type is SnapshotType.BASELINE)
    for source in baseline_sources():
        runner.run(source)
    set_up_search_path(guest, settings.compat_flags, has_files=place.worker is not None)
    offer_sdk_modules(guest.js)
