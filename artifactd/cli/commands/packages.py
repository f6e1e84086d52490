"""``packages``: package sets for releases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from artifactd.cli.building import PackageOptions, build_packages, lock_packages
from artifactd.cli.context import Context
from artifactd.cli.output import CommandResult, size_text
from artifactd.cli.package_listing import describe_lock, describe_set
from artifactd.cli.parsing import Parser, Subparsers, add_command, add_group
from artifactd.client.release_directory import ARTIFACTS_NAME, ReleaseDirectory
from artifactd.client.sources import FileSource
from schemas.errors import ConfigError, FormatError
from schemas.package_lock import decode_lock
from schemas.python_packages import decode_packages
from schemas.release import Role

_NEEDS_BUILD = "It needs the extra packages of `pip install 'artifactd[build]'`."


def register(parsers: Subparsers) -> None:
    """Add the commands."""
    group = add_group(parsers, "packages", summary="resolve, build and inspect the packages that a release carries")
    _register_lock(group)
    _register_build(group)
    show = add_command(
        group,
        "show",
        run_show,
        summary="show what a lock, a package set or a built release has",
        examples="""\
  artifactctl packages show packages.json                    a lock, also a pyodide-lock.json
  artifactctl packages show packages.bin --files             a package set, with every file
  artifactctl packages show build/release --json             the package set of a built release""",
        connects=False,
    )
    show.add_argument("path", type=Path, metavar="LOCK|SET|DIR", help="what to show")
    show.add_argument("--files", action="store_true", help="list every file of a package set")
    push = add_command(
        group,
        "push",
        run_push,
        summary="upload a built package set, checked first; publishing a release with it sends it no more",
        examples="""\
  artifactctl packages push packages.bin
  artifactctl packages push packages.bin --json | jq -r .name""",
    )
    push.add_argument("file", type=Path, metavar="SET", help="what packages build wrote")


def _register_lock(group: Subparsers) -> None:
    lock = add_command(
        group,
        "lock",
        run_lock,
        summary="resolve requirements for the guest's platform into a lock with hashes",
        examples=f"""\
  artifactctl packages lock pydantic 'fastapi>=0.100' --output packages.json
  artifactctl packages lock -r requirements.txt --output packages.json
  artifactctl release build --packages packages.json --output build/release

{_NEEDS_BUILD}""",
        connects=False,
    )
    lock.add_argument("requirements", nargs="*", metavar="REQUIREMENT", help="a package of the index, name==version")
    lock.add_argument("-r", "--requirements-file", type=Path, action="append", default=[], metavar="FILE")
    lock.add_argument("--output", required=True, type=Path, metavar="LOCK", help="file to write")
    _add_common(lock)


def _register_build(group: Subparsers) -> None:
    build = add_command(
        group,
        "build",
        run_build,
        summary="make the package set of a lock: download, check, unpack, translate",
        examples=f"""\
  artifactctl packages build packages.json --output packages.bin
  artifactctl packages build packages.json --output packages.bin --tar packages.tar
  artifactctl packages build pyodide-lock.json --archives dist/ --package numpy --output numpy.bin

A release build does the same by itself. {_NEEDS_BUILD}""",
        connects=False,
    )
    build.add_argument("lock", type=Path, metavar="LOCK", help="package lock, or a pyodide-lock.json")
    build.add_argument("--output", required=True, type=Path, metavar="FILE", help="package set to write")
    build.add_argument("--tar", type=Path, metavar="FILE", help="write its files as a tar archive, too")
    build.add_argument("--archives", type=Path, metavar="DIR", help="take files from there before asking the index")
    build.add_argument(
        "--package", dest="names", action="append", default=[], metavar="NAME", help="only this and what it needs"
    )
    _add_common(build)


def _add_common(parser: Parser) -> None:
    parser.add_argument("--pyodide", metavar="VERSION", help="Pyodide version (default: the reference version)")
    parser.add_argument("--work", type=Path, metavar="DIR", help="build cache (or RUNTIME_CORE_BUILD_CACHE)")


def run_lock(context: Context) -> CommandResult:
    """Resolve and lock."""
    options = context.options
    locked = lock_packages(
        options.requirements,
        files=options.requirements_file,
        pyodide=options.pyodide,
        output=options.output,
        work=options.work,
        quiet=options.quiet,
    )
    lines = [f"{name}=={version}" for name, version in locked["packages"].items()]
    lines.append(f"next: artifactctl release build --packages {options.output} --output DIR")
    return CommandResult(value=locked, lines=lines)


def run_build(context: Context) -> CommandResult:
    """Build a package set."""
    options = context.options
    built = build_packages(
        PackageOptions(
            lock=options.lock,
            output=options.output,
            tar=options.tar,
            archives=options.archives,
            names=options.names,
            pyodide=options.pyodide,
            work=options.work,
            quiet=options.quiet,
        )
    )
    lines = [
        *(f"{name}=={version}" for name, version in built["packages"].items()),
        *(f"native library {path}" for path in built["libraries"]),
        f"{options.output}  {size_text(built['size'])}  {built['digest']}",
        f"next: artifactctl packages push {options.output}",
    ]
    return CommandResult(value=built, lines=lines)


def run_show(context: Context) -> CommandResult:
    """Show a lock, a package set, or that of a release's directory."""
    path: Path = context.options.path
    data = _read(_set_of_release(path) if path.is_dir() else path)
    if _is_lock(data):
        return describe_lock(decode_lock(data))
    with _set_in(path):
        return describe_set(data, with_files=context.options.files)


def run_push(context: Context) -> CommandResult:
    """Upload a package set that is one."""
    path: Path = context.options.file
    with context.reporter.activity("checking"):
        data = _read(path)
        if _is_lock(data):
            raise FormatError(
                f"{path} is a package lock", expected="a package set", hint=f"artifactctl packages build {path}"
            )
        with _set_in(path):
            count = len(decode_packages(data))
        source = FileSource(path)
    with context.reporter.transfer("uploading", source.ref.size) as advance:
        sent = context.blobs.upload_all([source], progress=lambda ref, done: advance(ref.digest.hex, done))
    value: dict[str, Any] = {
        "file": str(path),
        "digest": str(source.ref.digest),
        "size": source.ref.size,
        "name": str(source.ref),
        "files": count,
        "uploaded": source.ref in sent,
    }
    there = "" if source.ref in sent else "  (was there)"
    return CommandResult(value=value, lines=[f"{source.ref}  {path}, {count} files{there}"])


def _is_lock(data: bytes) -> bool:
    return data[:64].lstrip()[:1] == b"{"


@contextmanager
def _set_in(path: Path) -> Iterator[None]:
    """Say of which file it is that it holds no package set."""
    try:
        yield
    except FormatError as error:
        raise FormatError(
            f"{path} is no package set: {error.message}",
            expected=error.expected,
            found=error.found,
            hint="packages build writes package sets",
        ) from error


def _set_of_release(directory: Path) -> Path:
    manifest = ReleaseDirectory.open(directory).manifest
    for artifact in manifest.artifacts:
        if artifact.role is Role.PACKAGES:
            return directory / ARTIFACTS_NAME / artifact.digest.hex
    raise ConfigError(
        f"the release in {directory} has no packages", hint="artifactctl release build --packages LOCK --output DIR"
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror or error}") from error
