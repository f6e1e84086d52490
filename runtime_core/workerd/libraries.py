"""The native libraries of a workerd snapshot: loaded again in their order, at their places, from read-only mounts.

Function pointers in the snapshot's memory are slots of the function table, which is not part of it; loading the same
libraries in the same order fills the same slots (design: section 2.4).
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from runtime_core.linking.library import LibraryLoader
from runtime_core.linking.linkedset import LinkedSet, LinkState
from runtime_core.linking.linker import MAX_LIBRARIES
from runtime_core.linking.place import Place
from schemas.errors import LinkError, RestoreError

if TYPE_CHECKING:
    from runtime_core.guest import Guest
    from runtime_core.wasm.linkedlibrary import LinkedLibrary
    from schemas.snapshot_metadata import SnapshotMetadata

T = TypeVar("T")


def library_path(name: str, site_packages: str) -> str:
    """The file of a library as a snapshot names it: an absolute path, or one relative to the packages' directory."""
    return posixpath.normpath(posixpath.join(site_packages, name))


def library_places(metadata: SnapshotMetadata, site_packages: str) -> dict[str, Place]:
    """Where each library of the snapshot lay, by the path of its file; the bases are filed under path and base name.

    Raises:
        RestoreError: a library has no recorded base, or there are too many.
    """
    if len(metadata.load_order) > MAX_LIBRARIES:
        raise RestoreError(
            "the snapshot loads too many libraries", expected=f"<= {MAX_LIBRARIES}", found=len(metadata.load_order)
        )
    places: dict[str, Place] = {}
    tables = metadata.so_table_bases or {}
    for name in metadata.load_order:
        base_name = posixpath.basename(name)
        memory = metadata.so_memory_bases.get(name, metadata.so_memory_bases.get(base_name))
        if not memory:
            raise RestoreError("a library of the snapshot has no place in memory", found=ascii(name)[:120])
        # 0 means that nobody recorded it, as in workerd.
        table = tables.get(name, tables.get(base_name)) or None
        places[library_path(name, site_packages)] = Place(memory=memory, table=table)
    return places


def load_libraries(guest: Guest, metadata: SnapshotMetadata, loader: LibraryLoader, *, site_packages: str) -> None:
    """Load the snapshot's libraries into a guest whose memory is the snapshot's, and bind their handles again.

    What this writes to memory is not the snapshot's state: the caller copies the snapshot over it once more.

    Raises:
        RestoreError: a library is missing, does not fit its place, or a handle belongs to none.
        FatalIsolateError: the guest trapped.
    """
    places = library_places(metadata, site_packages)
    guest.use_libraries(loader, places)
    linker = guest.emscripten.linker
    if linker is None or not (places or metadata.dso_handles):
        return
    # While a snapshot is made, the first slot behind the program's own is taken by the time libraries come.
    guest.instance.table_grow(1)
    for path in places:
        try:
            if guest.emscripten.fs.find_library(path) is None:
                raise RestoreError(
                    f"Could not find {path} in the worker's files or packages, which is required by the snapshot.",
                    hint="import the snapshot with the files that it was made with",
                )
            linker.open(path, is_global=False)
        except LinkError as error:
            raise RestoreError(
                f"cannot load a library of the snapshot: {error.message}", expected=error.expected, found=error.found
            ) from error
    loaded = {library.name: library for library in linker.libraries}
    guest.emscripten.libraries.update(_handles(metadata, loaded, site_packages))


def link_state(metadata: SnapshotMetadata, linked: Sequence[LinkedLibrary], *, site_packages: str) -> LinkState:
    """The state of a guest whose code image has the snapshot's libraries in it: all are open, with their handles.

    Raises:
        RestoreError: a library of the snapshot is not in the image, or a handle belongs to none.
    """
    places = library_places(metadata, site_packages)
    missing = [path for path in places if path not in {library.name for library in linked}]
    if missing:
        raise RestoreError("the code image lacks libraries of the snapshot", found=", ".join(missing)[:200])
    handles = _handles(metadata, {library.name: library.name for library in linked}, site_packages)
    return LinkState(
        linked=LinkedSet(linked),
        opened=tuple((library.name, False) for library in linked),
        handles=tuple(handles),
    )


def _handles(metadata: SnapshotMetadata, loaded: Mapping[str, T], site_packages: str) -> Iterator[tuple[int, T]]:
    """Each handle of the guest with its library, which the snapshot names by path or by base name.

    Raises:
        RestoreError: there is no such library.
    """
    by_base_name = {posixpath.basename(name): library for name, library in loaded.items()}
    for name, handles in metadata.dso_handles.items():
        library = loaded.get(library_path(name, site_packages), by_base_name.get(posixpath.basename(name)))
        if library is None:
            raise RestoreError(
                "the snapshot holds a handle of a library that it does not load",
                expected=", ".join(sorted(by_base_name))[:200] or "no handles",
                found=ascii(name)[:120],
            )
        yield from ((handle, library) for handle in handles)
