"""Build a release into a directory, ``python -m runtime_core.build --output DIR``; or resolve packages for one,
``python -m runtime_core.build lock --output LOCK REQUIREMENT...``; or build a package set,
``python -m runtime_core.build packages --output FILE LOCK``; or check that a release can be built again,
``python -m runtime_core.build rebuild DIR``.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from runtime_core.build.cache import BuildCache, default_cache_root
from runtime_core.build.packages_command import (
    lock_parser,
    lock_text,
    package_options,
    packages_parser,
    packages_text,
    run_lock,
    run_packages,
    selected_lock,
)
from runtime_core.build.pins import DEFAULT_VERSION, UPSTREAMS
from runtime_core.build.progress import timeline_of
from runtime_core.build.rebuild_command import rebuild_parser, rebuild_text, run_rebuild
from schemas.error_text import error_lines
from schemas.errors import AbiMismatchError, ConfigError, PlatformError
from schemas.exit_codes import ExitCode, exit_code_of

if TYPE_CHECKING:
    from runtime_core.packages.bundle import WorkerBundle
    from schemas.package_lock import PackageLockFile

_COMMANDS: Final = {
    "lock": (lock_parser, run_lock, lock_text),
    "packages": (packages_parser, run_packages, packages_text),
    "rebuild": (rebuild_parser, run_rebuild, rebuild_text),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns one of :class:`schemas.exit_codes.ExitCode`."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    parser, run, text = _COMMANDS.get(given[0] if given else "", (_build_parser, _build, _build_text))
    named = given[:1] if run is not _build else []
    made = parser()
    _common(made)
    options = made.parse_args(given[len(named) :])
    try:
        result = run(options)
    except PlatformError as error:
        if options.json:
            print(json.dumps({"error": error.to_json()}))
        else:
            print(*error_lines(error), sep="\n", file=sys.stderr)
        return int(exit_code_of(error))
    print(json.dumps(result) if options.json else text(result, options))
    return int(ExitCode.OK if result.get("ok", True) else ExitCode.INTEGRITY)


def _common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--pyodide", help=f"one of {', '.join(sorted(UPSTREAMS))} (default: {DEFAULT_VERSION})")
    parser.add_argument("--work", type=Path, help="build cache (default: RUNTIME_CORE_BUILD_CACHE or the user's cache)")
    parser.add_argument("--quiet", action="store_true", help="show no progress")
    parser.add_argument("--json", action="store_true", help="print what came of it as JSON on stdout")


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m runtime_core.build",
        description="Build a release of Pyodide: code image, snapshot and manifest.",
        epilog="Next: artifactctl release publish DIR --channel stable",
    )
    parser.add_argument("--output", type=Path, required=True, help="directory for the manifest and the artifacts")
    parser.add_argument("--from", dest="source", type=Path, help="local npm tarball or unpacked package")
    parser.add_argument("--on", type=Path, metavar="DIR", help="build on the release in this directory")
    parser.add_argument("--release-id", help="write-once name (default: version and snapshot digest)")
    parser.add_argument("--packages", type=Path, metavar="LOCK", help="package lock, from the command lock")
    package_options(parser)
    parser.add_argument(
        "--import",
        dest="imports",
        action="append",
        default=[],
        metavar="MODULE",
        help="import a module before the capture; may be repeated",
    )
    parser.add_argument(
        "--no-link", dest="link", action="store_false", help="leave the packages' native libraries to dlopen"
    )
    parser.add_argument(
        "--delta-base",
        dest="delta_bases",
        action="append",
        default=[],
        type=Path,
        metavar="DIR",
        help="a release that nodes may have, to travel as a delta of; may be repeated",
    )
    parser.add_argument("--worker", type=Path, metavar="PATH", help="a worker's directory, or its only file")
    parser.add_argument("--main", metavar="FILE", help="main module in the worker's directory (default: worker.py)")
    parser.add_argument(
        "--host-module",
        dest="modules",
        action="append",
        default=[],
        metavar="NAME:MEMBER,...",
        help="a host module that the worker imports at its top level; may be repeated",
    )
    return parser


def _build(options: argparse.Namespace) -> Mapping[str, object]:
    # Here, because it imports the engine: a machine without the extra gets a message instead of a traceback.
    from runtime_core.build.release import ReleaseOptions, build_release, build_release_on
    from runtime_core.release import LocalRelease

    timeline = timeline_of(options)
    made = ReleaseOptions(
        release_id=options.release_id,
        source=options.source,
        lock=_read_lock(options),
        archives=options.archives,
        link=options.link,
        imports=tuple(options.imports),
        worker=_read_worker(options.worker, options.main),
        modules=dict(_host_module(text) for text in options.modules),
        delta_bases=tuple(LocalRelease.open(path) for path in options.delta_bases),
    )
    cache = BuildCache(options.work or default_cache_root())
    if options.on is None:
        version = options.pyodide or DEFAULT_VERSION
        built = build_release(version, options.output, cache=cache, timeline=timeline, options=made)
    else:
        base = LocalRelease.open(options.on)
        if options.pyodide not in (None, base.manifest.release.pyodide):
            raise AbiMismatchError(
                "the base is for another Pyodide", expected=options.pyodide, found=base.manifest.release.pyodide
            )
        built = build_release_on(base, options.output, cache=cache, timeline=timeline, options=made)
    return {
        "release_id": built.manifest.release_id,
        "digest": str(built.manifest_digest),
        "directory": str(built.directory),
        "timeline": timeline.as_json(),
    }


def _build_text(result: Mapping[str, object], options: argparse.Namespace) -> str:
    del options
    return f"{result['release_id']} {result['digest']} in {result['directory']}"


def _read_lock(options: argparse.Namespace) -> PackageLockFile | None:
    if options.packages is not None:
        return selected_lock(options.packages, options.names)
    if options.names or options.archives is not None:
        raise ConfigError("there is no package lock that packages could be of", hint="give --packages LOCK")
    return None


def _read_worker(path: Path | None, main: str | None) -> WorkerBundle | None:
    if path is None:
        if main is not None:
            raise ConfigError("there is no worker that a main module could be of", hint="give --worker DIR")
        return None
    from runtime_core.packages.bundle import WorkerBundle

    if path.is_dir():
        return WorkerBundle.of_directory(path, main or "worker.py")
    if main not in (None, path.name):
        raise ConfigError("a worker of one file has that as its main module", expected=path.name, found=main)
    return WorkerBundle.of_file(path)


def _host_module(text: str) -> tuple[str, tuple[str, ...]]:
    name, colon, members = text.partition(":")
    if not name or not colon:
        raise ConfigError("not a host module", expected="NAME:MEMBER,...", found=text[:80])
    return name, tuple(member for member in members.split(",") if member)


if __name__ == "__main__":
    sys.exit(main())
