"""``runtime-core snapshot``: files that are exchanged with workerd."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from schemas.errors import ConfigError
from schemas.exit_codes import ExitCode

if TYPE_CHECKING:
    from runtime_core.packages.bundle import WorkerBundle
    from schemas.snapshot_codec import Snapshot

_DEFAULT_MAIN = "worker.py"


def add_snapshot_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its parts."""
    snapshot = commands.add_parser("snapshot", help="exchange snapshot files with workerd")
    parts = snapshot.add_subparsers(required=True, metavar="COMMAND")
    _add_export(parts)
    _add_import(parts)


def _add_export(parts: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    export = parts.add_parser(
        "export",
        help="write a snapshot file that workerd starts from",
        description=(
            "Write the baseline, or with --worker the dedicated snapshot of a worker whose top level has run. The "
            "file is the one that workerd itself would write for a baseline, byte for byte."
        ),
        epilog="workerd starts from it with --experimental --python-snapshot-dir DIR --python-load-snapshot NAME",
    )
    export.add_argument("--workerd", type=Path, required=True, metavar="FILE", help="workerd's program (npm: workerd)")
    export.add_argument("--output", type=Path, required=True, metavar="FILE", help="the snapshot file to write")
    export.add_argument("--pyodide", metavar="VERSION", help="the Pyodide version (default: the one of new releases)")
    export.add_argument("--worker", type=Path, metavar="PATH", help="the worker's directory, or its only file")
    export.add_argument("--main", metavar="FILE", help=f"its main module (default: {_DEFAULT_MAIN})")
    export.add_argument("--on", type=Path, metavar="FILE", help="a baseline file to stack a worker's snapshot on")
    export.add_argument(
        "--flag",
        dest="flags",
        action="append",
        default=[],
        metavar="NAME",
        help="a compatibility flag to turn on beside those of the published baseline; may be repeated",
    )
    export.add_argument("--work", type=Path, metavar="DIR", help="build cache (default: the user's cache)")
    export.add_argument("--json", action="store_true", help="print one JSON document on stdout")
    export.set_defaults(command=_export)


def _export(options: argparse.Namespace) -> int:
    # Here, because it needs what only a build needs.
    from runtime_core.build.cache import BuildCache, default_cache_root
    from runtime_core.build.pins import DEFAULT_VERSION
    from runtime_core.build.progress import Timeline
    from runtime_core.build.workerd import export_snapshot
    from runtime_core.workerd.flags import BASELINE_FLAGS

    timeline, worker = Timeline(), _worker(options.worker, options.main)
    written = export_snapshot(
        options.pyodide or DEFAULT_VERSION,
        options.output,
        program=options.workerd,
        cache=BuildCache(options.work or default_cache_root()),
        timeline=timeline,
        flags=BASELINE_FLAGS | frozenset(options.flags),
        worker=worker,
        baseline=_baseline(options.on, worker),
    )
    if options.json:
        document = {
            "type": written.kind.value,
            "digest": str(written.digest),
            "size": written.size,
            "output": str(options.output),
            "timeline": timeline.as_json(),
        }
        print(json.dumps(document))
    else:
        print(f"{written.kind.value} snapshot {written.digest} in {options.output}")
    return int(ExitCode.OK)


def _add_import(parts: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    take = parts.add_parser(
        "import",
        help="make a release of a snapshot file that workerd wrote",
        description="Replay a snapshot of workerd's once, and make a release of it that is served like any other.",
        epilog="Next: runtime-core run --release DIR FILE, or artifactctl release publish DIR --channel stable",
    )
    take.add_argument("file", type=Path, help="the snapshot file, as workerd's --python-save-snapshot writes it")
    take.add_argument(
        "--release", type=Path, required=True, metavar="DIR", help="a release of the same Pyodide, without libraries"
    )
    take.add_argument("--output", type=Path, required=True, metavar="DIR", help="for the manifest and the artifacts")
    take.add_argument("--worker", type=Path, metavar="PATH", help="the worker's directory, or its only file")
    take.add_argument("--main", metavar="FILE", help=f"its main module (default: {_DEFAULT_MAIN})")
    take.add_argument("--release-id", help="write-once name (default: version and snapshot digest)")
    take.add_argument("--publish", metavar="HOST:PORT", help="then publish it at this service")
    take.add_argument("--work", type=Path, metavar="DIR", help="build cache (default: the user's cache)")
    take.add_argument("--json", action="store_true", help="print one JSON document on stdout")
    take.set_defaults(command=_import)


def _import(options: argparse.Namespace) -> int:
    # Here, because it needs what only a build needs.
    from runtime_core.build.cache import BuildCache, default_cache_root
    from runtime_core.build.progress import Timeline
    from runtime_core.build.workerd_import import import_snapshot
    from runtime_core.release import LocalRelease

    timeline = Timeline()
    built = import_snapshot(
        _read(options.file, "snapshot"),
        LocalRelease.open(options.release),
        options.output,
        cache=BuildCache(options.work or default_cache_root()),
        timeline=timeline,
        worker=_worker(options.worker, options.main),
        release_id=options.release_id,
    )
    if options.publish is not None:
        with timeline.step("publish the release"):
            _publish(options.output, options.publish)
    if options.json:
        document = {
            "release_id": built.manifest.release_id,
            "digest": str(built.manifest_digest),
            "directory": str(built.directory),
            "type": built.manifest.abi.snapshot_type.value,
            "published": options.publish is not None,
            "timeline": timeline.as_json(),
        }
        print(json.dumps(document))
    else:
        print(f"{built.manifest.release_id} {built.manifest_digest} in {built.directory}")
    return int(ExitCode.OK)


def _publish(directory: Path, address: str) -> None:
    from artifactd.client import BlobClient, Connection, ReleaseClient, ReleaseDirectory

    with Connection(address) as connection:
        ReleaseDirectory.open(directory).publish(BlobClient(connection), ReleaseClient(connection))


def _baseline(path: Path | None, worker: WorkerBundle | None) -> Snapshot | None:
    from runtime_core.workerd.checks import read_snapshot

    if path is None:
        return None
    if worker is None:
        raise ConfigError("there is no worker to stack on the baseline", hint="give --worker PATH")
    return read_snapshot(_read(path, "baseline"))


def _read(path: Path, what: str) -> bytes:
    """A snapshot file; no more of it than shows that it is too large."""
    from runtime_core.workerd.checks import MAX_FILE_BYTES

    try:
        with path.open("rb") as file:
            return file.read(min(path.stat().st_size, MAX_FILE_BYTES + 1))
    except OSError as error:
        raise ConfigError(f"cannot read the {what} {path}: {error.strerror or error}") from error


def _worker(path: Path | None, main: str | None) -> WorkerBundle | None:
    from runtime_core.packages.bundle import WorkerBundle

    if path is None:
        if main is not None:
            raise ConfigError("there is no worker that a main module could be of", hint="give --worker PATH")
        return None
    if path.is_dir():
        return WorkerBundle.of_directory(path, main or _DEFAULT_MAIN)
    if main not in (None, path.name):
        raise ConfigError("a worker of one file has that as its main module", expected=path.name, found=main)
    return WorkerBundle.of_file(path)
