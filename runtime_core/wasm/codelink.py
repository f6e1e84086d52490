"""Linking side modules into a code image, before anything of it runs; see docs/adr/0015-linked-code-images.md."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from runtime_core.wasm.codeimage import CodeImage
from runtime_core.wasm.imagelinker import Check, ImageLinker, LibraryFile, LinkedImage, Place
from schemas.errors import FormatError, LinkError

__all__ = ["Check", "LibraryFile", "LinkedImage", "Place", "link_libraries", "link_libraries_at"]


def link_libraries(image: CodeImage, files: Sequence[LibraryFile], *, check: Check | None = None) -> LinkedImage:
    """Link libraries into a code image. A library comes behind those that it needs; one that ``check`` refuses is left
    out.

    Raises:
        FormatError: the image is malformed.
        AbiMismatchError: it is not one of build_code_image().
    """
    result = _link(image, files, check)
    if check is None or not result.libraries:
        return result
    try:
        check(result.image.wasm)
    except FormatError:
        return _link_one_by_one(image, files, check)
    return result


def _link(image: CodeImage, files: Sequence[LibraryFile], check: Check | None) -> LinkedImage:
    linker = ImageLinker(image, check)
    for file in files:
        linker.add(file)
    return linker.finish()


def _link_one_by_one(image: CodeImage, files: Sequence[LibraryFile], check: Check) -> LinkedImage:
    """Leave out each library that makes the image one that ``check`` refuses."""
    good: list[LibraryFile] = []
    left_out: dict[str, str] = {}
    for file in files:
        result = _link(image, [*good, file], check)
        left_out.update(result.left_out)
        if file.name not in result.left_out:
            try:
                check(result.image.wasm)
            except FormatError as error:
                left_out[file.name] = f"it does not fit the main module: {error}"
            else:
                good.append(file)
    return replace(_link(image, good, check), left_out=left_out)


def link_libraries_at(
    image: CodeImage,
    files: Sequence[LibraryFile],
    *,
    table_size: int | None = None,
    check: Check | None = None,
    free_slots: Sequence[int] = (),
) -> LinkedImage:
    """Link libraries that a snapshot has loaded, in the order of loading, where it has them.

    Their data and the heap's end are in the snapshot: the initial memory stays as it is. Slots are given as
    Emscripten's JavaScript does, which has one table of symbols for all modules: a name that an earlier module defines
    gets none, and stands for the earlier definition where its address is taken. ``table_size`` is the snapshot's; what
    ``dlsym`` can find nevertheless gets its slots behind that. ``free_slots`` are those that were free below the
    libraries' when they were loaded: what needs a slot takes them first.

    Raises:
        FormatError, LinkError: a library cannot be linked there; it is named.
        AbiMismatchError: the image is not one of build_code_image().
    """
    linker = ImageLinker(image, check)
    linker.free_slots += free_slots
    for file in files:
        if file.place is None:
            raise LinkError(f"{file.name} has no given place")
        linker.add(file)
        if file.name in linker.left_out:
            raise LinkError(f"cannot link {file.name} where the snapshot has it: {linker.left_out[file.name]}")
    if table_size is not None:
        linker.extend_table(table_size)
    result = linker.finish(at=True)
    if check is not None:
        check(result.image.wasm)
    return result
