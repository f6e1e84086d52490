"""Snapshot files of the real workerd, made once per machine."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final
from zipfile import ZipFile

from runtime_core.build.cache import BuildCache, CacheKey, default_cache_root
from schemas.digest import Digest
from tests.support.wheels import wheel_file
from tests.support.workerd.program import WORKERD, WorkerFiles, workerd

BASELINE_WORKER: Final = WorkerFiles(
    files={
        "worker.py": b"""from workers import WorkerEntrypoint
class Default(WorkerEntrypoint):
    def test(self):
        pass
"""
    }
)
"""Flags and date are those that Cloudflare makes its baselines with; of the files nothing is in a baseline."""

DEDICATED_WORKER: Final = WorkerFiles(
    files={
        "worker.py": b"""import json
from js import JSON, Object
import helper
from workers import Response, WorkerEntrypoint, import_from_javascript

sockets = import_from_javascript("cloudflare:sockets")
connect = sockets.connect
assign = Object.assign
loads = []
loads.append("top level")

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response(json.dumps({"value": helper.double(21), "loads": loads}), headers={"x-made": "here"})

    async def test(self):
        response = await self.fetch(None)
        assert await response.text() == '{"value": 42, "loads": ["top level"]}'
""",
        "helper.py": b"def double(value):\n    return 2 * value\n",
        "data/note.txt": "caf\N{LATIN SMALL LETTER E WITH ACUTE}\n".encode(),
    }
)
"""A worker with state, a module of its own and JavaScript objects at its top level."""

_NATIVE_MAIN: Final = b"""from _cloudflare.allow_entropy import allow_bad_entropy_calls
from workers import Response, WorkerEntrypoint

with allow_bad_entropy_calls(2):  # hash seeds of the library
    from pydantic_core import SchemaValidator, ValidationError, core_schema
    field = core_schema.typed_dict_field(core_schema.int_schema())
    validator = SchemaValidator(core_schema.typed_dict_schema({"a": field}))

def check(value):
    try:
        return validator.validate_python(value)
    except ValidationError as error:
        return [error.error_count(), error.errors()[0]["type"]]

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response(str([check({"a": "12"}), check({"a": "x"})]))

    async def test(self):
        response = await self.fetch(None)
        assert await response.text() == "[{'a': 12}, [1, 'int_parsing']]"
"""

_SEVERAL_MAIN: Final = b"""import charset_normalizer, charset_normalizer.cd, charset_normalizer.md
import msgpack, msgpack._cmsgpack
from workers import Response, WorkerEntrypoint

packer = msgpack.Packer()
data = {"a": [1, 2.5, None]}

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        text = bytes([194, 241, 229, 234, 232, 32, 247, 238, 226, 229, 234, 32, 232, 236, 224]).decode("cp1251")
        best = charset_normalizer.from_bytes(text.encode("cp1251")).best()
        return Response(str([msgpack.unpackb(packer.pack(data)) == data, best is not None]))

    async def test(self):
        response = await self.fetch(None)
        assert await response.text() == "[True, True]"
"""


def baseline() -> bytes:
    """The published baseline, as the program writes it."""
    return _made("baseline", BASELINE_WORKER, lambda: workerd().make_baseline(BASELINE_WORKER))


def dedicated() -> bytes:
    """The dedicated snapshot of :data:`DEDICATED_WORKER`, stacked on the baseline."""
    return _made("dedicated", DEDICATED_WORKER, lambda: workerd().make_dedicated(DEDICATED_WORKER, baseline()))


def dedicated_native() -> bytes:
    """The dedicated snapshot of :func:`native_worker`, stacked on a baseline with the same flags."""
    worker = native_worker()
    plain = dataclasses.replace(BASELINE_WORKER, flags=worker.flags)
    return _made("dedicated-native", worker, lambda: workerd().make_dedicated(worker, workerd().make_baseline(plain)))


def native_worker() -> WorkerFiles:
    """A worker that uses pydantic_core at its top level, vendored as workers vendor packages."""
    # With this flag workerd leaves patches for packages to the packages; its own do not know this version.
    return WorkerFiles(
        files={"worker.py": _NATIVE_MAIN, **_vendored("pydantic-core"), **_vendored("typing-extensions")},
        flags=("python_process_pth_files",),
    )


def dedicated_several() -> bytes:
    """The dedicated snapshot of :func:`several_worker`, stacked on the baseline."""
    worker = several_worker()
    return _made("dedicated-several", worker, lambda: workerd().make_dedicated(worker, baseline()))


def several_worker() -> WorkerFiles:
    """A worker with three native libraries of two packages."""
    vendored = {**_vendored("charset-normalizer"), **_vendored("msgpack")}
    return WorkerFiles(files={"worker.py": _SEVERAL_MAIN, **vendored})


def _vendored(project: str) -> Mapping[str, bytes]:
    with ZipFile(wheel_file(project)) as archive:
        names = [name for name in archive.namelist() if name.endswith((".py", ".so"))]
        return {f"python_modules/{name}": archive.read(name) for name in names}


def _made(name: str, worker: WorkerFiles, make: Callable[[], bytes]) -> bytes:
    def build(work: Path) -> None:
        (work / "snapshot.bin").write_bytes(make())

    inputs = {f"file {path}": Digest.of(data) for path, data in worker.files.items()}
    recipe = CacheKey.of(name, flags=worker.flags, date=worker.date, **inputs).name
    key = CacheKey.of("test-workerd-file", recipe=recipe, program=WORKERD.digest)
    return BuildCache(default_cache_root()).get_or_build(key, build).files["snapshot.bin"].path.read_bytes()
