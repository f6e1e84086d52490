"""Translate Pyodide's exception handling to the form that wasmtime runs.

Pyodide is compiled with the legacy exception instructions (``try``/``catch``/``rethrow``), which wasmtime refuses.
binaryen rewrites them to the standard ones (``try_table``, ``exnref``) and leaves memory, table and exports as they
were.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from runtime_core.build.cache import BuildCache, CachedFile, CacheKey
from runtime_core.build.npm import PackageFiles, fetch_package
from runtime_core.build.pins import BINARYEN, FilePin
from runtime_core.build.tools import find_node, run_tool
from schemas.digest import Digest
from schemas.errors import DigestMismatchError, FormatError, HostError, MissingToolError

# The two disabled proposals would change how types are encoded in ways that wasmtime does not read.
FLAGS: Final = ("--all-features", "--disable-compact-imports", "--disable-custom-descriptors", "--translate-to-exnref")
_OUTPUT: Final = "translated.wasm"
# The optimiser recurses over the whole module; node's default of about 1 MB of stack is not enough.
_NODE_FLAGS: Final = ("--stack-size=8000",)
# What binaryen says of input that is no valid module; everything else is its own failure.
_PARSE_ERROR: Final = re.compile(r"\[parse exception: (.*?)\]\nFatal: error parsing wasm", re.DOTALL)
_TIMEOUT: Final = 600.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Translation:
    """A translated module and how it was made. ``tool`` and ``flags`` belong in a release's provenance."""

    module: CachedFile
    source: Digest
    tool: str
    flags: tuple[str, ...]
    cached: bool
    seconds: float


def fetch_binaryen(cache: BuildCache) -> PackageFiles:
    """Get the pinned binaryen; see :func:`runtime_core.build.npm.fetch_package` for what it raises."""
    return fetch_package(cache, BINARYEN)


def translate_exceptions(cache: BuildCache, module: CachedFile, *, expected: FilePin | None = None) -> Translation:
    """Translate a module, or take the translation from the cache. binaryen is fetched only if it is needed.

    ``expected`` is what the result must be; a release build always gives it.

    Raises:
        MissingToolError: there is no node.
        ArtifactError: binaryen could not be fetched.
        HostError: the tool crashed or took too long.
        DigestMismatchError: the result is not the expected one; nothing is kept.
    """

    def build(work: Path) -> None:
        target = work / _OUTPUT
        _run(cache, module.path, target)
        _check(target, expected)

    key = CacheKey.of("translation", module=module.digest, tool=BINARYEN.digest, flags=" ".join(FLAGS))
    entry = cache.get_or_build(key, build)
    result = entry.files[_OUTPUT]
    if expected is not None and result.digest != expected.digest:
        raise _other_result(expected, result.digest)
    return Translation(
        module=result,
        source=module.digest,
        tool=BINARYEN.spec,
        flags=FLAGS,
        cached=entry.cached,
        seconds=entry.seconds,
    )


def translate_library(cache: BuildCache, library: bytes) -> bytes:
    """Translate a side module, or take the translation from the cache.

    Raises:
        FormatError, MissingToolError, ArtifactError, HostError: as for :func:`library_translation`.
    """
    return library_translation(cache, library).module.path.read_bytes()


def library_translation(cache: BuildCache, library: bytes) -> Translation:
    """As :func:`translate_library`, with how it came about.

    Raises:
        FormatError: its code is malformed.
        MissingToolError, ArtifactError, HostError: as for :func:`translate_exceptions`.
    """
    digest = Digest.of(library)

    def build(work: Path) -> None:
        source, target = work / "library.so", work / _OUTPUT
        source.write_bytes(library)
        try:
            _run(cache, source, target)
        except MissingToolError:
            raise
        except HostError as error:
            found = _PARSE_ERROR.search(error.message)
            if found is None:
                raise
            raise FormatError("malformed code", found=found[1][:200]) from error
        source.unlink()
        _check(target, None)

    key = CacheKey.of("translation", module=digest, tool=BINARYEN.digest, flags=" ".join(FLAGS))
    entry = cache.get_or_build(key, build)
    return Translation(
        module=entry.files[_OUTPUT],
        source=digest,
        tool=BINARYEN.spec,
        flags=FLAGS,
        cached=entry.cached,
        seconds=entry.seconds,
    )


def _run(cache: BuildCache, source: Path, target: Path) -> None:
    wasm_opt = fetch_binaryen(cache).files["wasm-opt"].path
    run_tool(
        [find_node().node, *_NODE_FLAGS, wasm_opt, *FLAGS, source, "-o", target],
        what="translate exception handling",
        timeout=_TIMEOUT,
        cwd=target.parent,
    )


def _check(target: Path, expected: FilePin | None) -> None:
    try:
        found = Digest.of(target.read_bytes())
    except FileNotFoundError as error:
        raise HostError(f"{BINARYEN.spec} reported success but left no result", hint="try again") from error
    if expected is not None and found != expected.digest:
        raise _other_result(expected, found)


def _other_result(expected: FilePin, found: Digest) -> DigestMismatchError:
    return DigestMismatchError(
        f"{BINARYEN.spec} made another module than it must",
        expected=expected.digest,
        found=found,
        hint="the build is not reproducible with this node: use the one of the build extra",
    )
