"""Native wheels for Pyodide's platform, from whatever package index pip is configured for; pinned by hash."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from runtime_core.build.cache import BuildCache, CacheKey, default_cache_root
from runtime_core.build.translate import translate_library
from runtime_core.emscripten.mounts import MountTree
from runtime_core.engine.codecache import CodeCache
from runtime_core.engine.engine import Engine
from runtime_core.linking.library import LibraryLoader

_PLATFORM: Final = "pyemscripten_2026_0_wasm32"
_SECONDS: Final = 300.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Wheel:
    """A release file of a project."""

    requirement: str
    digest: str


WHEELS: Final = (
    Wheel(
        requirement="pydantic-core==2.50.4",
        digest="e6da138a1ecc1341c8b788a5ee822670b03788e1f5decf7af9d461de6e508b8e",
    ),
    Wheel(requirement="jiter==0.19.0", digest="707b8194222a343c4a5e1574df95f5ade03e3f1cbdba77d8c89c6af0f40d92cd"),
    Wheel(requirement="msgpack==1.2.4", digest="06a0657a4110d563255006b7cb7147432f67827144e429c2cdb1c967548d1817"),
    Wheel(
        requirement="charset-normalizer==3.5.2",
        digest="ee43c17b173d46a3212baa6ead3ae258eeabdae48c263a01ccf0218c366dd655",
    ),
    Wheel(requirement="luau-wasm==0.1a0", digest="15c352440d63b9d5d7c9b4ebf6970526de3f1ed80525105b7944833767d6824e"),
    Wheel(
        requirement="typing-extensions==4.16.0",
        digest="481caa481374e813c1b176ada14e97f1f67a4539ce9cfeb3f350d78d6370c2e8",
    ),
)

USES: Final[Mapping[str, tuple[str, object]]] = {
    "pydantic_core": (
        """
from pydantic_core import SchemaValidator, ValidationError, core_schema
field = core_schema.typed_dict_field(core_schema.int_schema())
validator = SchemaValidator(core_schema.typed_dict_schema({"a": field}))
try:
    validator.validate_python({"a": "x"})
except ValidationError as error:
    failure = [error.error_count(), error.errors()[0]["type"], str(error).splitlines()[0]]
[validator.validate_python({"a": "12"}), validator.validate_json('{"a": 3}'), failure]
""",
        [{"a": 12}, {"a": 3}, [1, "int_parsing", "1 validation error for typed-dict"]],
    ),
    "jiter": (
        """
import jiter
try:
    jiter.from_json(b"[1, 2,, 3]")
except ValueError as error:
    failure = str(error)
[jiter.from_json(b'[1, 2.5, {"a": null}]'), jiter.from_json(b"[1,2", partial_mode=True), failure]
""",
        [[1, 2.5, {"a": None}], [1, 2], "expected value at line 1 column 7"],
    ),
    "msgpack": (
        """
import msgpack, msgpack._cmsgpack
try:
    msgpack.unpackb(b"\\xc1")
except Exception as error:
    failure = type(error).__name__
data = {"a": [1, 2.5, None, b"x"], "t": 2**60}
[msgpack.unpackb(msgpack.packb(data)) == data, msgpack.Packer.__module__, failure]
""",
        [True, "msgpack._cmsgpack", "FormatError"],
    ),
    "charset_normalizer": (
        """
import charset_normalizer, charset_normalizer.cd, charset_normalizer.md
best = charset_normalizer.from_bytes("Всеки човек има право на образование.".encode("cp1251")).best()
[best.encoding, str(best)[:5], charset_normalizer.md.__file__.endswith(".so")]
""",
        ["cp1251", "Всеки", True],
    ),
    "luau_wasm": (
        """
import luau_wasm
failures = []
for source in ("error('boom')", "local t = {} return t.x.y", "syntax error here"):
    try:
        luau_wasm.run(source)
    except luau_wasm.LuauError as error:
        failures.append(str(error).splitlines()[0])
[luau_wasm.run("return pcall(function() error('in') end)"), failures]
""",
        [
            "false\tstdin:1: in\n",
            [
                "stdin:1: boom",
                "stdin:1: attempt to index nil with 'y'",
                "stdin:1: Incomplete statement: expected assignment or a function call",
            ],
        ],
    ),
}
"""What is done with each wheel, and what must come of it."""


def site_packages() -> MountTree:
    """The files of all wheels, unpacked, as a tree for a mount."""
    tree: dict[str, object] = {}
    for wheel in WHEELS:
        with zipfile.ZipFile(_download(wheel)) as archive:
            for name in archive.namelist():
                *directories, leaf = name.split("/")
                place = tree
                for directory in directories:
                    place = place.setdefault(directory, {})  # type: ignore[assignment]  # directories are dicts
                if leaf:
                    place[leaf] = archive.read(name)
    return tree  # type: ignore[return-value]  # built as such a tree


def wheel_file(project: str) -> Path:
    """The wheel of a project."""
    return _download(next(item for item in WHEELS if item.requirement.startswith(f"{project}==")))


def library(project: str) -> bytes:
    """The one native library of a project, as its wheel has it."""
    with zipfile.ZipFile(wheel_file(project)) as archive:
        return next(archive.read(name) for name in archive.namelist() if name.endswith(".so"))


def library_loader(engine: Engine, code_cache: Path) -> LibraryLoader:
    """A loader that translates libraries as a release build does."""
    cache = BuildCache(default_cache_root())
    code_cache.mkdir(mode=0o700, exist_ok=True)
    codes = CodeCache(code_cache)
    return LibraryLoader(
        translate=lambda library: translate_library(cache, library), load=lambda wasm: engine.load(wasm, codes)
    )


def _download(wheel: Wheel) -> Path:
    def build(work: Path) -> None:
        requirements = work / "requirements.txt"
        requirements.write_text(f"{wheel.requirement} --hash=sha256:{wheel.digest}\n")
        command = [sys.executable, "-m", "pip", "download", "--no-input", "--quiet", "--no-deps", "--require-hashes"]
        command += ["--only-binary", ":all:", "--platform", _PLATFORM, "--python-version", "3.14", "--abi", "cp314"]
        command += ["--abi", "none", "--implementation", "cp", "--dest", str(work), "-r", str(requirements)]
        subprocess.run(command, check=True, timeout=_SECONDS)
        requirements.unlink()

    key = CacheKey.of("test-wheel", requirement=wheel.requirement, digest=wheel.digest)
    files = BuildCache(default_cache_root()).get_or_build(key, build).files
    return next(iter(files.values())).path
