"""Link the native libraries of a package set, and of a worker, into the code image.

See docs/adr/0015-linked-code-images.md.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from runtime_core.build.cache import BuildCache, CachedFile, CacheEntry, CacheKey
from runtime_core.emscripten.mounts import map_file
from runtime_core.engine.engine import Engine
from runtime_core.wasm import binary
from runtime_core.wasm.codeimage import CodeImage, CodeImageLayout
from runtime_core.wasm.codelink import LibraryFile, link_libraries
from runtime_core.wasm.dylink import DylinkInfo, read_dylink
from runtime_core.wasm.linkedlibrary import LinkedLibrary
from runtime_core.worker.packages import library_paths, package_path
from schemas.digest import Digest
from schemas.errors import AbiMismatchError, FormatError
from schemas.python_packages import decode_packages

_ORIGIN: Final = "$ORIGIN"
_SUFFIX: Final = ".so"
_LIBRARIES: Final = "libraries.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class LinkedCode:
    """``code`` has the files of a code image; ``libraries`` are in it, ``left_out`` are not, for these reasons."""

    code: CacheEntry
    libraries: tuple[LinkedLibrary, ...]
    left_out: Mapping[str, str]


def link_code(
    cache: BuildCache, code: CacheEntry, *, sets: Sequence[CachedFile], python_version: str, tool: Digest
) -> LinkedCode:
    """Link every library of some sets of files that can be linked, or take the result from the cache.

    ``tool`` is a digest of the linker's own code.

    Raises:
        FormatError, AbiMismatchError: the code image is none.
    """

    def build(work: Path) -> None:
        image = CodeImage(
            wasm=code.files["code.wasm"].path.read_bytes(),
            memory_image=code.files["memory.wasm"].path.read_bytes(),
            layout=CodeImageLayout.from_json(json.loads(code.files["layout.json"].path.read_text())),
        )
        files = library_files([map_file(item.path) for item in sets], python_version)
        linked = link_libraries(image, files, check=Engine().validate)
        (work / "code.wasm").write_bytes(linked.image.wasm)
        (work / "memory.wasm").write_bytes(linked.image.memory_image)
        (work / "layout.json").write_text(json.dumps(linked.image.layout.to_json()))
        document = {
            "libraries": [library.to_json() for library in linked.libraries],
            "left_out": dict(linked.left_out),
        }
        (work / _LIBRARIES).write_text(json.dumps(document))

    key = CacheKey.of(
        "linked-image",
        code_image=code.files["code.wasm"].digest,
        packages=" ".join(str(item.digest) for item in sets),
        python=python_version,
        tool=tool,
    )
    entry = cache.get_or_build(key, build)
    document = json.loads(entry.files[_LIBRARIES].path.read_text())
    return LinkedCode(
        code=entry,
        libraries=tuple(LinkedLibrary.from_json(item) for item in document["libraries"]),
        left_out=document["left_out"],
    )


def library_files(messages: Iterable[memoryview], python_version: str) -> list[LibraryFile]:
    """The native libraries in messages of package sets and workers, each behind those that it needs, otherwise in order
    of path.

    What is not found is left to be missed when the library is opened, and what is malformed to whoever links it.

    Raises:
        FormatError: the message is malformed.
    """
    files = {
        package_path(file, python_version): bytes(file.contents)
        for message in messages
        for file in decode_packages(message)
        if file.path.endswith(_SUFFIX)
    }
    search = library_paths(python_version)
    needs = {path: _needed(path, _information(data), files, search) for path, data in files.items()}
    ordered: dict[str, None] = {}

    started: set[str] = set()
    pending = [(path, False) for path in sorted(files, reverse=True)]
    while pending:
        path, complete = pending.pop()
        if complete:
            ordered[path] = None
        elif path in files and path not in started:
            started.add(path)
            pending.append((path, True))
            pending += ((needed, False) for needed in reversed(needs[path]))
    return [LibraryFile(name=path, wasm=files[path], needed=needs[path]) for path in ordered]


def _information(library: bytes) -> DylinkInfo:
    try:
        return read_dylink(binary.parse(library))
    except (FormatError, AbiMismatchError):
        return DylinkInfo()


def _needed(path: str, info: DylinkInfo, files: Mapping[str, bytes], search: tuple[str, ...]) -> tuple[str, ...]:
    """The paths of what a library needs, looked for as at run time; a name that is nowhere stays as it is."""
    origin = posixpath.dirname(path)
    directories = (*search, *(item.replace(_ORIGIN, origin) for item in info.runtime_paths))
    found = []
    for name in info.needed:
        candidates = (posixpath.normpath(posixpath.join(directory, name)) for directory in directories)
        found.append(next((item for item in candidates if item in files), name))
    return tuple(found)
