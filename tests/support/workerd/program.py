"""The real workerd, from its npm package, told to make and to load snapshots."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from runtime_core.build.cache import BuildCache, CacheKey, default_cache_root
from runtime_core.build.npm import fetch_package
from runtime_core.build.pins import DEFAULT_VERSION, MAIN_MODULE, STDLIB, UPSTREAMS, FilePin, PackagePin
from schemas.digest import Digest
from tests.support.workerd.bundle import FILE_NAME, PUBLISHED_INTEGRITY, integrity, make_bundle

_BINARY: Final = "bin/workerd"
WORKERD: Final = PackagePin(
    name="@cloudflare/workerd-linux-64",
    version="1.20260822.1",
    integrity="sha512-1sLNOrXVH+nbWJ8pnzDnMhyEim5nImhUcucyBQ80v6CG4qP1By6s/gk230OJRD8rxQa6qmuXndjBBEqf/+BaNA==",
    digest=Digest("83238c5cad33542dc6c3b7eb8399b3584ff9e770532453f54d850dc4df967eca"),
    members={
        _BINARY: FilePin(
            digest=Digest("b029be0156c91bc5cb5e6b80be25e52e4b32e803ee7b804863551edc43791d3d"), size=151_681_440
        )
    },
)
"""The program that made and loads the files of the tests."""

_GLUE: Final = "pyodide.asm.mjs"
_GLUE_PIN: Final = FilePin(
    digest=Digest("f86edbb66b925ae933ff32ecdcb738ebde2ba926b6be3e485401587de7be89ea"), size=1_249_757
)
_SECONDS: Final = 300.0
_CONFIG: Final = """using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (services = [(name = "main", worker = .worker)]);
const worker :Workerd.Worker = (
  modules = [
{modules}
  ],
  compatibilityDate = "{date}",
  compatibilityFlags = [{flags}],
);
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkerFiles:
    """A worker as workerd is configured with it. ``files`` maps names to contents, the main module first."""

    files: Mapping[str, bytes]
    flags: Sequence[str] = ()
    date: str = "2025-08-05"

    def write(self, directory: Path) -> Path:
        """Put the files and a configuration into a directory; returns the configuration's path."""
        modules = []
        for name, data in self.files.items():
            path = directory / "files" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            kind = "pythonModule" if name.endswith(".py") else "data"
            modules.append(f'    (name = "{name}", {kind} = embed "files/{name}"),')
        flags = ("python_workers", "python_workers_20260817", "python_no_global_handlers", *self.flags)
        config = directory / "config.capnp"
        config.write_text(
            _CONFIG.format(modules="\n".join(modules), date=self.date, flags=", ".join(f'"{flag}"' for flag in flags))
        )
        return config


@dataclass(frozen=True, kw_only=True, slots=True)
class Workerd:
    """The program and the directory with the bundle that it loads."""

    binary: Path
    bundles: Path

    def make_baseline(self, worker: WorkerFiles) -> bytes:
        """The baseline snapshot that the program writes when it starts this worker without dedicated snapshots."""
        return self._make(worker, ["--python-save-baseline-snapshot"])

    def make_dedicated(self, worker: WorkerFiles, baseline: bytes | None) -> bytes:
        """The dedicated snapshot of a worker, stacked on a baseline."""
        options = ["--python-save-snapshot"]
        dedicated = dataclasses.replace(worker, flags=(*worker.flags, "python_dedicated_snapshot"))
        return self._make(dedicated, options, baseline)

    def test(self, worker: WorkerFiles, snapshot: bytes | None = None) -> str:
        """Run the worker's ``test`` method, from a snapshot; returns what it printed.

        Raises:
            AssertionError: it failed; with what the program printed.
        """
        with tempfile.TemporaryDirectory() as name:
            return self._run(worker, Path(name), [], snapshot)

    def _make(self, worker: WorkerFiles, options: Sequence[str], load: bytes | None = None) -> bytes:
        with tempfile.TemporaryDirectory() as name:
            directory = Path(name)
            printed = self._run(worker, directory, options, load)
            made = directory / "snapshots" / "snapshot.bin"
            if not made.exists():
                raise AssertionError(f"workerd wrote no snapshot: {printed}")
            return made.read_bytes()

    def _run(self, worker: WorkerFiles, directory: Path, options: Sequence[str], load: bytes | None) -> str:
        config = worker.write(directory)
        snapshots = directory / "snapshots"
        snapshots.mkdir()
        command: list[str | Path] = [self.binary, "test", config, "--experimental", *options]
        command += [f"--pyodide-bundle-disk-cache-dir={self.bundles}", f"--python-snapshot-dir={snapshots}"]
        if load is not None:
            (snapshots / "given.bin").write_bytes(load)
            command.append("--python-load-snapshot=given.bin")
        done = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False, stdin=subprocess.DEVNULL)
        printed = (done.stdout + done.stderr).decode("utf-8", "replace")
        if done.returncode != 0:
            raise AssertionError(f"workerd ended with {done.returncode}: {printed[-4000:]}")
        return printed


@functools.cache
def workerd() -> Workerd:
    """The program, fetched and given a bundle once per machine.

    The program accepts one bundle only, by its digest; a copy of it gets the digest of the bundle made here.
    """
    cache = BuildCache(default_cache_root())
    package = UPSTREAMS[DEFAULT_VERSION].package
    upstream = fetch_package(cache, dataclasses.replace(package, members={**package.members, _GLUE: _GLUE_PIN})).files
    program = fetch_package(cache, WORKERD).files["workerd"]

    def build(work: Path) -> None:
        bundle = make_bundle(
            glue=upstream[_GLUE].path.read_text(),
            wasm=upstream[MAIN_MODULE].path.read_bytes(),
            stdlib=upstream[STDLIB].path.read_bytes(),
        )
        (work / FILE_NAME).write_bytes(bundle)
        (work / "workerd").write_bytes(
            program.path.read_bytes().replace(PUBLISHED_INTEGRITY.encode(), integrity(bundle).encode())
        )

    here = Path(__file__).parent
    recipe = Digest.of(b"".join((here / name).read_bytes() for name in ("emscripten_setup.mjs", "bundle.py")))
    entry = cache.get_or_build(CacheKey.of("test-workerd", recipe=recipe, program=program.digest), build)
    # Entries of the cache are plain files; a program must be executable, and workerd writes beside its bundles.
    directory = cache.root / "test-workerd" / recipe.hex[:16]
    if not (directory / "workerd").exists():
        directory.parent.mkdir(exist_ok=True)
        made = Path(tempfile.mkdtemp(dir=directory.parent))
        for file in entry.files.values():
            shutil.copyfile(file.path, made / file.path.name)
        (made / "workerd").chmod(0o700)
        with contextlib.suppress(OSError):  # another process was first
            made.rename(directory)
    return Workerd(binary=directory / "workerd", bundles=directory)
