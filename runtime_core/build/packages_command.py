"""The commands ``lock`` and ``packages`` of ``python -m runtime_core.build``: from requirements to a package set."""

from __future__ import annotations

import argparse
import errno
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from runtime_core.build.cache import BuildCache, default_cache_root
from runtime_core.build.pins import DEFAULT_VERSION
from runtime_core.build.progress import timeline_of
from schemas.errors import ConfigError
from schemas.package_lock import PackageLockFile, decode_lock, encode_lock


def read_lock(path: Path) -> PackageLockFile:
    """A lock of ours, or a pyodide-lock.json.

    Raises:
        ConfigError: it cannot be read.
        FormatError: it is no lock.
    """
    try:
        return decode_lock(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"cannot read the package lock {path}: {error.strerror or error}") from error


def lock_parser() -> argparse.ArgumentParser:
    """The parser of ``lock``, without the options that all commands have."""
    parser = argparse.ArgumentParser(
        prog="python -m runtime_core.build lock",
        description="Resolve requirements for the guest's platform with pip, and write a lock with hashes.",
        epilog="Next: python -m runtime_core.build --packages LOCK --output DIR",
    )
    parser.add_argument("requirements", nargs="*", help="a package, such as pydantic or 'fastapi>=0.100'")
    parser.add_argument("-r", "--requirements-file", type=Path, action="append", default=[], metavar="FILE")
    parser.add_argument("--output", type=Path, required=True, help="the lock to write")
    return parser


def run_lock(options: argparse.Namespace) -> Mapping[str, object]:
    """Resolve and write."""
    from runtime_core.build.lock import lock_requirements, read_requirements

    given = [*options.requirements]
    for path in options.requirements_file:
        given += read_requirements(path)
    timeline = timeline_of(options)
    cache = BuildCache(options.work or default_cache_root())
    lock = lock_requirements(given, version=options.pyodide or DEFAULT_VERSION, cache=cache, timeline=timeline)
    _write({options.output: encode_lock(lock)})
    names = {package.name: package.version for package in lock.packages}
    return {"lock": str(options.output), "packages": names, "timeline": timeline.as_json()}


def lock_text(result: Mapping[str, object], options: argparse.Namespace) -> str:
    """What ``lock`` says when it is done."""
    packages = result["packages"]
    return f"{len(packages) if isinstance(packages, dict) else 0} packages locked in {options.output}"


def packages_parser() -> argparse.ArgumentParser:
    """The parser of ``packages``."""
    parser = argparse.ArgumentParser(
        prog="python -m runtime_core.build packages",
        description="Build the package set of a lock: download, check, unpack, translate.",
        epilog="A release build does the same; this shows and keeps the result by itself.",
    )
    parser.add_argument("lock", type=Path, help="package lock, or a pyodide-lock.json")
    parser.add_argument("--output", type=Path, required=True, help="the package set to write")
    parser.add_argument("--tar", type=Path, help="write its files as a tar archive, too")
    package_options(parser)
    return parser


def package_options(parser: argparse.ArgumentParser) -> None:
    """Add what says which packages of a lock are meant, and where their files are."""
    parser.add_argument("--archives", type=Path, metavar="DIR", help="take files from there before asking the index")
    parser.add_argument(
        "--package", dest="names", action="append", default=[], metavar="NAME", help="only this and what it needs"
    )


def selected_lock(path: Path, names: Sequence[str]) -> PackageLockFile:
    """The packages of a lock that are meant.

    Raises:
        ConfigError: it cannot be read, or has no such package.
        FormatError: it is no lock.
        ArtifactError: it lacks a dependency of one.
    """
    from runtime_core.build.package_set import select_packages

    return select_packages(read_lock(path), names)


def run_packages(options: argparse.Namespace) -> Mapping[str, object]:
    """Build a package set and write it."""
    from runtime_core.build.package_set import build_package_set
    from runtime_core.packages.archives import tar_archive
    from runtime_core.wasm.abi import abi_profile
    from schemas.python_packages import decode_packages

    lock = selected_lock(options.lock, options.names)
    timeline = timeline_of(options)
    with timeline.step("build the package set") as step:
        built = build_package_set(
            BuildCache(options.work or default_cache_root()),
            lock,
            profile=abi_profile(options.pyodide or DEFAULT_VERSION),
            timeline=timeline,
            archives=options.archives,
        )
        count = f"{len(lock.packages)} packages, {len(built.libraries)} native libraries"
        step.note(size=built.file.size, digest=built.file.digest, cached=built.cached, detail=count)
    data = built.file.path.read_bytes()
    written = {options.output: data}
    if options.tar is not None:
        written[options.tar] = tar_archive(decode_packages(data))
    _write(written)
    return {
        "file": str(options.output),
        "digest": str(built.file.digest),
        "size": built.file.size,
        "packages": {package.name: package.version for package in lock.packages},
        "libraries": list(built.libraries),
        "cached": built.cached,
        "timeline": timeline.as_json(),
    }


def packages_text(result: Mapping[str, object], options: argparse.Namespace) -> str:
    """What ``packages`` says when it is done."""
    return f"{result['digest']} in {options.output}"


def _write(contents: Mapping[Path, bytes]) -> None:
    """Write all of some files or none: whoever reads one meanwhile sees the old one or the new one."""
    temporary: dict[Path, Path] = {}
    try:
        for path, data in contents.items():
            with _naming(path):
                descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:100]}.")
                temporary[path] = Path(name)
                with os.fdopen(descriptor, "wb") as file:
                    file.write(data)
                temporary[path].chmod(0o644)
                if path.is_dir():
                    raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        for path in contents:
            with _naming(path):
                temporary[path].replace(path)
    finally:
        for path in temporary.values():
            path.unlink(missing_ok=True)


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror or error}") from error
